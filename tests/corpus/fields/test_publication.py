"""The date of publication is stated, or part of the file name or the path."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from support.fields import CONTEXT, DAY, dated_entry, label, record_of


@pytest.mark.parametrize("key", ["publishDate", "pubDate", "publishdate", "published"])
def test_record_is_withheld_until_the_latest_of_its_dates(key: str) -> None:
    later = {"date": date(2020, 1, 1), key: "2099-01-01T12:00:00Z"}
    assert dated_entry(later).published == datetime(2099, 1, 1, 12, tzinfo=UTC)
    earlier = {"date": date(2020, 1, 1), key: "2019-01-01"}
    assert dated_entry(earlier).published == datetime(2020, 1, 1, tzinfo=UTC)


DATED = [
    ({"date": "2020-06-09"}, "2019-01-01-x.md", datetime(2020, 6, 9, tzinfo=UTC), []),
    ({}, "2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({}, "a/2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({}, "2018/05/06/2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({}, "blog/2018/05/06/x.md", datetime(2018, 5, 6, tzinfo=UTC), []),
    ({"path": "2017/12/21/title"}, "x.md", datetime(2017, 12, 21, tzinfo=UTC), []),
    ({"path": "2017/12/21/title"}, "2018/05/06/x.md", datetime(2017, 12, 21, tzinfo=UTC), []),
    ({"path": ["2017/12/21"]}, "2018/05/06/x.md", datetime(2018, 5, 6, tzinfo=UTC), []),
    ({"date": "soon"}, "2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), ["warning"]),
    ({"date": "soon", "startDateTime": "2020-06-09"}, "x.md", datetime(2020, 6, 9, tzinfo=UTC), []),
    ({"published": True}, "2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({"published": "yes"}, "2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({}, "2019-01-00-x.md", None, ["error"]),
    ({}, "x.md", None, ["error"]),
    ({"date": "soon"}, "x.md", None, ["error"]),
    ({"date": "03/04/2020"}, "x.md", None, ["error"]),
    ({"date": "soon", "publishedDateTime": "later"}, "x.md", None, ["error", "error"]),
]


@pytest.mark.parametrize(("metadata", "path", "published", "severities"), DATED, ids=[label(row[:2]) for row in DATED])
def test_date_is_stated_or_part_of_the_file_name_or_of_the_path(
    metadata: dict[str, Any], path: str, published: datetime | None, severities: list[str]
) -> None:
    result = record_of({"title": "T", **metadata}, "", path, CONTEXT)
    assert (result.entry.published if result.entry else None) == published
    assert [problem.severity for problem in result.problems] == severities


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
