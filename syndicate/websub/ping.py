"""One ping: a POST that notifies a hub of new content at a topic URL (WebSub §6). Errors of a hub are not raised.

A ping carries one topic URL, under both names that hubs read (`hub.url` and `hub.topic`): hubs that accept several URLs
in one request drop some of them silently.
"""

from __future__ import annotations

import re
import time
from typing import NamedTuple
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from .. import __version__
from .retry import Outcome, parse_retry_after

USER_AGENT = f"syndicate/{__version__}"
_FOLLOWED_STATUS = frozenset({307, 308})  # the others turn a POST into a GET (RFC 9110 §15.4)
_MAX_REDIRECTS = 5
_MAX_BODY_BYTES = 4096
_MAX_ERROR_LENGTH = 200
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(\S.*)")


class SecretHeader(NamedTuple):
    """A header field that authenticates the publisher to a hub."""

    name: str
    value: str


def parse_header(text: str) -> SecretHeader:
    """Parse a header from the environment: `Name: value`, or a value of `Authorization`.

    Raises ValueError for an invalid header, with a message that does not contain it.
    """
    text = text.strip()
    if not text or not text.isprintable() or not text.isascii():
        raise ValueError("is empty or contains characters that a header may not have")
    match = _HEADER.fullmatch(text)
    return SecretHeader(match[1], match[2]) if match else SecretHeader("Authorization", text)


def open_client(timeout_s: float, max_connections: int) -> aiohttp.ClientSession:
    """Open the HTTP client that all requests share: no cookies, bounded connections, a timeout for each request."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=max_connections, ttl_dns_cache=60),
        timeout=aiohttp.ClientTimeout(total=timeout_s, connect=timeout_s, sock_read=timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT},
        raise_for_status=False,
    )


async def send_ping(
    client: aiohttp.ClientSession, hub_url: str, topic_url: str, timeout_s: float, secret: SecretHeader | None = None
) -> Outcome:
    """Notify a hub of new content. Takes at most twice `timeout_s`, including redirects."""
    body = urlencode({"hub.mode": "publish", "hub.url": topic_url, "hub.topic": topic_url}).encode()
    started = time.perf_counter()
    try:
        status, text, retry_after = await _post(client, URL(hub_url, encoded=True), body, started + timeout_s, secret)
    except (aiohttp.ClientError, OSError, ValueError) as error:  # OSError includes timeouts
        outcome = Outcome(error=_one_line(f"{_error_name(error)}: {error}", secret))
    else:
        retry_after_s = parse_retry_after(retry_after, time.time()) if retry_after else None
        outcome = Outcome(status, _one_line(text, secret), retry_after_s)
    return outcome._replace(duration_s=time.perf_counter() - started)


async def _post(
    client: aiohttp.ClientSession, url: URL, body: bytes, deadline: float, secret: SecretHeader | None
) -> tuple[int, str, str | None]:
    """Return status, text and `Retry-After` of the last response."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    origin = url.origin()
    for hops in range(_MAX_REDIRECTS + 1):
        if secret:
            headers.pop(secret.name, None)
            if url.origin() == origin:  # another origin must not learn the secret of this hub
                headers[secret.name] = secret.value
        async with client.post(url, data=body, headers=headers, allow_redirects=False) as response:
            location = response.headers.get("Location")
            if response.status not in _FOLLOWED_STATUS or not location:
                return response.status, await _read_text(response, secret), response.headers.get("Retry-After")
            if hops == _MAX_REDIRECTS:
                return response.status, f"more than {_MAX_REDIRECTS} redirects", None
        if time.perf_counter() > deadline:
            return 408, "redirects exceeded the timeout", None
        url = url.join(URL(location, encoded=True))
        if url.scheme not in {"http", "https"} or not url.host:
            return response.status, "redirect to a URL that is not HTTP", None
    raise AssertionError  # the last iteration returns


async def _read_text(response: aiohttp.ClientResponse, secret: SecretHeader | None) -> str:
    """Read the beginning of a body, which may be endless, without a secret that the limit may have cut in two."""
    content = bytearray()
    while len(content) < _MAX_BODY_BYTES and (chunk := await response.content.read(_MAX_BODY_BYTES)):
        content += chunk
    text = _redact(secret, content[:_MAX_BODY_BYTES].decode("utf-8", "replace"))
    return text[: -len(secret.value)] if secret and len(content) >= _MAX_BODY_BYTES else text


def _redact(secret: SecretHeader | None, text: str) -> str:
    """Replace the secret, which a hub may repeat."""
    for private in (secret.value, secret.value.rpartition(" ")[2]) if secret else ():
        text = text.replace(private, "…")
    return text


def _error_name(error: Exception) -> str:
    return "timed out" if isinstance(error, TimeoutError) else type(error).__name__


def _one_line(text: str, secret: SecretHeader | None) -> str:
    """Return a short printable line without the secret."""
    text = _redact(secret, text)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split()).rstrip(": ")
    return line if len(line) <= _MAX_ERROR_LENGTH else f"{line[: _MAX_ERROR_LENGTH - 1]}…"
