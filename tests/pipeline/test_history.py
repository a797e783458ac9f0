"""Archives and deletions of real builds: the documents that a change writes, and their contents for readers."""

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
from support.editable_sites import NOW, EditableSite
from support.sites import without_tombstones

from syndicate.feeds import archive
from syndicate.formats import names as format_names

MONTHS = ("2025-11", "2025-12", "2026-02", "2026-03")


@pytest.fixture
def site(editable_site: EditableSite) -> EditableSite:
    """Three entries in each of four months, of one topic; two of each month of another."""
    editable_site.settings["feeds"] = {"limit": 3, "by": ["topics"], "archive": "month"}
    editable_site.settings["hubs"] = ["https://hub.example/"]
    for month in MONTHS:
        for number in range(3):
            topics = ["One", "Two"] if number else ["One"]
            editable_site.record(
                f"{month}-{number}.md", title=f"{month} {number}", date=f"{month}-1{number}", topics=topics
            )
    editable_site.build()
    return editable_site


def of(feed: str, *periods: str) -> set[str]:
    """The documents of a feed: those of its newest entries for the period ''."""
    return {f"{archive.document_folder(feed, period)}/feed.{kind}" for period in periods for kind in format_names()}


@pytest.mark.parametrize("kind", format_names())
def test_chain_holds_every_entry_newest_period_first(site: EditableSite, kind: str) -> None:
    pages = walk(site.output, f"all/feed.{kind}")
    assert [len(page.ids) for page in pages] == [3, 3, 3, 3, 3]
    assert [page.address.split("/")[-2] for page in pages[1:]] == list(MONTHS[::-1])
    assert len(ids(pages)) == 12
    assert pages[0].hubs == 1


def test_feed_that_shows_all_its_entries_has_no_archive(site: EditableSite) -> None:
    site.record("x.md", title="X", date="2026-01-01", topics=["Small"])
    site.build()
    assert sorted(path.name for path in (site.output / "topics/small").iterdir()) == [
        "feed.atom",
        "feed.json",
        "feed.rss",
    ]


@pytest.mark.parametrize("cut", ["year", "day"])
def test_history_is_divided_as_configured(site: EditableSite, cut: str) -> None:
    site.settings["feeds"]["archive"] = cut
    site.build()
    names = {path.name for path in (site.output / "all/archive").iterdir()}
    assert names == ({"2025", "2026"} if cut == "year" else {f"{month}-1{n}" for month in MONTHS for n in range(3)})
    assert len(ids(walk(site.output, "all/feed.atom"))) == 12
    site.settings["feeds"]["archive"] = "none"
    site.build()
    assert not (site.output / "all/archive").exists()


def test_edited_entry_changes_only_its_own_period(site: EditableSite) -> None:
    site.record("2025-12-0.md", title="Edited", date="2025-12-10", topics=["One"])
    assert site.changed() == of("all", "2025-12") | of("topics/one", "2025-12")


def test_late_entry_changes_only_its_own_period(site: EditableSite) -> None:
    site.record("late.md", title="Late", date="2025-12-31", topics=["One"])
    assert site.changed() == of("all", "2025-12") | of("topics/one", "2025-12") | {"catalog.json"}


def test_new_entry_changes_the_newest_documents_and_its_period(site: EditableSite) -> None:
    site.record("new.md", title="New", date="2026-03-31", topics=["One"])
    assert site.changed() == of("all", "", "2026-03") | of("topics/one", "", "2026-03") | {"catalog.json"}


def test_period_that_appears_changes_the_links_of_its_neighbours(site: EditableSite) -> None:
    site.record("late.md", title="Late", date="2026-01-31", topics=["One"])
    around = ("2025-12", "2026-01", "2026-02")
    assert site.changed() == of("all", *around) | of("topics/one", *around) | {"catalog.json"}


def test_newest_period_that_appears_is_linked_from_the_feed(site: EditableSite) -> None:
    site.record("new.md", title="New", date="2026-04-01", topics=["One"])
    around = ("", "2026-03", "2026-04")
    assert site.changed() == of("all", *around) | of("topics/one", *around) | {"catalog.json"}


