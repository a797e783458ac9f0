"""The elements of RSS and Atom that feedgen cannot write: links, Media RSS, Dublin Core, and tombstones."""

from datetime import datetime

from lxml import etree

from ..model import CDN_RELATION, Enclosure, Entry, Image, Tombstone
from ..values.media_types import media_type_of
from .xml_template import ElementType, Extension

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
MEDIA = "http://search.yahoo.com/mrss/"
HISTORY = "http://purl.org/syndication/history/1.0"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
RSS_END, ATOM_END = b"</channel></rss>", b"</feed>"
ARCHIVE: ElementType = (f"{{{HISTORY}}}archive", ())
_LINK: ElementType = ("link", ("href", "rel"))
_TYPED_LINK: ElementType = ("link", ("href", "rel", "type"))
_TITLED_LINK: ElementType = ("link", ("href", "rel", "type", "title"))
_SIZED_LINK: ElementType = ("link", ("href", "rel", "type", "length"))
_UPDATED: ElementType = ("updated", ())
_CREATOR: ElementType = (f"{{{DC}}}creator", ())
_MEDIA_CONTENT = f"{{{MEDIA}}}content"
_LANGUAGE: ElementType = (f"{{{DC}}}language", ())


def link(relation: str, url: str, media_type: str = "", title: str = "") -> Extension:
    """Returns an Atom link, for either format."""
    if title:
        return Extension(_TITLED_LINK, ("", url, relation, media_type, title))
    if media_type:
        return Extension(_TYPED_LINK, ("", url, relation, media_type))
    return Extension(_LINK, ("", url, relation))


def enclosure_link(enclosure: Enclosure) -> Extension:
    """Returns an Atom link to an enclosure, with its length where that is known."""
    if enclosure.length is None:
        return link("enclosure", enclosure.url, enclosure.media_type)
    return Extension(_SIZED_LINK, ("", enclosure.url, "enclosure", enclosure.media_type, str(enclosure.length)))


def enclosure(enclosure: Enclosure) -> tuple[str, str, str]:
    """Returns the attributes of the `<enclosure>` of RSS, which requires a length: 0 where it is unknown."""
    return enclosure.url, str(enclosure.length or 0), enclosure.media_type


def updated(time: datetime) -> Extension:
    """Returns the time of the last change of an RSS item (RFC 4287 §4.2.15)."""
    return Extension(_UPDATED, (time.isoformat(),))


def amp_links(entry: Entry) -> list[Extension]:
    """Returns links to the AMP page and its cached copy. They are not `alternate`: clients open that as the article."""
    links = (("amphtml", entry.amp_url), (CDN_RELATION, entry.cdn_url))
    return [link(relation, url, "text/html") for relation, url in links if url]


def creator(name: str) -> Extension:
    """Returns an author of an RSS item (Dublin Core): the `author` of RSS requires a mail address."""
    return Extension(_CREATOR, (name,))


def language(tag: str) -> Extension:
    """Returns the language of an RSS item (Dublin Core)."""
    return Extension(_LANGUAGE, (tag,))


def media_content(image: Image) -> Extension:
    """Returns an image (Media RSS), without `media:title`: some clients show that as the title of the entry."""
    attributes = [("url", image.url), ("type", media_type_of(image.url)), ("medium", "image")]
    attributes += [(name, str(n)) for name, n in (("width", image.width), ("height", image.height)) if n]
    stated = [(name, value) for name, value in attributes if value]
    return Extension((_MEDIA_CONTENT, tuple([name for name, _ in stated])), ("", *[value for _, value in stated]))


def deleted_entry(tombstone: Tombstone) -> bytes:
    """Returns one `<at:deleted-entry>` (RFC 6721 §3), with its namespace declaration."""
    element = etree.Element(f"{{{TOMBSTONES}}}deleted-entry", nsmap={"at": TOMBSTONES})
    element.set("ref", tombstone.id)
    element.set("when", tombstone.when.isoformat())
    return etree.tostring(element)
