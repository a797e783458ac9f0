"""What the open pages of a preview are told: the version of the documents, and what is wrong. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

_MAX_LINES = 100


class PageState(NamedTuple):
    """The version of the documents, the problems of the last build, and why the documents are not up to date.

    `fault` is a sentence, and `fault_lines` are its reasons; both are empty while the last build succeeded.
    """

    version: str
    problems: tuple[str, ...] = ()
    fault: str = ""
    fault_lines: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The title of the panel on the pages; empty if there is nothing to show."""
        return self.fault or (count(len(self.problems), "problem") if self.problems else "")

    def event(self) -> bytes:
        """Return the state as a server-sent event (HTML §9.2)."""
        lines = self.fault_lines if self.fault else self.problems
        data = {
            "version": self.version,
            "title": self.title,
            "lines": _shortened(lines),
            "is_fault": bool(self.fault),
        }
        return f"data: {json.dumps(data)}\n\n".encode()


def count(number: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun: `1 entry`, `2 entries`."""
    return f"{number} {singular}" if number == 1 else f"{number} {plural or singular + 's'}"


def _shortened(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _MAX_LINES
    return [*lines[:_MAX_LINES], *([f"… and {more} more: syndicate check lists them all"] if more > 0 else [])]
