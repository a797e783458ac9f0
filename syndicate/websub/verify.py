"""Verification of the public copy: the topic URL serves the bytes of the built document.

Theory of operation

A hub that is pinged too early fetches the old document from a slow CDN or deployment, and distributes it. So a document
is requested as hubs request it. Caches store a response for each `Accept-Encoding` that they distinguish (RFC 9111
§4.1), and each of these variants expires on its own: one may be new while the others are old. Therefore a copy counts
as the built document only if every variant that hubs fetch has its bytes.

A request without `Cache-Control` shows what a cache has, but does not make it look for something newer. So a stale
variant is requested once more with `no-cache`, which refreshes a cache that honours it, and then as hubs do.
"""

from __future__ import annotations

import asyncio
from hashlib import sha256

import aiohttp
from yarl import URL

from .client import environment_proxy

CODINGS = ("identity", "gzip", "gzip, deflate", "gzip, deflate, br")
"""The values of `Accept-Encoding` that hubs send."""

_MAX_REDIRECTS = 5


class PublicCopyVerifier:
    """Fetches topic URLs and compares digests. Deliveries of one topic to several hubs share one verification."""

    def __init__(self, client: aiohttp.ClientSession, timeout_s: float) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._verified: dict[str, tuple[bytes, int]] = {}
        self._requests: dict[tuple[str, bytes, int], asyncio.Task[str]] = {}
        self._stale: dict[tuple[str, str], tuple[str, bytes]] = {}  # ETag and digest of a variant with other bytes

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
            task = self._requests[key] = asyncio.create_task(self._verify_variants(topic_url, digest, size_bytes))
            task.add_done_callback(lambda _: self._requests.pop(key, None))
        reason = await asyncio.shield(task)  # other deliveries wait for it, too, if this one is cancelled
        if not reason:
            self._verified[topic_url] = digest, generation
        return reason

    async def close(self) -> None:
        """Cancel the verifications that nothing waits for any more."""
        tasks = list(self._requests.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _verify_variants(self, topic_url: str, digest: bytes, size_bytes: int) -> str:
        """Check the first variant alone: most copies that are stale are stale in each."""
        first, *others = CODINGS
        try:
            async with asyncio.timeout(self._timeout_s), asyncio.TaskGroup() as group:
                reason = await self._verify_variant(topic_url, first, digest, size_bytes)
                if reason:
                    return reason
                checks = [
                    group.create_task(self._verify_variant(topic_url, coding, digest, size_bytes)) for coding in others
                ]
        except TimeoutError:
            return f"the public copy cannot be fetched: no complete answer within {self._timeout_s:g} seconds"
        return next((reason for check in checks if (reason := check.result())), "")

    async def _verify_variant(self, topic_url: str, coding: str, digest: bytes, size_bytes: int) -> str:
        try:
            reason = await self._fetch(topic_url, coding, digest, size_bytes)
            if reason and not await self._fetch(topic_url, coding, digest, size_bytes, refresh=True):
                reason = await self._fetch(topic_url, coding, digest, size_bytes)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"the public copy cannot be fetched: {str(error) or type(error).__name__}"
        return reason

    async def _fetch(
        self, topic_url: str, coding: str, digest: bytes, size_bytes: int, *, refresh: bool = False
    ) -> str:
        url, key = URL(topic_url, encoded=True), (topic_url, coding)
        headers = {"Accept-Encoding": coding}
        etag, stale_digest = self._stale.get(key, ("", b""))
        if refresh:
            headers["Cache-Control"] = "no-cache"
        elif etag and stale_digest != digest:
            headers["If-None-Match"] = etag
        async with self._client.get(
            url, headers=headers, max_redirects=_MAX_REDIRECTS, proxy=environment_proxy(url)
        ) as response:
            if response.status == 304 and "If-None-Match" in headers:
                return f"the public copy has not changed yet (Accept-Encoding: {coding})"
            if response.status != 200:
                return f"the public copy answers with status {response.status}"
            found = await _digest(response, size_bytes)
            if found == digest:
                self._stale.pop(key, None)
                return ""
            if found and not refresh:
                self._stale[key] = response.headers.get("ETag", ""), found
            return f"the public copy has other bytes than the built document (Accept-Encoding: {coding})"


async def _digest(response: aiohttp.ClientResponse, size_bytes: int) -> bytes:
    """Return the digest of a body; empty for one that is longer than the document, which is not read to its end."""
    hashed, length = sha256(), 0
    async for chunk in response.content.iter_any():
        hashed.update(chunk)
        length += len(chunk)
        if length > size_bytes:
            return b""
    return hashed.digest()
