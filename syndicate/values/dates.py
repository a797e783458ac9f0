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
_RFC_822 = re.compile(
    r"(?:[a-z]{3,9},?\s+)?\d{1,2}[\s-][a-z]{3,9}[\s-](?:\d{4}|\d{2})\s+\d{1,2}:\d{2}(?::\d{2})?"
    r"\s+(?:UTC?|GMT|Z|[ECMP][SD]T|[+-]\d{4})",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"\s*\([^()]*\)$")
_UTC_PLUS = re.compile(r"(?:GMT|UTC)(?=[+-]\d)")
_LETTERS = re.compile(r"[^\W\d_]{3}")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
# The zones of RFC 822 §5.1, in hours. No other name is one zone only: IST is three.
_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
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
    if moment.tzinfo is UTC and not moment.microsecond and moment.year >= _EARLIEST:
        return moment
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
    text = _COMMENT.sub("", text)
    if not _LETTERS.search(text) or len(text) > 60:
        raise ValueError("not a date")
    return _worded(text)


def _numeric(found: re.Match[str]) -> datetime:
    year, _, month, day, hour, minute, second, _, sign, zone_h, zone_m = found.groups(default="0")
    offset = timedelta(hours=int(zone_h), minutes=int(zone_m))
    zone = timezone(-offset if sign == "-" else offset)
    second = "59" if second == "60" else second  # a leap second
    return datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=zone)


def _worded(text: str) -> datetime:
    """RFC 822 dates, then dateutil, which must find a year of four digits, month and day in the text itself."""
    if _RFC_822.fullmatch(text):  # the parser reads other texts as well, and takes PM for an unknown zone
        from email.utils import parsedate_to_datetime

        return parsedate_to_datetime(text)
    text = _UTC_PLUS.sub("", text)  # a browser's `GMT+0100` is one hour ahead; dateutil reads it as POSIX would
    if not _YEAR.search(text):
        raise ValueError("not a whole date")
    from dateutil import parser

    try:
        # What the text does not say is taken from the default: two unlike defaults show it. So does the order of day
        # and month: `03/04/2020 GMT` is two days.
        first = parser.parse(text, default=datetime(2001, 1, 1), tzinfos=_zone)  # noqa: DTZ001 - the text may say it
        second = parser.parse(text, default=datetime(2002, 2, 2), tzinfos=_zone, dayfirst=True)  # noqa: DTZ001
    except (ValueError, ArithmeticError, TypeError, LookupError, AttributeError):
        raise ValueError("not a date") from None
    if first != second:
        raise ValueError("not a whole date")
    return first


def _zone(name: str | None, offset_s: int | None) -> timezone | None:
    """The zone that a text names, by itself: dateutil would ask the machine what its own are called."""
    if offset_s is not None and name in {None, "UTC"}:
        return timezone(timedelta(seconds=offset_s))
    if name is None:
        return None
    if name not in _ZONES or offset_s is not None:  # `EST+3`: is that ahead of EST, or is it EST?
        raise ValueError("an unknown zone")
    return timezone(timedelta(hours=_ZONES[name]))


def _day(year: str, month: str, day: str) -> datetime:
    return datetime(int(year), int(month), int(day), tzinfo=UTC)


def _day_or_none(found: re.Match[str] | None) -> datetime | None:
    if found is None:
        return None
    try:
        return _settled(_day(*found.groups()))
    except ValueError:
        return None  # 2020-06-00 is a habit of some, not a day
