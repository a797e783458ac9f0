"""HTTP dates in the three forms of RFC 9110 §5.6.7."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MONTH = f"({'|'.join(_MONTHS)})"
_TIME = r"(\d{2}):(\d{2}):(\d{2})"
_FIXDATE = re.compile(rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{{2}}) {_MONTH} (\d{{4}}) {_TIME} GMT", re.ASCII)
_RFC850 = re.compile(rf"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d{{2}})-{_MONTH}-(\d{{2}}) {_TIME} GMT", re.ASCII)
_ASCTIME = re.compile(rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {_MONTH} ([ \d]\d) {_TIME} (\d{{4}})", re.ASCII)


@lru_cache(maxsize=1024)
def parse_http_date(value: str, year: int) -> int | None:
    """Return the seconds since 1970 of a date in IMF-fixdate, RFC 850 or asctime form; None for any other text.

    `year` is the current year: a two-digit year of the RFC 850 form that would lie more than 50 years ahead of it
    belongs to the previous century.
    """
    value = value.strip()
    if match := _FIXDATE.fullmatch(value):
        return _timestamp(match[3], match[2], match[1], match.groups()[3:])
    if match := _ASCTIME.fullmatch(value):
        return _timestamp(match[6], match[1], match[2], match.groups()[2:5])
    if match := _RFC850.fullmatch(value):
        full_year = year - year % 100 + int(match[3])
        if full_year > year + 50:
            full_year -= 100
        return _timestamp(str(full_year), match[2], match[1], match.groups()[3:])
    return None


def _timestamp(year: str, month: str, day: str, time: Iterable[str | None]) -> int | None:
    hours, minutes, seconds = (int(part or 0) for part in time)
    try:
        # datetime has no leap second: 60 counts as 59.
        moment = datetime(int(year), _MONTHS.index(month) + 1, int(day), hours, minutes, min(seconds, 59), tzinfo=UTC)
    except ValueError:
        return None
    return None if seconds > 60 else int(moment.timestamp())
