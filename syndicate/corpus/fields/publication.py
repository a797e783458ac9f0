"""The date of publication: stated, or taken from the file name or the path; never before a date that withholds it."""

from __future__ import annotations

from datetime import datetime

from ...values import dates
from ...values.keys import ALIASES
from ..scalars import describe_date_error, is_flag
from .address import path_segment
from .reader import FieldReader, Keys

# Beside `date`, Hugo's keys for the time before which an entry is not visible.
_NOT_BEFORE = ("publishDate", "pubDate", "published")


def published_of(reader: FieldReader) -> datetime | None:
    """Return the date of publication; None, with an error, if there is none or it cannot be understood."""
    invalid: list[tuple[Keys, str]] = []
    for key, value in reader.values("published"):
        if is_flag(value):
            continue
        try:
            return _not_before(reader, dates.parse(value))
        except ValueError as error:
            invalid.append(((key,), describe_date_error(value, error)))
    name = reader.path.rpartition("/")[2]
    date = dates.from_file_name(name) or dates.from_path(path_segment(reader, "path")) or dates.from_path(reader.path)
    if date is None and not invalid:
        invalid = [((ALIASES["published"][0],), "no date, neither here nor in the path")]
    report = reader.error if date is None else reader.warn
    for keys, message in invalid:
        report(keys, message)
    return date


def _not_before(reader: FieldReader, date: datetime) -> datetime | None:
    """Return the latest of a date and the dates that withhold the entry; None if one of them is invalid."""
    for key in _NOT_BEFORE:
        value = reader.value(f"?{key.lower()}")
        if value is None or value == "" or is_flag(value):
            continue
        try:
            date = max(date, dates.parse(value))
        except ValueError as error:
            reader.error((key,), f"{describe_date_error(value, error)}: the entry is hidden")
            return None
    return date
