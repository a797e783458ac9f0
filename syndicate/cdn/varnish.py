"""Varnish: `PURGE` of an address, or of tags by the module xkey. The VCL must allow both: docs/bucket.md has one."""

from __future__ import annotations

from urllib.parse import urlsplit

from .base import Kind, Purge, PurgeRequest


def build(purge: Purge) -> list[PurgeRequest]:
    """Returns a request for each address, or one for all tags. `Host` is that of the site."""
    varnish = purge.cdn.url.rstrip("/")
    host = ("Host", urlsplit(purge.site_url).netloc)
    if purge.cdn.by == "tag":
        return [PurgeRequest("PURGE", f"{varnish}/", (host, ("xkey-purge", " ".join(purge.tags))))]
    return [PurgeRequest("PURGE", f"{varnish}{_path(url)}", (host,)) for url in purge.urls]


def _path(url: str) -> str:
    return urlsplit(url).path or "/"


KIND = Kind("varnish", build, batch_by_url=1, batch_by_tag=100, concurrency=4)
