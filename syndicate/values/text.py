"""Text as a person would write it: out of whatever a record holds."""

from __future__ import annotations

import re
from functools import cache

# What XML 1.0 §2.2 refuses or discourages: C0 and C1 controls but tab and line ends, lone surrogates, non-characters.
_FORBIDDEN = (
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
_WHITE_SPACE = re.compile(r"\s+")
_INLINE = "a|abbr|b|code|em|i|small|span|strong|sub|sup|u"
_INLINE_TAG = re.compile(rf"<(/?)({_INLINE})(?:\s[^<>]*)?>", re.IGNORECASE)
_BLOCK_TAG = re.compile(r"</?(?:br|div|hr|li|ol|p|ul)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_ENTITY_ROUNDS = 3  # text that went through two systems is escaped twice: &amp;#39;


@cache
def _forbidden() -> re.Pattern[str]:
    """Compiled when it is needed first: it takes longer than a text without such characters ever costs."""
    return re.compile(_FORBIDDEN)


def strip_forbidden(text: str) -> str:
    """The text without characters that no XML document may hold."""
    return text if text.isprintable() else _forbidden().sub("", text)


def plain_text(text: str) -> str:
    """One line of plain text: entities resolved, mark-up dropped, white space folded.

    A lone `<tag>` stays: a title may speak of one. Only what is clearly mark-up goes: paired inline tags, line and
    paragraph breaks.
    """
    if text.isprintable() and "&" not in text and "<" not in text and "  " not in text:
        return text.strip()  # nearly every text of a news corpus
    from html import unescape

    for _ in range(_ENTITY_ROUNDS):
        resolved = unescape(text)
        if resolved == text:
            break
        text = resolved
    if "<" in text:
        text = _without_tags(text)
    return _WHITE_SPACE.sub(" ", strip_forbidden(text)).strip()


def shorten(text: str, length: int = 300) -> str:
    """The text cut at a word, with an ellipsis, when it is longer than `length` characters."""
    if len(text) <= length:
        return text
    head, _, _ = text[:length].rpartition(" ")
    return (head or text[: length - 1]).rstrip(" ,;:.–—-") + "…"


def _without_tags(text: str) -> str:
    """One pass with a stack: a pattern for pairs takes minutes for a text of a thousand open tags."""
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
