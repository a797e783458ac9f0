"""What a request's conditions make of an answer that would be 200 (RFC 9110 §13 and §14.2): pure decisions.

A document has a strong entity tag, and the second of its last change; the latter is not given while that second is not
over, since the bytes may change within it once more (§8.8.2.2).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

OK, PARTIAL, NOT_MODIFIED, FAILED, UNSATISFIABLE = 200, 206, 304, 412, 416

_TAG = re.compile(r'(W/)?"([^"]*)"')
_TAGS = re.compile(r'[\s,]*(?:(?:W/)?"[^"]*"[\s,]*)+')
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MONTH = f"({'|'.join(_MONTHS)})"
_TIME = r"(\d{2}):(\d{2}):(\d{2})"
_FIXDATE = re.compile(rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{{2}}) {_MONTH} (\d{{4}}) {_TIME} GMT", re.ASCII)
_RFC850 = re.compile(rf"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d{{2}})-{_MONTH}-(\d{{2}}) {_TIME} GMT", re.ASCII)
_ASCTIME = re.compile(rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {_MONTH} ([ \d]\d) {_TIME} (\d{{4}})", re.ASCII)
_RANGE = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*", re.ASCII | re.IGNORECASE)
_LONG = 100  # characters: a range of longer numbers is an attack


class Validators(NamedTuple):
    """What tells a document as it is now from what it was: its tag with its quotes, the second of its last change."""

    etag: str
    modified_s: int | None = None


class Range(NamedTuple):
    """The bytes from `start` up to, and without, `stop`."""

    start: int
    stop: int


class Verdict(NamedTuple):
    """The status of an answer, and for a part which bytes it is."""

    status: int
    part: Range | None = None


def decide(method: str, headers: Mapping[str, str], now: Validators, length: int, *, year: int) -> Verdict:
    """What becomes of a GET or HEAD for a document of `length` bytes.

    The names of `headers` are in small letters; lines of the same name were joined with commas. The year is this one:
    one form of dates has only two digits of it.
    """
    status = _preconditions(headers, now, year)
    if status != OK or method != "GET" or "range" not in headers:
        return Verdict(status)
    condition = headers.get("if-range")
    if condition is not None and not _still(condition.strip(), now, year):
        return Verdict(OK)
    return _part(headers["range"], length)


def _preconditions(headers: Mapping[str, str], now: Validators, year: int) -> int:
    """§13.2.2, steps 1 to 4."""
    if (wanted := headers.get("if-match")) is not None:
        if not _matches(wanted, now.etag, weakly=False):
            return FAILED
    else:
        limit = _seconds(headers.get("if-unmodified-since"), year)
        if limit is not None and now.modified_s is not None and now.modified_s > limit:
            return FAILED
    if (known := headers.get("if-none-match")) is not None:
        return NOT_MODIFIED if _matches(known, now.etag, weakly=True) else OK
    since = _seconds(headers.get("if-modified-since"), year)
    return NOT_MODIFIED if since is not None and now.modified_s is not None and now.modified_s <= since else OK


def _matches(field: str, etag: str, *, weakly: bool) -> bool:
    """Whether a list of tags, or `*`, has this strong one (§8.8.3.2). What is no such list matches nothing."""
    field = field.strip()
    if field == "*":
        return True
    if not _TAGS.fullmatch(field):
        return False
    opaque = etag[1:-1]
    return any(tag == opaque and (weakly or not weak) for weak, tag in _TAG.findall(field))


def _still(condition: str, now: Validators, year: int) -> bool:
    """Whether If-Range's one validator is the document's, compared strongly (§13.1.5)."""
    if condition.endswith('"'):
        return condition == now.etag
    return now.modified_s is not None and _seconds(condition, year) == now.modified_s


def _part(field: str, length: int) -> Verdict:
    """One range of bytes (§14.1.2). Several at once, other units and what is none of these may be ignored (§14.2)."""
    found = _RANGE.fullmatch(field.strip())
    if not found or len(field) > _LONG or not (found[1] or found[2]):
        return Verdict(OK)
    first, last = found[1], found[2]
    if not first:
        start, stop = max(0, length - int(last)), length
    else:
        start, stop = int(first), min(int(last) + 1, length) if last else length
        if last and int(last) < int(first):
            return Verdict(OK)
    return Verdict(PARTIAL, Range(start, stop)) if start < stop else Verdict(UNSATISFIABLE)


def _seconds(field: str | None, year: int) -> int | None:
    return None if field is None else http_date(field, year)


@lru_cache(maxsize=1024)
def http_date(field: str, year: int) -> int | None:
    """The seconds since 1970 of a date in any of the three forms of §5.6.7; none when it is in none of them."""
    field = field.strip()
    if found := _FIXDATE.fullmatch(field):
        return _at(found[3], found[2], found[1], found.groups()[3:])
    if found := _ASCTIME.fullmatch(field):
        return _at(found[6], found[1], found[2], found.groups()[2:5])
    if found := _RFC850.fullmatch(field):
        full = year - year % 100 + int(found[3])
        # More than 50 years ahead is the last century's.
        return _at(str(full - 100 if full > year + 50 else full), found[2], found[1], found.groups()[3:])
    return None


def _at(year: str, month: str, day: str, time: Iterable[str | None]) -> int | None:
    hours, minutes, seconds = (int(part or 0) for part in time)
    try:
        # A leap second is the last that a clock knows.
        moment = datetime(int(year), _MONTHS.index(month) + 1, int(day), hours, minutes, min(seconds, 59), tzinfo=UTC)
    except ValueError:
        return None
    return None if seconds > 60 else int(moment.timestamp())


# ------------------------------------------------------------------------------------------------------- encodings

_CODING = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;\s*[qQ]\s*=\s*([01](?:\.\d{0,3})?)\s*)?", re.ASCII)


@lru_cache(maxsize=1024)
def encoding(accepted: str, kept: frozenset[str]) -> str:
    """Which of the encodings that are kept (`br`, `gzip`) goes to who accepts these (§12.5.3); an empty one is none.

    Of what is liked the same, the smaller goes.
    """
    weights: dict[str, float] = {}
    for item in accepted.split(","):
        if found := _CODING.fullmatch(item):
            name = found[1].lower().removeprefix("x-")
            weights[name] = float(found[2] or 1)
    usual = weights.get("*", 0.0)
    best = max(("br", "gzip"), key=lambda name: (name in kept, weights.get(name, usual)))
    weight = weights.get(best, usual) if best in kept else 0.0
    return best if weight and weight >= weights.get("identity", 0.0) else ""


def prefers_html(accept: str) -> bool:
    """Whether who accepts these media types is a browser, rather than a program."""
    return "text/html" in accept and "problem+json" not in accept
