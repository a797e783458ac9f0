"""One ping: a POST that notifies a hub of new content at topic URLs (WebSub §6). Errors of a hub are not raised.

A ping carries one topic URL, under both names that hubs read (`hub.url` and `hub.topic`): hubs that accept several URLs
in one request drop some of them silently. Only a hub that is known to take several gets several, as repeated `hub.url`
(PubSubHubbub 0.3 §7.1).

The status decides. The text of an answer is only quoted, so a body that is slow, cut off or wrongly encoded changes
nothing: the beginning of it is read for a moment, and errors of reading are ignored.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from typing import NamedTuple
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from .client import AddressGuard, environment_proxy, guarded
from .redirects import may_have_secret, redirect_target
from .retry import Outcome, parse_retry_after
from .secrets import MAX_EXPANSION, mask

_MAX_REDIRECTS = 5
_MAX_BODY_BYTES = 4096
_BODY_TIMEOUT_S = 1.0
_MAX_ERROR_LENGTH = 200
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(\S.*)")


class _Redirect(NamedTuple):
    status: int
    location: str


class SecretHeader(NamedTuple):
    """A header field that authenticates the publisher to a hub."""

    name: str
    value: str


class Endpoint(NamedTuple):
    """Where and how a hub takes pings. `authorities` is a TLS context, if the hub has a certificate of its own."""

    url: str
    secret: SecretHeader | None = None
    authorities: ssl.SSLContext | None = None


def parse_header(text: str) -> SecretHeader:
    """Parse a header from the environment: `Name: value`, or a value of `Authorization`.

    Raises ValueError for an invalid header, with a message that does not contain it.
    """
    text = text.strip()
    if not text or not text.isprintable() or not text.isascii():
        raise ValueError("is empty or contains characters that a header may not have")
    match = _HEADER.fullmatch(text)
    return SecretHeader(match[1], match[2]) if match else SecretHeader("Authorization", text)


async def send_ping(
    client: aiohttp.ClientSession, endpoint: Endpoint, topic_urls: Sequence[str], timeout_s: float
) -> Outcome:
    """Notify a hub of new content at topic URLs, in one request. Takes at most twice `timeout_s`, with redirects."""
    started = time.perf_counter()
    try:
        status, text, retry_after = await _post(client, endpoint, _form(topic_urls), started + timeout_s)
    except (aiohttp.ClientError, OSError, ValueError) as error:  # OSError includes timeouts
        outcome = Outcome(error=_one_line(f"{_error_name(error)}: {error}", endpoint.secret))
    else:
        retry_after_s = parse_retry_after(retry_after, time.time()) if retry_after else None
        outcome = Outcome(status, _one_line(text, endpoint.secret), retry_after_s)
    return outcome._replace(duration_s=time.perf_counter() - started)


def _form(topic_urls: Sequence[str]) -> bytes:
    fields = [("hub.mode", "publish"), *(("hub.url", topic_url) for topic_url in topic_urls)]
    if len(topic_urls) == 1:
        fields.append(("hub.topic", topic_urls[0]))
    return urlencode(fields).encode()


async def _post(
    client: aiohttp.ClientSession, endpoint: Endpoint, body: bytes, deadline: float
) -> tuple[int, str, str | None]:
    """Return status, text and `Retry-After` of the last response."""
    hub = url = URL(endpoint.url, encoded=True)
    redirect = _Redirect(0, "")
    guard: AddressGuard | None = None
    for hops in range(_MAX_REDIRECTS + 1):
        try:
            response = await _send(client, endpoint, hub, url, body, guard)
        except aiohttp.ClientError:
            if guard is None or not guard.refused_scope:
                raise
            return redirect.status, f"redirects to {redirect.location}, which is a {guard.refused_scope} address", None
        try:
            redirect = _Redirect(response.status, response.headers.get("Location", ""))
            status, location = redirect
            if not (300 <= status < 400 and location):
                return status, await _read_text(response, endpoint.secret), response.headers.get("Retry-After")
        finally:
            response.close()
        if guard is None:
            guard = AddressGuard(getattr(response, "peer_scope", ""))
        try:
            url = redirect_target(hub, url, location, status)
        except ValueError as reason:
            return status, f"redirects to {location}, {reason}", None
        if hops == _MAX_REDIRECTS:
            return status, f"more than {_MAX_REDIRECTS} redirects, the last to {location}", None
        if time.perf_counter() > deadline:
            return 408, "redirects exceeded the timeout", None
    raise AssertionError  # the last iteration returns


async def _send(
    client: aiohttp.ClientSession, endpoint: Endpoint, hub: URL, url: URL, body: bytes, guard: AddressGuard | None
) -> aiohttp.ClientResponse:
    proxy = environment_proxy(url)
    with guarded(guard) if guard and not proxy else nullcontext():  # a proxy resolves and connects by itself
        return await client.post(
            url,
            data=body,
            headers=_headers(endpoint, hub, url),
            allow_redirects=False,
            proxy=proxy,
            ssl=endpoint.authorities or True,
        )


def _headers(endpoint: Endpoint, hub: URL, url: URL) -> dict[str, str]:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    secret = endpoint.secret
    if secret and may_have_secret(hub, url):  # another origin must not learn the secret of this hub
        headers[secret.name] = secret.value
    return headers


async def _read_text(response: aiohttp.ClientResponse, secret: SecretHeader | None) -> str:
    """Read the beginning of a body, which may be endless, without a secret that the limit may have cut in two."""
    content = bytearray()
    with suppress(Exception):  # whatever a body does, the status has been received
        async with asyncio.timeout(_BODY_TIMEOUT_S):
            while len(content) < _MAX_BODY_BYTES and (chunk := await response.content.read(_MAX_BODY_BYTES)):
                content += chunk
    text = _redact(secret, content[:_MAX_BODY_BYTES].decode("utf-8", "replace"))
    is_cut = secret and (len(content) >= _MAX_BODY_BYTES or not response.content.at_eof())
    return text[: -MAX_EXPANSION * len(secret.value)] if secret and is_cut else text


def _redact(secret: SecretHeader | None, text: str) -> str:
    """Replace the secret, which a hub may repeat."""
    return mask(text, secret.value) if secret else text


def _error_name(error: Exception) -> str:
    return "timed out" if isinstance(error, TimeoutError) else type(error).__name__


def _one_line(text: str, secret: SecretHeader | None) -> str:
    """Return a short printable line without the secret."""
    text = _redact(secret, text)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split()).rstrip(": ")
    return line if len(line) <= _MAX_ERROR_LENGTH else f"{line[: _MAX_ERROR_LENGTH - 1]}…"
