"""Verification of the public copy: the topic URL serves the bytes of the built document.

A hub that is pinged too early fetches the old document from a slow CDN or deployment, and distributes it.
"""

from __future__ import annotations

import asyncio
from hashlib import sha256

import aiohttp
from yarl import URL

_MAX_REDIRECTS = 5


class PublicCopyVerifier:
    """Fetches topic URLs and compares digests. Deliveries of one topic to several hubs share one request."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self._client = client
        self._verified: dict[str, tuple[bytes, int]] = {}
        self._requests: dict[tuple[str, bytes, int], asyncio.Task[str]] = {}
        self._stale: dict[str, tuple[str, bytes]] = {}  # ETag and digest of a copy that was not the built document

    async def verify(self, topic_url: str, digest: bytes, size_bytes: int, generation: int = 0) -> str:
        """Return why the public copy is not the built document, or an empty string if it is.

        Errors of the server are reasons, and are not raised. A success is cached until another generation is verified:
        the same bytes may be built again later, while others are public.
        """
        if self._verified.get(topic_url) == (digest, generation):
            return ""
        self._verified.pop(topic_url, None)
        key = topic_url, digest, generation
        task = self._requests.get(key)
        if task is None:
            task = self._requests[key] = asyncio.create_task(self._fetch(topic_url, digest, size_bytes))
            task.add_done_callback(lambda _: self._requests.pop(key, None))
        reason = await asyncio.shield(task)  # other deliveries wait for it, too, if this one is cancelled
        if not reason:
            self._verified[topic_url] = digest, generation
        return reason

    async def _fetch(self, topic_url: str, digest: bytes, size_bytes: int) -> str:
        headers = {"Cache-Control": "no-cache"}
        etag, stale_digest = self._stale.get(topic_url, ("", b""))
        if etag and stale_digest != digest:
            headers["If-None-Match"] = etag
        try:
            async with self._client.get(
                URL(topic_url, encoded=True), headers=headers, max_redirects=_MAX_REDIRECTS
            ) as response:
                if response.status == 304 and etag:
                    return "the public copy has not changed yet"
                if response.status != 200:
                    return f"the public copy answers with status {response.status}"
                found = await _digest(response, size_bytes)
                self._stale.pop(topic_url, None)
                if found == digest:
                    return ""
                if found:
                    self._stale[topic_url] = response.headers.get("ETag", ""), found
                return "the public copy has other bytes than the built document"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"the public copy cannot be fetched: {str(error) or type(error).__name__}"


async def _digest(response: aiohttp.ClientResponse, size_bytes: int) -> bytes:
    """Return the digest of a body; empty for one that is longer than the document, which is not read to its end."""
    hashed, length = sha256(), 0
    async for chunk in response.content.iter_any():
        hashed.update(chunk)
        length += len(chunk)
        if length > size_bytes:
            return b""
    return hashed.digest()