def test_period_that_disappears_changes_the_links_of_its_neighbours(site: EditableSite) -> None:
    site.settings["feeds"]["deleted_days"] = 0  # deletions are listed in the newest document
    site.build()
    for number in range(3):
        (site.folder / "corpus" / f"2025-12-{number}.md").unlink()
    around = ("2025-11", "2025-12", "2026-02")
    touched = {path for feed in ("all", "topics/one", "topics/two") for path in of(feed, *around)}
    assert site.changed() == touched | {"catalog.json"}
    assert len(ids(walk(site.output, "all/feed.json"))) == 9


def test_entry_that_moves_in_time_changes_both_periods(site: EditableSite) -> None:
    site.record("2025-12-0.md", title="2025-12 0", date="2026-02-10", topics=["One"])
    assert site.changed() == of("all", "2025-12", "2026-02") | of("topics/one", "2025-12", "2026-02")


def test_period_too_large_is_split_and_its_address_links_to_the_parts(
    site: EditableSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 3)
    site.record("more.md", title="More", date="2025-12-11", topics=[])
    parts = ("2025-12-10", "2025-12-11", "2025-12-12")
    assert site.changed() == of("all", "2025-12", *parts, "2026-02") | {"catalog.json"}
    assert read(site.output / "all/archive/2025-12/feed.json").ids == []
    assert len(ids(walk(site.output, "all/feed.rss"))) == 13
    site.record("again.md", title="Again", date="2025-12-12", topics=[])
    assert site.changed() == of("all", "2025-12-12") | {"catalog.json"}


def test_one_edit_renders_one_entry(site: EditableSite) -> None:
    site.record("2025-12-0.md", title="Edited", date="2025-12-10", topics=["One"])
    site.build()
    assert site.stages["rendering"] == 1


def test_altered_archive_is_written_again(site: EditableSite) -> None:
    whole = site.tree()
    (site.output / "all/archive/2025-12/feed.atom").write_bytes(b"other")
    shutil.rmtree(site.output / "topics/one/archive/2026-02")
    assert site.build().written == 4
    assert site.tree() == whole


def test_archives_have_no_topic_urls(site: EditableSite) -> None:
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        paths = {row[0] for row in sql.execute("SELECT path FROM topics")}
    assert paths == of("all", "") | of("topics/one", "") | of("topics/two", "")


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_feedparser_reads_archives(site: EditableSite, kind: str) -> None:
    parsed = feedparser.parse((site.output / f"all/archive/2025-12/feed.{kind}").read_bytes())
    assert not parsed.bozo
    assert parsed.feed.title == "T"
    assert {link.rel for link in parsed.feed.links} == {"self", "alternate", "current", "prev-archive", "next-archive"}
    assert "fh_archive" in parsed.feed
    assert len(parsed.entries) == 3


# ------------------------------------------------------------------------------------------------------- deletions


def deleted(site: EditableSite, feed: str = "all") -> dict[str, datetime]:
    """Returns the deletions that a feed lists, which are equal in Atom and JSON Feed."""
    atom, json_feed = (read(site.output / f"{feed}/feed.{kind}").deleted for kind in ("atom", "json"))
    assert atom == json_feed
    return atom


GONE = "tag:f.example,2026:2026-03-1.md"


def hide(site: EditableSite, how: str) -> None:
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
def test_deleted_entry_is_listed_in_every_feed_that_had_it(site: EditableSite, how: str) -> None:
    before = read(site.output / "all/feed.rss").ids
    hide(site, how)
    site.build()
    assert deleted(site) == deleted(site, "topics/one") == deleted(site, "topics/two") == {GONE: NOW}
    assert GONE in before
    assert b"deleted" not in (site.output / "all/feed.rss").read_bytes()
    assert not any(read(path).deleted for path in site.output.rglob("archive/*/feed.*"))
    assert without_tombstones(site.tree()) == site.built_from_nothing(site.folder.parent / "fresh")


