"""The list of all feeds for import into feed readers: OPML 2.0 (http://opml.org/spec2.opml), grouped by dimension."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from ..model import Site
from ..words import words_in
from . import OPML_FILE
from .html.page_data import dimension_heading


class Outline(NamedTuple):
    """One feed of the list. `page_url` is the page that the feed describes."""

    dimension: str
    title: str
    description: str
    feed_url: str
    page_url: str


def outline(item: Mapping[str, Any], format_name: str, site: Site) -> Outline:
    """Returns the outline of a feed from its item of the catalogue, with its address in one format.

    The page is the home page of the site unless the feed has an HTML page.
    """
    feed_url = item[format_name]
    page_url = feed_url.rpartition("/")[0] + "/" if site.pages else site.home
    return Outline(item["dimension"], item["title"], item.get("description", ""), feed_url, page_url)


def render(site: Site, outlines: Iterable[Outline]) -> bytes:
    """Returns the list in the given order. Consecutive feeds of a dimension form a group.

    OPML has no element for the address of the document itself, by which a build recognizes its own list in a folder.
    It is an Atom link.
    """
    words = words_in(site.language)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">',
        "<head>",
        f'<atom:link rel="self" type="{OPML_FILE.media_type}" href="{_escape(site.url + OPML_FILE.file_name)}"/>',
        f"<title>{_escape(site.title)}</title>",
        f"<ownerName>{_escape(site.title)}</ownerName>",
        "<docs>http://opml.org/spec2.opml</docs>",
        "</head>",
        "<body>",
    ]
    for dimension, group in groupby(outlines, key=lambda each: each.dimension):
        elements = map(_element, group)
        if dimension == "all":
            lines += elements
        else:
            title = _escape(dimension_heading(dimension, words))
            # A `title` belongs to outlines that have a `type`; W3C's validator reports others.
            lines += [f'<outline text="{title}">', *elements, "</outline>"]
    lines += ["</body>", "</opml>", ""]
    return "\n".join(lines).encode()


def _element(feed: Outline) -> str:
    # `rss` is the only type that the specification defines for feeds. Readers write it for Atom and JSON Feed, too, and
    # detect the format from the document.
    title = _escape(feed.title)
    description = f' description="{_escape(feed.description)}"' if feed.description else ""
    return (
        f'<outline type="rss" text="{title}" title="{title}"{description}'
        f' xmlUrl="{_escape(feed.feed_url)}" htmlUrl="{_escape(feed.page_url)}"/>'
    )


def _escape(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    # Parsers normalize line ends and tabs in attribute values unless they are character references.
    return text if text.isprintable() else text.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")
