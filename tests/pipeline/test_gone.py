"""Removed documents are recorded until they are published again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from support.editable_sites import EditableSite


def removed_paths(editable_site: EditableSite) -> set[str]:
    with closing(sqlite3.connect(editable_site.state / "index.db")) as sql:
        return {row[0] for row in sql.execute("SELECT path FROM removed_documents")}


TWO = {f"topics/two/feed.{kind}" for kind in ("rss", "atom", "json")}


@pytest.fixture
def two(editable_site: EditableSite) -> EditableSite:
    """A site whose topic Two was removed: its configuration makes it an alias of another."""
    editable_site.settings["feeds"] = {"by": ["topics"]}
    editable_site.record("a.md")
    path = editable_site.record("b.md", topics=["Two"])
    editable_site.build()
    assert removed_paths(editable_site) == set()
    path.unlink()
    editable_site.settings["topics"] = {"One": {"aliases": ["Two"]}}
    editable_site.build()
    return editable_site


def test_documents_of_a_removed_feed_are_recorded(two: EditableSite) -> None:
    assert removed_paths(two) == TWO


def test_documents_that_are_published_again_are_not_recorded(two: EditableSite) -> None:
    two.record("c.md", topics=["Two"])
    del two.settings["topics"]
    two.build()
    assert removed_paths(two) == set()


@pytest.mark.parametrize("lost", ["full", "version"])
def test_removed_documents_outlive_an_index(lost: str, two: EditableSite) -> None:
    if lost == "version":
        with closing(sqlite3.connect(two.state / "index.db")) as sql:
            sql.execute("PRAGMA user_version = 1")
    two.build(full=lost == "full")
    assert removed_paths(two) == TWO


def test_removed_documents_are_forgotten_after_a_year(two: EditableSite) -> None:
    two.now += timedelta(days=367)
    two.record("a.md", title="Another")
    two.build()
    assert removed_paths(two) == set()


def test_staged_file_of_a_killed_run_is_not_recorded(two: EditableSite) -> None:
    (two.output / "all/feed.rss.syndicate-new").write_text("half")
    (two.state / "unfinished").touch()
    assert two.build().removed == 1
    assert removed_paths(two) == TWO
