"""`FieldReader`: the values of one record by field, and the problems found while they are parsed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar
from unicodedata import normalize

from ...errors import Problem
from ...values import addresses, dates
from ...values.text import plain_text, shorten
from ..context import SourceContext
from ..scalars import describe, describe_date_error, is_flag, number_of, text_of

Keys = tuple[str | int, ...]
"""The path of keys and indexes to a value of the metadata."""

Value = TypeVar("Value")

ProblemAt = Callable[[Keys, str, str, int], Problem]
"""Makes a problem of a value's path, a message, a severity, and a line of the body, or 0 if it is not in the body."""

# What YAML takes for a time without a zone; PyYAML and Ruby's Psych read it as UTC.
_ZONELESS_YAML_TIME = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|[ \t]+)\d{1,2}:\d{2}:\d{2}(?:\.\d*)?")

MAX_NAME = 300
"""Characters of a name: of a topic, a person, a category, any value that feeds are cut by."""
_SHORT = 20  # no limit is lower
_MAX_WARNINGS = 20  # of one record: a list may hold a hundred thousand values of which none is of use

_OPTIONAL_TEXTS = frozenset({"category", "type"})


IsQuoted = Callable[[Keys, str], bool]
"""Returns whether the value at a path of keys, which is this text, is quoted in YAML, or not YAML at all."""


class Reason(NamedTuple):
    """Why a record is not shown: the path of keys to the value that hides it, and the message about it."""

    keys: Keys
    message: str


class FieldReader:
    """Access to the fields of one record.

    `path` is relative to the folder of the source, with slashes, in Unicode's normalization form C, so that it does not
    depend on the file system; `problem_at` adds the position in the file to a problem. Every method takes the name of
    a field (`values.keys.ALIASES`), and reports values that it has to skip.

    Parsing leaves two notes: `hidden_by`, why the record is hidden, and `dated_by`, the value that dates it.
    """

    def __init__(
        self,
        metadata: Mapping[Any, Any],
        body: str,
        path: str,
        context: SourceContext,
        problem_at: ProblemAt,
        is_quoted: IsQuoted = lambda _keys, _text: True,
    ) -> None:
        self.metadata = metadata
        self.body = body
        self.path = path if path.isascii() else normalize("NFC", path)
        self.context = context
        self.problem_at = problem_at
        self.hidden_by: Reason | None = None
        self.dated_by: Keys = ()
        self._is_quoted = is_quoted
        self._problems: list[Problem] = []
        self._warnings = 0
        self._values = context.keys.group(metadata)

    def values(self, name: str) -> Sequence[tuple[str, Any]]:
        """Return the keys of a field that have a value, with their values, in order of preference."""
        return self._values.get(name, ())

    def value(self, name: str) -> Any:
        """Return the preferred value of a field; None if it has none."""
        values = self._values.get(name)
        return values[0][1] if values else None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All errors, the first warnings, and one that counts the others."""
        unlisted = self._warnings - _MAX_WARNINGS
        if unlisted <= 0:
            return tuple(self._problems)
        values = "value was" if unlisted == 1 else "values were"
        message = f"{unlisted:,} more {values} dropped or repaired"
        return (*self._problems, self.problem_at((), message, "warning", 0)._replace(field="record"))

    def warn(self, keys: Keys, message: str) -> None:
        """Report a value that was dropped or repaired."""
        self._warn(keys, message, 0)

    def warn_in_body(self, line: int, message: str) -> None:
        """Report what a body lost, at a line that counts from 1 in the body."""
        self._warn(("body",), message, line)

    def warn_of_header(self, line: int, message: str) -> None:
        """Report what the front matter, which begins at a line of the file, lost as a whole."""
        self._warnings += 1
        problem = self.problem_at((), message, "warning", 0)
        self._problems.append(problem._replace(line=line, column=1, field="front matter"))

    def error(self, keys: Keys, message: str) -> None:
        """Report a problem that keeps the entry out of all feeds."""
        self._problems.append(self.problem_at(keys, message, "error", 0))

    def _warn(self, keys: Keys, message: str, body_line: int) -> None:
        self._warnings += 1
        if self._warnings <= _MAX_WARNINGS:
            self._problems.append(self.problem_at(keys, message, "warning", body_line))

    def text(self, name: str, to_plain: Callable[[str], str] = plain_text) -> str:
        """Return the first value of a field that is text, in one plain line; empty if there is none."""
        for key, value in self.values(name):
            if text := to_plain(text_of(value)):
                return text if len(text) <= _SHORT else self._within_limit(name, key, text)
            if not isinstance(value, str) and name not in _OPTIONAL_TEXTS:
                self.warn((key,), f"expected text, got {describe(value)}")
        return ""

    def _within_limit(self, name: str, key: str, text: str) -> str:
        """Return a text, cut at the limit of its field."""
        limits = self.context.limits
        limit = {"title": limits.title, "summary": limits.summary}.get(name, MAX_NAME)
        if len(text) > limit:
            self.warn((key,), f"cut: {len(text):,} characters, of which at most {limit:,} are kept")
        return shorten(text, limit)

    def first(self, keys: Keys, values: tuple[Value, ...], noun: str) -> tuple[Value, ...]:
        """Return as many of the values as one record may have (`limits.topics`), and report if there are more."""
        limit = self.context.limits.topics
        if len(values) > limit:
            self.warn(keys, f"{len(values):,} {noun}, of which at most {limit} are kept")
        return values[:limit]

    def number(self, name: str) -> int | None:
        """Return the first value of a field that is a number, without its fraction."""
        for key, value in self.values(name):
            number = number_of(value)
            if number is not None:
                return int(number)
            self.warn((key,), f"expected a number, got {describe(value)}")
        return None

    def date(self, name: str) -> datetime | None:
        """Return the first value of a field that is a date."""
        for key, value in self.values(name):
            try:
                return self.parse_date((key,), value)
            except ValueError as error:
                self.warn((key,), describe_date_error(value, error))
        return None

    def parse_date(self, keys: Keys, value: object) -> datetime:
        """Return the time that a value states, in the zone of the source if it names none. Raises ValueError."""
        context = self.context
        if (
            context.zoneless_yaml_times_are_utc
            and isinstance(value, str)
            and _ZONELESS_YAML_TIME.fullmatch(value)
            and not self._is_quoted(keys, value)
        ):
            return dates.parse(value, UTC)
        return dates.parse(value, context.timezone)

    def address(self, name: str) -> str | None:
        """Return the first value of a field that is an address, normalized."""
        for key, value in self.values(name):
            if url := self.normalize((key,), value):
                return url
        return None

    def normalize(self, keys: Keys, value: object, base: str = "") -> str | None:
        """Return the normalized address that a value holds, resolved against `base` or else the site's home page."""
        if not isinstance(value, str) or (len(value) < 20 and (value.isdigit() or is_flag(value))):
            self.warn(keys, f"expected an address, got {describe(value)}")
            return None
        try:
            return addresses.normalize(value, base or self.context.home)
        except ValueError as error:
            self.warn(keys, f"dropped: {error}")
            return None
