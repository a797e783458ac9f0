"""RSS 2.0, as the RSS Advisory Board's profile wants it, with Media RSS, Dublin Core and Atom links."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..model import NEWEST, Feed, History, Site
from . import xml
from .content import Prepared
from .xml_template import EntryParts, Extra

NAME = "feed.rss"
MEDIA_TYPE = "application/rss+xml"


def render_entry(prepared: Prepared) -> bytes:
    """One `<item>`: its author is `dc:creator` (RSS's own `author` wants a mail address)."""
    entry = prepared.entry
    return xml.rss_item(
        EntryParts(
            id=entry.id,
            title=entry.title,
            link=prepared.link,
            published=entry.published,
            updated=entry.updated,
            summary=escape(prepared.summary, quote=False),
            html=prepared.html,
            authors=(),
            categories=entry.topics,
            language="",
            is_permalink=entry.id == prepared.link,
            extras=tuple(_extras(prepared)),
        )
    )


def render_feed(feed: Feed, site: Site, fragments: Sequence[bytes], history: History = NEWEST) -> bytes:
    """The whole document: the shell of the feed around the fragments of its entries. RSS has no word for deletions."""
    return xml.rss_shell(xml.feed_parts(feed, site, history, NAME, MEDIA_TYPE)).around(fragments)


def _extras(prepared: Prepared) -> list[Extra]:
    entry = prepared.entry
    extras = [xml.creator(person.name) for person in prepared.authors]
    if entry.language:
        extras.append(xml.language(entry.language))
    if entry.image:
        extras.append(xml.media_content(entry.image))
    return [*extras, *xml.amp_links(entry)]
