"""RSS 2.0, following the profile of the RSS Advisory Board, with Media RSS, Dublin Core and Atom links."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..model import NO_ARCHIVES, ArchiveLinks, Feed, Site
from . import get, xml
from . import xml_elements as elements
from .content import Prepared
from .xml_template import EntryFields, Extension

FORMAT = get("rss")


def render_entry(prepared: Prepared) -> bytes:
    """Returns one `<item>`. Authors are `dc:creator` elements: the `author` of RSS requires a mail address.

    RSS has no element for the time of the last change: `atom:updated` states it where it is not that of publication.
    """
    entry = prepared.entry
    return xml.rss_item(
        EntryFields(
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
            enclosure=elements.enclosure(entry.enclosure) if entry.enclosure else None,
            extensions=tuple(_extensions(prepared)),
        )
    )


def render_document(feed: Feed, site: Site, fragments: Sequence[bytes], links: ArchiveLinks = NO_ARCHIVES) -> bytes:
    """Returns an `<rss>` document with these items. RSS has no element for tombstones."""
    fields = xml.feed_fields(feed, site, links, FORMAT)
    # Readers interpret the description of a channel as HTML, as they do those of items.
    return xml.rss_frame(fields._replace(description=escape(fields.description, quote=False))).document(fragments)


def _extensions(prepared: Prepared) -> list[Extension]:
    entry = prepared.entry
    extensions = [elements.creator(person.name) for person in prepared.authors]
    if entry.updated != entry.published:
        extensions.append(elements.updated(entry.updated))
    if entry.language:
        extensions.append(elements.language(entry.language))
    if entry.image:
        extensions.append(elements.media_content(entry.image))
    return [*extensions, *elements.amp_links(entry)]
