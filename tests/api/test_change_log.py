"""The change log: after any run it has every visible entry, and every change once, in order."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from support.editable_sites import EditableSite

from syndicate.config import load
from syndicate.errors import ConfigError
from syndicate.store.packing import unpack


def query(editable_site: EditableSite, sql: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(editable_site.state / "index.db")) as database:
        return database.execute(sql, values).fetchall()


def log(editable_site: EditableSite) -> dict[str, tuple[int, bool]]:
    """Return the number of each entry's last change, and whether the entry is visible, by its path."""
    rows = query(editable_site, "SELECT id, seq, state IS NOT NULL FROM changes")
    return {entry_id.rpartition(":")[2]: (seq, bool(visible)) for entry_id, seq, visible in rows}


def test_site_without_api_has_no_change_log(site: EditableSite) -> None:
    del site.settings["api"]
    site.record("a.md")
    site.build()
    for table in ("partner_entries", "partner_topics", "changes", "change_log_state"):
        assert query(site, f"SELECT COUNT(*) FROM {table}") == [(0,)]
    assert query(site, "SELECT name FROM sqlite_master WHERE name LIKE 'partner_text%'") == []


def test_changed_entry_gets_the_next_number_and_others_keep_theirs(site: EditableSite) -> None:
    site.record("a.md", date="2026-01-01")
    site.record("b.md", date="2026-01-02")
    site.build()
    assert log(site) == {"a.md": (1, True), "b.md": (2, True)}
    site.record("a.md", date="2026-01-01", title="New")
    site.record("c.md", date="2026-01-03")
    site.build()
    assert log(site) == {"a.md": (3, True), "b.md": (2, True), "c.md": (4, True)}
    (site.folder / "corpus/b.md").unlink()
    site.build()
    assert log(site) == {"a.md": (3, True), "b.md": (5, False), "c.md": (4, True)}


def test_change_of_an_attribute_that_only_filters_is_logged(site: EditableSite) -> None:
    site.record("a.md", quality=10)
    site.build()
    site.record("a.md", quality=90)
    site.build()
    assert log(site) == {"a.md": (2, True)}
    assert query(site, "SELECT quality FROM partner_entries") == [(90,)]


def test_merged_entry_has_the_quality_of_its_latest_file(site: EditableSite) -> None:
    site.record("a.md", webUrl="https://x.example/1", quality=10)
    site.record("b.md", webUrl="https://x.example/1", quality=20, date="2026-01-02")
    site.build()
    assert query(site, "SELECT quality FROM partner_entries") == [(20,)]
    site.record("b.md", webUrl="https://x.example/1", quality=30, date="2026-01-02")
    site.build()
    assert query(site, "SELECT quality FROM partner_entries") == [(30,)]


@pytest.mark.parametrize("how", ["full", "lost tables", "damaged index"])
def test_log_survives_a_rebuilt_index(site: EditableSite, how: str) -> None:
    for name in ("b.md", "a.md", "c.md"):
        site.record(name)
        site.build()
    before = log(site)
    epoch = query(site, "SELECT value FROM change_log_state WHERE name = 'epoch'")
    site.record("d.md")
    (site.folder / "corpus/c.md").unlink()
    if how == "damaged index":
        with closing(sqlite3.connect(site.state / "index.db")) as database:
            database.execute("PRAGMA user_version = 1")
    elif how == "lost tables":
        with closing(sqlite3.connect(site.state / "index.db", isolation_level=None)) as database:
            database.execute("DELETE FROM run_state")
    site.build(full=how == "full")
    assert log(site) == {**before, "d.md": (4, True), "c.md": (5, False)}
    assert query(site, "SELECT value FROM change_log_state WHERE name = 'epoch'") == epoch
    assert query(site, "SELECT COUNT(*) FROM partner_text WHERE partner_text MATCH 'md'") == [(3,)]


def test_log_begins_again_after_api_was_disabled(site: EditableSite) -> None:
    site.record("a.md")
    site.build()
    epoch = query(site, "SELECT value FROM change_log_state WHERE name = 'epoch'")
    api = site.settings.pop("api")
    site.build()
    assert log(site) == {}
    site.settings["api"] = api
    site.build()
    assert log(site) == {"a.md": (1, True)}
    assert query(site, "SELECT value FROM change_log_state WHERE name = 'epoch'") != epoch


def test_deletion_is_dropped_after_deleted_days(site: EditableSite) -> None:
    site.record("a.md")
    site.record("b.md")
    site.build()
    (site.folder / "corpus/a.md").unlink()
    site.build()
    assert log(site) == {"a.md": (3, False), "b.md": (2, True)}
    site.now += timedelta(days=90)
    site.build()
    assert log(site) == {"b.md": (2, True)}
    assert dict(query(site, "SELECT name, value FROM change_log_state WHERE name != 'epoch'")) == {
        "seq": 3,
        "dropped": 3,
    }


def test_every_visible_entry_is_rendered_when_feeds_have_the_newest_only(site: EditableSite) -> None:
    site.settings["feeds"] = {"limit": 1, "archive": "none"}
    site.record("a.md", excerpt="Crème brûlée")
    site.record("b.md", date="2026-01-02")
    site.build()
    (site.folder / "corpus/b.md").unlink()
    for name in ("c.md", "d.md"):
        site.record(name, date="2026-02-02")
    site.build()
    assert query(
        site, "SELECT COUNT(*) FROM partner_entries JOIN fragments USING (record_id) WHERE format = 'json'"
    ) == [(3,)]
    found = query(
        site,
        "SELECT content FROM fragments JOIN partner_text ON partner_text.rowid = record_id"
        " WHERE format = 'json' AND partner_text MATCH 'creme'",
    )
    assert [json.loads(unpack(row[0]))["title"] for row in found] == ["a.md"]


def test_topics_are_keys_with_aliases_resolved_and_parents_included(site: EditableSite) -> None:
    site.settings["feeds"]["include_children"] = True
    site.settings["topics"] = {"One": {"aliases": ["First"], "parent": "All  There is"}}
    site.record("a.md", topics=["first", "Two"])
    site.build()
    assert query(site, "SELECT topics FROM partner_entries") == [('["all there is","one","two"]',)]
    site.settings["topics"] = {"One": {"aliases": ["Two"]}}
    site.build()
    assert query(site, "SELECT topics FROM partner_entries") == [('["first","one"]',)]
    assert log(site) == {"a.md": (2, True)}
    assert query(site, "SELECT topics FROM changes") == [('["all there is","first","one","two"]',)]


def test_api_requires_the_json_format(site: EditableSite) -> None:
    site.settings["feeds"]["formats"] = ["rss"]
    with pytest.raises(ConfigError, match=r"api: needs json among feeds\.formats"):
        load(str(site.configure()))
