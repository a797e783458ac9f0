"""What RSS and Atom have in common: entries, documents, and the elements of their extensions.

Theory of operation
-------------------

A document is a head, the fragments of its entries, and an end. The head is a feed without entries (`feed_fields`
collects its contents); a fragment is one `<item>` or `<entry>`, without namespace declarations, which the head makes.
So a fragment fits into every document of its format, is rendered once, and is copied as bytes: replacing one entry in
hundreds of feeds serializes one element.

Heads and fragments are rendered from templates (`xml_template.py`). A template of a structure that occurs for the first
time is built with feedgen (`feedgen_builder.py`).

RSS and Atom get the same links, as Atom links (RFC 4287 §4.2.7): `self`, `hub` (WebSub §4), and those of RFC 5005 §4. A
subscription document links to the newest archive (`prev-archive`). An archive contains `fh:archive` and links to the
subscription document (`current`) and to its neighbours (`prev-archive`, `next-archive`). An archive links to no hub:
hubs are notified of the subscription document only.

A tombstone (RFC 6721) has a place in Atom only. It declares its own namespace, since few documents contain any.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ..feeds.archive import document_folder, home_page_url
from ..model import ArchiveLinks, Feed, Site
from . import STYLESHEET_FILE, Format
from .feedgen_builder import build_atom_entry, build_atom_head, build_rss_head, build_rss_item
from .xml_elements import ARCHIVE, ATOM_END, RSS_END, link
from .xml_template import EntryFields, Extension, FeedFields, render


class Frame(NamedTuple):
    """A document without its entries."""

    head: bytes
    end: bytes

    def document(self, fragments: Sequence[bytes]) -> bytes:
        """Returns the document with these fragments, each on a line of its own."""
        return b"\n".join((self.head, *fragments, self.end)) + b"\n"


def rss_item(fields: EntryFields) -> bytes:
    """Returns one `<item>`. `summary` is HTML, since readers interpret RSS descriptions as HTML."""
    return render(build_rss_item, fields)


def atom_entry(fields: EntryFields) -> bytes:
    """Returns one `<entry>`. `summary` is plain text; `extensions` contains all links."""
    return render(build_atom_entry, fields)


def rss_frame(fields: FeedFields) -> Frame:
    """Returns an RSS document without items."""
    return Frame(_with_stylesheet(render(build_rss_head, fields), fields.stylesheet), RSS_END)


def atom_frame(fields: FeedFields) -> Frame:
    """Returns an Atom document without entries."""
    return Frame(_with_stylesheet(render(build_atom_head, fields), fields.stylesheet), ATOM_END)


def feed_fields(feed: Feed, site: Site, links: ArchiveLinks, format_: Format) -> FeedFields:
    """Returns the contents of the head of a document."""

    def address(period: str) -> str:
        return format_.url(site, feed.path, period)

    extensions = [Extension(ARCHIVE, ("",)), link("current", address(""))] if links.period else []
    if links.prev_archive:
        extensions.append(link("prev-archive", address(links.prev_archive)))
    if links.next_archive:
        extensions.append(link("next-archive", address(links.next_archive)))
    if not links.period:
        extensions += [link("hub", hub) for hub in site.hubs]
    stylesheet = ""
    if site.pages:
        depth = document_folder(feed.path, links.period).count("/") + 1
        stylesheet = "../" * depth + STYLESHEET_FILE.file_name
    return FeedFields(
        id=feed.id,
        title=feed.title,
        description=feed.description,
        home=home_page_url(feed.path, site),
        self_url=address(links.period),
        media_type=format_.media_type,
        updated=feed.updated,
        newest=feed.newest,
        author=site.title,
        language=feed.language,
        rights=site.rights,
        icon=site.icon,
        logo=site.logo,
        extensions=tuple(extensions),
        stylesheet=stylesheet,
    )


def _with_stylesheet(head: bytes, stylesheet: str) -> bytes:
    """Inserts a reference to the stylesheet with which browsers display the document."""
    if not stylesheet:
        return head
    declaration, line_end, rest = head.partition(b"\n")
    instruction = f'<?xml-stylesheet type="text/css" href="{stylesheet}"?>\n'.encode()
    return declaration + line_end + instruction + rest
