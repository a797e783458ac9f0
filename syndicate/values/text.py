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
_STYLES = "b|i|em|strong|code|sub|sup|del|mark|s|u|span"
_STYLE_TAG = re.compile(rf"<(/?)({_STYLES})(?:\s[^<>]*)?>", re.IGNORECASE)
_PHRASES = f"{_STYLES}|a|abbr|bdi|bdo|big|cite|dfn|font|ins|kbd|label|q|samp|small|strike|time|tt|var"
_PHRASE_TAG = re.compile(rf"<(/?)({_PHRASES})(?:\s[^<>]*)?>", re.IGNORECASE)
_BLOCK_TAG = re.compile(
    r"</?(?:address|article|aside|audio|blockquote|br|center|dd|details|div|dl|dt|embed|fieldset|figcaption|figure|footer"
    r"|form|h[1-6]|header|hgroup|hr|iframe|img|input|li|main|nav|noscript|object|ol|p|picture|pre|section|source|summary"
    r"|svg|table|tbody|td|tfoot|th|thead|tr|ul|video|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
# What is no text between its beginning and its end.
_NOT_TEXT = [
    (re.compile(begin, re.IGNORECASE), re.compile(end, re.IGNORECASE))
    for begin, end in (
        ("<!--", "-->"),
        (r"<script\b[^<>]*>", r"</script\s*>"),
        (r"<style\b[^<>]*>", r"</style\s*>"),
    )
]
_ANY_TAG = re.compile(r"<[^>]*>")
# HTML allows some entities without a semicolon, which would change addresses: `?a=1&copy=2`.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ENTITY_OR_SEMICOLON = re.compile(f"{_ENTITY.pattern}|;")
# A quotation mark, dash or number that was escaped twice (`&amp;#39;`) is the fault of a program: nobody writes it for
# the readers of a summary. `&amp;amp;` and `&amp;lt;` may be about markup.
_TWICE_ESCAPED = re.compile(
    r"&amp;(?=(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|quot|apos|nbsp|hellip|[nm]dash|[lr][sd]quo);)"
)


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
    """Return a title or name in one line: inline markup is removed, entities are decoded, white space is collapsed.

    Only paired tags of text styles (`<em>…</em>`) are markup. Any other `<tag>` stays, because a title may be about
    it. Entities are decoded once, so that markup which only then appears is text, too.
    """
    if text.isprintable() and "&" not in text and "<" not in text and "  " not in text:
        return text.strip()  # fast path for nearly all texts of a news corpus
    if "<" in text:
        text = _strip_pairs(text, _STYLE_TAG)
    return _one_line(_decode(text))


def summary_text(text: str) -> str:
    """Return the text of a summary that may be HTML, in one line; tags of HTML are removed, `List<String>` stays."""
    if text.isprintable() and "&" not in text and "<" not in text and "  " not in text:
        return text.strip()
    if "<" in text:
        for begin, end in _NOT_TEXT:
            text = _strip_between(text, begin, end)
        text = _strip_pairs(_BLOCK_TAG.sub(" ", text), _PHRASE_TAG)
    return _one_line(_decode(_TWICE_ESCAPED.sub("&", text)))


def html_text(html: str) -> str:
    """Return the text of valid HTML, in one line."""
    return _one_line(_decode(_ANY_TAG.sub("", html)))


def _one_line(text: str) -> str:
    return _WHITE_SPACE.sub(" ", strip_forbidden(text)).strip()


def _decode(text: str) -> str:
    return _ENTITY.sub(_decode_entity, text) if "&" in text else text


def _decode_entity(match: re.Match[str]) -> str:
    from html import unescape
    from html.entities import html5

    entity = match[0]
    return unescape(entity) if entity[1] == "#" or entity[1:] in html5 else entity


def shorten(text: str, length: int = 300) -> str:
    """Cut a text of more than `length` characters at a word boundary, and append an ellipsis."""
    if len(text) <= length:
        return text
    head, _, _ = text[:length].rpartition(" ")
    return (head or text[: length - 1]).rstrip(" ,;:.–—-") + "…"


def split_at_semicolons(text: str) -> list[str]:
    """Return the parts of a text between semicolons, other than those that end an entity."""
    parts: list[str] = []
    start = 0
    for match in _ENTITY_OR_SEMICOLON.finditer(text):
        if match[0] == ";":
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]


def _strip_between(text: str, begin: re.Pattern[str], end: re.Pattern[str]) -> str:
    """Remove all from each beginning to its end. Unlike one pattern for both, two searches need linear time."""
    kept: list[str] = []
    start = 0
    while (first := begin.search(text, start)) and (last := end.search(text, first.end())):
        kept.append(text[start : first.start()])
        start = last.end()
    return " ".join([*kept, text[start:]])


def _strip_pairs(text: str, tags: re.Pattern[str]) -> str:
    """Remove paired tags in one pass with a stack: a pattern for pairs needs minutes for a thousand open tags."""
    opened: dict[str, list[tuple[int, int]]] = {}
    paired: list[tuple[int, int]] = []
    for tag in tags.finditer(text):
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
