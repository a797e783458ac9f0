"""Converts topic names to slugs.

A slug is a function of the name alone, and distinct names have distinct slugs. Names are compared without regard to
case and white space (`topic_key`). A name of plain words maps reversibly: a space becomes one hyphen and a hyphen two
(as AMP caches encode host names), so `open source` and `open-source` differ. Any other name becomes a readable stem, an
underscore (which no plain slug contains) and 65 bits of its SHA-256.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_PLAIN = re.compile(r"[a-z0-9]+(?:[ -][a-z0-9]+)*")
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_SAFE = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?")
# Device names that Windows reserves: a checkout of the output tree must work there.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))})
_MAX_LENGTH = 80


@lru_cache(maxsize=65536)
def topic_key(name: str) -> str:
    """Returns the key by which topics are compared: `IBM  ai` and `IBM AI` have the same key.

    Canonically equivalent spellings (Unicode NFC) have the same key, too.
    """
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).split())


def slug(name: str) -> str:
    """Returns a safe path segment of `a-z 0-9 - _`. Names with distinct `topic_key`s have distinct slugs."""
    key = topic_key(name)
    if len(key) <= _MAX_LENGTH and key not in _DEVICES and _PLAIN.fullmatch(key):
        plain = key.replace("-", "--").replace(" ", "-")
        if len(plain) <= _MAX_LENGTH:
            return plain
    return marked_slug(name)


def marked_slug(name: str, length: int = 13) -> str:
    """Returns the slug with a hash, for a name without a plain slug or whose plain slug another topic has.

    `length` is the length of the hash: 13 characters encode 65 bits.
    """
    from base64 import b32encode
    from hashlib import sha256

    key = topic_key(name)
    ascii_only = unicodedata.normalize("NFKD", key).encode("ascii", "ignore").decode()
    stem = _NOT_PLAIN.sub("-", ascii_only)[:40].strip("-") or "x"
    digest = b32encode(sha256(key.encode("utf-8", "surrogatepass")).digest()).decode().lower()
    return f"{stem}_{digest[:length]}"


def is_safe_slug(text: str) -> bool:
    """Returns whether a configured slug can name a folder on every operating system."""
    return bool(_SAFE.fullmatch(text)) and ".." not in text and text.split(".", maxsplit=1)[0] not in _DEVICES
