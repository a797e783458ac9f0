"""Conditional requests: the status of a GET or HEAD that would be 200 without its conditions (RFC 9110 §13, §14.2).

All functions are pure. A representation has a strong entity tag and the second of its last change. The latter is
absent during that second, because the bytes may change again within it (§8.8.2.2).
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from .byte_ranges import ByteRange, parse_range
from .dates import parse_http_date

OK, PARTIAL_CONTENT, NOT_MODIFIED, PRECONDITION_FAILED, RANGE_NOT_SATISFIABLE = 200, 206, 304, 412, 416

_ENTITY_TAG = re.compile(r'(W/)?"([^"]*)"')
_ENTITY_TAGS = re.compile(r'[\s,]*(?:(?:W/)?"[^"]*"[\s,]*)+')


class Validators(NamedTuple):
    """The validators of a representation: its strong entity tag, quotes included, and its last change.

    `modified_s` is in seconds since 1970.
    """

    etag: str
    modified_s: int | None = None


class ConditionalResult(NamedTuple):
    """The status of a response, and the range of bytes that a 206 response contains."""

    status: int
    byte_range: ByteRange | None = None


def evaluate(
    method: str, headers: Mapping[str, str], validators: Validators, length: int, *, year: int
) -> ConditionalResult:
    """Evaluate the conditions of a GET or HEAD request for a representation of `length` bytes (§13.2.2).

    `headers` maps lower-case names to values; field lines of one name are joined with commas. `year` is the current
    year, which dates with two-digit years need.
    """
    status = _evaluate_preconditions(headers, validators, year)
    if status != OK or method != "GET" or "range" not in headers:
        return ConditionalResult(status)
    if_range = headers.get("if-range")
    if if_range is not None and not _matches_if_range(if_range.strip(), validators, year):
        return ConditionalResult(OK)
    selected = parse_range(headers["range"], length)
    if selected == "ignored":
        return ConditionalResult(OK)
    if selected == "unsatisfiable":
        return ConditionalResult(RANGE_NOT_SATISFIABLE)
    return ConditionalResult(PARTIAL_CONTENT, selected)


def _evaluate_preconditions(headers: Mapping[str, str], validators: Validators, year: int) -> int:
    """Evaluate steps 1 to 4 of §13.2.2."""
    modified_s = validators.modified_s
    if (if_match := headers.get("if-match")) is not None:
        if not _matches_any(if_match, validators.etag, weak_comparison=False):
            return PRECONDITION_FAILED
    else:
        limit_s = _parse_optional_date(headers.get("if-unmodified-since"), year)
        if limit_s is not None and modified_s is not None and modified_s > limit_s:
            return PRECONDITION_FAILED
    if (if_none_match := headers.get("if-none-match")) is not None:
        return NOT_MODIFIED if _matches_any(if_none_match, validators.etag, weak_comparison=True) else OK
    since_s = _parse_optional_date(headers.get("if-modified-since"), year)
    return NOT_MODIFIED if since_s is not None and modified_s is not None and modified_s <= since_s else OK


def _matches_any(value: str, etag: str, *, weak_comparison: bool) -> bool:
    """Return whether a list of entity tags, or `*`, contains a strong tag (§8.8.3.2). A malformed list matches none."""
    value = value.strip()
    if value == "*":
        return True
    if not _ENTITY_TAGS.fullmatch(value):
        return False
    opaque = etag[1:-1]
    return any(tag == opaque and (weak_comparison or not weak) for weak, tag in _ENTITY_TAG.findall(value))


def _matches_if_range(value: str, validators: Validators, year: int) -> bool:
    """Return whether the validator of If-Range matches, by the strong comparison (§13.1.5)."""
    if value.endswith('"'):
        return value == validators.etag
    return validators.modified_s is not None and parse_http_date(value, year) == validators.modified_s


def _parse_optional_date(value: str | None, year: int) -> int | None:
    return None if value is None else parse_http_date(value, year)
