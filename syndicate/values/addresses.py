"""Normalize web addresses to valid absolute URLs (RFC 3986), or reject them with a reason."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

_URL_CHARACTERS = r"[A-Za-z0-9\-._~!$&'()*+,;=:@/?]*"
_VALID = re.compile(
    rf"https?://[a-z0-9]+(?:(?:-+|\.)[a-z0-9]+)*(?:[/?]{_URL_CHARACTERS}(?:%[0-9A-Fa-f]{{2}}{_URL_CHARACTERS})*)?"
)
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?|\[[0-9a-f:.]+\])")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_IGNORED = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_SAFE_IN_PATH = "/%:@!$&'()*+,;=~-._"
_SAFE_IN_QUERY = _SAFE_IN_PATH + "?"
_MAX_LENGTH = 8000


def normalize(address: str, base: str = "") -> str:
    """Return a valid absolute http(s) URL. Invalid characters are percent-encoded; existing encoding is kept.

    A relative address is resolved against `base`. Raises ValueError with a reason if the address has another scheme,
    no valid host, or user information (a password would be published).
    """
    if len(address) <= _MAX_LENGTH and _VALID.fullmatch(address):
        return address
    address = _IGNORED.sub("", address).strip()
    if not address:
        raise ValueError("an empty address")
    _check_length(address)
    try:
        return _check_length(_rebuild(urlsplit(address if has_scheme(address) else urljoin(base, address))))
    except UnicodeError:
        raise ValueError(f"no valid host in {_display(address)}") from None
    except ValueError as error:
        raise ValueError(f"{error} in {_display(address)}") from None


def has_scheme(address: str) -> bool:
    """Return whether an address begins with a scheme, and so is not relative."""
    return bool(_SCHEME.match(address))


def _check_length(address: str) -> str:
    if len(address) > _MAX_LENGTH:
        raise ValueError(f"an address of {len(address)} characters")
    return address


def _rebuild(parts: SplitResult) -> str:
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"scheme {parts.scheme!r} is not http or https" if parts.scheme else "no scheme")
    if parts.username is not None:
        raise ValueError("user information")
    host = _normalize_host(parts.hostname or "")
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    path = _quote(parts.path, _SAFE_IN_PATH)
    query = _quote(parts.query, _SAFE_IN_QUERY)
    return urlunsplit((parts.scheme, netloc, path, query, _quote(parts.fragment, _SAFE_IN_QUERY)))


@lru_cache(maxsize=4096)
def _normalize_host(host: str) -> str:
    if ":" in host:
        host = f"[{host}]"
    elif not host.isascii():
        host = ".".join(_ascii_label(label) for label in re.split("[.。．｡]", host))  # the dots of RFC 3490 §3.1
    if not _HOST.fullmatch(host) or ".." in host:
        raise ValueError("no valid host")
    return host


def _ascii_label(label: str) -> str:
    """Return a host label in ASCII. Python's codec accepts existing emoji hosts, which the idna package rejects."""
    return label.encode("idna").decode("ascii") if label else ""


def _quote(part: str, safe: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", part), safe=safe, errors="ignore")


def _display(address: str) -> str:
    """Return an address for a message: at most 100 characters of it, without user information."""
    masked = re.sub(r"//[^/@]*@", "//…@", address)
    return repr(masked if len(masked) <= 100 else masked[:99] + "…")
