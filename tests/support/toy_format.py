"""A document format for tests of the registry: plain text, one line per entry."""

from __future__ import annotations

from collections.abc import Sequence

from syndicate.formats import Format
from syndicate.formats.content import Prepared
from syndicate.model import NO_ARCHIVES, ArchiveLinks, Feed, Site

FORMAT = Format("toy", "Toy", "feed.toy", "text/x-toy", __name__)


def render_entry(prepared: Prepared) -> bytes:
    """Returns one line."""
    return f"- {prepared.entry.title} <{prepared.link}>\n".encode()


def render_document(feed: Feed, site: Site, fragments: Sequence[bytes], links: ArchiveLinks = NO_ARCHIVES) -> bytes:
    """Returns the title, the address of the document, that of the previous archive, and the entries."""
    head = [feed.title, FORMAT.url(site, feed.path, links.period)]
    if links.prev_archive:
        head.append(FORMAT.url(site, feed.path, links.prev_archive))
    return ("\n".join(head) + "\n").encode() + b"".join(fragments)
