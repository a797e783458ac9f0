"""Rules of a format as small functions: each has a description and yields its violations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from support.feed_reading import NAMESPACES, parse_xml

Rule = Callable[[Any, bytes], Iterator[str]]

# RFC 3986: an absolute http(s) address, other characters percent-encoded.
ADDRESS = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#](?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)?")
# XML 1.0 §2.2 forbids or discourages these characters.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
MARK_UP = re.compile(r"(?is)<(a|abbr|b|code|em|i|p|span|strong|u)(\s[^<>]*)?>.*?</\1\s*>|<br\s*/?>")
ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d+|#x[0-9a-f]+);", re.IGNORECASE)


class Rulebook:
    """The rules of a format by description."""

    def __init__(self) -> None:
        self.rules: dict[str, Rule] = {}

    def rule(self, description: str) -> Callable[[Rule], Rule]:
        """Registers a function under a description."""

        def register(function: Rule) -> Rule:
            self.rules[description] = function
            return function

        return register

    def broken(self, document: bytes) -> dict[str, list[str]]:
        """Returns the rules that an XML document breaks, with their violations."""
        root = parse_xml(document)
        found = {description: list(function(root, document)) for description, function in self.rules.items()}
        return {description: faults for description, faults in found.items() if faults}


def without_markup(broken: dict[str, list[str]]) -> dict[str, list[str]]:
    """Returns the broken rules but those on HTML in plain text: a generated title may be about markup."""
    return {description: faults for description, faults in broken.items() if "HTML" not in description}


def children(parent: Any, *names: str) -> list[Any]:
    """Returns the direct children with one of the names (`atom:link`), in document order."""
    wanted = {qualified(name) for name in names}
    return [child for child in parent if child.tag in wanted]


def qualified(name: str) -> str:
    """Returns the name `prefix:name` in the notation of lxml."""
    prefix, colon, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}" if colon else name


def described(element: Any) -> str:
    """Formats an element for a message."""
    return f"line {element.sourceline}: <{element.tag}> {dict(element.attrib)} {(element.text or '')[:60]!r}"


def wrong_addresses(addresses: Iterator[str | None]) -> Iterator[str]:
    """Yields the addresses that are relative or invalid."""
    for address in addresses:
        if not address or not ADDRESS.fullmatch(address):
            yield repr(address)


def repeated(values: list[str]) -> Iterator[str]:
    """Yields the values that occur more than once."""
    yield from sorted({value for value in values if values.count(value) > 1})
