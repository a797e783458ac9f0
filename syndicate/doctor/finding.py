"""What a check has found. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

Level = Literal["ok", "warning", "error"]
"""A warning deserves a look; with an error something does not work, or will not."""


class Finding(NamedTuple):
    """The result of one check: its name, what was found, and the command or setting that helps, if one does."""

    level: Level
    check: str
    found: str
    help: str = ""

    def __str__(self) -> str:
        advice = f": {self.help}" if self.help else ""
        return f"{self.level:<7}  {self.check}: {self.found}{advice}"

    def as_json(self) -> dict[str, Any]:
        """Return the finding for machines."""
        return self._asdict()


def summarize(findings: Iterable[Finding]) -> str:
    """Return the numbers of findings of each level."""
    levels = [finding.level for finding in findings]
    errors, warnings = levels.count("error"), levels.count("warning")
    return ", ".join(
        (
            f"{len(levels)} checks",
            f"{errors} error{'' if errors == 1 else 's'}",
            f"{warnings} warning{'' if warnings == 1 else 's'}",
        )
    )
