"""The date of publication is stated, or part of the file name or the path."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.fields import CONTEXT, DAY, context_with, dated_entry, label, problem, record_of

from syndicate.corpus import frontmatter
from syndicate.corpus.fields import FieldReader, parse_entry


@pytest.mark.parametrize("key", ["publishDate", "pubDate", "publishdate", "published"])
def test_record_is_withheld_until_the_latest_of_its_dates(key: str) -> None:
    later = {"date": date(2020, 1, 1), key: "2099-01-01T12:00:00Z"}
    assert dated_entry(later).published == datetime(2099, 1, 1, 12, tzinfo=UTC)
    earlier = {"date": date(2020, 1, 1), key: "2019-01-01"}
    assert dated_entry(earlier).published == datetime(2020, 1, 1, tzinfo=UTC)


TOKYO = ZoneInfo("Asia/Tokyo")
MARCH = datetime(2020, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("metadata", "path"),
    [
        ({"date": "2026-01-02"}, "x.md"),
        ({"date": date(2026, 1, 2)}, "x.md"),
        ({"date": "2026-01-02 00:00:00"}, "x.md"),
        ({}, "2026-01-02-x.md"),
        ({}, "2026-01-02-x/index.md"),
        ({}, "2026/01/02/x.md"),
        ({"path": "2026/01/02/x"}, "x.md"),
        ({"startDateTime": "2099-01-01", "lastmod": "2026-01-02"}, "x.md"),
    ],
    ids=str,
)
def test_date_without_a_zone_is_in_that_of_the_source(metadata: dict[str, Any], path: str) -> None:
    result = record_of({"title": "T", **metadata}, "", path, context_with(timezone=TOKYO))
    assert result.entry is not None
    assert result.entry.published == datetime(2026, 1, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("date: 2026-01-02 08:00:00", datetime(2026, 1, 2, 8, tzinfo=UTC)),
        ("date: 2026-01-02T08:00:00.5", datetime(2026, 1, 2, 8, tzinfo=UTC)),
        ('date: "2026-01-02 08:00:00"', datetime(2026, 1, 1, 23, tzinfo=UTC)),
        ("date: '2026-01-02 08:00:00'", datetime(2026, 1, 1, 23, tzinfo=UTC)),
        ("date: 2026-01-02 08:00:00\nnote: '2026-01-02 08:00:00'", datetime(2026, 1, 2, 8, tzinfo=UTC)),
        ("date: 2026-01-02 08:00", datetime(2026, 1, 1, 23, tzinfo=UTC)),
        ("date: 2026-01-02", datetime(2026, 1, 1, 15, tzinfo=UTC)),
        ("date: 2026-01-02 08:00:00 +0100", datetime(2026, 1, 2, 7, tzinfo=UTC)),
    ],
)
def test_unquoted_time_without_a_zone_can_be_utc_as_in_jekyll(header: str, expected: datetime) -> None:
    context = context_with(timezone=TOKYO, zoneless_yaml_times_are_utc=True)
    parsed = frontmatter.parse(f"---\ntitle: T\n{header}\n---\n")
    entry = parse_entry(FieldReader(parsed.metadata, "", "x.md", context, problem, parsed.is_quoted))
    assert entry is not None
    assert entry.published == expected


DATED = [
    ({"date": "2020-06-09"}, "2019-01-01-x.md", datetime(2020, 6, 9, tzinfo=UTC), []),
    ({}, "2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({}, "a/2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({}, "2018/05/06/2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({}, "blog/2018/05/06/x.md", datetime(2018, 5, 6, tzinfo=UTC), []),
    ({"path": "2017/12/21/title"}, "x.md", datetime(2017, 12, 21, tzinfo=UTC), []),
    ({"path": "2017/12/21/title"}, "2018/05/06/x.md", datetime(2017, 12, 21, tzinfo=UTC), []),
    ({"path": ["2017/12/21"]}, "2018/05/06/x.md", datetime(2018, 5, 6, tzinfo=UTC), []),
    # a date that cannot be understood may be one in the future
    *[({"date": value}, "2019-01-02-x.md", None, ["error"])
      for value in ("soon", "next year", ["2099-01-01"], "12/31/2099", "2024-02-30", {"from": "2099-01-01"}, True)],
    ({"date": "soon", "publishedDate": "2020-06-09"}, "x.md", None, ["error"]),
    ({"publishedDate": "2020-06-09", "pubDate": "soon"}, "x.md", None, ["error"]),
    ({"embargo": True}, "2019-01-02-x.md", None, ["error"]),
    ({"embargo": False}, "2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({"created": "soon"}, "2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), ["warning"]),
    ({"created": "2099-01-01", "date": "2020-01-01"}, "x.md", datetime(2020, 1, 1, tzinfo=UTC), []),
    ({"date": "2024-02-30"}, "x.md", None, ["error"]),
    ({}, "a/2021-01-30-fluid/index.md", datetime(2021, 1, 30, tzinfo=UTC), []),
    ({"date": "2022-02-02"}, "a/2021-01-30-fluid/index.md", datetime(2022, 2, 2, tzinfo=UTC), []),
    ({"created": "2020-06-09"}, "x.md", datetime(2020, 6, 9, tzinfo=UTC), []),
    # of several beginnings the latest counts
    ({"publishedDateTime": "2020-01-01", "date": "2020-03-01"}, "x.md", MARCH, []),
    ({"publishedDateTime": "2020-03-01", "date": "2020-01-01"}, "x.md", MARCH, []),
    ({"date": "2020-01-01", "publishDate": "2020-03-01", "pubDate": "2020-02-01"}, "x.md", MARCH, []),
    ({"date": "2020-01-01", "embargo_until": "2020-03-01"}, "x.md", MARCH, []),
    ({"publishDate": "soon"}, "2019-01-02-x.md", None, ["error"]),
    ({"date": "2020-01-01", "Date": "2020-01-02"}, "x.md", None, ["error"]),
    ({"publish_date": "2020-01-01", "publishDate": "2020-01-01"}, "x.md", None, ["error"]),
    # the start of an event is no date of publication
    ({"startDateTime": "2099-12-20"}, "2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({"startDateTime": "2099-12-20", "date": "2020-01-01"}, "x.md", datetime(2020, 1, 1, tzinfo=UTC), []),
    ({"startDateTime": "2099-12-20"}, "2018/05/06/x.md", datetime(2018, 5, 6, tzinfo=UTC), []),
    ({"startDateTime": "2099-12-20", "lastmod": "2020-01-01"}, "x.md", datetime(2020, 1, 1, tzinfo=UTC), []),
    ({"startDateTime": "2020-06-09"}, "x.md", datetime(2020, 6, 9, tzinfo=UTC), ["warning"]),
    ({"startDateTime": "soon"}, "x.md", None, ["warning", "error"]),
    ({"lastmod": "2020-01-01"}, "x.md", datetime(2020, 1, 1, tzinfo=UTC), []),
    ({"published": True}, "2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({"published": "yes"}, "2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({}, "2019-01-00-x.md", None, ["error"]),
    ({}, "x.md", None, ["error"]),
    ({"date": "soon"}, "x.md", None, ["error"]),
    ({"date": "03/04/2020"}, "x.md", None, ["error"]),
    ({"date": "soon", "publishedDateTime": "later"}, "x.md", None, ["error"]),
]  # fmt: skip


@pytest.mark.parametrize(("metadata", "path", "published", "severities"), DATED, ids=[label(row[:2]) for row in DATED])
def test_date_is_stated_or_part_of_the_file_name_or_of_the_path(
    metadata: dict[str, Any], path: str, published: datetime | None, severities: list[str]
) -> None:
    result = record_of({"title": "T", **metadata}, "", path, CONTEXT)
    assert (result.entry.published if result.entry else None) == published
    assert [problem.severity for problem in result.problems] == severities


def test_key_that_the_configuration_names_dates_the_entry_whatever_date_says() -> None:
    context = context_with(aliases={"published": ("released",)})
    found = record_of({"title": "T", "released": "2020-03-01", "date": "2099-01-01"}, "", "x.md", context)
    assert found.entry is not None
    assert found.entry.published == MARCH
    withheld = record_of({"title": "T", "released": "2019-03-01", "embargo": "2020-03-01"}, "", "x.md", context)
    assert withheld.entry is not None
    assert withheld.entry.published == MARCH


@pytest.mark.parametrize(
    ("updated", "expected"),
    [
        ("2026-02-01", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2025-02-01", DAY),  # before the date of publication
        ("soon", DAY),
        (None, DAY),
    ],
)
def test_updated_is_never_before_published(updated: str | None, expected: datetime) -> None:
    assert dated_entry(updated=updated).updated == expected
