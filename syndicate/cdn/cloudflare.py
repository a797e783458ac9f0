"""Cloudflare: `POST /zones/ZONE/purge_cache`, with at most 100 addresses or tags in a request.

https://developers.cloudflare.com/api/resources/cache/methods/purge/
"""

from __future__ import annotations

import json

from .base import Kind, Purge, PurgeRequest

_API = "https://api.cloudflare.com/client/v4"


def build(purge: Purge) -> list[PurgeRequest]:
    """Returns the request for addresses or tags."""
    items = {"tags": purge.tags} if purge.cdn.by == "tag" else {"files": purge.urls}
    return [
        PurgeRequest(
            "POST",
            f"{purge.cdn.url.rstrip('/') or _API}/zones/{purge.cdn.zone}/purge_cache",
            (("Authorization", f"Bearer {purge.token}"), ("Content-Type", "application/json")),
            json.dumps(items).encode(),
        )
    ]


def status_of(status: int, body: bytes) -> int:
    """Returns 400 for an answer that says that it failed, with whatever status."""
    try:
        answer = json.loads(body)
    except ValueError:
        return status
    return 400 if status == 200 and isinstance(answer, dict) and answer.get("success") is False else status


# The plan Free allows 5 requests a minute.
KIND = Kind("cloudflare", build, batch_by_url=50, batch_by_tag=100, requests_per_minute=5, status_of=status_of)
