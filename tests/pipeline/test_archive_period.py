"""The period of the archives of a site whose configuration states none: that of what it has published."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from support.chains import ids, walk
from support.editable_sites import EditableSite

from syndicate.feeds import archive

Change = Callable[[EditableSite], None]
MONTHS = {"2025-11", "2025-12", "2026-02"}


@pytest.fixture
def site(editable_site: EditableSite) -> EditableSite:
    """Entries of three months of two years."""
    editable_site.settings["feeds"] = {"limit": 1, "by": ["topics"]}
    for month in MONTHS:
        for day in (10, 11):
            editable_site.record(f"{month}-{day}.md", date=f"{month}-{day}")
    return editable_site


def periods(site: EditableSite, feed: str = "all") -> set[str]:
    return {path.name for path in (site.output / feed / "archive").iterdir()}


def lose_state(site: EditableSite) -> None:
    shutil.rmtree(site.state)


def use_state_of_an_earlier_release(site: EditableSite) -> None:
    """Deletes what an earlier release did not record."""
    with closing(sqlite3.connect(site.state / "index.db")) as sql, sql:
        assert sql.execute("DELETE FROM site_state WHERE name = 'archive'").rowcount == 1


def use_index_of_another_version(site: EditableSite) -> None:
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        sql.execute("PRAGMA user_version = 99")


def keep(site: EditableSite) -> None:
    """Leaves the state as it is."""


STATES = [keep, lose_state, use_state_of_an_earlier_release, use_index_of_another_version]


def test_new_site_has_an_archive_for_each_year(site: EditableSite) -> None:
    site.build()
    assert periods(site) == periods(site, "topics/one") == {"2025", "2026"}
    assert len(ids(walk(site.output, "all/feed.atom"))) == 6


def test_year_with_many_entries_is_divided_into_months(site: EditableSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 3)
    site.build()
    assert periods(site) == {"2025", "2025-11", "2025-12", "2026"}
    assert len(ids(walk(site.output, "all/feed.json"))) == 6


@pytest.mark.parametrize("change", STATES)
def test_site_that_has_published_months_keeps_them(site: EditableSite, change: Change) -> None:
    site.settings["feeds"]["archive"] = "month"
    site.build()
    before = site.tree()
    del site.settings["feeds"]["archive"]
    change(site)
    site.build()
    assert site.tree() == before
    site.record("new.md", date="2026-03-01")
    site.build()
    assert periods(site) == {*MONTHS, "2026-03"}


@pytest.mark.parametrize("change", STATES)
@pytest.mark.parametrize("most", [3, 250])
def test_site_that_has_published_years_keeps_them(
    site: EditableSite, change: Change, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", most)
    site.build()
    before = site.tree()
    change(site)
    site.build()
    assert site.tree() == before


@pytest.mark.parametrize("change", STATES[:3])
def test_site_without_archives_so_far_begins_with_years(site: EditableSite, change: Change) -> None:
    site.settings["feeds"] |= {"limit": 50, "archive": "none"}
    site.build()
    if change is not use_state_of_an_earlier_release:
        change(site)
    site.settings["feeds"] = {"limit": 1, "by": ["topics"]}
    site.build()
    assert periods(site) == {"2025", "2026"}


def test_stated_period_replaces_the_published_one(site: EditableSite) -> None:
    site.settings["feeds"]["archive"] = "month"
    site.build()
    site.settings["feeds"]["archive"] = "auto"
    site.build()
    assert periods(site) == {"2025", "2026"}
    del site.settings["feeds"]["archive"]
    assert site.build().written == 0
