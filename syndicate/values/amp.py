"""Compute AMP cache URLs (amp.dev, "AMP cache URL format and request handling").

The subdomain of a cache URL is derived from the host of the cached site, so that a browser gives each cached site its
own origin. The published test vectors are part of the tests.
"""

from __future__ import annotations

import unicodedata
from base64 import b32encode
from functools import lru_cache
from hashlib import sha256
from typing import Literal
from urllib.parse import SplitResult, urlsplit

CacheType = Literal["c", "i", "r", "v"]
_MAX_LABEL = 63  # RFC 1035 §2.3.4
_DEFAULT_PORTS = {"http": 80, "https": 443}


def cache_url(url: str, cache: str = "cdn.ampproject.org", cache_type: CacheType = "c") -> str:
    """Return the URL at which `cache` serves `url` as a document (`c`), image (`i`), resource (`r`) or viewer (`v`).

    Raises ValueError for a URL that no cache can serve: not http(s), no host, user information, or a port other than
    the default port of the scheme.
    """
    parts = urlsplit(url)
    host = _cacheable_host(parts)
    secure = "/s" if parts.scheme == "https" else ""
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"https://{subdomain(host)}.{cache}/{cache_type}{secure}/{host}{parts.path}{query}{fragment}"


def _cacheable_host(parts: SplitResult) -> str:
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError(f"an AMP cache serves http and https, not {parts.scheme or 'a relative address'!r}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an AMP cache URL cannot hold user information")
    if parts.port not in (None, _DEFAULT_PORTS[parts.scheme]):
        raise ValueError(f"an AMP cache URL cannot hold a port, got {parts.port}")
    if not parts.hostname:
        raise ValueError("an AMP cache URL needs a host")
    return parts.hostname


@lru_cache(maxsize=8192)
def subdomain(host: str) -> str:
    """Return the cache's subdomain for a host: readable if that is unambiguous, else a hash of the host."""
    host = host.lower()
    readable = None if _needs_hash(host) else _readable_label(host)
    return readable or _hash_label(host)


def _needs_hash(host: str) -> bool:
    ambiguous = host[2:4] == "--" and not host.startswith("xn")
    return ambiguous or len(host) > _MAX_LABEL or "." not in host or _mixes_directions(_decode_host(host))


def _readable_label(host: str) -> str | None:
    label = _decode_host(host).replace("-", "--").replace(".", "-")
    if not label.isascii():
        label = "xn--" + label.encode("punycode").decode("ascii")
    label = label.lower()
    if len(label) <= _MAX_LABEL and label[2:4] == "--" and not label.startswith("xn"):
        label = f"0-{label}-0"  # resolvers reject a label that looks like an IDN prefix
    return label if len(label) <= _MAX_LABEL else None


def _hash_label(host: str) -> str:
    return b32encode(sha256(host.encode()).digest()).decode("ascii").lower().rstrip("=")


def _decode_host(host: str) -> str:
    """Return a host with its IDN labels in Unicode. The idna package rejects emoji, which the vectors include."""
    return ".".join(map(_decode_label, host.split(".")))


def _decode_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def _mixes_directions(text: str) -> bool:
    directions = {unicodedata.bidirectional(char) for char in text}
    return "L" in directions and not directions.isdisjoint({"R", "AL"})
