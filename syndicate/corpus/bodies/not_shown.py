"""Elements that a browser does not show: they are left out of bodies, and so of summaries and of search."""

from __future__ import annotations

import re
from collections.abc import Mapping

ATTRIBUTES = frozenset({"hidden", "popover", "style"})
"""The attributes that `is_hidden` reads, beside `open` of a dialog."""

_MAY_HIDE = re.compile(r"(?<![\w-])(?:(?:hidden|popover)(?=[\s=/>])|style\s*=)|<dialog")
_NAME = re.compile(r"<([a-z][a-z0-9:_.-]*)")
# Elements that the sanitizer or the parser has rules of its own for.
_NOT_KEPT = frozenset("html head body base link meta svg xmp plaintext listing frame frameset noscript".split())
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_CSS_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})[ \t\n\r\f]?|([^0-9a-f\n]))", re.IGNORECASE)
_HIDING_VALUES = {
    "display": frozenset({"none"}),
    "visibility": frozenset({"hidden", "collapse"}),
    "content-visibility": frozenset({"hidden"}),
}


def may_hide(html: str) -> bool:
    """Return whether HTML in lower case may hold an element that is not shown."""
    return _MAY_HIDE.search(html) is not None


def element_names(html: str) -> set[str]:
    """Return the names of the elements in HTML that may be kept until it is known which of them are shown."""
    return set(_NAME.findall(html.lower())) - _NOT_KEPT


def is_hidden(name: str, attributes: Mapping[str, str]) -> bool:
    """Return whether a browser does not show an element, as far as its own attributes say."""
    return (
        "hidden" in attributes
        or "popover" in attributes
        or (name == "dialog" and "open" not in attributes)
        or _is_hidden_by_style(attributes.get("style", ""))
    )


def _is_hidden_by_style(style: str) -> bool:
    """Return whether inline styles hide an element. The last declaration of a property counts, or an important one."""
    if not style:
        return False
    values: dict[str, tuple[bool, str]] = {}
    for declaration in _unescaped(_CSS_COMMENT.sub("", style)).lower().split(";"):
        name, _, value = declaration.partition(":")
        value, _, important = value.partition("!")
        is_important = important.strip() == "important"
        name = name.strip()
        if name in _HIDING_VALUES and value.strip() and (is_important or not values.get(name, (False, ""))[0]):
            values[name] = is_important, value.strip()
    return any(value in _HIDING_VALUES[name] for name, (_, value) in values.items())


def _unescaped(css: str) -> str:
    return _CSS_ESCAPE.sub(lambda match: chr(int(match[1], 16) % 0x110000) if match[1] else match[2], css)
