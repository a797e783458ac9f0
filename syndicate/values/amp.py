"""AMP cache addresses, computed as the caches do.

Source: the AMP cache URL format (amp.dev, "AMP cache URL format and request handling"), whose published vectors are
tested. A web browser gives every cached site an origin of its own; the subdomain is made from the site's host.
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
    """The address at which `cache` serves `url`: `c` for a document, `i` an image, `r` a resource, `v` the viewer.

    Raises ValueError for an address that no cache can serve: not http(s), no host, user information, or a port that
    is not the scheme's own.
    """
    parts = urlsplit(url)
    host = _servable_host(parts)
    secure = "/s" if parts.scheme == "https" else ""
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"https://{subdomain(host)}.{cache}/{cache_type}{secure}/{host}{parts.path}{query}{fragment}"


def _servable_host(parts: SplitResult) -> str:
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError(f"an AMP cache serves http and https, not {parts.scheme or 'a relative address'!r}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an AMP cache address holds no user information")
    if parts.port not in (None, _DEFAULT_PORTS[parts.scheme]):
        raise ValueError(f"an AMP cache address holds no port, got {parts.port}")
    if not parts.hostname:
        raise ValueError("an AMP cache address needs a host")
    return parts.hostname


@lru_cache(maxsize=8192)
def subdomain(host: str) -> str:
    """The cache's subdomain for a host: readable where that is safe, else a hash of the host."""
    host = host.lower()
    readable = None if _needs_hash(host) else _readable(host)
    return readable or _hashed(host)


def _needs_hash(host: str) -> bool:
    ambiguous = host[2:4] == "--" and not host.startswith("xn")
    return ambiguous or len(host) > _MAX_LABEL or "." not in host or _mixes_directions(_decoded(host))


def _readable(host: str) -> str | None:
    label = _decoded(host).replace("-", "--").replace(".", "-")
    if not label.isascii():
        label = "xn--" + label.encode("punycode").decode("ascii")
    label = label.lower()
    if len(label) <= _MAX_LABEL and label[2:4] == "--" and not label.startswith("xn"):
        label = f"0-{label}-0"  # a label that looks like an IDN prefix would be refused by resolvers
    return label if len(label) <= _MAX_LABEL else None


def _hashed(host: str) -> str:
    return b32encode(sha256(host.encode()).digest()).decode("ascii").lower().rstrip("=")


def _decoded(host: str) -> str:
    """The host with its IDN labels in Unicode. The idna package refuses emoji, which the vectors hold."""
    return ".".join(map(_decoded_label, host.split(".")))


def _decoded_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def _mixes_directions(text: str) -> bool:
    directions = {unicodedata.bidirectional(char) for char in text}
    return "L" in directions and not directions.isdisjoint({"R", "AL"})
