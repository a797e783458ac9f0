"""The tags by which caches purge all documents of a feed: its folder, such as `topics/ibm-ai`, as addresses spell it.

Header fields and metadata are ASCII, so that other letters are percent-encoded.

`Surrogate-Key` is read by Fastly and by the `xkey` module of Varnish, `Cache-Tag` by Cloudflare and Akamai, and
`Cache-Groups` is the standard (RFC 9875).
"""

from __future__ import annotations

from ..model import encode_path

SITE_TAG = "site"
"""The tag of documents that exist once a site: the index page, the catalogue, OPML, the style."""


def cache_tag(path: str) -> str:
    """Returns the tag of the document at a path of the output, percent-encoded or not."""
    folder = path.rpartition("/")[0].partition("/archive/")[0]
    return encode_path(folder) or SITE_TAG


def tag_headers(path: str) -> list[tuple[str, str]]:
    """Returns the header fields that tag a document for caches."""
    tag = cache_tag(path)
    return [("Surrogate-Key", tag), ("Cache-Tag", tag), ("Cache-Groups", f'"{tag}"')]
