"""Dates of every spelling that corpora hold -> aware UTC times, to the second; never a guess."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

_NUMERIC = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})"
    r"(?:(?:[Tt]|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(?:([Zz]|UTC|GMT)|([+-])(\d{2}):?(\d{2})?)?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_IN_NAME = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?![0-9])")
_IN_PATH = re.compile(r"(?:^|/)(\d{4})/(\d{1,2})/(\d{1,2})(?=/|$)")
_LETTERS = re.compile(r"[^\W\d_]{3}")
_EARLIEST = 1000  # RFC 822 and 3339 dates need four-digit years; Go writes year 1 for "no date"


def parse(value: object) -> datetime:
    """The time that a front matter value names. Without a zone it is UTC, without a time midnight.

    Raises ValueError when the value names no single day: a number such as `03/04/2020` is two.
    """
    match value:
        case datetime():
            moment = value
        case date():
            moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
        case str():
            moment = _from_text(value.strip())
        case int() if not isinstance(value, bool) and (found := _COMPACT.fullmatch(str(value))):
            moment = _day(*found.groups())
        case _:
            raise ValueError("not a date")
    return _settled(moment)


def from_file_name(name: str) -> datetime | None:
    """The day at the start of a file's name (`2020-06-09-title.md`), if there is such a day."""
    return _day_or_none(_IN_NAME.match(name))


def from_path(path: str) -> datetime | None:
    """The day that folders spell (`2017/12/21/title`), if there is such a day."""
    return _day_or_none(_IN_PATH.search(path))


def _settled(moment: datetime) -> datetime:
    try:
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("a date out of range") from None
    if moment.year < _EARLIEST:
        raise ValueError("a date out of range")
    return moment.replace(microsecond=0)


def _from_text(text: str) -> datetime:
    if found := _NUMERIC.fullmatch(text):
        return _numeric(found)
    if found := _COMPACT.fullmatch(text):
        return _day(*found.groups())
    if not _LETTERS.search(text) or len(text) > 60:
        raise ValueError("not a date")
    return _worded(text)


def _numeric(found: re.Match[str]) -> datetime:
    year, _, month, day, hour, minute, second, _, sign, zone_h, zone_m = found.groups(default="0")
    offset = timedelta(hours=int(zone_h), minutes=int(zone_m))
    zone = timezone(-offset if sign == "-" else offset)
    return datetime(int(year), int(month), int(day), int(hour), int(minute), min(int(second), 59), tzinfo=zone)


def _worded(text: str) -> datetime:
    """RFC 822 dates (with their zone names), then dateutil, which must find year, month and day in the text itself."""
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text)
    except ValueError:
        pass
    import warnings

    from dateutil import parser

    with warnings.catch_warnings():
        warnings.simplefilter("error", parser.UnknownTimezoneWarning)
        try:
            # What the text does not say is taken from the default: two unlike defaults show it.
            first = parser.parse(text, default=datetime(2001, 1, 1, tzinfo=UTC))
            second = parser.parse(text, default=datetime(2002, 2, 2, tzinfo=UTC))
        except (parser.UnknownTimezoneWarning, parser.ParserError, OverflowError, TypeError):
            raise ValueError("not a date") from None
    if first != second:
        raise ValueError("not a whole date")
    return first


def _day(year: str, month: str, day: str) -> datetime:
    return datetime(int(year), int(month), int(day), tzinfo=UTC)


def _day_or_none(found: re.Match[str] | None) -> datetime | None:
    if found is None:
        return None
    try:
        return _settled(_day(*found.groups()))
    except ValueError:
        return None  # 2020-06-00 is a habit of some, not a day
