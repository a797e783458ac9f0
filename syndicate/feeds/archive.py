"""How a feed's history is cut into documents (RFC 5005 §4): by time, so that an entry has its place for ever.

A period is named by what it covers: `2020`, `2020-06`, `2020-06-15`, `2020-06-15T14`. One that holds too much for a
document is split at the next finer time; entries of one hour go by a hash of their ids (`2020-06-15T14-3f`). So an
entry's document depends on how many entries its period has, and on nothing else: what comes later moves nothing.
The name of a period that was split stays, for a document without entries that leads on: addresses do not vanish.

Names in the order of their code points are the chain in the order of time.
"""

from calendar import isleap, monthrange
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple

from ..model import Cut, Site

FOLDER = "archive"
MOST = 250  # entries in one document: a megabyte is a burden
_DAY_S = 86400
_HOUR_S = 3600
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LENGTHS = {"year": 4, "month": 7, "day": 10}
_YEAR, _MONTH, _DAY, _HOUR = 4, 7, 10, 13  # characters of a name


class Moment(NamedTuple):
    """When an entry was published, in seconds since 1970, and its id."""

    published: int
    id: str


def month_of(published: int) -> str:
    """The month of a time, `2020-06`."""
    return _day(published // _DAY_S)[:_MONTH]


def period_of(cut: Cut, published: int) -> str:
    """The period that an entry of this time belongs to; `cut` is not none."""
    return _day(published // _DAY_S)[: _LENGTHS[cut]]


def landmarks(names: Sequence[str]) -> list[tuple[str, str]]:
    """The periods that people look for among a feed's archives, in order: years, months and days that were not split.

    Each is given with the archive that it leads to: itself, or the first part of a day that was split.
    """
    found: list[tuple[str, str]] = []
    day = ""
    for name, after in pairwise([*names, "~"]):
        if after.startswith(name):
            day = name if len(name) == _DAY else day
        elif len(name) <= _DAY:
            found.append((name, name))
        elif name.startswith(day) and day:
            found.append((day, name))
            day = ""
    return found


def span(period: str) -> tuple[int, int]:
    """The seconds since 1970 that a period covers: its first, and the first after it."""
    time = period[:_HOUR]
    year, month, day = int(time[:4]), int(time[5:7] or 1), int(time[8:10] or 1)
    start = (date(year, month, day).toordinal() - _EPOCH_DAY) * _DAY_S
    if len(time) == _HOUR:
        start += int(time[11:]) * _HOUR_S
        return start, start + _HOUR_S
    days = {_YEAR: 365 + isleap(year), _MONTH: monthrange(year, month)[1], _DAY: 1}[len(time)]
    return start, start + days * _DAY_S


def place(feed_path: str, period: str) -> str:
    """Where a feed's documents of a period stand, relative to OUTPUT; those of its newest entries for no period."""
    return f"{feed_path}/{FOLDER}/{period}" if period else feed_path


def page_url(feed_path: str, site: Site) -> str:
    """The page that a feed is about: the site for the feed of everything, else the one beside the feed, if there is."""
    return f"{site.url}{feed_path}/" if site.pages and feed_path != "all" else site.home


def divide(period: str, entries: Sequence[Moment]) -> list[str]:
    """The names of the documents of a period, oldest first."""
    if len(entries) <= MOST:
        return [period]
    parts: dict[str, list[Moment]] = {}
    for entry in entries:
        parts.setdefault(_part(period, entry), []).append(entry)
    return [period, *(name for part in sorted(parts) for name in divide(part, parts[part]))]


def belongs(period: str, entry: Moment) -> bool:
    """Whether an entry of this period's hour, or of the period, has its place in it."""
    return len(period) <= _HOUR or _hashed(entry.id).startswith(period[_HOUR + 1 :])


@lru_cache(maxsize=65536)
def _day(number: int) -> str:
    return date.fromordinal(_EPOCH_DAY + number).isoformat()


def _part(period: str, entry: Moment) -> str:
    """The part of a period that an entry belongs to."""
    number, seconds = divmod(entry.published, _DAY_S)
    match len(period):
        case 4:
            return _day(number)[:_MONTH]
        case 7:
            return _day(number)
        case 10:
            return f"{period}T{seconds // _HOUR_S:02}"
        case 13:
            return f"{period}-{_hashed(entry.id)[0]}"
        case length:
            return f"{period}{_hashed(entry.id)[length - _HOUR - 1]}"


def _hashed(entry_id: str) -> str:
    return sha256(entry_id.encode("utf-8", "surrogatepass")).hexdigest()
