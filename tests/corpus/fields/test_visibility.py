"""A record is hidden if the value of a key hides it, or cannot be understood."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from support.fields import HUGE, context_with, dated_record, label, problem_fields

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
    {"Status": "Publish"},
    {"status": "public"},
    {"status": "live"},
    {"status": " Active "},
    {"status": None},
    {"private": False, "hidden": "no", "unlisted": "false", "encrypted": 0, "headless": "off", "publish": "yes"},
    {"publish": "2020-01-01"},
    {"visibility": "public", "access": "free", "paywall": False, "password": "no"},
    {"feed": True},
    {"feed": {"excerpt_only": True}},
    {"eleventyExcludeFromCollections": "false"},
    {"permalink": "/x/"},
    {"permalink": True},
    {"build": {"list": "always", "render": "always", "publishResources": False}},
    {"_build": {"list": True, "render": None}},
    {"build": True},
    {"expires": "2099-01-01", "expiry_date": "2098-01-01"},
    # keys that hide in a menu only, or from search engines
    {"noindex": True, "robots": "noindex", "sitemap": False, "toc": {"hidden": True}, "extra": {"private": True}},
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
    {"status": "scheduled"},
    {"status": "unpublished"},
    {"status": "final"},
    {"status": 3},
    {"private": True},
    {"Hidden": "yes"},
    {"unlisted": "true"},
    {"encrypted": "on"},
    {"unpublished": True},
    {"members_only": True},
    {"paywall": True},
    {"headless": True},
    {"is_draft": True},
    {"publish": False},
    {"publish": "no"},
    {"feed": "false"},
    {"render": False},
    {"listed": False},
    {"eleventyExcludeFromCollections": True},
    {"eleventy_exclude_from_collections": "true"},
    {"permalink": False},
    {"permalink": "false"},
    {"visibility": "members"},
    {"visibility": "paid"},
    {"access": "subscribers"},
    {"password": "secret"},
    {"build": {"list": "never"}},
    {"_build": {"Render": "never"}},
    {"build": {"render": "link"}},
    {"build": {"list": False}},
    {"build": {"render": "false"}},
    {"_build": "false"},
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
    {"unlisted": "perhaps"},
    {"private": ["true"]},
    {"publish": "soon"},
    {"feed": "https://x.test/feed"},
    {"visibility": ["public"]},
    {"access": {"level": "public"}},
    {"build": "sometimes"},
    {"status": ["draft"]},
    {"status": {"name": "draft"}},
    {"expiryDate": "soon"},
    {"expiryDate": True},
    {"expiryDate": "2026-13-01"},
    {"publishDate": "soon"},
    {"pubDate": "2099-99-99"},
    {"pubDate": ["2099-01-01"]},
    {"embargo": "until spring"},
    {"expires": "never"},
]

REPEATED: list[tuple[dict[str, Any], str]] = [
    ({"draft": False, "Draft": True}, "draft"),
    ({"Draft": True, "draft": False}, "draft"),
    ({"draft": False, "DRAFT": False}, "draft"),
    ({"published": True, "PUBLISHED": False}, "published"),
    ({"status": "published", "Status": "draft"}, "status"),
    ({"publish": True, "Publish": True}, "publish"),
    ({"expiryDate": "2099-01-01", "expiry_date": "2099-01-01"}, "expiryDate"),
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


@pytest.mark.parametrize(("metadata", "key"), REPEATED, ids=str)
def test_record_with_a_key_of_visibility_in_two_spellings_is_hidden_with_an_error(
    metadata: dict[str, Any], key: str
) -> None:
    result = dated_record(metadata)
    assert result.entry is None
    assert problem_fields(result, "error") == [key]


@pytest.mark.parametrize("key", ["is draft", "Draft ", b"draft", "dr\u00adaft", "\uff24raft", "members only"])
def test_key_of_visibility_is_recognized_in_any_spelling(key: str | bytes) -> None:
    assert dated_record({key: True}).hidden  # type: ignore[dict-item]


def test_unknown_build_option_hides_with_an_error() -> None:
    result = dated_record({"build": {"list": "sometimes"}})
    assert result.hidden
    assert problem_fields(result, "error") == ["build.list"]


OWN_KEYS = [
    ({"locked": True}, True, False),
    ({"Locked": "yes"}, True, False),
    ({"locked": False}, False, False),
    ({"locked": None}, False, False),
    ({"locked": "press only"}, True, True),
    ({"locked": "2020-01-01"}, True, True),
    ({"locked": {}}, True, True),
    ({"meta": {"internal": True}}, True, False),
    ({"meta": {"internal": False}}, False, False),
    ({"embargo": True}, True, False),
    ({"embargo": False}, False, False),
    ({"embargo": "2020-01-01"}, False, False),
    ({"draft": True}, True, False),
    ({"published": False}, True, False),
    ({"locked": False, "LOCKED": False}, True, True),
]  # fmt: skip


@pytest.mark.parametrize(("metadata", "hidden", "reported"), OWN_KEYS, ids=str)
def test_configuration_names_keys_that_hide(
    metadata: dict[str, Any], hidden: bool, reported: bool  # noqa: FBT001 - columns
) -> None:  # fmt: skip
    context = context_with(aliases={"hidden": ("locked", "meta.internal", "embargo")})
    result = dated_record(metadata, context=context)
    assert result.hidden is hidden
    assert bool(problem_fields(result, "error")) is reported


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


@pytest.mark.parametrize(
    "key", ["unpublishdate", "expires", "expiry_date", "expiry-date", "ExpirationDate", "expires_at", "publish_until"]
)
def test_any_spelling_is_an_expiry(key: str) -> None:
    assert dated_record({key: date(2020, 1, 1)}).expires == NEW_YEAR_2020


def test_earliest_of_several_expiries_counts() -> None:
    dates = {"expires": "2021-01-01", "expiryDate": "2020-01-01", "unpublishDate": "2022-01-01"}
    assert dated_record(dates).expires == NEW_YEAR_2020
    assert dated_record(dates | {"unpublishDate": "never"}).hidden
