"""Atom 1.0 (RFC 4287), with Media RSS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..model import NEWEST, Feed, History, Site
from . import xml
from .content import Prepared
from .xml_template import EntryParts, Extra

NAME = "feed.atom"
MEDIA_TYPE = "application/atom+xml"


def render_entry(prepared: Prepared) -> bytes:
    """One `<entry>`."""
    entry = prepared.entry
    return xml.atom_entry(
        EntryParts(
            id=entry.id,
            title=entry.title,
            link=prepared.link,
            published=entry.published,
            updated=entry.updated,
            summary=prepared.summary,
            html=prepared.html,
            authors=prepared.authors,
            categories=entry.topics,
            language=entry.language,
            is_permalink=entry.id == prepared.link,
            extras=tuple(_extras(prepared)),
        )
    )


def render_feed(feed: Feed, site: Site, fragments: Sequence[bytes], history: History = NEWEST) -> bytes:
    """The whole document: the shell of the feed around the fragments of its entries.

    What was deleted (RFC 6721) comes before them: RFC 4287's grammar has entries last.
    """
    shell = xml.atom_shell(xml.feed_parts(feed, site, history, NAME, MEDIA_TYPE))
    return shell.around([*map(xml.deleted_entry, history.deleted), *fragments])


def _extras(prepared: Prepared) -> Iterator[Extra]:
    """Every link of the entry: RFC 4287 §4.2.7.2 takes registered relations, and IRIs for others."""
    entry = prepared.entry
    yield xml.link("alternate", prepared.link, "text/html")
    yield from xml.amp_links(entry)
    for story in entry.related:
        yield xml.link("related", story.url, "text/html", story.title)
    if entry.image:
        yield xml.media_content(entry.image)
