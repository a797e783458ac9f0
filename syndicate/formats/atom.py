"""Atom 1.0 (RFC 4287), with Media RSS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..model import NO_ARCHIVES, ArchiveLinks, Feed, Site
from . import get, xml
from . import xml_elements as elements
from .content import Prepared
from .xml_template import EntryFields, Extension

FORMAT = get("atom")


def render_entry(prepared: Prepared) -> bytes:
    """Returns one `<entry>`. A title is required (RFC 4287 §4.1.2): without one, the summary begins it."""
    entry = prepared.entry
    return xml.atom_entry(
        EntryFields(
            id=entry.id,
            title=prepared.heading,
            link=prepared.link,
            published=entry.published,
            updated=entry.updated,
            summary=prepared.summary,
            html=prepared.html,
            authors=prepared.authors,
            categories=entry.topics,
            language=entry.language,
            is_permalink=entry.id == prepared.link,
            enclosure=None,
            extensions=tuple(_extensions(prepared)),
        )
    )


def render_document(feed: Feed, site: Site, fragments: Sequence[bytes], links: ArchiveLinks = NO_ARCHIVES) -> bytes:
    """Returns a `<feed>` with these entries.

    Tombstones (RFC 6721) precede the entries: the grammar of RFC 4287 has entries last.
    """
    frame = xml.atom_frame(xml.feed_fields(feed, site, links, FORMAT))
    return frame.document([*map(elements.deleted_entry, links.tombstones), *fragments])


def _extensions(prepared: Prepared) -> Iterator[Extension]:
    """Yields every link of an entry, and its image. Relations are registered names or IRIs (RFC 4287 §4.2.7.2)."""
    entry = prepared.entry
    yield elements.link("alternate", prepared.link, "text/html")
    yield from elements.amp_links(entry)
    if entry.enclosure:
        yield elements.enclosure_link(entry.enclosure)
    for story in entry.related:
        yield elements.link("related", story.url, "text/html", story.title)
    if entry.image:
        yield elements.media_content(entry.image)
