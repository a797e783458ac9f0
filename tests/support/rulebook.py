"""Rules of a format as small functions: each has its words, and yields what breaks it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from support.feed_reading import NAMESPACES, parse_xml

Rule = Callable[[Any, bytes], Iterator[str]]

# RFC 3986: an absolute http(s) address, all else percent-encoded.
ADDRESS = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#](?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)?")
# XML 1.0 §2.2 refuses or discourages them.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
MARK_UP = re.compile(r"(?is)<(a|abbr|b|code|em|i|p|span|strong|u)(\s[^<>]*)?>.*?</\1\s*>|<br\s*/?>")
ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d+|#x[0-9a-f]+);", re.IGNORECASE)


class Rulebook:
    """All rules of a format."""

    def __init__(self) -> None:
        self.rules: dict[str, Rule] = {}

    def rule(self, words: str) -> Callable[[Rule], Rule]:
        """Take a function in under its words."""

        def taken(function: Rule) -> Rule:
            self.rules[words] = function
            return function

        return taken

    def broken(self, document: bytes) -> dict[str, list[str]]:
        """The rules that an XML document breaks, each with what breaks it."""
        root = parse_xml(document)
        found = {words: list(function(root, document)) for words, function in self.rules.items()}
        return {words: faults for words, faults in found.items() if faults}


def children(parent: Any, *names: str) -> list[Any]:
    """The direct children with one of the names (`atom:link`), in document order."""
    wanted = {qualified(name) for name in names}
    return [child for child in parent if child.tag in wanted]


def qualified(name: str) -> str:
    """lxml's spelling of `prefix:name`."""
    prefix, colon, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}" if colon else name


def shown(element: Any) -> str:
    """An element for a message."""
    return f"line {element.sourceline}: <{element.tag}> {dict(element.attrib)} {(element.text or '')[:60]!r}"


def wrong_addresses(addresses: Iterator[str | None]) -> Iterator[str]:
    """Those that are relative, or not valid as they stand."""
    for address in addresses:
        if not address or not ADDRESS.fullmatch(address):
            yield repr(address)


def repeated(values: list[str]) -> Iterator[str]:
    """The values that occur more than once."""
    yield from sorted({value for value in values if values.count(value) > 1})
