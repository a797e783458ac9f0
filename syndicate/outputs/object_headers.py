"""The headers of objects in a bucket: those that `serve` sends and a bucket can keep, and what identifies the object.

A service sends the standard headers to readers, and custom metadata as `x-amz-meta-…` and the like. A digest over
bytes and headers is part of the metadata: it shows whether an object is what a run would write, for services whose ETag
is no digest of the bytes, and when only headers differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from ..formats import content_type, media_types
from .cache_tags import tag_headers
from .paths import DIGEST_METADATA

_JSON = "application/json"
_METADATA_NAMES = {"Surrogate-Key": "surrogate-key", "Cache-Tag": "cache-tag", "Cache-Groups": "cache-groups"}


class HeaderPolicy(NamedTuple):
    """The cache times in seconds of documents and of archives of past periods, and whether caches purge by tags."""

    max_age_s: int = 300
    archive_max_age_s: int = 86400
    has_tags: bool = False

    def attributes(self, path: str, content: bytes, *, is_final: bool) -> dict[str, str]:
        """Returns the attributes of a document. `is_final` holds for an archive of a period that is over."""
        name = path.rpartition("/")[2]
        headers = {
            "Content-Type": content_type(media_types().get(name, _JSON)),
            "Cache-Control": f"public, max-age={self.archive_max_age_s if is_final else self.max_age_s}",
        }
        if self.has_tags:
            headers |= {_METADATA_NAMES[name]: value for name, value in tag_headers(path)}
        return headers | {DIGEST_METADATA: _digest(content, headers)}


def _digest(content: bytes, headers: Mapping[str, str]) -> str:
    lines = "".join(f"{name}: {value}\n" for name, value in sorted(headers.items()))
    return sha256(lines.encode() + b"\n" + content).hexdigest()
