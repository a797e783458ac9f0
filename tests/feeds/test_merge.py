"""Files that tell one story become one entry, and every entry has an id of its own, in whatever order they come."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.feeds.identity import path_id, stated_id
from syndicate.feeds.merge import combine, merge
from syndicate.feeds.slugs import topic_key
from syndicate.model import Entry

AUTHORITY = "feeds.test,2026"
bounded = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def entry(path: str, url: str = "", day: int = 1, updated: int = 0, **more: Any) -> Entry:
    published = datetime(2026, 1, day, tzinfo=UTC)
    return Entry(
        path=path,
        url=url or f"https://www.test/{path}",
        published=published,
        updated=max(published, datetime(2026, 1, updated or day, tzinfo=UTC)),
        **{"id": path_id(AUTHORITY, path), "title": path} | more,
    )


def test_distinct_entries_stay_as_they_are() -> None:
    entries = (entry("b"), entry("a"), entry("c"))
    assert merge(entries, AUTHORITY) == (entries, 0, ())
    assert merge((), AUTHORITY) == ((), 0, ())


def test_story_has_the_earliest_identity_and_date_and_the_latest_text() -> None:
    early = entry("early", "https://a.test/", 1, title="Old", summary="old", topics=("A", "B"), quality=1)
    late = entry("late", "https://a.test/", 3, title="New", body="new", topics=("b", "C"), quality=9)
    middle = entry("middle", "https://a.test/", 2, title="Mid", topics=("D",))
    (found,), merged, renamed = merge((middle, late, early), AUTHORITY)
    assert (found.id, found.path, found.published) == (early.id, "early", early.published)
    assert (found.title, found.body, found.updated, found.quality) == ("New", "new", late.updated, 9)
    assert found.summary == ""  # the latest one's text, whole
    assert found.topics == ("A", "B", "D", "C")
    assert (merged, renamed) == (2, ())


def test_update_makes_the_latest_not_the_date() -> None:
    early = entry("early", "https://a.test/", 1, updated=9, title="Corrected")
    late = entry("late", "https://a.test/", 3, title="Copied")
    assert combine([late, early]).title == "Corrected"


def test_terms_are_united_by_dimension() -> None:
    first = entry("a", "https://a.test/", 1, terms=(("series", ("S",)), ("game", ())))
    second = entry("b", "https://a.test/", 2, terms=(("series", ("s", "T")), ("game", ("G",))))
    assert combine([second, first]).terms == (("series", ("S", "T")), ("game", ("G",)))


def test_same_date_is_decided_by_the_path() -> None:
    entries = [entry(path, "https://a.test/") for path in "cab"]
    assert combine(entries).id == path_id(AUTHORITY, "a")
    assert combine(entries).title == "c"


def test_stated_id_belongs_to_the_earliest_that_states_it() -> None:
    first, second, third = (entry(path, day=day, id="urn:x") for path, day in (("z", 1), ("a", 2), ("b", 3)))
    found = merge((third, first, second), AUTHORITY)
    assert {each.path: each.id for each in found.entries} == {
        "z": "urn:x", "a": path_id(AUTHORITY, "a"), "b": path_id(AUTHORITY, "b"),
    }  # fmt: skip
    assert {(each.path, owner.path) for each, owner in found.renamed} == {("a", "z"), ("b", "z")}


def test_path_belongs_to_its_file_even_when_an_earlier_one_states_it() -> None:
    thief = entry("thief", day=1, id=path_id(AUTHORITY, "owner"))
    owner = entry("owner", day=9)
    found = merge((thief, owner), AUTHORITY)
    assert {each.path: each.id for each in found.entries} == {
        "thief": path_id(AUTHORITY, "thief"), "owner": path_id(AUTHORITY, "owner"),
    }  # fmt: skip
    assert found.renamed == ((thief, owner),)


def test_owner_that_states_another_id_leaves_its_path_to_nobody() -> None:
    owner = entry("owner", id="urn:x", day=2)
    thief = entry("thief", id=path_id(AUTHORITY, "owner"), day=1)
    found = merge((thief, owner), AUTHORITY)
    assert {each.id for each in found.entries} == {"urn:x", path_id(AUTHORITY, "thief")}


def test_one_path_in_two_corpus_folders_makes_two_ids() -> None:
    """`b/x.md` of the first folder, and `x.md` of another folder called `b`."""
    first = entry("b/x.md", "https://www.test/1", day=1)
    second = entry("b/x.md", "https://www.test/2", day=2)
    for entries in ((first, second), (second, first)):
        found = merge(entries, AUTHORITY)
        assert {each.url: each.id for each in found.entries} == {
            first.url: path_id(AUTHORITY, "b/x.md"), second.url: stated_id(AUTHORITY, second.url),
        }  # fmt: skip
        assert found.renamed == ((second, first),)


TOPICS = st.lists(st.sampled_from(["A", "a", "B", "b ", "C", "Ä", "A\u0308"]), max_size=3, unique_by=topic_key).map(
    tuple
)
IDS = st.sampled_from([*"abcdef"]).map(lambda path: path_id(AUTHORITY, path)) | st.sampled_from(["urn:x", "urn:y"])


@st.composite
def corpora(draw: st.DrawFn) -> list[Entry]:
    """Entries of distinct paths, whose addresses, dates, topics and stated ids clash."""
    return [
        entry(
            path,
            f"https://www.test/{draw(st.integers(1, 4))}",
            draw(st.integers(1, 3)),
            draw(st.integers(1, 5)),
            topics=draw(TOPICS),
            terms=(("series", draw(TOPICS)),),
            **({"id": draw(IDS)} if draw(st.booleans()) else {}),
        )
        for path in draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=6))
    ]


@bounded
@given(corpora(), st.randoms(use_true_random=False))
def test_order_makes_no_difference(entries: list[Entry], shuffler: random.Random) -> None:
    shuffled = list(entries)
    shuffler.shuffle(shuffled)
    one, other = merge(entries, AUTHORITY), merge(shuffled, AUTHORITY)
    assert set(one.entries) == set(other.entries)
    assert one.merged == other.merged
    assert set(one.renamed) == set(other.renamed)


@bounded
@given(corpora())
def test_every_address_and_every_id_is_there_once(entries: list[Entry]) -> None:
    found = merge(entries, AUTHORITY)
    assert {each.url for each in found.entries} == {each.url for each in entries}
    assert len({each.url for each in found.entries}) == len(found.entries) == len(entries) - found.merged
    assert len({each.id for each in found.entries}) == len(found.entries)


@bounded
@given(corpora())
def test_nothing_is_lost_and_nothing_made_up(entries: list[Entry]) -> None:
    for each in merge(entries, AUTHORITY).entries:
        group = [other for other in entries if other.url == each.url]
        assert {topic_key(name) for name in each.topics} == {
            topic_key(name) for other in group for name in other.topics
        }
        assert len({topic_key(name) for name in each.topics}) == len(each.topics)
        assert each.published == min(other.published for other in group)
        assert each.updated == max(other.updated for other in group)
        assert each.title in {other.title for other in group}
        assert each.path in {other.path for other in group}


@bounded
@given(corpora())
def test_merging_what_is_merged_changes_nothing(entries: list[Entry]) -> None:
    once = merge(entries, AUTHORITY)
    again = merge(once.entries, AUTHORITY)
    assert set(again.entries) == set(once.entries)
    assert (again.merged, again.renamed) == (0, ())


@pytest.mark.parametrize("day", [1, 2, 3])
def test_late_copy_moves_no_identity(day: int) -> None:
    """An entry that arrives later under the same address leaves id and date where they are."""
    first = entry("first", "https://a.test/", 1)
    (alone,), *_ = merge([first], AUTHORITY)
    (found,), *_ = merge([first, entry("second", "https://a.test/", day)], AUTHORITY)
    assert (found.id, found.published) == (alone.id, alone.published)
