"""Tests of merging: files with one canonical address become one entry, and every entry has a unique id."""

from __future__ import annotations

import json
import random
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sites import CONFIG, SiteFolder, record, tree, without_tombstones

from syndicate.feeds.identity import path_id
from syndicate.feeds.merge import group_by_story, merge_entries
from syndicate.feeds.slugs import topic_key
from syndicate.model import Entry

AUTHORITY = "feeds.test,2026"
bounded = settings(max_examples=300, deadline=None, derandomize=True, database=None)
on_disk = settings(bounded, max_examples=40)  # each of them is a few builds


def entry(path: str, url: str = "", day: int = 1, updated: int = 0, **more: Any) -> Entry:
    published = datetime(2026, 1, day, tzinfo=UTC)
    return Entry(
        path=path,
        url=url or f"https://www.test/{path}",
        published=published,
        updated=max(published, datetime(2026, 1, updated or day, tzinfo=UTC)),
        **{"id": path_id(AUTHORITY, path), "title": path} | more,
    )


def put(site_folder: SiteFolder, entry: Entry) -> None:
    """Writes the file of an entry."""
    lines = [
        f"webUrl: {entry.url}",
        f"updatedDateTime: {entry.updated:%Y-%m-%d}",
        f"topics: {json.dumps(entry.topics)}",
    ]
    lines += [f"{name}: {json.dumps(names)}" for name, names in entry.terms]
    if entry.id != path_id(AUTHORITY, entry.path):
        lines.append(f"id: {json.dumps(entry.id)}")
    site_folder.put(entry.path, record(entry.title, *lines, date=f"{entry.published:%Y-%m-%d}", body=entry.body))


def shown(site_folder: SiteFolder) -> dict[str, dict[str, Any]]:
    """Returns the items of the feed of all entries by address."""
    items = json.loads((site_folder.output / "all/feed.json").read_bytes())["items"]
    assert len({item["url"] for item in items}) == len(items)
    return {item["url"].removeprefix("https://www.test/"): item for item in items}


def ids(site_folder: SiteFolder) -> dict[str, str]:
    return {address: item["id"] for address, item in shown(site_folder).items()}


def own(path: str) -> str:
    return path_id(AUTHORITY, path)


def test_entries_with_distinct_addresses_are_not_merged(site_folder: SiteFolder) -> None:
    assert site_folder.build()[:3] == (0, 0, 0)
    for path in ("b.md", "a.md", "c.md"):
        put(site_folder, entry(path))
    assert site_folder.build()[:4] == (3, 0, 0, ())
    assert ids(site_folder) == {path: own(path) for path in ("a.md", "b.md", "c.md")}


def test_merged_entry_has_the_earliest_identity_and_date_and_the_latest_text() -> None:
    early = entry("early", "https://a.test/", 1, title="Old", summary="old", topics=("A", "B"), quality=1)
    late = entry("late", "https://a.test/", 3, title="New", body="new", topics=("b", "C"), quality=9)
    middle = entry("middle", "https://a.test/", 2, title="Mid", topics=("D",))
    found = merge_entries([middle, late, early])
    assert (found.id, found.path, found.published) == (early.id, "early", early.published)
    assert (found.title, found.body, found.updated, found.quality) == ("New", "new", late.updated, 9)
    assert found.summary == ""  # all text comes from the latest entry
    assert found.topics == ("A", "B", "D", "C")


def test_files_of_one_address_are_published_as_one_entry(site_folder: SiteFolder) -> None:
    put(site_folder, entry("early.md", "https://www.test/x", 1, title="Old", body="old", topics=("A", "B")))
    put(site_folder, entry("late.md", "https://www.test/x", 3, title="New", body="new", topics=("b", "C")))
    put(site_folder, entry("middle.md", "https://www.test/x", 2, title="Mid", topics=("D",)))
    assert site_folder.build()[:4] == (1, 0, 2, ())
    item = shown(site_folder)["x"]
    assert (item["id"], item["title"]) == (own("early.md"), "New")
    assert item["date_published"] == "2026-01-01T00:00:00Z"
    assert item["date_modified"] == "2026-01-03T00:00:00Z"
    assert "new" in item["content_html"]
    assert item["tags"] == ["A", "B", "D", "C"]
    assert sorted(path.parent.name for path in site_folder.output.glob("topics/*/feed.json")) == ["a", "b", "c", "d"]


def test_latest_entry_is_decided_by_the_update_time() -> None:
    early = entry("early", "https://a.test/", 1, updated=9, title="Corrected")
    late = entry("late", "https://a.test/", 3, title="Copied")
    assert merge_entries([late, early]).title == "Corrected"


def test_terms_are_merged_by_dimension() -> None:
    first = entry("a", "https://a.test/", 1, terms=(("series", ("S",)), ("game", ())))
    second = entry("b", "https://a.test/", 2, terms=(("series", ("s", "T")), ("game", ("G",))))
    assert merge_entries([second, first]).terms == (("series", ("S", "T")), ("game", ("G",)))


