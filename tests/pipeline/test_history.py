"""Archives and deletions of a real build: what is written when something changes, and what readers find."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import pytest
from support.chains import ids, read, walk
from support.sites import but_for_deletions
from support.worlds import NOW, World

from syndicate.feeds import archive
from syndicate.formats import names as format_names

MONTHS = ("2025-11", "2025-12", "2026-02", "2026-03")


@pytest.fixture
def site(world: World) -> World:
    """Three entries in each of four months, of one topic; two of each month of another."""
    world.settings["feeds"] = {"limit": 3, "by": ["topics"]}
    world.settings["hubs"] = ["https://hub.example/"]
    for month in MONTHS:
        for number in range(3):
            topics = ["One", "Two"] if number else ["One"]
            world.record(f"{month}-{number}.md", title=f"{month} {number}", date=f"{month}-1{number}", topics=topics)
    world.build()
    return world


def of(feed: str, *periods: str) -> set[str]:
    """The documents of a feed: those of its newest entries for the period ''."""
    return {f"{archive.place(feed, period)}/feed.{kind}" for period in periods for kind in format_names()}


@pytest.mark.parametrize("kind", format_names())
def test_chain_holds_every_entry_newest_period_first(site: World, kind: str) -> None:
    pages = walk(site.output, f"all/feed.{kind}")
    assert [len(page.ids) for page in pages] == [3, 3, 3, 3, 3]
    assert [page.address.split("/")[-2] for page in pages[1:]] == list(MONTHS[::-1])
    assert len(ids(pages)) == 12
    assert pages[0].hubs == 1


def test_feed_that_shows_all_it_has_needs_no_archive(site: World) -> None:
    site.record("x.md", title="X", date="2026-01-01", topics=["Small"])
    site.build()
    assert sorted(path.name for path in (site.output / "topics/small").iterdir()) == [
        "feed.atom",
        "feed.json",
        "feed.rss",
    ]


@pytest.mark.parametrize("cut", ["year", "day"])
def test_history_is_cut_as_configured(site: World, cut: str) -> None:
    site.settings["feeds"]["archive"] = cut
    site.build()
    names = {path.name for path in (site.output / "all/archive").iterdir()}
    assert names == ({"2025", "2026"} if cut == "year" else {f"{month}-1{n}" for month in MONTHS for n in range(3)})
    assert len(ids(walk(site.output, "all/feed.atom"))) == 12
    site.settings["feeds"]["archive"] = "none"
    site.build()
    assert not (site.output / "all/archive").exists()


def test_edited_entry_changes_its_own_period_alone(site: World) -> None:
    site.record("2025-12-0.md", title="Edited", date="2025-12-10", topics=["One"])
    assert site.changed() == of("all", "2025-12") | of("topics/one", "2025-12")


def test_late_entry_changes_its_own_period_alone(site: World) -> None:
    site.record("late.md", title="Late", date="2025-12-31", topics=["One"])
    assert site.changed() == of("all", "2025-12") | of("topics/one", "2025-12") | {"catalog.json"}


def test_new_entry_changes_the_newest_documents_and_its_period(site: World) -> None:
    site.record("new.md", title="New", date="2026-03-31", topics=["One"])
    assert site.changed() == of("all", "", "2026-03") | of("topics/one", "", "2026-03") | {"catalog.json"}


def test_period_that_appears_changes_its_neighbours_links(site: World) -> None:
    site.record("late.md", title="Late", date="2026-01-31", topics=["One"])
    around = ("2025-12", "2026-01", "2026-02")
    assert site.changed() == of("all", *around) | of("topics/one", *around) | {"catalog.json"}


def test_newest_period_that_appears_is_linked_from_the_feed(site: World) -> None:
    site.record("new.md", title="New", date="2026-04-01", topics=["One"])
    around = ("", "2026-03", "2026-04")
    assert site.changed() == of("all", *around) | of("topics/one", *around) | {"catalog.json"}


def test_period_that_goes_away_changes_its_neighbours_links(site: World) -> None:
    site.settings["feeds"]["deleted_days"] = 0  # deletions are told of in the newest document
    site.build()
    for number in range(3):
        (site.folder / "corpus" / f"2025-12-{number}.md").unlink()
    around = ("2025-11", "2025-12", "2026-02")
    touched = {path for feed in ("all", "topics/one", "topics/two") for path in of(feed, *around)}
    assert site.changed() == touched | {"catalog.json"}
    assert len(ids(walk(site.output, "all/feed.json"))) == 9


def test_entry_that_moves_in_time_changes_both_periods(site: World) -> None:
    site.record("2025-12-0.md", title="2025-12 0", date="2026-02-10", topics=["One"])
    assert site.changed() == of("all", "2025-12", "2026-02") | of("topics/one", "2025-12", "2026-02")


def test_period_too_large_is_split_and_its_address_leads_on(site: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 3)
    site.record("more.md", title="More", date="2025-12-11", topics=[])
    parts = ("2025-12-10", "2025-12-11", "2025-12-12")
    assert site.changed() == of("all", "2025-12", *parts, "2026-02") | {"catalog.json"}
    assert read(site.output / "all/archive/2025-12/feed.json").ids == []
    assert len(ids(walk(site.output, "all/feed.rss"))) == 13
    site.record("again.md", title="Again", date="2025-12-12", topics=[])
    assert site.changed() == of("all", "2025-12-12") | {"catalog.json"}


def test_one_edit_renders_one_entry(site: World) -> None:
    site.record("2025-12-0.md", title="Edited", date="2025-12-10", topics=["One"])
    site.build()
    assert site.stages["rendering"] == 1


def test_archive_that_somebody_changed_is_made_again(site: World) -> None:
    whole = site.tree()
    (site.output / "all/archive/2025-12/feed.atom").write_bytes(b"other")
    shutil.rmtree(site.output / "topics/one/archive/2026-02")
    assert site.build().written == 4
    assert site.tree() == whole


def test_archives_are_no_topics_of_hubs(site: World) -> None:
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        paths = {row[0] for row in sql.execute("SELECT path FROM topics")}
    assert paths == of("all", "") | of("topics/one", "") | of("topics/two", "")


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_feedparser_reads_archives(site: World, kind: str) -> None:
    parsed = feedparser.parse((site.output / f"all/archive/2025-12/feed.{kind}").read_bytes())
    assert not parsed.bozo
    assert parsed.feed.title == "T"
    assert {link.rel for link in parsed.feed.links} == {"self", "alternate", "current", "prev-archive", "next-archive"}
    assert "fh_archive" in parsed.feed
    assert len(parsed.entries) == 3


# ------------------------------------------------------------------------------------------------------- deletions


def deleted(site: World, feed: str = "all") -> dict[str, datetime]:
    """What a feed says was deleted, the same in both formats that can."""
    atom, json_feed = (read(site.output / f"{feed}/feed.{kind}").deleted for kind in ("atom", "json"))
    assert atom == json_feed
    return atom


GONE = "tag:f.example,2026:2026-03-1.md"


def hide(site: World, how: str) -> None:
    values = {"title": "2026-03 1", "date": "2026-03-11", "topics": ["One", "Two"]}
    match how:
        case "deleted":
            (site.folder / "corpus" / "2026-03-1.md").unlink()
        case "hidden":
            site.record("2026-03-1.md", **values, published=False)
        case "removed":
            site.record("2026-03-1.md", **values, removed=True)
        case "postponed":
            site.record("2026-03-1.md", **{**values, "date": "2030-01-01"})
        case "of no feed":
            site.settings["feeds"]["where"] = {"topics": ["None"]}


@pytest.mark.parametrize("how", ["deleted", "hidden", "removed", "postponed"])
def test_entry_that_goes_is_told_of_in_every_feed_that_had_it(site: World, how: str) -> None:
    before = read(site.output / "all/feed.rss").ids
    hide(site, how)
    site.build()
    assert deleted(site) == deleted(site, "topics/one") == deleted(site, "topics/two") == {GONE: NOW}
    assert GONE in before
    assert b"deleted" not in (site.output / "all/feed.rss").read_bytes()
    assert not any(read(path).deleted for path in site.output.rglob("archive/*/feed.*"))
    assert but_for_deletions(site.tree()) == site.built_from_nothing(site.folder.parent / "fresh")


def test_time_is_that_of_the_first_build_that_saw_it_go(site: World) -> None:
    site.now += timedelta(days=3)
    hide(site, "deleted")
    site.build()
    seen = site.now
    for _ in range(3):
        site.now += timedelta(hours=5)
        assert site.changed() == set()
    assert deleted(site) == {GONE: seen}


def test_tombstone_goes_after_its_days_and_its_feeds_alone_change(site: World) -> None:
    hide(site, "deleted")
    site.build()
    site.now += timedelta(days=90) - timedelta(seconds=1)
    assert site.changed() == set()
    site.now += timedelta(seconds=1)
    feeds = ("all", "topics/one", "topics/two")
    assert site.changed() == {f"{feed}/feed.{kind}" for feed in feeds for kind in ("atom", "json")}
    assert deleted(site) == {}


def test_entry_that_returns_is_not_told_of_any_more(site: World) -> None:
    before = site.tree()
    hide(site, "hidden")
    site.build()
    site.record("2026-03-1.md", title="2026-03 1", date="2026-03-11", topics=["One", "Two"])
    site.build()
    assert site.tree() == before


def test_entry_that_only_leaves_a_topic_is_not_deleted(site: World) -> None:
    site.record("2026-03-1.md", title="2026-03 1", date="2026-03-11", topics=["One"])
    site.build()
    assert deleted(site) == deleted(site, "topics/two") == {}


def test_entries_that_a_filter_takes_out_of_all_feeds_are_told_of(site: World) -> None:
    site.settings["feeds"]["where"] = {"topics": ["Two"]}
    site.build()
    assert set(deleted(site)) == {f"tag:f.example,2026:{month}-0.md" for month in MONTHS}


@pytest.mark.parametrize("how", ["--full", "other version", "damaged", "renderer"])
def test_deletions_outlive_what_makes_a_build_start_from_nothing(site: World, how: str) -> None:
    """Both those told before, and those of the very run that starts from nothing; but what is damaged is damaged."""
    (site.folder / "corpus" / "2026-03-2.md").unlink()
    site.build()
    site.now += timedelta(days=1)
    hide(site, "deleted")
    other = "tag:f.example,2026:2026-03-2.md"
    match how:
        case "other version":
            execute(site.state / "index.db", "PRAGMA user_version = 99")
        case "renderer":
            execute(site.state / "index.db", "UPDATE meta SET value = x'00' WHERE name = 'reading'")
        case "damaged":
            for path in site.state.iterdir():
                path.write_bytes(b"garbage" * 1000)
    site.build(full=how == "--full")
    assert deleted(site) == ({} if how == "damaged" else {other: NOW, GONE: NOW + timedelta(days=1)})


def execute(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as sql:
        sql.execute(statement)
        sql.commit()


def test_update_of_the_feed_does_not_move_when_an_entry_goes(site: World) -> None:
    def updated() -> str:
        return str(feedparser.parse((site.output / "all/feed.atom").read_bytes()).feed.updated)

    before = updated()
    hide(site, "deleted")
    site.build()
    assert updated() == before


def test_deletion_wakes_hubs(site: World) -> None:
    def wanted() -> int:
        with closing(sqlite3.connect(site.state / "index.db")) as sql:
            return int(sql.execute("SELECT SUM(generation) FROM topics").fetchone()[0])

    before = wanted()
    hide(site, "deleted")
    site.build()
    assert wanted() == before + 9


def test_json_feed_with_deletions_is_json(site: World) -> None:
    hide(site, "deleted")
    site.build()
    document = json.loads((site.output / "all/feed.json").read_bytes())
    assert document["_syndicate"]["deleted"] == [{"id": GONE, "date_deleted": NOW.strftime("%Y-%m-%dT%H:%M:%SZ")}]
    assert document["_syndicate"]["about"].startswith("https://")
    assert NOW.tzinfo is UTC
