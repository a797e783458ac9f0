"""The planner: what it reads of a feed's history, and which document sets it plans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.feeds import archive
from syndicate.feeds.rules import FeedRules
from syndicate.model import ARCHIVE_PERIODS, ArchivePeriod, Selection, Site, Tombstone, TopicSettings
from syndicate.pipeline.plan import FeedChanges, FeedPlan, FeedPlanner, KnownFeed, Plan, PlanSettings
from syndicate.store.rows import FeedRow, MemberRow, MonthCount, PublishedFeed, Span

SITE = Site("T", "https://f.example/", "f.example,2026", "https://w.example/")
FEED_ID = 7
TOPIC = FeedRow(FEED_ID, "topics", "one")
ALL = FeedRow(FEED_ID, "all", "all")
EVER = 2**62
NEWEST = ""


class Member(NamedTuple):
    """An entry of the feed. Equal members have equal digests."""

    number: int
    published: int
    version: int = 0
    name: str = "One"

    def row(self) -> MemberRow:
        digest = sha256(repr((self.number, self.published, self.version)).encode()).digest()[:16]
        updated = self.published + self.version
        return MemberRow(FEED_ID, self.number, f"id-{self.number}", self.published, updated, digest)


def time(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def month(name: str) -> Span:
    return Span(FEED_ID, *archive.time_range(name))


def history(*days: str) -> list[Member]:
    return [Member(number, time(day)) for number, day in enumerate(days)]


def settings(limit: int = 2, period: ArchivePeriod = "month", fingerprint: bytes = b"1") -> PlanSettings:
    selection = Selection(limit=limit, formats=("rss", "atom", "json"), archive=period)
    return PlanSettings(FeedRules(selection, SITE), selection, SITE, fingerprint)


def known(
    members: Collection[Member],
    limit: int = 2,
    row: FeedRow = TOPIC,
    sets: Mapping[str, bytes] | None = None,
    tombstones: tuple[Tombstone, ...] = (),
) -> KnownFeed:
    counts = Counter((archive.month_of(one.published), one.name) for one in members)
    newest = sorted(members, key=lambda one: -one.published)
    if len(newest) > limit:  # all that are as old as the last one, as a store yields them
        newest = [one for one in newest if one.published >= newest[limit - 1].published]
    months = [MonthCount(FEED_ID, name, spelling, count) for (name, spelling), count in sorted(counts.items())]
    return KnownFeed(row, months, dict(sets or {}), [one.row() for one in reversed(newest)], tombstones)


def read(spans: Iterable[Span], members: Collection[Member]) -> list[MemberRow]:
    """The members of spans, as a store yields them."""
    newest_first = sorted(members, key=lambda one: -one.published)
    return [one.row() for span in spans for one in newest_first if span.start <= one.published < span.stop]


def planned(
    members: Collection[Member], feed: KnownFeed, changes: FeedChanges, of: PlanSettings
) -> tuple[list[Span], FeedPlan]:
    planner = FeedPlanner(feed, changes, of)
    spans = planner.spans()
    return spans, planner.plan(read(spans, members))


def digests(plan: FeedPlan, before: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """The document sets once the plan is carried out: their content digests by period."""
    if plan.row is None:
        return {}
    after = {period: digest for period, digest in (before or {}).items() if period not in plan.dropped_periods}
    return after | {one.links.period: one.content_digest for one in plan.sets}


def first_plan(members: Collection[Member], of: PlanSettings, row: FeedRow = TOPIC) -> FeedPlan:
    return planned(members, known(members, of.selection.limit, row), FeedChanges(None), of)[1]


def next_plan(
    before: Collection[Member],
    after: Collection[Member],
    times: Collection[int] | None = None,
    altered: Collection[str] = (),
    of: PlanSettings | None = None,
) -> tuple[list[Span], FeedPlan]:
    """The plan of a run that finds a feed as an earlier run left it; the changed times are computed by default."""
    of = of or settings()
    first = first_plan(before, of)
    if times is None:
        times = {one.published for one in set(before) ^ set(after)}
    feed = known(after, of.selection.limit, first.row or TOPIC, digests(first))
    return planned(after, feed, FeedChanges(times, altered), of)


def periods(plan: FeedPlan) -> set[str]:
    return {one.links.period for one in plan.sets}


YEAR = history(*[f"2025-{number:02}-{day}" for number in range(1, 10) for day in (10, 20)])
MONTHS = [f"2025-{number:02}" for number in range(1, 10)]


# ----------------------------------------------------------------------------------------------------------- new feeds


def test_new_feed_within_the_limit_has_one_set_and_no_archives() -> None:
    members = history("2025-01-01", "2025-03-01")
    spans, plan = planned(members, known(members), FeedChanges(None), settings())
    assert spans == []
    assert periods(plan) == {NEWEST}
    (newest,) = plan.sets
    assert (newest.links.prev_archive, newest.links.next_archive) == ("", "")
    assert list(newest.record_ids) == [1, 0]
    assert plan.row is not None
    assert plan.row.path == "topics/one"
    assert plan.is_listed_anew


def test_new_feed_beyond_the_limit_has_archives_by_month_in_a_chain() -> None:
    members = history("2025-01-01", "2025-03-01", "2025-03-02", "2025-07-01")
    spans, plan = planned(members, known(members), FeedChanges(None), settings())
    assert spans == [Span(FEED_ID, -EVER, EVER)]
    chain = [(one.links.period, one.links.prev_archive, one.links.next_archive) for one in plan.sets]
    assert sorted(chain) == [
        (NEWEST, "2025-07", ""),
        ("2025-01", "", "2025-03"),
        ("2025-03", "2025-01", "2025-07"),
        ("2025-07", "2025-03", ""),
    ]
    assert {one.links.period: list(one.record_ids) for one in plan.sets} == {
        NEWEST: [3, 2],
        "2025-01": [0],
        "2025-03": [2, 1],
        "2025-07": [3],
    }


def test_feed_without_archives_reads_no_members() -> None:
    spans, plan = planned(YEAR, known(YEAR), FeedChanges(None), settings(period="none"))
    assert spans == []
    assert periods(plan) == {NEWEST}


@pytest.mark.parametrize(
    ("period", "names"),
    [
        ("auto", {"2025"}),
        ("year", {"2025"}),
        ("month", {"2025-01", "2025-02"}),
        ("day", {"2025-01-01", "2025-02-01"}),
    ],
)
def test_archives_have_the_configured_period(period: ArchivePeriod, names: set[str]) -> None:
    members = history("2025-01-01", "2025-02-01")
    assert periods(first_plan(members, settings(1, period))) == {NEWEST, *names}


def test_entries_of_one_time_are_listed_by_id() -> None:
    members = history("2025-01-01", "2025-01-01", "2025-01-01")
    plan = first_plan(members, settings())
    assert {one.links.period: list(one.record_ids) for one in plan.sets} == {NEWEST: [2, 1], "2025-01": [2, 1, 0]}


# ------------------------------------------------------------------------------------------------------------- changes


def edited(number: int) -> list[Member]:
    return [one._replace(version=1) if one.number == number else one for one in YEAR]


def without(name: str) -> list[Member]:
    return [one for one in YEAR if archive.month_of(one.published) != name]


def added(*days: str) -> list[Member]:
    return [*YEAR, *(Member(100 + number, time(day)) for number, day in enumerate(days))]


@pytest.mark.parametrize(
    ("after", "read_periods", "made", "dropped"),
    [
        (YEAR, [], set(), ()),
        (edited(4), ["2025-03"], {"2025-03"}, ()),
        (edited(17), ["2025-09"], {"2025-09", NEWEST}, ()),
        (added("2025-03-15"), ["2025-03"], {"2025-03"}, ()),
        (YEAR[:4] + YEAR[5:], ["2025-03"], {"2025-03"}, ()),
        (without("2025-05"), ["2025-06", "2025-05", "2025-04"], {"2025-04", "2025-06"}, ("2025-05",)),
        (without("2025-01"), ["2025-02", "2025-01"], {"2025-02"}, ("2025-01",)),
        (without("2025-09"), ["2025-09", "2025-08"], {"2025-08", NEWEST}, ("2025-09",)),
        (added("2025-10-01"), ["2025-10", "2025-09"], {"2025-10", "2025-09", NEWEST}, ()),
        (added("2024-10-01"), ["2025-01", "2024-10"], {"2025-01", "2024-10"}, ()),
    ],
    ids=[
        "nothing", "edit in an old month", "edit in the newest month", "entry in an old month",
        "entry gone from an old month", "month vanishes", "first month vanishes", "last month vanishes",
        "newest month appears", "oldest month appears",
    ],
)  # fmt: skip
def test_change_plans_its_months_and_what_links_to_them(
    after: list[Member], read_periods: list[str], made: set[str], dropped: tuple[str, ...]
) -> None:
    spans, plan = next_plan(YEAR, after)
    assert spans == [month(name) for name in read_periods]
    assert periods(plan) == made
    assert plan.dropped_periods == dropped


def test_month_that_appears_between_others_changes_its_neighbours() -> None:
    spans, plan = next_plan(without("2025-05"), YEAR)
    assert spans == [month("2025-06"), month("2025-05"), month("2025-04")]
    assert periods(plan) == {"2025-04", "2025-05", "2025-06"}
    links = {one.links.period: (one.links.prev_archive, one.links.next_archive) for one in plan.sets}
    assert links["2025-05"] == ("2025-04", "2025-06")
    assert links["2025-04"] == ("2025-03", "2025-05")


def test_equal_digests_plan_nothing_though_all_times_are_touched() -> None:
    spans, plan = next_plan(YEAR, YEAR, times=[one.published for one in YEAR])
    assert spans == [month(name) for name in reversed(MONTHS)]
    assert plan.sets == ()
    assert plan.dropped_periods == ()
    assert not plan.is_listed_anew


def test_unknown_changes_read_everything_and_plan_nothing_when_digests_are_equal() -> None:
    first = first_plan(YEAR, settings())
    assert first.row is not None
    feed = known(YEAR, row=first.row, sets=digests(first))
    spans, plan = planned(YEAR, feed, FeedChanges(None), settings())
    assert spans == [Span(FEED_ID, -EVER, EVER)]
    assert plan.sets == ()


@pytest.mark.parametrize("altered", [{"2025-04"}, {NEWEST}, {"2025-01", "2025-09", NEWEST}])
def test_altered_periods_are_planned_though_nothing_changed(altered: set[str]) -> None:
    spans, plan = next_plan(YEAR, YEAR, altered=altered)
    assert spans == [month(name) for name in sorted(altered - {NEWEST}, reverse=True)]
    assert periods(plan) == altered
    expected = digests(first_plan(YEAR, settings()))
    assert digests(plan) == {period: expected[period] for period in altered}


def test_altered_period_that_is_no_more_is_not_planned() -> None:
    _, plan = next_plan(YEAR, without("2025-05"), altered={"2025-05"})
    assert periods(plan) == {"2025-04", "2025-06"}


def test_other_fingerprint_plans_every_set() -> None:
    first = first_plan(YEAR, settings())
    assert first.row is not None
    feed = known(YEAR, row=first.row, sets=digests(first))
    spans, plan = planned(YEAR, feed, FeedChanges(()), settings(fingerprint=b"2"))
    assert spans == [Span(FEED_ID, -EVER, EVER)]
    assert periods(plan) == {NEWEST, *MONTHS}


def test_tombstone_changes_the_newest_set_alone() -> None:
    first = first_plan(YEAR, settings())
    assert first.row is not None
    tombstone = Tombstone("id-99", datetime(2025, 9, 30, tzinfo=UTC))
    feed = known(YEAR, row=first.row, sets=digests(first), tombstones=(tombstone,))
    spans, plan = planned(YEAR, feed, FeedChanges(()), settings())
    assert spans == []
    assert [one.links.tombstones for one in plan.sets] == [(tombstone,)]


def test_feed_that_shrinks_to_the_limit_drops_its_archives() -> None:
    spans, plan = next_plan(YEAR, YEAR[:2])
    assert spans == []
    assert periods(plan) == {NEWEST}
    assert plan.dropped_periods == tuple(MONTHS)


def test_feed_that_grows_beyond_the_limit_is_read_whole() -> None:
    spans, plan = next_plan(YEAR[:2], YEAR)
    assert spans == [Span(FEED_ID, -EVER, EVER)]
    assert periods(plan) == {NEWEST, *MONTHS}


# ------------------------------------------------------------------------------------------------------- split months


@pytest.fixture
def _two_entries_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 2)


@pytest.mark.usefixtures("_two_entries_a_document")
def test_month_with_too_many_entries_is_split_and_keeps_an_empty_document() -> None:
    spans, plan = next_plan(YEAR, added("2025-05-15"))
    days = {"2025-05-10", "2025-05-15", "2025-05-20"}
    assert spans == [month("2025-06"), month("2025-05"), month("2025-04")]
    assert periods(plan) == {"2025-05", "2025-06", *days}  # the month before links to 2025-05 as it did
    held = {one.links.period: list(one.record_ids) for one in plan.sets}
    assert held["2025-05"] == []
    assert held["2025-05-15"] == [100]
    links = {one.links.period: (one.links.prev_archive, one.links.next_archive) for one in plan.sets}
    assert links["2025-05"] == ("2025-04", "2025-05-10")
    assert links["2025-06"] == ("2025-05-20", "2025-07")


@pytest.mark.usefixtures("_two_entries_a_document")
def test_edit_in_a_split_month_plans_its_day_alone() -> None:
    before = added("2025-05-15")
    after = [one._replace(version=1) if one.number == 100 else one for one in before]
    _, plan = next_plan(before, after)
    assert periods(plan) == {"2025-05-15"}


@pytest.mark.usefixtures("_two_entries_a_document")
def test_month_that_is_split_no_more_drops_its_days() -> None:
    _, plan = next_plan(added("2025-05-15"), YEAR)
    assert plan.dropped_periods == ("2025-05-10", "2025-05-15", "2025-05-20")
    assert periods(plan) == {"2025-05", "2025-06"}


# ------------------------------------------------------------------------------------------------------- split years


@pytest.mark.usefixtures("_two_entries_a_document")
def test_year_with_too_many_entries_is_divided_into_months_and_keeps_an_empty_document() -> None:
    members = [*YEAR, Member(200, time("2024-05-05"))]
    plan = first_plan(members, settings(period="auto"))
    assert periods(plan) == {NEWEST, "2024", "2025", *MONTHS}
    links = {one.links.period: (one.links.prev_archive, one.links.next_archive) for one in plan.sets}
    assert links["2025"] == ("2024", "2025-01")
    assert [list(one.record_ids) for one in plan.sets if one.links.period == "2025"] == [[]]


@pytest.mark.usefixtures("_two_entries_a_document")
def test_edit_in_a_divided_year_reads_and_plans_its_month_alone() -> None:
    spans, plan = next_plan(YEAR, edited(5), of=settings(period="auto"))
    assert spans == [month("2025-03")]
    assert periods(plan) == {"2025-03"}


@pytest.mark.usefixtures("_two_entries_a_document")
def test_month_that_appears_in_a_divided_year_changes_its_neighbours() -> None:
    before = [one for one in YEAR if archive.month_of(one.published) != "2025-01"]
    _, plan = next_plan(before, YEAR, of=settings(period="auto"))
    assert periods(plan) == {"2025", "2025-01", "2025-02"}


@pytest.mark.usefixtures("_two_entries_a_document")
def test_year_is_divided_and_joined_as_its_entries_become_more_or_fewer() -> None:
    few = history("2024-07-01", "2025-01-10", "2025-03-20")
    many = [*few, Member(100, time("2025-03-21"))]
    _, divided = next_plan(few, many, of=settings(1, "auto"))
    assert periods(divided) == {NEWEST, "2025", "2025-01", "2025-03"}
    _, joined = next_plan(many, few, of=settings(1, "auto"))
    assert joined.dropped_periods == ("2025-01", "2025-03")
    assert periods(joined) == {NEWEST, "2025"}


# ---------------------------------------------------------------------------------------------------- feeds that end


def test_feed_without_members_is_dropped() -> None:
    spans, plan = next_plan(YEAR, [])
    assert spans == []
    assert plan == FeedPlan(FEED_ID, None, ended=("topics", "one"))
    assert Plan((plan,)).dropped_feeds() == [FEED_ID]
    assert Plan((plan,)).ended_feeds() == [("topics", "one")]
    assert Plan((plan,)).changes_lists()


PUBLISHED = PublishedFeed("topics", "one", "One", "topics/one", 7, time("2025-06-01"))


def empty_plan(published: PublishedFeed = PUBLISHED, sets: Mapping[str, bytes] | None = None, **rules: Any) -> FeedPlan:
    """The plan of the topic's feed without members, as it was published, under other rules."""
    selection = Selection(limit=2, formats=("rss", "atom", "json"), **rules)
    of = PlanSettings(FeedRules(selection, SITE), selection, SITE, b"1")
    row = TOPIC._replace(catalog_json="{}")
    return planned([], known([], row=row, sets=sets)._replace(published=published), FeedChanges(None), of)[1]


