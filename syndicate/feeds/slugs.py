"""A topic's name -> its slug: a function of the name alone, and never two names to one slug.

Names are compared without regard to case and white space (`topic_key`). A name of plain words maps reversibly: a space
becomes one hyphen, a hyphen two (as AMP caches do with hosts), so `open source` and `open-source` stay apart. Any other
name gets a readable stem, an underscore (which no plain slug holds) and 65 bits of its SHA-256.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_PLAIN = re.compile(r"[a-z0-9]+(?:[ -][a-z0-9]+)*")
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_SAFE = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?")
# Names that Windows keeps for devices: a tree must survive a checkout there.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))})
_MAX_LENGTH = 80


@lru_cache(maxsize=65536)
def topic_key(name: str) -> str:
    """The part of a name that tells topics apart: `IBM  ai` and `IBM AI` are one topic.

    Canonically equivalent spellings (Unicode NFC) are one as well.
    """
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).split())


def slug(name: str) -> str:
    """A safe path segment of `a-z 0-9 - _` for any name; distinct for names with distinct `topic_key`s."""
    key = topic_key(name)
    if len(key) <= _MAX_LENGTH and key not in _DEVICES and _PLAIN.fullmatch(key):
        plain = key.replace("-", "--").replace(" ", "-")
        if len(plain) <= _MAX_LENGTH:
            return plain
    return marked_slug(name)


def marked_slug(name: str, length: int = 13) -> str:
    """The slug of a name that plain words cannot spell, or whose plain slug the configuration gave to another.

    `length` is that of the mark: 13 characters hold 65 bits.
    """
    from base64 import b32encode
    from hashlib import sha256

    key = topic_key(name)
    ascii_only = unicodedata.normalize("NFKD", key).encode("ascii", "ignore").decode()
    stem = _NOT_PLAIN.sub("-", ascii_only)[:40].strip("-") or "x"
    digest = b32encode(sha256(key.encode("utf-8", "surrogatepass")).digest()).decode().lower()
    return f"{stem}_{digest[:length]}"


def is_safe_slug(text: str) -> bool:
    """Whether a slug given by a person may name a folder on every system."""
    return bool(_SAFE.fullmatch(text)) and ".." not in text and text.split(".", maxsplit=1)[0] not in _DEVICES
