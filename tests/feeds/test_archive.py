"""Tests of archive periods: each entry has one archive, which depends on its time and the size of its period only."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.feeds import archive
from syndicate.feeds.archive import (
    ArchivedEntry,
    browsable_periods,
    contains,
    document_folder,
    is_over,
    month_of,
    period_of,
    split_period,
    time_range,
)
from syndicate.model import ARCHIVE_PERIODS, ArchivePeriod

TIMES = st.integers(-30_610_224_000, 253_402_300_799)  # years 1000 to 9999


def epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("period", "first", "after"),
    [
        ("2020", "2020-01-01", "2021-01-01"),
        ("2020-02", "2020-02-01", "2020-03-01"),
        ("2021-02", "2021-02-01", "2021-03-01"),
        ("2020-12", "2020-12-01", "2021-01-01"),
        ("2020-06-15", "2020-06-15", "2020-06-16"),
        ("2020-06-15T14", "2020-06-15T14:00", "2020-06-15T15:00"),
        ("2020-06-15T14-3f", "2020-06-15T14:00", "2020-06-15T15:00"),
        ("1000", "1000-01-01", "1001-01-01"),
        ("1969-12-31T23", "1969-12-31T23:00", "1970-01-01T00:00"),
    ],
)
def test_time_range_of_a_period(period: str, first: str, after: str) -> None:
    assert time_range(period) == (epoch(first), epoch(after))


@pytest.mark.parametrize(("period", "seconds"), [("9999", 365 * 86400), ("9999-12", 31 * 86400), ("9999-12-31", 86400)])
def test_last_period_of_the_calendar_has_an_end(period: str, seconds: int) -> None:
    first, after = time_range(period)
    assert after - first == seconds


@given(TIMES, st.sampled_from([length for length in ARCHIVE_PERIODS if length != "none"]))
def test_entry_is_in_the_period_of_its_time(published: int, length: ArchivePeriod) -> None:
    period = period_of(length, published)
    first, after = time_range(period)
    assert first <= published < after
    assert datetime.fromtimestamp(published, UTC).isoformat().startswith(period)
    assert month_of(published).startswith(period) or period.startswith(month_of(published))


@pytest.mark.parametrize(
    ("length", "newest", "past", "current"),
    [
        ("auto", "2026", ["2025", "2025-12"], ["2026"]),
        # The empty document of a divided year still gains months.
        ("auto", "2026-03-02T10", ["2025", "2026-02", "2026-02-28"], ["2026", "2026-03", "2026-03-01"]),
        (None, "2026-03", ["2026-02"], ["2026-03", "2026-03-01"]),
        ("month", "2026-03-02", ["2026-02"], ["2026-03", "2026-03-01"]),
        ("year", "2026-03", ["2025-12"], ["2026-02"]),
        ("day", "2026-03-02", ["2026-03-01"], ["2026-03-02T10"]),
    ],
)
def test_archive_is_over_when_a_later_period_has_begun(
    length: ArchivePeriod | None, newest: str, past: list[str], current: list[str]
) -> None:
    assert all(is_over(length, period, newest) for period in past)
    assert not any(is_over(length, period, newest) for period in current)


def test_archive_is_in_a_subfolder_of_its_feed() -> None:
    assert document_folder("topics/ai", "2020-06") == "topics/ai/archive/2020-06"
    assert document_folder("topics/ai", "") == "topics/ai"


BASE = epoch("2020-06-15T14:00")
CROWDS = st.lists(
    st.tuples(st.sampled_from([0, 0, 1, 3599, 3600, 86_400, 9 * 86_400]), st.integers(0, 10**6)),
    unique=True,
    max_size=60,
).map(lambda pairs: [ArchivedEntry(BASE + offset, f"urn:{number}") for offset, number in pairs])


@pytest.fixture(autouse=True)
def small_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 3)


def containing(names: list[str], entry: ArchivedEntry) -> list[str]:
    """Returns the periods that contain an entry: those that cover its time and are not split."""
    leaves = [one for one, after in pairwise([*names, "~"]) if not after.startswith(one)]
    found = []
    for name in leaves:
        first, after = time_range(name)
        if first <= entry.published < after and contains(name, entry):
            found.append(name)
    return found


@given(CROWDS)
def test_each_entry_is_in_one_period_and_no_period_exceeds_the_limit(entries: list[ArchivedEntry]) -> None:
    names = split_period("2020-06", entries)
    assert names == sorted(set(names))
    assert names[0] == "2020-06"
    periods = [containing(names, entry) for entry in entries]
    assert all(len(found) == 1 for found in periods)
    used = [found[0] for found in periods]
    assert all(used.count(name) <= 3 for name in names)


@given(CROWDS)
def test_added_entry_moves_only_entries_of_its_own_document(entries: list[ArchivedEntry]) -> None:
    """It moves entries only if it fills a document, and no name disappears."""
    names: list[str] = ["2020-06"]
    for count in range(1, len(entries) + 1):
        before, names = names, split_period("2020-06", entries[:count])
        assert set(before) <= set(names)
        moved = {
            containing(before, one)[0]
            for one in entries[: count - 1]
            if containing(before, one) != containing(names, one)
        }
        assert moved <= set(containing(before, entries[count - 1]))


@given(CROWDS)
def test_split_does_not_depend_on_the_order_of_entries(entries: list[ArchivedEntry]) -> None:
    assert split_period("2020-06", entries) == split_period("2020-06", entries[::-1])


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], []),
        (["2020-05", "2020-06"], [("2020-05", "2020-05"), ("2020-06", "2020-06")]),
        (["2020", "2020-05", "2020-06", "2021"], [("2020-05", "2020-05"), ("2020-06", "2020-06"), ("2021", "2021")]),
        (
            ["2020-06", "2020-06-01", "2020-06-02", "2020-06-02T09", "2020-06-02T09-0", "2020-06-02T10", "2020-06-03"],
            [("2020-06-01", "2020-06-01"), ("2020-06-02", "2020-06-02T09-0"), ("2020-06-03", "2020-06-03")],
        ),
    ],
)
def test_browsable_periods_are_archives_with_entries(names: list[str], found: list[tuple[str, str]]) -> None:
    assert browsable_periods(names) == found
