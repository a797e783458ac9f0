"""Finds a secret in the text of a hub, in whatever spelling the hub repeats it.

Theory of operation
-------------------
Escapes are undone (percent-encoding, entities of HTML, backslashes of JSON and programming languages), a few times
over, because a hub may escape what was escaped. Each character of the result knows which part of the original text it
stands for. The result is searched, without regard to case, for the secret as it is, in hex and in base64, and the parts
of the original text that stand for what was found are replaced.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from typing import NamedTuple

MASK = "…"
MAX_EXPANSION = 10
"""So many characters stand for one of the secret, at most: `&#x00041;`, for example."""

_ROUNDS = 3
_MIN_PART = 4  # a shorter part of a secret would mask ordinary words
_ESCAPE = re.compile(
    r"%(?P<percent>[0-9A-Fa-f]{2})"
    r"|(?P<entity>&(?:#[0-9]{1,8}|#[Xx][0-9A-Fa-f]{1,8}|[A-Za-z][A-Za-z0-9]{1,30});?)"
    r"|\\(?:u(?P<u4>[0-9A-Fa-f]{4})|u\{(?P<u>[0-9A-Fa-f]{1,8})\}|x(?P<x>[0-9A-Fa-f]{2})|(?P<octal>[0-3][0-7]{2}))"
    r"|\\(?P<control>[nrt])"
    r"|\\(?P<escaped>.)"
    r"|(?P<newline>[\r\n])"  # base64 is broken into lines
)


class _Text(NamedTuple):
    """A text, and for each of its characters where the original begins and ends that it stands for."""

    characters: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]


def mask(text: str, secret: str) -> str:
    """Return a text in which every spelling of a secret, such as `Bearer TOKEN`, is replaced.

    Known are other cases, percent-encoding, escapes of HTML, JSON and programming languages, and encoding as hex and
    base64 (at each alignment, of either alphabet), also one within another.
    """
    if not secret:
        return text
    current = _Text(text, tuple(range(len(text))), tuple(range(1, len(text) + 1)))
    found: list[tuple[int, int]] = []
    for _ in range(_ROUNDS + 1):
        found += _find(current, _spellings(secret))
        following = _unescape(current)
        if following.characters == current.characters:
            break
        current = following
    return _replace(text, found)


def _find(text: _Text, spellings: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    lower = _lower(text.characters)
    for spelling in spellings:
        at = lower.find(spelling)
        while at >= 0:
            yield text.starts[at], text.ends[at + len(spelling) - 1]
            at = lower.find(spelling, at + 1)


def _replace(text: str, found: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    position = 0
    for start, end in sorted(found):
        if start >= position:
            parts += [text[position:start], MASK]
        position = max(position, end)
    return "".join((*parts, text[position:]))


def _unescape(text: _Text) -> _Text:
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def keep(start: int, stop: int) -> None:
        characters.append(text.characters[start:stop])
        starts.extend(text.starts[start:stop])
        ends.extend(text.ends[start:stop])

    position = 0
    for match in _ESCAPE.finditer(text.characters):
        keep(position, match.start())
        position = match.end()
        value = _value(match)
        if value is None:
            keep(match.start(), match.end())
        elif value:
            characters.append(value)
            starts.append(text.starts[match.start()])
            ends.append(text.ends[match.end() - 1])
    keep(position, len(text.characters))
    return _Text("".join(characters), tuple(starts), tuple(ends))


def _value(match: re.Match[str]) -> str | None:
    """Return the character of an escape; nothing for the end of a line, None for what is no escape of a character."""
    kind, text = match.lastgroup, match[match.lastgroup or 0]
    match kind:
        case "percent" | "u4" | "u" | "x":
            code = int(text, 16)
        case "octal":
            code = int(text, 8)
        case "entity":
            value = unescape(text)
            return value if len(value) == 1 else None
        case "escaped":
            return text
        case _:
            return ""
    return chr(code) if code < 0x110000 else None


@lru_cache(maxsize=64)
def _spellings(secret: str) -> tuple[str, ...]:
    spellings = {spelling for part in _parts(secret) for spelling in (part, *_encodings(part.encode()))}
    spellings |= {spelling.replace(" ", "+") for spelling in spellings}  # as forms encode it
    return tuple(sorted(map(_lower, spellings)))


def _parts(secret: str) -> Iterator[str]:
    """Yield a secret, its token without the scheme, and what the token of Basic authentication encodes."""
    yield secret
    token = secret.rpartition(" ")[2]
    if token:
        yield token
    if not secret.lower().startswith("basic "):
        return
    try:
        decoded = b64decode(token, validate=True).decode()
    except (binascii.Error, ValueError):
        return
    yield from (part for part in (decoded, decoded.partition(":")[2]) if len(part) >= _MIN_PART)


def _encodings(secret: bytes) -> Iterator[str]:
    """Yield how a secret looks within an encoded text. The first and last characters depend on what surrounds it."""
    if len(secret) < _MIN_PART:
        return
    yield secret.hex()
    for before in range(3):
        encoded = b64encode(bytes(before) + secret).decode()
        first, last = (before * 8 + 5) // 6, (before + len(secret)) * 8 // 6
        if last - first >= _MIN_PART:
            yield encoded[first:last]
            yield encoded[first:last].translate(str.maketrans("+/", "-_"))


def _lower(text: str) -> str:
    """Return a text in lower case, of the same length: that of some letters beyond ASCII differs."""
    return "".join(character.lower() if character.isascii() else character for character in text)
