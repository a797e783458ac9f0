"""The date of publication: stated, or taken from the file name or the path; never before a date that withholds it."""

from __future__ import annotations

from datetime import datetime

from ...values import dates
from ...values.keys import ALIASES, NOT_BEFORE
from ..keys import EVENT_FIELD
from ..scalars import describe_date_error, is_flag, is_true
from .address import path_segment
from .reader import FieldReader, Keys, Reason

_NOT_BEFORE = frozenset(NOT_BEFORE)
_EMBARGOES = frozenset({"embargo", "embargoUntil"})
_CREATED = frozenset({"created", "createdAt"})
_DATES = frozenset({"publishedDateTime", "date"})


def published_of(reader: FieldReader) -> datetime | None:
    """Return the date of publication; None, with an error, if there is none, or it hides the entry.

    It is the latest of the stated dates before which the entry must not be seen: of the first one by preference, and of
    those whose meaning is known. One that cannot be understood hides the entry. Without any it is the date of creation,
    or that of the file name or the path.
    """
    latest: tuple[datetime, Keys] | None = None
    created: tuple[datetime, Keys] | None = None
    invalid: list[tuple[Keys, str]] = []
    seen: set[str] = set()
    for key, value in reader.values("published"):
        if key in seen:
            _hide(reader, key, "stated twice")
            return None
        seen.add(key)
        if _is_flag(key, value):
            continue
        try:
            found = reader.parse_date((key,), value), (key,)
        except ValueError as error:
            message = describe_date_error(value, error)
            if key not in _CREATED:
                _hide(reader, key, message)
                return None
            invalid.append(((key,), message))
            continue
        if key in _CREATED:
            created = created or found
        elif latest is None or (found[0] > latest[0] and _is_beginning(reader, key)):
            latest = found
    if stated := latest or created:
        date, reader.dated_by = stated
        return date
    return _unstated_date(reader, invalid)


def _hide(reader: FieldReader, key: str, message: str) -> None:
    reader.error((key,), f"{message}: the entry is hidden")
    reader.hidden_by = Reason((key,), message)


def _is_flag(key: str, value: object) -> bool:
    """Return whether a value says that there is no such date: `published: true`, `embargo: false`."""
    return is_flag(value) and (key in {"published", "publish"} or (key in _EMBARGOES and not is_true(value)))


def _is_beginning(reader: FieldReader, key: str) -> bool:
    """Return whether a date that is not the preferred one withholds the entry as well.

    Where the configuration names the key of the date, `date` may be that of something else.
    """
    return key in _NOT_BEFORE or (key in _DATES and not reader.context.names_date)


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
