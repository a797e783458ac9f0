"""The reasons of failed attempts in words. Pure: a reason follows from the recorded status and error."""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import urlsplit

_SITE = "the public copy"
_MAX_LENGTH = 160
# Texts of operating systems, OpenSSL and aiohttp, by what they mean. {host} is the host of the address, {name} the same
# without a port.
_CAUSES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), reason)
    for pattern, reason in (
        (r"temporary failure in name resolution|try again", "DNS does not answer: the name {name} cannot be looked up"),
        (
            r"name or service not known|nodename nor servname|no address associated|domain name not found|DNSError",
            "the name {name} is not known (DNS)",
        ),
        (r"certificate", "the TLS certificate of {host} is not valid"),
        (r"sslerror|ssl handshake|wrong version number|\[ssl:(?!default)", "TLS with {host} fails"),
        (r"timed out|timeout", "{host} does not answer in time"),
        (r"network is unreachable|no route to host|\[errno 10[01]\]|\[errno 113\]", "there is no route to {host}"),
        (r"connection reset|disconnected|broken pipe", "{host} closes the connection without an answer"),
        (r"connect call failed|connection refused|\[errno 111\]", "{host} refuses connections"),
    )
)


def is_about_site(error: str) -> bool:
    """Return whether an error is one of the verification of the public copy, and none of the hub."""
    return error.startswith(_SITE)


def is_unreachable(status: int | None, error: str) -> bool:
    """Return whether the other side could not be reached at all."""
    return status is None and any(pattern.search(error) for pattern, _ in _CAUSES)


def explain(url: str, status: int | None, error: str) -> str:
    """Return why an attempt at an address failed, in one line."""
    if status is not None:
        try:
            phrase = f" {HTTPStatus(status).phrase}"
        except ValueError:
            phrase = ""
        text = _without_markup(error)
        return _shorten(f"answers {status}{phrase}{f': {text}' if text else ''}")
    cause = next((reason for pattern, reason in _CAUSES if pattern.search(error)), None)
    if cause is None:
        return _shorten(error or "no answer")
    parts = urlsplit(url)
    return cause.format(host=parts.netloc, name=parts.hostname)


def _without_markup(text: str) -> str:
    """Return a text, or the title of an HTML page that a proxy before the hub sent."""
    if not text.startswith("<"):
        return text
    title = re.search(r"<title>([^<]*)", text, re.IGNORECASE)
    return title[1].strip() if title else "an HTML page"


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 1]}…"