def test_time_of_deletion_is_that_of_the_first_build_without_the_entry(site: EditableSite) -> None:
    site.now += timedelta(days=3)
    hide(site, "deleted")
    site.build()
    seen = site.now
    for _ in range(3):
        site.now += timedelta(hours=5)
        assert site.changed() == set()
    assert deleted(site) == {GONE: seen}


def test_tombstone_expires_and_changes_only_its_feeds(site: EditableSite) -> None:
    hide(site, "deleted")
    site.build()
    site.now += timedelta(days=90) - timedelta(seconds=1)
    assert site.changed() == set()
    site.now += timedelta(seconds=1)
    feeds = ("all", "topics/one", "topics/two")
    assert site.changed() == {f"{feed}/feed.{kind}" for feed in feeds for kind in ("atom", "json")}
    assert deleted(site) == {}


def test_entry_that_returns_is_no_longer_listed_as_deleted(site: EditableSite) -> None:
    before = site.tree()
    hide(site, "hidden")
    site.build()
    site.record("2026-03-1.md", title="2026-03 1", date="2026-03-11", topics=["One", "Two"])
    site.build()
    assert site.tree() == before


def test_entry_that_only_leaves_a_topic_is_not_deleted(site: EditableSite) -> None:
    site.record("2026-03-1.md", title="2026-03 1", date="2026-03-11", topics=["One"])
    site.build()
    assert deleted(site) == deleted(site, "topics/two") == {}


def test_entries_that_a_filter_excludes_are_listed_as_deleted(site: EditableSite) -> None:
    site.settings["feeds"]["where"] = {"topics": ["Two"]}
    site.build()
    assert set(deleted(site)) == {f"tag:f.example,2026:{month}-0.md" for month in MONTHS}


@pytest.mark.parametrize("how", ["--full", "other version", "damaged", "renderer"])
def test_deletions_outlive_a_build_from_nothing(site: EditableSite, how: str) -> None:
    """Deletions recorded before, and those of the run that starts from nothing; a damaged index loses both."""
    (site.folder / "corpus" / "2026-03-2.md").unlink()
    site.build()
    site.now += timedelta(days=1)
    hide(site, "deleted")
    other = "tag:f.example,2026:2026-03-2.md"
    match how:
        case "other version":
            execute(site.state / "index.db", "PRAGMA user_version = 99")
        case "renderer":
            execute(site.state / "index.db", "UPDATE run_state SET value = x'00' WHERE name = 'parsing'")
        case "damaged":
            for path in site.state.iterdir():
                path.write_bytes(b"garbage" * 1000)
    site.build(full=how == "--full")
    assert deleted(site) == ({} if how == "damaged" else {other: NOW, GONE: NOW + timedelta(days=1)})


def execute(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as sql:
        sql.execute(statement)
        sql.commit()


def test_updated_time_of_the_feed_stays_when_an_entry_is_deleted(site: EditableSite) -> None:
    def updated() -> str:
        return str(feedparser.parse((site.output / "all/feed.atom").read_bytes()).feed.updated)

    before = updated()
    hide(site, "deleted")
    site.build()
    assert updated() == before


def test_deletion_requests_deliveries(site: EditableSite) -> None:
    def wanted() -> int:
        with closing(sqlite3.connect(site.state / "index.db")) as sql:
            return int(sql.execute("SELECT SUM(generation) FROM topics").fetchone()[0])

    before = wanted()
    hide(site, "deleted")
    site.build()
    assert wanted() == before + 9


def test_json_feed_with_deletions_is_valid_json(site: EditableSite) -> None:
    hide(site, "deleted")
    site.build()
    document = json.loads((site.output / "all/feed.json").read_bytes())
    assert document["_syndicate"]["deleted"] == [{"id": GONE, "date_deleted": NOW.strftime("%Y-%m-%dT%H:%M:%SZ")}]
    assert document["_syndicate"]["about"].startswith("https://")
    assert NOW.tzinfo is UTC