def test_published_feed_without_members_goes_on_and_is_listed_no_more() -> None:
    plan = empty_plan(sets={"": b"x", "2025-01": b"y"})
    assert plan.row == TOPIC._replace(
        path="topics/one", header_digest=plan.row and plan.row.header_digest, catalog_json=None
    )
    assert plan.is_listed_anew
    assert plan.dropped_periods == ("2025-01",)
    (newest,) = plan.sets
    assert (newest.feed.title, newest.feed.total, list(newest.record_ids)) == ("One – T", 0, [])
    assert newest.feed.updated == datetime(2025, 6, 1, tzinfo=UTC)
    assert plan.published == PUBLISHED._replace(entries=0)
    assert empty_plan(plan.published).published is None


@pytest.mark.parametrize(
    "rules",
    [
        {"by": ("provider",)},
        {"topics": (TopicSettings("Two", aliases=("ONE",)),)},
        {"topics": (TopicSettings("One", slug="1"),)},
        {"topics": (TopicSettings("Two", slug="one"),)},
        {"topics": (TopicSettings("Two", moved_from=("one",)),)},
    ],
    ids=["dimension removed", "alias of another", "moved", "path of another", "moved to another"],
)
def test_feed_without_members_that_the_configuration_ended_is_dropped(rules: dict[str, Any]) -> None:
    assert empty_plan(**rules) == FeedPlan(FEED_ID, None, ended=("topics", "one"))
    assert empty_plan().row is not None