def test_equal_dates_are_decided_by_the_path() -> None:
    entries = [entry(path, "https://a.test/") for path in "cab"]
    assert merge_entries(entries).id == path_id(AUTHORITY, "a")
    assert merge_entries(entries).title == "c"


def test_stated_id_belongs_to_the_earliest_that_states_it(site_folder: SiteFolder) -> None:
    for path, day in (("z.md", 1), ("a.md", 2), ("b.md", 3)):
        put(site_folder, entry(path, day=day, id="urn:x"))
    problems = site_folder.build().problems
    assert ids(site_folder) == {"z.md": "urn:x", "a.md": own("a.md"), "b.md": own("b.md")}
    line = site_folder.corpus.joinpath("a.md").read_text().splitlines().index('id: "urn:x"') + 1
    message = "'urn:x' is already the id of z.md: the id of the path is used instead"
    assert [str(problem) for problem in problems] == [
        f"corpus/{path}:{line}:5: id: {message} (warning)" for path in ("a.md", "b.md")
    ]


def test_path_id_belongs_to_its_file_even_if_an_earlier_entry_states_it(site_folder: SiteFolder) -> None:
    put(site_folder, entry("thief.md", day=1, id=own("owner.md")))
    put(site_folder, entry("owner.md", day=9))
    (problem,) = site_folder.build().problems
    assert ids(site_folder) == {path: own(path) for path in ("thief.md", "owner.md")}
    assert (problem.path, problem.field, problem.severity) == ("corpus/thief.md", "id", "warning")
    assert "is already the id of owner.md" in problem.message


def test_path_id_of_an_entry_that_states_another_id_stays_reserved(site_folder: SiteFolder) -> None:
    put(site_folder, entry("owner.md", id="urn:x", day=2))
    put(site_folder, entry("thief.md", id=own("owner.md"), day=1))
    (problem,) = site_folder.build().problems
    assert set(ids(site_folder).values()) == {"urn:x", own("thief.md")}
    assert problem.path == "corpus/thief.md"


def test_equal_paths_in_two_corpus_folders_have_distinct_ids(site_folder: SiteFolder) -> None:
    """`b/x.md` of the first folder, and `x.md` of another folder called `b`."""
    (site_folder.folder / "b").mkdir()
    put(site_folder, entry("b/x.md", "https://www.test/1"))
    site_folder.put("../b/x.md", record("Other", "webUrl: https://www.test/2", date="2026-01-02"))
    made = []
    for folders in ("corpus, b", "b, corpus"):
        first, second = folders.split(", ")
        site_folder.configure(CONFIG.replace("{path: corpus}", f"[{{path: {first}}}, {{path: {second}}}]"))
        assert site_folder.build().problems == ()
        made.append(ids(site_folder))
    assert made == [{"1": own("b/x.md"), "2": own("/b/x.md")}, {"1": own("/corpus/b/x.md"), "2": own("x.md")}]


@pytest.mark.parametrize(
    ("changed", "lines", "date"),
    [
        ("b.md", [], "2026-01-02"),
        ("b.md", ["id: same", "draft: true"], "2026-01-02"),
        ("b.md", ["id: same"], "2027-01-02"),
        ("a.md", ["id: other"], "2026-01-01"),
        ("c.md", ["webUrl: https://www.test/b"], "2026-01-01"),
    ],
    ids=["no longer stated", "hidden", "not yet published", "owner states another id", "merged into another entry"],
)
def test_warning_about_an_id_disappears_with_its_cause(
    changed: str, lines: list[str], date: str, site_folder: SiteFolder
) -> None:
    site_folder.put("a.md", record("A", "id: same", date="2026-01-01"))
    site_folder.put("b.md", record("B", "id: same", "webUrl: https://www.test/b", date="2026-01-02"))
    (problem,) = site_folder.build().problems
    assert problem.path == "corpus/b.md"
    site_folder.put(changed, record("C", *lines, date=date))
    assert site_folder.build().problems == ()


TOPICS = st.lists(st.sampled_from(["A", "a", "B", "b ", "C", "Ä", "A\u0308"]), max_size=3, unique_by=topic_key).map(
    tuple
)
IDS = st.sampled_from([*"abcdef"]).map(lambda name: own(f"{name}.md")) | st.sampled_from(["urn:x", "urn:y"])


@st.composite
def corpora(draw: st.DrawFn, addresses: int = 4) -> list[Entry]:
    """Entries with distinct paths whose addresses, dates, topics and stated ids collide."""
    return [
        entry(
            f"{name}.md",
            f"https://www.test/{draw(st.integers(1, addresses))}",
            draw(st.integers(1, 3)),
            draw(st.integers(1, 5)),
            topics=draw(TOPICS),
            terms=(("series", draw(TOPICS)),),
            **({"id": draw(IDS)} if draw(st.booleans()) else {}),
        )
        for name in draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=6))
    ]


