"""Why a file of the corpus is not shown: what `syndicate check --hidden` lists."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from ..config import Source
from ..errors import printable
from .context import SourceContext
from .fields import FieldReader, Keys, parse_fields
from .fields.visibility import expired_by
from .files import FileContent, read_file
from .parse import HidingProblem, open_record


class HiddenFile(NamedTuple):
    """A file that is not shown, with the position and the name of the key that hides it, and its value or a message.

    Line and column count from 1. `field` is `path` if no key hides the file.
    """

    path: str
    line: int
    column: int
    field: str
    message: str

    def __str__(self) -> str:
        return printable(f"{self.path}:{self.line}:{self.column}: {self.field}: {self.message}")


def find_hidden(source: Source, path: bytes, context: SourceContext, now: int) -> HiddenFile | None:
    """Return why a file is not shown at a time in seconds since 1970 UTC.

    Returns None if it is shown, and if it cannot be read or parsed, which is a problem.
    """
    content = read_file(source, path)
    reader = open_record(content, source, path, context) if isinstance(content, FileContent) else None
    if isinstance(reader, HidingProblem):
        return HiddenFile(*reader[:5])
    if not isinstance(reader, FieldReader):
        return None
    record = parse_fields(reader)
    if reader.hidden_by:
        return _hidden_file(reader, reader.hidden_by.keys, reader.hidden_by.message)
    if record.published is not None and record.published > now:
        return _hidden_file(reader, reader.dated_by, f"{_shown(record.published)} is in the future")
    if record.expires is not None and record.expires <= now:
        return _hidden_file(reader, expired_by(reader, record.expires), f"{_shown(record.expires)} is in the past")
    return None


def _hidden_file(reader: FieldReader, keys: Keys, message: str) -> HiddenFile:
    path, line, column, field, _, _ = reader.problem_at(keys, message, "warning", 0)
    return HiddenFile(path, line, column, field or "path", message)


def _shown(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
