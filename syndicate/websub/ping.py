"""One ping: a POST to a hub, and what came of it. It never raises for what a hub does.

One topic URL a request, under both names that hubs look for: hubs that take several drop some of them silently.
"""

from __future__ import annotations

import re
import time
from typing import NamedTuple
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from .. import __version__
from .retry import Outcome, retry_after_s

USER_AGENT = f"syndicate/{__version__}"
_REDIRECTS = frozenset({307, 308})  # the others turn a POST into a GET (RFC 9110 §15.4)
_MAX_REDIRECTS = 5
_READ_BYTES = 4096
_SAID_LENGTH = 200
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(\S.*)")


class Header(NamedTuple):
    """A header with a secret in it."""

    name: str
    value: str


def header(secret: str) -> Header:
    """A header as the environment states it: `Name: value`, or the value of `Authorization`.

    Raises ValueError for what no header can be, and does not repeat it.
    """
    text = secret.strip()
    if not text or not text.isprintable() or not text.isascii():
        raise ValueError("it is empty, or holds characters that no header may have")
    found = _HEADER.fullmatch(text)
    return Header(found[1], found[2]) if found else Header("Authorization", text)


def session(timeout_s: float, connections: int) -> aiohttp.ClientSession:
    """The one session that all requests share: no cookies, no more connections than asked for, no endless wait."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, ttl_dns_cache=60),
        timeout=aiohttp.ClientTimeout(total=timeout_s, connect=timeout_s, sock_read=timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT},
        raise_for_status=False,
    )


async def send(
    client: aiohttp.ClientSession, hub_url: str, topic_url: str, timeout_s: float, secret: Header | None = None
) -> Outcome:
    """Tell a hub that a topic has new content. Takes twice the timeout at most, redirects and all."""
    body = urlencode({"hub.mode": "publish", "hub.url": topic_url, "hub.topic": topic_url}).encode()
    started = time.perf_counter()
    try:
        status, said, asked = await _post(client, URL(hub_url, encoded=True), body, started + timeout_s, secret)
    except (aiohttp.ClientError, OSError, ValueError) as error:  # OSError: time-outs, too
        outcome = Outcome(error=_one_line(f"{_named(error)}: {error}", secret))
    else:
        wanted_s = retry_after_s(asked, time.time()) if asked else None
        outcome = Outcome(status, _one_line(said, secret), wanted_s)
    return outcome._replace(seconds=time.perf_counter() - started)


async def _post(
    client: aiohttp.ClientSession, url: URL, body: bytes, until: float, secret: Header | None
) -> tuple[int, str, str | None]:
    """Status, text and `Retry-After` of the last answer."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    origin = url.origin()
    for hops in range(_MAX_REDIRECTS + 1):
        if secret:
            headers.pop(secret.name, None)
            if url.origin() == origin:  # a secret is for the hub that it was given for
                headers[secret.name] = secret.value
        async with client.post(url, data=body, headers=headers, allow_redirects=False) as response:
            target = response.headers.get("Location")
            if response.status not in _REDIRECTS or not target:
                return response.status, await _text(response, secret), response.headers.get("Retry-After")
            if hops == _MAX_REDIRECTS:
                return response.status, f"more than {_MAX_REDIRECTS} redirects", None
        if time.perf_counter() > until:
            return 408, "took too long to redirect", None
        url = url.join(URL(target, encoded=True))
        if url.scheme not in {"http", "https"} or not url.host:
            return response.status, "a redirect to what is no http address", None
    raise AssertionError  # the loop ends by itself


async def _text(response: aiohttp.ClientResponse, secret: Header | None) -> str:
    """The beginning of what a hub says: bodies may have no end. A secret that is cut off there is cut off whole."""
    said = bytearray()
    while len(said) < _READ_BYTES and (chunk := await response.content.read(_READ_BYTES)):
        said += chunk
    text = _without(secret, said[:_READ_BYTES].decode("utf-8", "replace"))
    return text[: -len(secret.value)] if secret and len(said) >= _READ_BYTES else text


def _without(secret: Header | None, text: str) -> str:
    """A text without our secret, which a hub may repeat."""
    for private in (secret.value, secret.value.rpartition(" ")[2]) if secret else ():
        text = text.replace(private, "…")
    return text


def _named(error: Exception) -> str:
    return "timed out" if isinstance(error, TimeoutError) else type(error).__name__


def _one_line(text: str, secret: Header | None) -> str:
    """What a hub said, for a person: short, printable, and never our secret."""
    text = _without(secret, text)
    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split()).rstrip(": ")
    return shown if len(shown) <= _SAID_LENGTH else f"{shown[: _SAID_LENGTH - 1]}…"
