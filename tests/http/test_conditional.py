"""Conditional requests, in every combination (RFC 9110 §13), ranges (§14) and encodings (§12.5.3)."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.http.conditional import Range, Validators, Verdict, decide, encoding, http_date

NOW = Validators('"abc"', 784111777)  # Sun, 06 Nov 1994 08:49:37 GMT
YEAR = 1994
LENGTH = 100
SAME = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994")
EARLIER = ("Sun, 06 Nov 1994 08:49:36 GMT", "Sunday, 06-Nov-94 08:49:36 GMT", "Sun Nov  6 08:49:36 1994")
LATER = ("Sun, 06 Nov 1994 08:49:38 GMT", "Sunday, 06-Nov-94 08:49:38 GMT", "Sun Nov  6 08:49:38 1994")
NO_DATES = (
    "", "soon", "784111777", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 0000 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:36 GMT, Sun, 06 Nov 1994 08:49:36 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
)  # fmt: skip

# Of each field: what makes it true, and what makes it false. `None` is a field that is not sent.
MATCHING_TAGS = ('"abc"', '"x", "abc"', '"abc","x"', "*", ' "x" ,, "abc" ', '"a,b", "abc"')
WEAK_TAGS = ('W/"abc"', '"x", W/"abc"')
OTHER_TAGS = ('"x"', 'W/"x"', '"ABC"', '"abc-gz"', "abc", '"abc', "", '"a" "b', "**", '"abc"x')


def status(method: str = "GET", **fields: str | None) -> int:
    headers = {name.replace("_", "-"): value for name, value in fields.items() if value is not None}
    return decide(method, headers, NOW, LENGTH, year=YEAR).status


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("since", [None, *SAME, *EARLIER, *LATER, *NO_DATES])
@pytest.mark.parametrize("tags", [None, *MATCHING_TAGS, *WEAK_TAGS, *OTHER_TAGS])
def test_if_none_match_goes_before_if_modified_since(tags: str | None, since: str | None, method: str) -> None:
    expected = 200
    if tags is not None:
        expected = 304 if tags in MATCHING_TAGS + WEAK_TAGS else 200
    elif since in SAME + LATER:
        expected = 304
    assert status(method, if_none_match=tags, if_modified_since=since) == expected


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("since", [None, *SAME, *EARLIER, *LATER, *NO_DATES])
@pytest.mark.parametrize("tags", [None, *MATCHING_TAGS, *WEAK_TAGS, *OTHER_TAGS])
def test_if_match_goes_before_if_unmodified_since(tags: str | None, since: str | None, method: str) -> None:
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
def test_all_four_in_the_order_of_section_13_2_2(
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
    # A range is looked at last: only what would be 200 becomes a part (step 5).
    assert status(**given_, range="bytes=0-0") == (206 if expected == 200 else expected)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        *((tag, tag == '"abc"') for tag in ('"abc"', '"x"', 'W/"abc"', '"x", "abc"', "*", "abc")),
        *((date, True) for date in SAME),
        *((date, False) for date in EARLIER + LATER + NO_DATES),
    ],
)
def test_if_range_is_compared_strongly_and_dates_exactly(condition: str, holds: bool) -> None:  # noqa: FBT001
    assert status(if_range=condition, range="bytes=0-0") == (206 if holds else 200)
    assert status(if_range=condition) == 200
    assert status("HEAD", if_range=condition, range="bytes=0-0") == 200


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("bytes=0-0", Range(0, 1)),
        ("bytes=0-", Range(0, 100)),
        ("bytes=99-", Range(99, 100)),
        ("bytes=-1", Range(99, 100)),
        ("bytes=-100", Range(0, 100)),
        ("bytes=-500", Range(0, 100)),
        ("bytes=10-500", Range(10, 100)),
        ("Bytes=10-19", Range(10, 20)),
        ("bytes=100-", 416),
        ("bytes=100-200", 416),
        ("bytes=-0", 416),
        *((field, 200) for field in "bytes=5-4 bytes=- bytes= bytes bytes=a-b bytes=0-0,2-3 lines=0-1 0-1".split()),
        ("bytes=--1", 200),
        ("bytes=" + "9" * 500 + "-", 200),
        ("", 200),
    ],
)  # fmt: skip
def test_ranges(field: str, expected: Range | int) -> None:
    verdict = Verdict(206, expected) if isinstance(expected, Range) else Verdict(expected)
    assert decide("GET", {"range": field}, NOW, LENGTH, year=YEAR) == verdict
    assert decide("HEAD", {"range": field}, NOW, LENGTH, year=YEAR) == Verdict(200)


def test_empty_document_has_no_bytes_to_give() -> None:
    assert decide("GET", {"range": "bytes=0-"}, NOW, 0, year=YEAR) == Verdict(416)


@pytest.mark.parametrize("name", ["if-modified-since", "if-unmodified-since"])
@pytest.mark.parametrize("date", [*SAME, *EARLIER, *LATER])
def test_no_date_holds_while_the_second_of_the_last_change_is_not_over(name: str, date: str) -> None:
    young = Validators('"abc"')
    assert decide("GET", {name: date}, young, LENGTH, year=YEAR) == Verdict(200)
    assert decide("GET", {"if-range": date, "range": "bytes=0-0"}, young, LENGTH, year=YEAR) == Verdict(200)


@pytest.mark.parametrize(
    ("text", "year", "seconds"),
    [
        ("Sunday, 06-Nov-94 08:49:37 GMT", 2026, 784111777),  # 2094 would be more than 50 years ahead
        ("Thursday, 01-Jan-76 00:00:00 GMT", 2026, 3345062400),
        ("Saturday, 01-Jan-77 00:00:00 GMT", 2026, 220924800),
        ("Wed Dec 31 23:59:60 1969", 2026, -1),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 2026, 0),
    ],
)
def test_dates(text: str, year: int, seconds: int) -> None:
    assert http_date(text, year) == seconds


@given(st.text(), st.text(), st.text())
def test_nothing_that_is_sent_breaks_anything(tags: str, date: str, part: str) -> None:
    headers = {"if-none-match": tags, "if-match": tags, "if-modified-since": date, "if-range": tags, "range": part}
    assert decide("GET", headers, NOW, LENGTH, year=YEAR).status in {200, 206, 304, 412, 416}
    assert decide("GET", {"range": f"bytes={part}"}, NOW, LENGTH, year=YEAR).status in {200, 206, 416}


BOTH = frozenset({"br", "gzip"})


@pytest.mark.parametrize(
    ("accepted", "kept", "chosen"),
    [
        ("", BOTH, ""),
        ("gzip", BOTH, "gzip"),
        ("gzip, deflate, br, zstd", BOTH, "br"),
        ("gzip, br", frozenset({"gzip"}), "gzip"),
        ("br", frozenset({"gzip"}), ""),
        ("gzip;q=1.0, br;q=0.5", BOTH, "gzip"),
        ("gzip;q=0, br;q=0", BOTH, ""),
        ("gzip;q=0", BOTH, ""),
        ("*", BOTH, "br"),
        ("*;q=0", BOTH, ""),
        ("br;q=0, *", BOTH, "gzip"),
        ("identity", BOTH, ""),
        ("identity, gzip;q=0.5", BOTH, ""),
        ("identity;q=0.5, gzip", BOTH, "gzip"),
        ("GZIP ; Q=0.9", BOTH, "gzip"),
        ("x-gzip", BOTH, "gzip"),
        ("gzip;q=2", BOTH, ""),
        ("gzip;level=9", BOTH, ""),
        (",, gzip,", BOTH, "gzip"),
    ],
)
def test_encoding_is_the_one_that_is_liked_best(accepted: str, kept: frozenset[str], chosen: str) -> None:
    assert encoding(accepted, kept) == chosen


@given(st.text())
def test_no_list_of_encodings_breaks_anything(accepted: str) -> None:
    assert encoding(accepted, BOTH) in {"", "br", "gzip"}
