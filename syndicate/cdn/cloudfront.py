"""CloudFront: an invalidation of paths, or of tags as items `#tag`.

At most 3,000 paths may be under way; beyond that it answers 400 without `Retry-After`, which means the same as 429.
https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html
"""

from __future__ import annotations

import hashlib
from html import escape
from urllib.parse import urlsplit

from .base import Kind, Purge, PurgeRequest

_API = "https://cloudfront.amazonaws.com"
_NAMESPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"


def build(purge: Purge) -> list[PurgeRequest]:
    """Returns the request, without its signature. The same items at the same time are the same invalidation."""
    if purge.cdn.by == "tag":
        items = [f"#{tag}" for tag in purge.tags]
    else:
        items = [urlsplit(url).path or "/" for url in purge.urls]
    listed = "".join(f"<Path>{escape(item, quote=False)}</Path>" for item in items)
    reference = hashlib.sha256(f"{purge.now_s} {items}".encode()).hexdigest()
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><InvalidationBatch xmlns="{_NAMESPACE}">'
        f"<Paths><Quantity>{len(items)}</Quantity><Items>{listed}</Items></Paths>"
        f"<CallerReference>{reference}</CallerReference></InvalidationBatch>"
    )
    api = purge.cdn.url.rstrip("/") or _API
    return [
        PurgeRequest(
            "POST",
            f"{api}/2020-05-31/distribution/{purge.cdn.distribution}/invalidation",
            (("Content-Type", "text/xml"),),
            body.encode(),
        )
    ]


def status_of(status: int, body: bytes) -> int:
    """Returns 429 when too many invalidations are under way."""
    return 429 if status == 400 and b"TooManyInvalidationsInProgress" in body else status


KIND = Kind("cloudfront", build, batch_by_url=500, batch_by_tag=500, is_signed_by_aws=True, status_of=status_of)
