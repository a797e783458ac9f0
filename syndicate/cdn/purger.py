"""Sends the requests that purge documents, and reports their outcome as that of one attempt. Errors are not raised."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import aiohttp
from yarl import URL

from ..config import Cdn
from ..websub.client import environment_proxy
from ..websub.retry import Outcome, classify, parse_retry_after
from . import kind_of
from .base import Kind, Purge, PurgeRequest

_MAX_BODY_BYTES = 4096
_BODY_TIMEOUT_S = 1.0
_MAX_ERROR_LENGTH = 200
Signer = Callable[[PurgeRequest], Mapping[str, str]]
"""Returns the headers of a request with its signature. May wait for a network: it runs in a thread."""


class Purger(NamedTuple):
    """A cache, with the secret that it wants."""

    cdn: Cdn
    site_url: str
    token: str = ""
    sign: Signer | None = None

    @property
    def kind(self) -> Kind:
        """What is known of its kind."""
        return kind_of(self.cdn.kind)

    @property
    def batch(self) -> int:
        """The largest number of documents that are purged at once."""
        return self.kind.batch_by_tag if self.cdn.by == "tag" else self.kind.batch_by_url

    @property
    def requests_per_minute(self) -> int:
        """The largest number of calls a minute, or 0."""
        stated = self.cdn.requests_per_minute
        return self.kind.requests_per_minute if stated is None else stated

    async def purge(self, client: aiohttp.ClientSession, document_urls: Sequence[str], timeout_s: float) -> Outcome:
        """Purges documents. The outcome is that of the first request that failed, else of the last one."""
        started = time.perf_counter()
        purge = Purge(self.cdn, self.site_url, tuple(document_urls), self.token, time.time())
        outcome = Outcome(200)
        for request in self.kind.build(purge):
            try:
                async with asyncio.timeout(timeout_s):
                    outcome = await self._send(client, request)
            except (aiohttp.ClientError, OSError, ValueError) as error:  # OSError includes timeouts
                name = "timed out" if isinstance(error, TimeoutError) else type(error).__name__
                outcome = Outcome(error=self._one_line(f"{name}: {error}"))
            if classify(outcome.status) != "delivered":
                break
        return outcome._replace(duration_s=time.perf_counter() - started)

    async def _send(self, client: aiohttp.ClientSession, request: PurgeRequest) -> Outcome:
        headers = dict(request.headers) if self.sign is None else await asyncio.to_thread(self.sign, request)
        url = URL(request.url, encoded=True)
        async with client.request(
            request.method, url, data=request.body or None, headers=headers, allow_redirects=False,
            proxy=environment_proxy(url),
        ) as response:  # fmt: skip
            body = bytearray()
            with suppress(Exception):  # whatever a body does, the status has been received
                async with asyncio.timeout(_BODY_TIMEOUT_S):
                    while len(body) < _MAX_BODY_BYTES and (chunk := await response.content.read(_MAX_BODY_BYTES)):
                        body += chunk
            status = self.kind.status_of(response.status, bytes(body))
            retry_after = response.headers.get("Retry-After")
        text = "" if classify(status) == "delivered" else self._one_line(body.decode("utf-8", "replace"))
        return Outcome(status, text, parse_retry_after(retry_after, time.time()) if retry_after else None)

    def _one_line(self, text: str) -> str:
        """Returns a short printable line without the token."""
        if self.token:
            text = text.replace(self.token, "…")
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split()).rstrip(": ")
        return line if len(line) <= _MAX_ERROR_LENGTH else f"{line[: _MAX_ERROR_LENGTH - 1]}…"
