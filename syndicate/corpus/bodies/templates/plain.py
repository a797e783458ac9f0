"""Bodies without a template language: only comments of HTML are left out."""

from __future__ import annotations

from .tag import Result, TagContext


class Plain:
    """A language without tags."""

    openings = ""
    comments = ""

    def __init__(self, context: TagContext) -> None:
        del context

    def read(self, text: str, start: int) -> Result | None:
        """Return None: nothing is a tag."""
        del text, start
        return None

    def read_code(self, code: str) -> str:
        """Return code as it is written."""
        return code
