"""Addresses made valid (RFC 3986), or refused with a reason."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

_PLAIN = r"[A-Za-z0-9\-._~!$&'()*+,;=:@/?]*"
_VALID = re.compile(rf"https?://[a-z0-9]+(?:(?:-+|\.)[a-z0-9]+)*(?:[/?]{_PLAIN}(?:%[0-9A-Fa-f]{{2}}{_PLAIN})*)?")
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?|\[[0-9a-f:.]+\])")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_IGNORED = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_SAFE_IN_PATH = "/%:@!$&'()*+,;=~-._"
_SAFE_IN_QUERY = _SAFE_IN_PATH + "?"
_MAX_LENGTH = 8000


def clean(address: str, base: str = "") -> str:
    """A valid absolute http(s) address: spaces, `|` and raw Unicode are percent-encoded, what is encoded is kept.

    A relative address is resolved against `base`. Raises ValueError with a reason for what cannot or must not be
    published: another scheme, no host, user information.
    """
    if len(address) <= _MAX_LENGTH and _VALID.fullmatch(address):
        return address
    address = _IGNORED.sub("", address).strip()
    if not address:
        raise ValueError("an empty address")
    _short(address)
    try:
        return _short(_rebuilt(urlsplit(address if has_scheme(address) else urljoin(base, address))))
    except UnicodeError:
        raise ValueError(f"no valid host in {shown(address)}") from None
    except ValueError as error:
        raise ValueError(f"{error} in {shown(address)}") from None


def shown(address: str) -> str:
    """An address for a message: short, and without a password."""
    hidden = re.sub(r"//[^/@]*@", "//…@", address)
    return repr(hidden if len(hidden) <= 100 else hidden[:99] + "…")


def has_scheme(address: str) -> bool:
    """Whether the address names its scheme, and so is not relative."""
    return bool(_SCHEME.match(address))


def _short(address: str) -> str:
    if len(address) > _MAX_LENGTH:
        raise ValueError(f"an address of {len(address)} characters")
    return address


def _rebuilt(parts: SplitResult) -> str:
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"scheme {parts.scheme!r} is not http or https" if parts.scheme else "no scheme")
    if parts.username is not None:
        raise ValueError("user information")
    host = _host(parts.hostname or "")
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    path = _quoted(parts.path, _SAFE_IN_PATH)
    query = _quoted(parts.query, _SAFE_IN_QUERY)
    return urlunsplit((parts.scheme, netloc, path, query, _quoted(parts.fragment, _SAFE_IN_QUERY)))


@lru_cache(maxsize=4096)
def _host(host: str) -> str:
    if ":" in host:
        host = f"[{host}]"
    elif not host.isascii():
        host = ".".join(_label(label) for label in re.split("[.。．｡]", host))  # the dots of RFC 3490 §3.1
    if not _HOST.fullmatch(host) or ".." in host:
        raise ValueError("no valid host")
    return host


def _label(label: str) -> str:
    """A host label in ASCII. Python's codec takes the emoji hosts that exist, and that the idna package refuses."""
    return label.encode("idna").decode("ascii") if label else ""


def _quoted(part: str, safe: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", part), safe=safe, errors="ignore")
