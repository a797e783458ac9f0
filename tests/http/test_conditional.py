"""Conditional requests in every combination (RFC 9110 §13), with ranges (§14)."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.http.byte_ranges import ByteRange
from syndicate.http.conditional import ConditionalResult, Validators, evaluate

VALIDATORS = Validators('"abc"', 784111777)  # Sun, 06 Nov 1994 08:49:37 GMT
YEAR = 1994
LENGTH = 100
SAME = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994")
EARLIER = ("Sun, 06 Nov 1994 08:49:36 GMT", "Sunday, 06-Nov-94 08:49:36 GMT", "Sun Nov  6 08:49:36 1994")
LATER = ("Sun, 06 Nov 1994 08:49:38 GMT", "Sunday, 06-Nov-94 08:49:38 GMT", "Sun Nov  6 08:49:38 1994")
INVALID_DATES = (
    "", "soon", "784111777", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 0000 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:36 GMT, Sun, 06 Nov 1994 08:49:36 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
)  # fmt: skip

# Values with which each condition is true or false. `None` is a field that is not sent.
MATCHING_TAGS = ('"abc"', '"x", "abc"', '"abc","x"', "*", ' "x" ,, "abc" ', '"a,b", "abc"')
WEAK_TAGS = ('W/"abc"', '"x", W/"abc"')
OTHER_TAGS = ('"x"', 'W/"x"', '"ABC"', '"abc-gz"', "abc", '"abc', "", '"a" "b', "**", '"abc"x')


def status(method: str = "GET", **fields: str | None) -> int:
    headers = {name.replace("_", "-"): value for name, value in fields.items() if value is not None}
    return evaluate(method, headers, VALIDATORS, LENGTH, year=YEAR).status


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("since", [None, *SAME, *EARLIER, *LATER, *INVALID_DATES])
@pytest.mark.parametrize("tags", [None, *MATCHING_TAGS, *WEAK_TAGS, *OTHER_TAGS])
def test_if_none_match_takes_precedence_over_if_modified_since(
    tags: str | None, since: str | None, method: str
) -> None:
    expected = 200
    if tags is not None:
        expected = 304 if tags in MATCHING_TAGS + WEAK_TAGS else 200
    elif since in SAME + LATER:
        expected = 304
    assert status(method, if_none_match=tags, if_modified_since=since) == expected


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("since", [None, *SAME, *EARLIER, *LATER, *INVALID_DATES])
@pytest.mark.parametrize("tags", [None, *MATCHING_TAGS, *WEAK_TAGS, *OTHER_TAGS])
def test_if_match_takes_precedence_over_if_unmodified_since(tags: str | None, since: str | None, method: str) -> None:
    expected = 200
    if tags is not None:
        expected = 200 if tags in MATCHING_TAGS else 412  # weak tags never match strongly
    elif since in EARLIER:
        expected = 412
    assert status(method, if_match=tags, if_unmodified_since=since) == expected


@pytest.mark.parametrize(
    ("match", "unmodified", "none_match", "modified"),
    list(
        product(
            [None, '"abc"', '"x"'], [None, SAME[0], EARLIER[0]], [None, '"abc"', '"x"'], [None, SAME[0], EARLIER[0]]
        )
    ),
)
def test_all_conditions_are_evaluated_in_the_order_of_section_13_2_2(
    match: str | None, unmodified: str | None, none_match: str | None, modified: str | None
) -> None:
    if match == '"x"' or (match is None and unmodified == EARLIER[0]):
        expected = 412
    elif none_match == '"abc"' or (none_match is None and modified == SAME[0]):
        expected = 304
    else:
        expected = 200
    given_ = {
        "if_match": match, "if_unmodified_since": unmodified, "if_none_match": none_match,
        "if_modified_since": modified,
    }  # fmt: skip
    assert status(**given_) == expected
    assert status("HEAD", **given_) == expected
    # The range is evaluated last: only a response that would be 200 becomes a 206 (step 5).
    assert status(**given_, range="bytes=0-0") == (206 if expected == 200 else expected)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        *((tag, tag == '"abc"') for tag in ('"abc"', '"x"', 'W/"abc"', '"x", "abc"', "*", "abc")),
        *((date, True) for date in SAME),
        *((date, False) for date in EARLIER + LATER + INVALID_DATES),
    ],
)
def test_if_range_uses_the_strong_comparison_and_equal_dates(condition: str, holds: bool) -> None:  # noqa: FBT001
    assert status(if_range=condition, range="bytes=0-0") == (206 if holds else 200)
    assert status(if_range=condition) == 200
    assert status("HEAD", if_range=condition, range="bytes=0-0") == 200


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=0-", ByteRange(0, 100)),
        ("bytes=99-", ByteRange(99, 100)),
        ("bytes=-1", ByteRange(99, 100)),
        ("bytes=-100", ByteRange(0, 100)),
        ("bytes=-500", ByteRange(0, 100)),
        ("bytes=10-500", ByteRange(10, 100)),
        ("Bytes=10-19", ByteRange(10, 20)),
        ("bytes=100-", 416),
        ("bytes=100-200", 416),
        ("bytes=-0", 416),
        *((field, 200) for field in "bytes=5-4 bytes=- bytes= bytes bytes=a-b bytes=0-0,2-3 lines=0-1 0-1".split()),
        ("bytes=--1", 200),
        ("bytes=" + "9" * 500 + "-", 200),
        ("", 200),
    ],
)  # fmt: skip
def test_range_selects_bytes(field: str, expected: ByteRange | int) -> None:
    result = ConditionalResult(206, expected) if isinstance(expected, ByteRange) else ConditionalResult(expected)
    assert evaluate("GET", {"range": field}, VALIDATORS, LENGTH, year=YEAR) == result
    assert evaluate("HEAD", {"range": field}, VALIDATORS, LENGTH, year=YEAR) == ConditionalResult(200)


def test_range_of_an_empty_document_is_unsatisfiable() -> None:
    assert evaluate("GET", {"range": "bytes=0-"}, VALIDATORS, 0, year=YEAR) == ConditionalResult(416)


@pytest.mark.parametrize("name", ["if-modified-since", "if-unmodified-since"])
@pytest.mark.parametrize("date", [*SAME, *EARLIER, *LATER])
def test_dates_are_ignored_within_the_second_of_the_last_change(name: str, date: str) -> None:
    without_date = Validators('"abc"')
    for headers in ({name: date}, {"if-range": date, "range": "bytes=0-0"}):
        assert evaluate("GET", headers, without_date, LENGTH, year=YEAR) == ConditionalResult(200)


@given(st.text(), st.text(), st.text())
def test_any_field_value_is_evaluated_without_an_error(tags: str, date: str, part: str) -> None:
    headers = {"if-none-match": tags, "if-match": tags, "if-modified-since": date, "if-range": tags, "range": part}
    assert evaluate("GET", headers, VALIDATORS, LENGTH, year=YEAR).status in {200, 206, 304, 412, 416}
    assert evaluate("GET", {"range": f"bytes={part}"}, VALIDATORS, LENGTH, year=YEAR).status in {200, 206, 416}
