"""What can go wrong, and how it is told.

SyndicateError            anything that ends a command with a clear line
├── ConfigError           config.yaml is wrong: every fault at once
├── LockedError           another run holds the lock
└── OutputError           the output tree cannot or must not be written

A fault in the corpus is not an exception but a value: a `Problem`. It costs only the file it names.
"""

from typing import NamedTuple


class Problem(NamedTuple):
    """One fault of a file, placed for an editor to jump to.

    An `error` keeps an entry out of the feeds; a `warning` says what was dropped or mended in one that is shown.
    Line and column count from 1.
    """

    path: str
    line: int
    column: int
    field: str
    message: str
    severity: str = "error"

    def __str__(self) -> str:
        mark = "" if self.severity == "error" else " (warning)"
        return f"{self.path}:{self.line}:{self.column}: {self.field}: {self.message}{mark}"


class SyndicateError(Exception):
    """The root of the tree: its text is one clear line for a person."""


class ConfigError(SyndicateError):
    """The configuration cannot be used; `problems` holds every fault found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class LockedError(SyndicateError):
    """Another run works on the same state folder."""


class OutputError(SyndicateError):
    """A document could not be written, or a folder is not ours to write into."""