stories = corpora(addresses=1).filter(bool)


@on_disk
@given(corpora(), st.randoms(use_true_random=False))
def test_result_does_not_depend_on_the_order_of_files(entries: list[Entry], shuffler: random.Random) -> None:
    """Builds all files at once, and one by one in any order."""
    shuffled = list(entries)
    shuffler.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        text = CONFIG + "feeds: {by: [topics, series]}\n"
        one, other = SiteFolder(Path(folder) / "one", text), SiteFolder(Path(folder) / "other", text)
        for each in entries:
            put(one, each)
        at_once = one.build()
        last = other.build()
        if not entries:
            return
        for each in shuffled:
            put(other, each)
            last = other.build()
        assert tree(one.output) == without_tombstones(tree(other.output))  # an id that disappears in a merge is deleted
        assert at_once[:3] == last[:3]
        assert at_once.problems == last.problems


@on_disk
@given(corpora())
def test_every_address_and_every_id_is_published_once(entries: list[Entry]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site_folder = SiteFolder(Path(folder) / "site")
        for each in entries:
            put(site_folder, each)
        found = site_folder.build()
        made = ids(site_folder)
        again = site_folder.build()
    assert {f"https://www.test/{address}" for address in made} == {each.url for each in entries}
    assert len(made) == found.entries == len(entries) - found.merged
    assert len(set(made.values())) == len(made)
    assert (again.written, again.removed, again[:4]) == (0, 0, found[:4])


@bounded
@given(stories, st.randoms(use_true_random=False))
def test_merge_is_a_function_of_the_set_of_entries(group: list[Entry], shuffler: random.Random) -> None:
    shuffled = list(group)
    shuffler.shuffle(shuffled)
    assert merge_entries(shuffled) == merge_entries(group)


@bounded
@given(stories)
def test_merge_takes_every_value_from_its_entries(group: list[Entry]) -> None:
    each = merge_entries(group)
    assert {topic_key(name) for name in each.topics} == {topic_key(name) for other in group for name in other.topics}
    assert len({topic_key(name) for name in each.topics}) == len(each.topics)
    assert each.published == min(other.published for other in group)
    assert each.updated == max(other.updated for other in group)
    assert each.title in {other.title for other in group}
    assert each.path in {other.path for other in group}


@bounded
@given(stories)
def test_merging_a_merged_entry_changes_nothing(group: list[Entry]) -> None:
    merged = merge_entries(group)
    assert merge_entries([merged]) == merged


@pytest.mark.parametrize("day", [1, 2, 3])
def test_later_copy_changes_neither_id_nor_date(day: int, site_folder: SiteFolder) -> None:
    """An entry with the same address is added after a build."""
    put(site_folder, entry("first.md", "https://www.test/x", 1))
    site_folder.build()
    alone = shown(site_folder)["x"]
    put(site_folder, entry("second.md", "https://www.test/x", day))
    assert site_folder.build().merged == 1
    found = shown(site_folder)["x"]
    assert (found["id"], found["date_published"]) == (alone["id"], alone["date_published"])


class Addressed(NamedTuple):
    """A record of one address, as far as stories depend on it."""

    name: str
    language: str
    states_url: bool


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([("a", "en", True), ("b", "de", True)], ["ab"]),
        ([("a", "en", False), ("b", "de", False)], ["a", "b"]),
        ([("a", "en", False), ("b", "", False)], ["ab"]),
        ([("a", "en", False), ("b", "en", True), ("c", "de", False)], ["ab", "c"]),
        ([("a", "de", False), ("b", "en", True), ("c", "de", True)], ["abc"]),
    ],
)
def test_translations_are_stories_of_their_own_unless_they_state_the_address(
    records: list[tuple[str, str, bool]], expected: list[str]
) -> None:
    stories = group_by_story([Addressed(*record) for record in records], "en")
    assert ["".join(record.name for record in story) for story in stories] == expected


def test_translations_that_derive_the_same_address_are_published_both(site_folder: SiteFolder) -> None:
    for name, language in (("a.md", "en"), ("b.md", "de")):
        text = f"---\ntitle: {name}\ndate: 2026-01-01\nslug: same\nlang: {language}\n---\n"
        (site_folder.corpus / name).write_text(text, encoding="utf-8")
    summary = site_folder.build()
    assert (summary.entries, summary.merged, summary.problems) == (2, 0, ())


def test_merge_of_records_that_do_not_state_their_address_is_reported(site_folder: SiteFolder) -> None:
    for name, day in (("a.md", 1), ("b.md", 2)):
        text = f"---\ntitle: {name}\ndate: 2026-01-0{day}\nslug: same\n---\n"
        (site_folder.corpus / name).write_text(text, encoding="utf-8")
    (problem,) = site_folder.build().problems
    assert "is also the address of corpus/a.md: both are published as one entry" in str(problem)
    (site_folder.corpus / "a.md").unlink()
    assert site_folder.build().problems == ()
