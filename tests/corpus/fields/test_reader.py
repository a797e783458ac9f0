"""Text and numbers of a record."""

from __future__ import annotations

import pytest
from support.fields import CONTEXT, HUGE, dated_entry, dated_record, label, problem_fields, record_of

TITLES = [
    ("A title", "A title"),
    (1984, "1984"),
    (3.5, "3.5"),
    ("  two\n lines ", "two lines"),
    ("AT&amp;amp;T", "AT&amp;T"),
    ("<b>x</b>", "x"),
    ("The <title> tag", "The <title> tag"),
    ("a\x00b", "ab"),
]


@pytest.mark.parametrize(("stated", "title"), TITLES)
def test_title_is_one_plain_line(stated: object, title: str) -> None:
    assert dated_entry(title=stated).title == title


@pytest.mark.parametrize(
    "stated", [None, "", " ", "<b></b>", "\x00", True, [], ["T"], {}, {"de": "T"}, HUGE, b"T"], ids=label
)
def test_record_without_a_title_has_its_first_heading_or_none(stated: object) -> None:
    assert dated_entry({"title": stated}, "# A *heading* &amp; more\n\nText.").title == "A heading & more"
    assert dated_entry({"title": stated}, "Text.").title == ""
    assert dated_entry({"title": stated}, excerpt="Text.").title == ""
    assert not problem_fields(dated_record({"title": stated}, "Text."), "error")


def test_record_without_a_title_and_a_text_is_an_error() -> None:
    result = dated_record({"title": None})
    assert result.entry is None
    assert problem_fields(result, "error") == ["title"]


def test_record_with_a_heading_keeps_its_title_and_body() -> None:
    entry = dated_entry({"title": "T"}, "# Heading\n\nText.")
    assert (entry.title, entry.body) == ("T", "<h1>Heading</h1>\n<p>Text.</p>")


def test_every_error_of_a_record_is_reported() -> None:
    result = record_of({"expires": "never"}, "", "x.md", CONTEXT)
    assert set(problem_fields(result)) == {"expires", "publishedDateTime"}


def test_warnings_of_a_record_are_limited_and_counted() -> None:
    result = dated_record(tags=[None] * 1000)
    assert len(result.problems) == 21
    assert result.problems[-1][3:] == ("record", "980 more values were dropped or repaired", "warning")


def test_error_is_reported_after_any_number_of_warnings() -> None:
    result = dated_record(tags=[None] * 1000, title=None)
    assert result.entry is None
    assert problem_fields(result, "error") == ["title"]


@pytest.mark.parametrize(
    ("stated", "quality", "warnings"),
    [
        (74, 74, 0), (-1, -1, 0), (3.9, 3, 0), (None, None, 0), ("", None, 0), ("74", 74, 0), (True, None, 1),
        ("-1", -1, 0), ("3.9", 3, 0), ("0x1F", 31, 0), ("0777", 511, 0), ("1_000", 1000, 0),
        ("x", None, 1), ("yes", None, 1), ("2020-01-01", None, 1), (".nan", None, 1), (".inf", None, 1),
        ("0x_", None, 1), ("9" * 5000, None, 1),
        ([1], None, 1), (float("nan"), None, 1), (float("inf"), None, 1), (HUGE, None, 1), (-(2**70), None, 1),
    ],
    ids=label,
)  # fmt: skip
def test_quality_is_a_number_or_dropped_with_a_warning(stated: object, quality: int | None, warnings: int) -> None:
    result = dated_record(quality=stated, metadata={})
    assert result.entry is not None
    assert result.entry.quality == quality
    assert len(result.problems) == warnings
