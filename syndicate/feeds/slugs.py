"""Converts topic names to slugs.

A slug is a function of the name alone, and distinct names have distinct slugs. Names are compared without regard to
case and white space (`topic_key`). A name of plain words maps reversibly: a space becomes one hyphen and a hyphen two
(as AMP caches encode host names), so `open source` and `open-source` differ. Any other name becomes a readable stem, an
underscore (which no plain slug contains) and 65 bits of its SHA-256.

Plain words consist of letters and digits of any script (`unicode`), or of a-z and 0-9 (`ascii`). The first release knew
`ascii` only: sites that it published keep it, since slugs are addresses.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from ..model import SlugStyle

SLUG_RULE = "use lower-case letters, digits, '.', '_' and '-'"
"""What `is_safe_slug` asks for."""

_PLAIN = re.compile(r"[a-z0-9]+(?:[ -][a-z0-9]+)*")
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_SIGNS = "._-"
_WORD_BREAK = re.compile(r"[._-]")
_SEPARATOR = re.compile(r"[ -]")
# Device names that Windows reserves: a checkout of the output tree must work there.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))})
_MAX_LENGTH = 80
_MAX_CONFIGURED = 100
_MAX_BYTES = 200  # file systems allow names of 255 bytes


@lru_cache(maxsize=65536)
def topic_key(name: str) -> str:
    """Returns the key by which topics are compared: `IBM  ai` and `IBM AI` have the same key.

    Canonically equivalent spellings (Unicode NFC) have the same key, too.
    """
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).split())


def slug(name: str, style: SlugStyle = "unicode") -> str:
    """Returns a safe path segment. Names with distinct `topic_key`s have distinct slugs of one style.

    It consists of letters and digits of any script, `-` and `_`; in the style `ascii` of `a-z 0-9 - _`.
    """
    key = topic_key(name)
    if len(key) <= _MAX_LENGTH and key not in _DEVICES and _is_plain(key, style):
        plain = key.replace("-", "--").replace(" ", "-")
        if len(plain) <= _MAX_LENGTH and len(plain.encode()) <= _MAX_BYTES:
            return plain
    return marked_slug(name)


def _is_plain(key: str, style: SlugStyle) -> bool:
    if style == "ascii" or key.isascii():
        return bool(_PLAIN.fullmatch(key))
    return all(map(_is_word, _SEPARATOR.split(key)))


def _is_word(text: str) -> bool:
    """Returns whether a text consists of letters, of marks on them, and of decimal digits."""
    categories = [unicodedata.category(character) for character in text]
    return bool(categories) and categories[0][0] != "M" and all(each[0] in "LM" or each == "Nd" for each in categories)


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
    """Returns whether a configured slug can name a folder on every operating system.

    It consists of words of lower-case letters and digits of any script, with `.`, `_` and `-` between them.
    """
    return (
        0 < len(text) <= _MAX_CONFIGURED
        and len(text.encode("utf-8", "replace")) <= _MAX_BYTES
        and text == topic_key(text)
        and ".." not in text
        and text[0] not in _SIGNS
        and text[-1] not in _SIGNS
        and all(_is_word(word) for word in _WORD_BREAK.split(text) if word)
        and text.split(".", maxsplit=1)[0] not in _DEVICES
    )
