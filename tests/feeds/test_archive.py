"""Where an entry has its place in a feed's history: a function of its time, and of how many share its period."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.feeds import archive
from syndicate.feeds.archive import Moment, belongs, divide, landmarks, month_of, period_of, place, span
from syndicate.model import CUTS, Cut

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
def test_name_says_what_a_period_covers(period: str, first: str, after: str) -> None:
    assert span(period) == (epoch(first), epoch(after))


@pytest.mark.parametrize(("period", "seconds"), [("9999", 365 * 86400), ("9999-12", 31 * 86400), ("9999-12-31", 86400)])
def test_last_periods_end(period: str, seconds: int) -> None:
    first, after = span(period)
    assert after - first == seconds


@given(TIMES, st.sampled_from([cut for cut in CUTS if cut != "none"]))
def test_entry_is_in_the_period_of_its_time(published: int, cut: Cut) -> None:
    period = period_of(cut, published)
    first, after = span(period)
    assert first <= published < after
    assert datetime.fromtimestamp(published, UTC).isoformat().startswith(period)
    assert month_of(published).startswith(period) or period.startswith(month_of(published))


def test_archive_stands_below_its_feed() -> None:
    assert place("topics/ai", "2020-06") == "topics/ai/archive/2020-06"
    assert place("topics/ai", "") == "topics/ai"


BASE = epoch("2020-06-15T14:00")
CROWDS = st.lists(
    st.tuples(st.sampled_from([0, 0, 1, 3599, 3600, 86_400, 9 * 86_400]), st.integers(0, 10**6)),
    unique=True,
    max_size=60,
).map(lambda pairs: [Moment(BASE + offset, f"urn:{number}") for offset, number in pairs])


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST", 3)


def holders(names: list[str], entry: Moment) -> list[str]:
    """The documents that an entry has its place in: those that cover it, and were not split."""
    leaves = [one for one, after in pairwise([*names, "~"]) if not after.startswith(one)]
    found = []
    for name in leaves:
        first, after = span(name)
        if first <= entry.published < after and belongs(name, entry):
            found.append(name)
    return found


@given(CROWDS)
def test_each_entry_has_one_place_and_no_place_holds_too_many(entries: list[Moment]) -> None:
    names = divide("2020-06", entries)
    assert names == sorted(set(names))
    assert names[0] == "2020-06"
    places = [holders(names, entry) for entry in entries]
    assert all(len(found) == 1 for found in places)
    held = [found[0] for found in places]
    assert all(held.count(name) <= 3 for name in names)


@given(CROWDS)
def test_split_stays_put(entries: list[Moment]) -> None:
    """One entry more moves entries of the document that it fills, and no other; no address goes away."""
    names: list[str] = ["2020-06"]
    for count in range(1, len(entries) + 1):
        before, names = names, divide("2020-06", entries[:count])
        assert set(before) <= set(names)
        moved = {holders(before, one)[0] for one in entries[: count - 1] if holders(before, one) != holders(names, one)}
        assert moved <= set(holders(before, entries[count - 1]))


@given(CROWDS)
def test_order_of_entries_makes_no_difference(entries: list[Moment]) -> None:
    assert divide("2020-06", entries) == divide("2020-06", entries[::-1])


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
def test_people_are_led_to_archives_that_hold_entries(names: list[str], found: list[tuple[str, str]]) -> None:
    assert landmarks(names) == found
