"""Plain text from the values of a record, which may hold markup, entities and control characters."""

from __future__ import annotations

import re
from functools import cache

# XML 1.0 §2.2 forbids or discourages C0 and C1 controls except tab and line ends, lone surrogates, non-characters.
_FORBIDDEN = (
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
_WHITE_SPACE = re.compile(r"\s+")
_INLINE = "a|abbr|b|code|em|i|small|span|strong|sub|sup|u"
_INLINE_TAG = re.compile(rf"<(/?)({_INLINE})(?:\s[^<>]*)?>", re.IGNORECASE)
_BLOCK_TAG = re.compile(r"</?(?:br|div|hr|li|ol|p|ul)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_MAX_UNESCAPES = 3  # text that passed through two systems is escaped twice: &amp;#39;


@cache
def _forbidden() -> re.Pattern[str]:
    """Compile the pattern on first use: most texts do not need it, and compiling it is slow."""
    return re.compile(_FORBIDDEN)


def strip_forbidden(text: str) -> str:
    """Remove the characters that an XML document must not hold."""
    if text.isprintable() or text.replace("\n", " ").isprintable():
        return text  # twenty times as fast as the pattern
    return _forbidden().sub("", text)


def plain_text(text: str) -> str:
    """Return text in one line: entities are resolved, markup is removed, white space is collapsed.

    Only unambiguous markup is removed: paired inline tags, line and paragraph breaks. A lone `<tag>` stays, because a
    title may be about one.
    """
    if text.isprintable() and "&" not in text and "<" not in text and "  " not in text:
        return text.strip()  # fast path for nearly all texts of a news corpus
    from html import unescape

    for _ in range(_MAX_UNESCAPES):
        unescaped = unescape(text)
        if unescaped == text:
            break
        text = unescaped
    if "<" in text:
        text = _strip_tags(text)
    return _WHITE_SPACE.sub(" ", strip_forbidden(text)).strip()


def shorten(text: str, length: int = 300) -> str:
    """Cut a text of more than `length` characters at a word boundary, and append an ellipsis."""
    if len(text) <= length:
        return text
    head, _, _ = text[:length].rpartition(" ")
    return (head or text[: length - 1]).rstrip(" ,;:.–—-") + "…"


def _strip_tags(text: str) -> str:
    """Remove paired tags in one pass with a stack: a pattern for pairs needs minutes for a thousand open tags."""
    text = _BLOCK_TAG.sub(" ", text)
    opened: dict[str, list[tuple[int, int]]] = {}
    paired: list[tuple[int, int]] = []
    for tag in _INLINE_TAG.finditer(text):
        same = opened.setdefault(tag[2].lower(), [])
        if not tag[1]:
            same.append(tag.span())
        elif same:
            paired += [same.pop(), tag.span()]
    kept: list[str] = []
    end = 0
    for start, stop in sorted(paired):
        kept.append(text[end:start])
        end = stop
    return "".join(kept) + text[end:]
