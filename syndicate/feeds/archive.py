"""Divides the history of a feed into archive documents (RFC 5005 §4).

Theory of operation
-------------------

An archive document covers a period of time, so a new, late or edited entry changes the document of its own period and
no other. A chain of pages with a fixed number of entries would shift every page when one entry is added or removed, and
readers that walk the chain would fetch all of it again.

A period is named by what it covers: `2020`, `2020-06`, `2020-06-15`, `2020-06-15T14`. The configuration selects the
coarsest period (year, month or day). `auto` selects the year, too: most feeds then have a document a year, where months
would make twelve small ones. A period with more than MAX_ENTRIES entries is split at the next finer time, and
an hour that still has too many is split by the hexadecimal digits of the SHA-256 of the entry ids (`2020-06-15T14-3f`).
Splitting therefore depends on the entries of the period alone: entries of other periods never move its names.

A published archive address must keep working (RFC 5005 §4: archive documents are stable). Hence `split_period` returns
the name of the split period before the names of its parts: its document stays, without entries, and links to its
neighbours in the chain. A period that grows gains names and loses none.

Sorting the names by code points yields the chain in order of time: a name sorts before its own parts because it is
their prefix, and periods of equal length sort by date.
"""

from calendar import isleap, monthrange
from collections.abc import Collection, Sequence
from datetime import date
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple

from ..model import ArchivePeriod, Site

FOLDER = "archive"
MAX_ENTRIES = 250  # of one document: feed readers struggle with documents of a megabyte
_DAY_S = 86400
_HOUR_S = 3600
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LENGTHS = {"auto": 4, "year": 4, "month": 7, "day": 10}
_YEAR, _MONTH, _DAY, _HOUR = 4, 7, 10, 13  # characters of a name


class ArchivedEntry(NamedTuple):
    """The publication time of an entry, in seconds since 1970, and its id."""

    published: int
    id: str


def month_of(published: int) -> str:
    """Returns the month of a time, `2020-06`."""
    return _day(published // _DAY_S)[:_MONTH]


def year_of(period: str) -> str:
    """Returns the year of a period, `2020`."""
    return period[:_YEAR]


def period_of(length: ArchivePeriod, published: int, divided_years: Collection[str] = ()) -> str:
    """Returns the name of the period of a time: its month in years that are known to be divided into months.

    `length` is not `none`.
    """
    day = _day(published // _DAY_S)
    return day[:_MONTH] if divided_years and day[:_YEAR] in divided_years else day[: _LENGTHS[length]]


def divides_years(length: ArchivePeriod) -> bool:
    """Returns whether years are divided into months if they have more entries than a document may contain."""
    return _LENGTHS.get(length) == _YEAR


def is_over(length: ArchivePeriod | None, period: str, newest: str) -> bool:
    """Returns whether an archive is of a period before that of a feed's newest archive. Either may be a part.

    Without a configured length, a month is over when the next one has begun, and a year that is not divided likewise.
    """
    characters = min(len(period), _MONTH) if length in {None, "auto"} else _LENGTHS.get(str(length), 0)
    return period[:characters] != newest[:characters]


def browsable_periods(names: Sequence[str]) -> list[tuple[str, str]]:
    """Returns the years, months and days that an archive listing shows, in the order of `names`.

    Each comes with the archive to link to: the period itself, or the first part of a day that was split. Other periods
    that were split are left out, since their documents contain no entries.
    """
    found: list[tuple[str, str]] = []
    day = ""
    for name, following in pairwise([*names, "~"]):
        if following.startswith(name):
            day = name if len(name) == _DAY else day
        elif len(name) <= _DAY:
            found.append((name, name))
        elif name.startswith(day) and day:
            found.append((day, name))
            day = ""
    return found


def time_range(period: str) -> tuple[int, int]:
    """Returns the first second of a period and the first second after it, in seconds since 1970."""
    time = period[:_HOUR]
    year, month, day = int(time[:4]), int(time[5:7] or 1), int(time[8:10] or 1)
    start = (date(year, month, day).toordinal() - _EPOCH_DAY) * _DAY_S
    if len(time) == _HOUR:
        start += int(time[11:]) * _HOUR_S
        return start, start + _HOUR_S
    days = {_YEAR: 365 + isleap(year), _MONTH: monthrange(year, month)[1], _DAY: 1}[len(time)]
    return start, start + days * _DAY_S


def document_folder(feed_path: str, period: str) -> str:
    """Returns the folder of the documents of a period, or of the subscription documents for an empty period.

    The folder is relative to OUTPUT.
    """
    return f"{feed_path}/{FOLDER}/{period}" if period else feed_path


def home_page_url(feed_path: str, site: Site) -> str:
    """Returns the page that a feed describes: its own HTML page if there is one, else the home page of the site.

    The feed of all entries describes the site.
    """
    return site.address(f"{feed_path}/") if site.pages and feed_path != "all" else site.home


def split_period(period: str, entries: Sequence[ArchivedEntry]) -> list[str]:
    """Returns the names of the archive documents of a period, oldest first."""
    if len(entries) <= MAX_ENTRIES:
        return [period]
    parts: dict[str, list[ArchivedEntry]] = {}
    for entry in entries:
        parts.setdefault(_part(period, entry), []).append(entry)
    return [period, *(name for part in sorted(parts) for name in split_period(part, parts[part]))]


def contains(period: str, entry: ArchivedEntry) -> bool:
    """Returns whether a period contains an entry that was published within its `time_range`."""
    return len(period) <= _HOUR or _id_hash(entry.id).startswith(period[_HOUR + 1 :])


@lru_cache(maxsize=65536)
def _day(number: int) -> str:
    return date.fromordinal(_EPOCH_DAY + number).isoformat()


def _part(period: str, entry: ArchivedEntry) -> str:
    """Returns the next finer period that contains the entry."""
    number, seconds = divmod(entry.published, _DAY_S)
    match len(period):
        case 4:
            return _day(number)[:_MONTH]
        case 7:
            return _day(number)
        case 10:
            return f"{period}T{seconds // _HOUR_S:02}"
        case 13:
            return f"{period}-{_id_hash(entry.id)[0]}"
        case length:
            return f"{period}{_id_hash(entry.id)[length - _HOUR - 1]}"


def _id_hash(entry_id: str) -> str:
    return sha256(entry_id.encode("utf-8", "surrogatepass")).hexdigest()
