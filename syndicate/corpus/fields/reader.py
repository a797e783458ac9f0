"""`FieldReader`: the values of one record by field, and the problems found while they are parsed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ...errors import Problem
from ...values import addresses, dates
from ...values.text import plain_text
from ..context import SourceContext
from ..scalars import MAX_NUMBER, describe, describe_date_error, text_of

Keys = tuple[str | int, ...]
"""The path of keys and indexes to a value of the metadata."""

ProblemAt = Callable[[Keys, str, str, int], Problem]
"""Makes a problem of a value's path, a message, a severity, and a line of the body, or 0 if it is not in the body."""

_OPTIONAL_TEXTS = frozenset({"category", "type"})


class FieldReader:
    """Access to the fields of one record.

    `path` is relative to the folder of the source, with slashes; `problem_at` adds the position in the file to a
    problem. Every method takes the name of a field (`values.keys.ALIASES`), and reports values that it has to skip.
    """

    def __init__(
        self, metadata: Mapping[Any, Any], body: str, path: str, context: SourceContext, problem_at: ProblemAt
    ) -> None:
        self.body = body
        self.path = path
        self.context = context
        self.problems: list[Problem] = []
        self.problem_at = problem_at
        self._values = context.keys.group(metadata)

    def values(self, name: str) -> Sequence[tuple[str, Any]]:
        """Return the keys of a field that have a value, with their values, in order of preference."""
        return self._values.get(name, ())

    def value(self, name: str) -> Any:
        """Return the preferred value of a field; None if it has none."""
        values = self._values.get(name)
        return values[0][1] if values else None

    def warn(self, keys: Keys, message: str) -> None:
        """Report a value that was dropped or repaired."""
        self.problems.append(self.problem_at(keys, message, "warning", 0))

    def warn_in_body(self, line: int, message: str) -> None:
        """Report what a body lost, at a line that counts from 1 in the body."""
        self.problems.append(self.problem_at(("body",), message, "warning", line))

    def error(self, keys: Keys, message: str) -> None:
        """Report a problem that keeps the entry out of all feeds."""
        self.problems.append(self.problem_at(keys, message, "error", 0))

    def text(self, name: str) -> str:
        """Return the first value of a field that is text, in one plain line; empty if there is none."""
        for key, value in self.values(name):
            if text := plain_text(text_of(value)):
                return text
            if not isinstance(value, str) and name not in _OPTIONAL_TEXTS:
                self.warn((key,), f"expected text, got {describe(value)}")
        return ""

    def number(self, name: str) -> int | None:
        """Return the first value of a field that is a number, without its fraction."""
        for key, value in self.values(name):
            if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER:
                return int(value)
            self.warn((key,), f"expected a number, got {describe(value)}")
        return None

    def date(self, name: str) -> datetime | None:
        """Return the first value of a field that is a date."""
        for key, value in self.values(name):
            try:
                return dates.parse(value)
            except ValueError as error:
                self.warn((key,), describe_date_error(value, error))
        return None

    def address(self, name: str) -> str | None:
        """Return the first value of a field that is an address, normalized."""
        for key, value in self.values(name):
            if url := self.normalize((key,), value):
                return url
        return None

    def normalize(self, keys: Keys, value: object, base: str = "") -> str | None:
        """Return the normalized address that a value holds, resolved against `base` or else the site's home page."""
        if not isinstance(value, str):
            self.warn(keys, f"expected an address, got {describe(value)}")
            return None
        try:
            return addresses.normalize(value, base or self.context.home)
        except ValueError as error:
            self.warn(keys, f"dropped: {error}")
            return None
