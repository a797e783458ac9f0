"""The tags that end blocks of templates."""

from __future__ import annotations

import re
from collections.abc import Callable


class ClosingTags:
    """Finds the ends of blocks in one text, from its start to its end.

    `pattern` makes the regular expression of the tag that ends blocks of a name. A block that has no end is searched
    once: searching again for each of its beginnings would take quadratic time.
    """

    def __init__(self, pattern: Callable[[str], str]) -> None:
        self._pattern = pattern
        self._found: dict[str, re.Match[str] | None] = {}

    def __contains__(self, name: str) -> bool:
        """Return whether the end of a block of this name was searched."""
        return name in self._found

    def find(self, name: str, text: str, start: int) -> re.Match[str] | None:
        """Return the first tag at or after a position that ends a block of this name."""
        known = self._found.get(name)
        if name in self._found and (known is None or known.start() >= start):
            return known
        self._found[name] = re.compile(self._pattern(name)).search(text, start)
        return self._found[name]
