"""Whether the world can see a document: its public address serves the bytes that were just built.

A slow CDN or deployment is the commonest reason that a hub, told too early, fetches and spreads the old feed.
"""

from __future__ import annotations

import asyncio
from hashlib import sha256

import aiohttp
from yarl import URL

_MAX_REDIRECTS = 5


class PublicCopyVerifier:
    """Looks at public addresses; several hubs of one topic cost one look."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self._client = client
        self._seen: dict[str, tuple[bytes, int]] = {}
        self._looking: dict[tuple[str, bytes, int], asyncio.Task[str]] = {}
        self._other: dict[str, tuple[str, bytes]] = {}  # ETag and digest of bytes that were not those wanted

    async def look(self, topic_url: str, digest: bytes, size_bytes: int, generation: int = 0) -> str:
        """Why the document is not to be seen; empty when it is. It never raises for what a server does.

        What was seen is remembered until another generation is wanted: the same bytes may be built again later, while
        others are public.
        """
        if self._seen.get(topic_url) == (digest, generation):
            return ""
        self._seen.pop(topic_url, None)
        key = topic_url, digest, generation
        task = self._looking.get(key)
        if task is None:
            task = self._looking[key] = asyncio.create_task(self._look(topic_url, digest, size_bytes))
            task.add_done_callback(lambda _: self._looking.pop(key, None))
        reason = await asyncio.shield(task)  # whoever asked first may be stopped; others wait for it, too
        if not reason:
            self._seen[topic_url] = digest, generation
        return reason

    async def _look(self, topic_url: str, digest: bytes, size_bytes: int) -> str:
        headers = {"Cache-Control": "no-cache"}
        etag, other = self._other.get(topic_url, ("", b""))
        if etag and other != digest:
            headers["If-None-Match"] = etag
        try:
            async with self._client.get(
                URL(topic_url, encoded=True), headers=headers, max_redirects=_MAX_REDIRECTS
            ) as response:
                if response.status == 304 and etag:
                    return "the public feed has not changed yet"
                if response.status != 200:
                    return f"the public feed answers {response.status}"
                found = await _digest(response, size_bytes)
                self._other.pop(topic_url, None)
                if found == digest:
                    return ""
                if found:
                    self._other[topic_url] = response.headers.get("ETag", ""), found
                return "the public feed has other bytes than were built"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"the public feed cannot be fetched: {str(error) or type(error).__name__}"


async def _digest(response: aiohttp.ClientResponse, size_bytes: int) -> bytes:
    """The digest of a body; nothing for one that is longer than the document, and is not read to its end."""
    hashed, length = sha256(), 0
    async for chunk in response.content.iter_any():
        hashed.update(chunk)
        length += len(chunk)
        if length > size_bytes:
            return b""
    return hashed.digest()
