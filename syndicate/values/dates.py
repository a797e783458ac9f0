"""Parse the date formats of all known corpora into aware UTC times, in whole seconds. Ambiguous dates are rejected."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

_NUMERIC = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})"
    r"(?:(?:[Tt]|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(?:([Zz]|UTC|GMT)|([+-])(\d{2}):?(\d{2})?)?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_FILE_NAME = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?![0-9])")
_FOLDERS = re.compile(r"(?:^|/)(\d{4})/(\d{1,2})/(\d{1,2})(?=/|$)")
_RFC_822 = re.compile(
    r"(?:[a-z]{3,9},?\s+)?\d{1,2}[\s-][a-z]{3,9}[\s-](?:\d{4}|\d{2})\s+\d{1,2}:\d{2}(?::\d{2})?"
    r"\s+(?:UTC?|GMT|Z|[ECMP][SD]T|[+-]\d{4})",
    re.IGNORECASE,
)
_ZONE_COMMENT = re.compile(r"\s*\([^()]*\)$")
_UTC_OFFSET = re.compile(r"(?:GMT|UTC)(?=[+-]\d)")
_LETTERS = re.compile(r"[^\W\d_]{3}")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
# The zones of RFC 822 §5.1, in hours. Other names are ambiguous: IST is the name of three zones.
_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
_MIN_YEAR = 1000  # RFC 822 and RFC 3339 need four digits; Go writes year 1 for "no date"


def parse(value: object) -> datetime:
    """Return the time that a front matter value states: UTC if it has no zone, midnight if it has no time of day.

    Raises ValueError if the value is not exactly one day: `03/04/2020` may be one of two.
    """
    match value:
        case datetime():
            moment = value
        case date():
            moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
        case str():
            moment = _parse_text(value.strip())
        case int() if not isinstance(value, bool) and (found := _COMPACT.fullmatch(str(value))):
            moment = _day(*found.groups())
        case _:
            raise ValueError("not a date")
    return _to_utc(moment)


def epoch_seconds(moment: datetime) -> int:
    """Return a time as whole seconds since 1970 UTC."""
    return int(moment.timestamp())


def from_file_name(name: str) -> datetime | None:
    """Return the day that a file name begins with (`2020-06-09-title.md`); None without a valid day."""
    return _day_or_none(_FILE_NAME.match(name))


def from_path(path: str) -> datetime | None:
    """Return the day that three folders form (`2017/12/21/title`); None without a valid day."""
    return _day_or_none(_FOLDERS.search(path))


def _to_utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC and not moment.microsecond and moment.year >= _MIN_YEAR:
        return moment
    try:
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("a date out of range") from None
    if moment.year < _MIN_YEAR:
        raise ValueError("a date out of range")
    return moment.replace(microsecond=0)


def _parse_text(text: str) -> datetime:
    if match := _NUMERIC.fullmatch(text):
        return _parse_numeric(match)
    if match := _COMPACT.fullmatch(text):
        return _day(*match.groups())
    text = _ZONE_COMMENT.sub("", text)
    if not _LETTERS.search(text) or len(text) > 60:
        raise ValueError("not a date")
    return _parse_words(text)


def _parse_numeric(match: re.Match[str]) -> datetime:
    year, _, month, day, hour, minute, second, _, sign, zone_h, zone_m = match.groups(default="0")
    offset = timedelta(hours=int(zone_h), minutes=int(zone_m))
    zone = timezone(-offset if sign == "-" else offset)
    second = "59" if second == "60" else second  # a leap second
    return datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=zone)


def _parse_words(text: str) -> datetime:
    """Parse an RFC 822 date, or with dateutil a text that has a year of four digits, a month and a day."""
    if _RFC_822.fullmatch(text):  # the e-mail parser accepts other texts, too, and takes PM for an unknown zone
        from email.utils import parsedate_to_datetime

        return parsedate_to_datetime(text)
    text = _UTC_OFFSET.sub("", text)  # a browser's `GMT+0100` is one hour ahead; dateutil applies the POSIX sign
    if not _YEAR.search(text):
        raise ValueError("not a complete date")
    from dateutil import parser

    try:
        # dateutil takes missing parts from the default: two parses with different defaults differ then. The second
        # parse also swaps day and month, so that it differs for an ambiguous `03/04/2020 GMT`.
        first = parser.parse(text, default=datetime(2001, 1, 1), tzinfos=_zone)  # noqa: DTZ001 - the text may have a zone
        second = parser.parse(text, default=datetime(2002, 2, 2), tzinfos=_zone, dayfirst=True)  # noqa: DTZ001
    except (ValueError, ArithmeticError, TypeError, LookupError, AttributeError):
        raise ValueError("not a date") from None
    if first != second:
        raise ValueError("not a complete date")
    return first


def _zone(name: str | None, offset_s: int | None) -> timezone | None:
    """Resolve a zone for dateutil, which otherwise takes the local zone's names from the operating system."""
    if offset_s is not None and name in {None, "UTC"}:
        return timezone(timedelta(seconds=offset_s))
    if name is None:
        return None
    if name not in _ZONES or offset_s is not None:  # `EST+3` is ambiguous: an offset from EST, or EST itself
        raise ValueError("an unknown zone")
    return timezone(timedelta(hours=_ZONES[name]))


def _day(year: str, month: str, day: str) -> datetime:
    return datetime(int(year), int(month), int(day), tzinfo=UTC)


def _day_or_none(match: re.Match[str] | None) -> datetime | None:
    if match is None:
        return None
    try:
        return _to_utc(_day(*match.groups()))
    except ValueError:
        return None  # some file names have day 00: 2020-06-00