def test_feed_is_kept_as_it_is_published() -> None:
    plan = first_plan([Member(1, time("2025-01-01"), 5, "ONE"), Member(2, time("2024-01-01"), 0, "ONE")], settings())
    assert plan.published == PublishedFeed("topics", "one", "ONE", "topics/one", 2, time("2025-01-01") + 5)
    assert first_plan(YEAR, settings(), ALL).published is None


def test_custom_feed_that_is_configured_no_more_is_dropped() -> None:
    row = FeedRow(FEED_ID, "custom", "best", "custom/best")
    planner = FeedPlanner(known([], row=row, sets={"": b"x"}), FeedChanges(None), settings())
    assert planner.spans() == []
    assert planner.plan(()) == FeedPlan(FEED_ID, None, ended=("custom", "best"))


def test_permanent_feed_without_members_stays() -> None:
    plan = first_plan([], settings(), ALL)
    assert plan.row is not None
    assert periods(plan) == {NEWEST}
    assert list(plan.sets[0].record_ids) == []


def test_plan_names_dropped_sets_of_feeds_that_go_on() -> None:
    _, plan = next_plan(YEAR, without("2025-05"))
    assert Plan((plan, FeedPlan(9, None))).dropped_sets() == [(FEED_ID, "2025-05")]


# ------------------------------------------------------------------------------------------------------------ property

