"""Fastly: soft purges, after which the edge may serve the old document while it fetches the new one.

By keys, at most 256 in a request, or by address. https://www.fastly.com/documentation/reference/api/purging/
"""

from __future__ import annotations

import json

from .base import Kind, Purge, PurgeRequest

_API = "https://api.fastly.com"


def build(purge: Purge) -> list[PurgeRequest]:
    """Returns one request for all keys, or one for each address."""
    api = purge.cdn.url.rstrip("/") or _API
    headers = (("Fastly-Key", purge.token), ("Fastly-Soft-Purge", "1"), ("Accept", "application/json"))
    if purge.cdn.by == "tag":
        body = json.dumps({"surrogate_keys": purge.tags}).encode()
        json_headers = (*headers, ("Content-Type", "application/json"))
        return [PurgeRequest("POST", f"{api}/service/{purge.cdn.service}/purge", json_headers, body)]
    return [PurgeRequest("POST", f"{api}/purge/{url.partition('://')[2]}", headers) for url in purge.urls]


KIND = Kind("fastly", build, batch_by_url=1, batch_by_tag=256, concurrency=4)
