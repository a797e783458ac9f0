"""The list of all feeds, for feed readers to import: OPML 2.0 (http://opml.org/spec2.opml), grouped by dimension."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from ..model import Format, Site
from .html.landing import heading

NAME = "feeds.opml"
MEDIA_TYPE = "text/x-opml"


class Outline(NamedTuple):
    """One feed of the list; `page_url` is the page that the feed is about."""

    dimension: str
    title: str
    description: str
    feed_url: str
    page_url: str


def outline(facts: Mapping[str, Any], format_: Format, site: Site) -> Outline:
    """The outline of a feed by what the catalogue says of it; its page is the site's where it has none of its own."""
    feed_url = facts[format_]
    page_url = feed_url.rpartition("/")[0] + "/" if site.pages else site.home
    return Outline(facts["dimension"], facts["title"], facts.get("description", ""), feed_url, page_url)


def render(site: Site, outlines: Iterable[Outline]) -> bytes:
    """The list, in the order given; the feeds of a dimension, which stand together, are a group.

    OPML has no element for a document's own address, which tells ours from somebody else's: it is Atom's.
    """
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">',
        "<head>",
        f'<atom:link rel="self" type="{MEDIA_TYPE}" href="{_escaped(site.url + NAME)}"/>',
        f"<title>{_escaped(site.title)}</title>",
        f"<ownerName>{_escaped(site.title)}</ownerName>",
        "<docs>http://opml.org/spec2.opml</docs>",
        "</head>",
        "<body>",
    ]
    for dimension, group in groupby(outlines, key=lambda each: each.dimension):
        elements = map(_element, group)
        if dimension == "all":
            lines += elements
        else:
            title = _escaped(heading(dimension))
            lines += [f'<outline text="{title}" title="{title}">', *elements, "</outline>"]
    lines += ["</body>", "</opml>", ""]
    return "\n".join(lines).encode()


def _element(feed: Outline) -> str:
    # `rss` is the only type that the specification has for a feed, and what readers write for Atom and JSON Feed, too:
    # they look at what the address gives.
    title = _escaped(feed.title)
    description = f' description="{_escaped(feed.description)}"' if feed.description else ""
    return (
        f'<outline type="rss" text="{title}" title="{title}"{description}'
        f' xmlUrl="{_escaped(feed.feed_url)}" htmlUrl="{_escaped(feed.page_url)}"/>'
    )


def _escaped(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    # An attribute loses its line ends and tabs unless they are written so.
    return text if text.isprintable() else text.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")
