"""The arguments of a template tag: texts in quotes or without, some of them with a name."""

from __future__ import annotations

import re
from typing import NamedTuple

_ARGUMENT = re.compile(
    r"""(?:([A-Za-z_][\w-]*)\s*(?:=|:(?=[\s"']))\s*)?("[^"]*"|'[^']*'|`[^`]*`|\{[^{}]*\}|[^\s,=(){}"'`]+)"""
)
_QUOTES = "\"'`"


class Arguments(NamedTuple):
    """The arguments of a tag. Values keep their quotes: `unquoted` tells texts from variables."""

    positional: tuple[str, ...]
    named: dict[str, str]

    def first(self, *names: str) -> str:
        """Return the text of the first named argument that is there; empty if there is none."""
        return next((unquoted(self.named[name]) for name in names if self.named.get(name)), "")

    def at(self, index: int) -> str:
        """Return the text of a positional argument; empty if there is none."""
        return unquoted(self.positional[index]) if index < len(self.positional) else ""


def parse_arguments(text: str) -> Arguments:
    """Parse the text between the name of a tag and its end."""
    positional: list[str] = []
    named: dict[str, str] = {}
    for name, value in _ARGUMENT.findall(text):
        if name:
            named.setdefault(name.lower(), value)
        else:
            positional.append(value)
    return Arguments(tuple(positional), named)


def is_quoted(value: str) -> bool:
    """Return whether a value is a text in quotes."""
    return len(value) > 1 and value[0] in _QUOTES and value[-1] == value[0]


def unquoted(value: str) -> str:
    """Return a value without its quotes."""
    return value[1:-1] if is_quoted(value) else value
