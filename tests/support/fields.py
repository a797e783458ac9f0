"""Records and entries made of metadata, without a file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, settings

from syndicate.corpus.context import SourceContext
from syndicate.corpus.fields import FieldReader, Keys, parse_entry, parse_fields
from syndicate.corpus.record import ParsedRecord
from syndicate.errors import Problem
from syndicate.model import Entry

HOME = "https://www.test/"
AUTHORITY = "feeds.test,2026"
PATH = "notes/a-story.md"
CONTEXT = SourceContext(authority=AUTHORITY, home=HOME)
DAY = datetime(2026, 1, 31, tzinfo=UTC)
HUGE = 16**5000  # Python refuses to convert it to text

bounded = settings(
    max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)


def context_with(**changes: Any) -> SourceContext:
    return SourceContext(**{"authority": AUTHORITY, "home": HOME} | changes)


def record_of(
    metadata: Mapping[Any, Any], body: str = "", path: str = PATH, context: SourceContext = CONTEXT
) -> ParsedRecord:
    """Parse metadata into a record. The field of each problem is its path of keys, joined by dots."""
    return parse_fields(FieldReader(metadata, body, path, context, problem))


def entry_of(metadata: Mapping[Any, Any], body: str, path: str, context: SourceContext) -> Entry | None:
    """Parse metadata into an entry. Unlike a record it has no digest, which fails for text that no file can hold."""
    return parse_entry(FieldReader(metadata, body, path, context, problem))


def dated_record(
    metadata: Mapping[Any, Any] = {}, body: str = "", path: str = PATH, context: SourceContext = CONTEXT, **more: Any
) -> ParsedRecord:
    """Parse metadata into a record; title and date have default values."""
    return record_of({"title": "T", "date": DAY, **metadata, **more}, body, path, context)


def dated_entry(
    metadata: Mapping[Any, Any] = {}, body: str = "", path: str = PATH, context: SourceContext = CONTEXT, **more: Any
) -> Entry:
    """Return the entry of a record; title and date have default values."""
    entry = dated_record(metadata, body, path, context, **more).entry
    assert entry is not None
    return entry


def problem_fields(record: ParsedRecord, severity: str | None = None) -> list[str]:
    """Return the fields that the problems of a record, or those of one severity, are about."""
    return [problem.field for problem in record.problems if severity in {None, problem.severity}]


def label(value: object) -> str:
    """Return a short identifier for a row of a table."""
    try:
        return ascii(value)[:50]
    except ValueError:
        return "a huge number"


def problem(keys: Keys, message: str, severity: str, body_line: int = 0) -> Problem:
    """Return a problem whose field is its path of keys, joined by dots."""
    return Problem("record.md", body_line or 1, 1, ".".join(map(str, keys)), message, severity)
