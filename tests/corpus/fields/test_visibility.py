"""A record is hidden if the value of a key hides it, or cannot be understood."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from support.fields import HUGE, dated_record, label, problem_fields

from syndicate.corpus.record import ParsedRecord

NEW_YEAR_2020 = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp())

VISIBLE: list[dict[str, Any]] = [
    {},
    {"published": True},
    {"published": "true"},
    {"published": "Yes"},
    {"published": 1},
    {"published": None},
    {"published": ""},
    {"published": date(2020, 1, 1)},
    {"published": "2020-01-01"},
    {"removed": False},
    {"removed": "no"},
    {"draft": False},
    {"draft": 0},
    {"draft": "off"},
    {"status": "published"},
    {"Status": "final"},
    {"status": 3},
    {"status": None},
    {"published": True, "draft": False, "removed": False, "status": "published"},
]

HIDDEN: list[dict[str, Any]] = [
    {"published": False},
    {"published": "false"},
    {"Published": " No "},
    {"published": 0},
    {"removed": True},
    {"removed": "yes"},
    {"draft": True},
    {"Draft": "TRUE"},
    {"draft": 1},
    {"status": "draft"},
    {"Status": " Draft "},
    {"status": "private"},
    {"status": "hidden"},
    {"status": "pending"},
    {"status": "trash"},
    # two spellings of one key: the stricter value counts, in any order
    {"draft": False, "Draft": True},
    {"Draft": True, "draft": False},
    {"published": True, "PUBLISHED": False},
    {"status": "published", "Status": "draft"},
    # one of several keys is enough
    {"published": True, "draft": True},
    {"published": True, "removed": True},
    {"draft": False, "status": "draft"},
]

INVALID: list[dict[str, Any]] = [
    {"published": "maybe"},
    {"published": 2},
    {"published": [True]},
    {"published": {"de": True}},
    {"published": 1.5},
    {"draft": "almost"},
    {"draft": []},
    {"draft": ["false"]},
    {"draft": date(2020, 1, 1)},
    {"draft": HUGE},
    {"removed": {}},
    {"removed": "perhaps"},
    {"status": ["draft"]},
    {"status": {"name": "draft"}},
    {"expiryDate": "soon"},
    {"expiryDate": True},
    {"expiryDate": "2026-13-01"},
    {"publishDate": "soon"},
    {"pubDate": "2099-99-99"},
    {"pubDate": ["2099-01-01"]},
]


@pytest.mark.parametrize("metadata", VISIBLE, ids=str)
def test_record_without_a_hiding_value_is_visible(metadata: dict[str, Any]) -> None:
    result = dated_record(metadata)
    assert result.entry is not None
    assert not result.hidden
    assert not problem_fields(result, "error")


@pytest.mark.parametrize("metadata", HIDDEN, ids=str)
def test_record_with_a_hiding_value_is_hidden_without_a_problem(metadata: dict[str, Any]) -> None:
    assert dated_record(metadata) == ParsedRecord(hidden=True)


@pytest.mark.parametrize("metadata", INVALID, ids=label)
def test_record_with_an_invalid_value_of_visibility_is_hidden_with_an_error(metadata: dict[str, Any]) -> None:
    result = dated_record(metadata)
    assert result.entry is None
    errors = [problem for problem in result.problems if problem.severity == "error"]
    assert [problem.field for problem in errors] == list(metadata)
    assert "hidden" in errors[0].message


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        ("_drafts/x.md", True),
        ("blog/_drafts/x.md", True),
        ("blog/_drafts/2020/x.md", True),
        ("drafts/x.md", False),
        ("my_drafts/x.md", False),
        ("_drafts.md", False),
    ],
)
def test_drafts_folder_hides_its_content(path: str, hidden: bool) -> None:  # noqa: FBT001 - a column
    assert dated_record({}, path=path).hidden is hidden


def test_expired_record_still_has_an_entry() -> None:
    result = dated_record({"expiryDate": date(2020, 1, 1)})
    assert result.expires == NEW_YEAR_2020
    assert result.entry is not None


def test_unpublishdate_is_an_expiry() -> None:
    assert dated_record({"unpublishdate": date(2020, 1, 1)}).expires == NEW_YEAR_2020
