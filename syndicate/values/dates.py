"""Parse the date formats of all known corpora into aware UTC times, in whole seconds. Ambiguous dates are rejected.

A date without a zone is in the zone that the caller names. Its day begins there at midnight, or where a change of the
clocks skips midnight, at the first moment after it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

# The hour is checked here because fromisoformat reads 24:00 from Python 3.13 on.
_UTC_SECOND = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z")
# The year may stand once more after the time. An offset may be followed by the name of its zone, and by a reading of
# the monotonic clock, as Go writes times.
_NUMERIC = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})"
    r"(?:(?:[Tt]|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?(?:\s*([AaPp])\.?[Mm]\b\.?)?(?:\s+\1(?=\s))?)?"
    r"\s*(?:([Zz]|UTC|GMT|[ECMP][SD]T)|([+-])(\d{1,2}):?(\d{2})?(?:\s+(?:[A-Za-z]{1,5}|[+-]\d{2,4}))?(?:\s+m=[+-][\d.]+)?)?"
    r"(?:\s*\([^()]*\))?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_FILE_NAME = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?![0-9])")
_FOLDERS = re.compile(r"(?:^|/)(\d{4})/(\d{1,2})/(\d{1,2})(?=/|$)")
_RFC_822 = re.compile(
    r"(?:[a-z]{3,9},?\s+)?\d{1,2}[\s-][a-z]{3,9}[\s-](?:\d{4}|\d{2})\s+\d{1,2}:\d{2}(?::\d{2})?"
    r"\s+(?:UTC?|GMT|Z|[ECMP][SD]T|[+-]\d{4})",
    re.IGNORECASE,
)
_OFFSET = re.compile(r":\d{2}(?:\.\d+)?\s*(?:Z|UTC|GMT|([+-])(\d{2}):?(\d{2})?)(?:\s+[A-Z]{3,4})?\s*$")
_ZONE_COMMENT = re.compile(r"\s*\([^()]*\)$")
_UTC_OFFSET = re.compile(r"(?:GMT|UTC)(?=[+-]\d)")
_LETTERS = re.compile(r"[^\W\d_]{3}")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
# The zones of RFC 822 §5.1, in hours. Other names are ambiguous: IST is the name of three zones.
_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
_MAX_LENGTH = 200  # the patterns take polynomial time for many spaces; the longest known date has 70 characters
_MIN_YEAR = 1000  # RFC 822 and RFC 3339 need four digits; Go writes year 1 for "no date"


def parse(value: object, zone: tzinfo = UTC) -> datetime:
    """Return the time that a front matter value states: in `zone` if it names none, midnight without a time of day.

    Raises ValueError if the value is not exactly one day: `03/04/2020` may be one of two.
    """
    if isinstance(value, str) and _UTC_SECOND.fullmatch(value):  # fast path for nearly all dates of a news corpus
        try:
            moment = datetime.fromisoformat(value)
            if moment.year >= _MIN_YEAR:
                return moment
        except ValueError:
            pass  # a leap second, or no date
    match value:
        case str():
            moment = _parse_text(value.strip())
        case datetime():
            moment = value
        case date():
            moment = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - in the caller's zone
        case int() if not isinstance(value, bool) and (found := _COMPACT.fullmatch(str(value))):
            moment = _day(*found.groups())
        case _:
            raise ValueError("not a date")
    return _to_utc(moment, zone)


def zone_of(value: object) -> tzinfo | None:
    """Return the zone that a front matter value states as `Z` or as an offset; None if it states none."""
    if isinstance(value, datetime):
        return value.tzinfo
    match = _OFFSET.search(value) if isinstance(value, str) else None
    if match is None:
        return None
    offset = timedelta(hours=int(match[2] or 0), minutes=int(match[3] or 0))
    try:
        return timezone(-offset if match[1] == "-" else offset)
    except ValueError:  # +25:00
        return None


def epoch_seconds(moment: datetime) -> int:
    """Return a time as whole seconds since 1970 UTC."""
    return int(moment.timestamp())


def from_file_name(name: str, zone: tzinfo = UTC) -> datetime | None:
    """Return the day that a file or folder name begins with (`2020-06-09-title.md`); None without a valid day."""
    return _day_or_none(_FILE_NAME.match(name), zone)


def from_path(path: str, zone: tzinfo = UTC) -> datetime | None:
    """Return the day that three folders form (`2017/12/21/title`); None without a valid day."""
    return _day_or_none(_FOLDERS.search(path), zone)


def from_folders(path: str, zone: tzinfo = UTC) -> datetime | None:
    """Return the day that the innermost dated folder of a path begins with (`2020-06-09-title/index.md`), or None."""
    for folder in reversed(path.split("/")[:-1]):
        if (day := from_file_name(folder, zone)) is not None:
            return day
    return None


def _to_utc(moment: datetime, zone: tzinfo) -> datetime:
    if moment.tzinfo is UTC and not moment.microsecond and moment.year >= _MIN_YEAR:
        return moment
    try:
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise ValueError("a date out of range") from None
    if moment.year < _MIN_YEAR:
        raise ValueError("a date out of range")
    return moment.replace(microsecond=0)


def _parse_text(text: str) -> datetime:
    if len(text) > _MAX_LENGTH:
        raise ValueError("not a date")
    if match := _NUMERIC.fullmatch(text):
        return _parse_numeric(match)
    if match := _COMPACT.fullmatch(text):
        return _day(*match.groups())
    text = _ZONE_COMMENT.sub("", text)
    if not _LETTERS.search(text) or len(text) > 60:
        raise ValueError("not a date")
    return _parse_words(text)


def _parse_numeric(match: re.Match[str]) -> datetime:
    year, _, month, day, hour, minute, second, half, name, sign, zone_h, zone_m = match.groups(default="0")
    zone: tzinfo | None = None if name == "0" else timezone(timedelta(hours=_ZONES.get(name, 0)))
    if sign != "0":
        offset = timedelta(hours=int(zone_h), minutes=int(zone_m))
        zone = timezone(-offset if sign == "-" else offset)
    second = "59" if second == "60" else second  # a leap second
    return datetime(int(year), int(month), int(day), _hour(int(hour), half), int(minute), int(second), tzinfo=zone)


def _hour(hour: int, half: str) -> int:
    """Return the hour of the day of an hour that may be one before or after noon (`A`, `P`)."""
    if half == "0":
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("not a time of day")
    return hour % 12 + (12 if half in "Pp" else 0)


def _parse_words(text: str) -> datetime:
    """Parse an RFC 822 date, or with dateutil a text that has a year of four digits, a month and a day."""
    if _RFC_822.fullmatch(text):  # the e-mail parser accepts other texts, too, and takes PM for an unknown zone
        from email.utils import parsedate_to_datetime

        moment = parsedate_to_datetime(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # `-0000` is UTC (RFC 5322 §3.3)
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
    return datetime(int(year), int(month), int(day))  # noqa: DTZ001 - in the caller's zone


def _day_or_none(match: re.Match[str] | None, zone: tzinfo) -> datetime | None:
    if match is None:
        return None
    try:
        return _to_utc(_day(*match.groups()), zone)
    except ValueError:
        return None  # some file names have day 00: 2020-06-00