_HOUR_S = 3600
_START = time("2024-11-15")
_MEMBERS = st.builds(
    Member,
    st.integers(0, 30),
    # Some times are frequent, so that days and hours are split; the others are spread over half a year.
    st.one_of(
        st.sampled_from([_START, _START + 30, _START + 5 * _HOUR_S, time("2025-01-01"), time("2024-12-31T23:59:59")]),
        st.integers(0, 24 * 180).map(lambda hours: _START + hours * _HOUR_S),
    ),
    st.integers(0, 1),
    st.sampled_from(["One", "One", "One", "ONE"]),
)
_HISTORIES = st.lists(_MEMBERS, max_size=25, unique_by=lambda one: one.number)


@given(
    before=_HISTORIES,
    kept=st.lists(st.booleans(), min_size=25, max_size=25),
    new=_HISTORIES,
    limit=st.integers(1, 4),
    most=st.integers(1, 5),
    period=st.sampled_from(ARCHIVE_PERIODS),
    needless=st.lists(st.integers(0, 24 * 180).map(lambda hours: _START + hours * _HOUR_S), max_size=3),
)
def test_incremental_plan_gives_the_sets_of_a_plan_from_nothing(  # noqa: PLR0917 - drawn by name
    before: list[Member],
    kept: list[bool],
    new: list[Member],
    limit: int,
    most: int,
    period: ArchivePeriod,
    needless: list[int],
) -> None:
    staying = {one.number: one for one, stays in zip(before, kept, strict=False) if stays}
    after = list((staying | {one.number: one for one in new[: len(before) // 2 + 1]}).values())
    of = settings(limit, period)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "MAX_ENTRIES", most)
        first = digests(first_plan(before, of))
        times = [*(one.published for one in set(before) ^ set(after)), *needless]
        _, plan = next_plan(before, after, times, of=of)
        assert digests(plan, first) == digests(first_plan(after, of))
