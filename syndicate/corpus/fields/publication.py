"""The date of publication: stated, or taken from the file name or the path; never before a date that withholds it."""

from __future__ import annotations

from datetime import datetime

from ...values import dates
from ...values.keys import ALIASES, NOT_BEFORE
from ..keys import EVENT_FIELD
from ..scalars import describe_date_error, is_flag
from .address import path_segment
from .reader import FieldReader, Keys

_NOT_BEFORE = frozenset(NOT_BEFORE)


def published_of(reader: FieldReader) -> datetime | None:
    """Return the date of publication; None, with an error, if there is none or it cannot be understood.

    It is the first stated date that is valid, or the latest of those that withhold the entry if that is later; without
    a stated date, that of the file name or the path.
    """
    stated: tuple[datetime, Keys] | None = None
    latest: tuple[datetime, Keys] | None = None
    invalid: list[tuple[Keys, str]] = []
    seen: set[str] = set()
    for key, value in reader.values("published"):
        if key in seen:
            reader.error((key,), "stated twice: the entry is hidden")
            return None
        seen.add(key)
        if is_flag(value):
            continue
        try:
            found = reader.parse_date((key,), value), (key,)
        except ValueError as error:
            message = describe_date_error(value, error)
            if key in _NOT_BEFORE:
                reader.error((key,), f"{message}: the entry is hidden")
                return None
            invalid.append(((key,), message))
            continue
        stated = stated or found
        if key in _NOT_BEFORE and (latest is None or found[0] > latest[0]):
            latest = found
    if stated:
        date, reader.dated_by = latest if latest and latest[0] > stated[0] else stated
        return date
    return _unstated_date(reader, invalid)


def _unstated_date(reader: FieldReader, invalid: list[tuple[Keys, str]]) -> datetime | None:
    """Return the date of the file name, the path, or an event; report invalid dates, as errors if there is no date."""
    zone, path, site = reader.context.timezone, reader.path, reader.context.site
    date = (
        dates.from_file_name(reader.context.generator.date(site.folder + path, site), zone)
        or dates.from_file_name(path.rpartition("/")[2], zone)
        or dates.from_path(path_segment(reader, "path"), zone)
        or dates.from_folders(path, zone)
        or dates.from_path(path, zone)
        or _date_of_event(reader)
        or reader.date("updated")
    )
    if date is None and not invalid:
        invalid = [((ALIASES["published"][0],), "no date, neither here nor in the path")]
    report = reader.error if date is None else reader.warn
    for keys, message in invalid:
        report(keys, message)
    return date


def _date_of_event(reader: FieldReader) -> datetime | None:
    """Return the date of an event that has no date of publication: of its last update, else of its start.

    The start is the last resort: it hides the entry until the event begins.
    """
    for key, value in reader.values(EVENT_FIELD):
        if (updated := reader.date("updated")) is not None:
            return updated
        try:
            date = reader.parse_date((key,), value)
        except ValueError as error:
            reader.warn((key,), describe_date_error(value, error))
            continue
        reader.warn((key,), "dates the entry, which has no date of publication: it is hidden until then")
        reader.dated_by = (key,)
        return date
    return None
