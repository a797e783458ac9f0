"""JSON Feed 1.1 documents of the API, and their entity tags."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from ..formats.jsonfeed import VERSION
from ..model import EXTENSIONS, Site

EXTENSION_ABOUT = f"{EXTENSIONS}#syndicate"
_DIGEST_CHARACTERS = 12


class TaggedDocument(NamedTuple):
    """A document and its entity tag, without quotes. The body is None when the client has the document already."""

    etag: str
    body: bytes | None


def feed_members(site: Site, subject: str, url: str, next_url: str | None) -> dict[str, Any]:
    """Return the top-level members of a document about a subject, which precede its items."""
    members = {
        "version": VERSION,
        "title": f"{site.title}: {subject}",
        "home_page_url": site.home,
        "feed_url": url,
        "next_url": next_url,
        "description": site.description,
        "icon": site.logo,
        "favicon": site.icon,
        "authors": [{"name": site.title, "url": site.home}],
        "language": site.language,
    }
    return {name: value for name, value in members.items() if value}


def encode_document(members: dict[str, Any], items: Sequence[bytes], extension: dict[str, Any]) -> bytes:
    """Return a document with one item a line, as feed documents have them; `extension` becomes `_syndicate`."""
    parts = (
        orjson.dumps(members)[:-1],
        b',"items":[\n',
        b",\n".join(items),
        b'\n],"_syndicate":',
        orjson.dumps(extension),
    )
    return b"".join((*parts, b"}\n"))


def digest(*parts: object) -> str:
    """Return a short digest of values, by their `repr`."""
    return sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARACTERS]
