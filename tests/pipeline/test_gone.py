"""What a build removes is remembered as gone, until it stands again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from support.editable_sites import EditableSite


def gone(editable_site: EditableSite) -> set[str]:
    with closing(sqlite3.connect(editable_site.state / "index.db")) as sql:
        return {row[0] for row in sql.execute("SELECT path FROM gone")}


TWO = {f"topics/two/feed.{kind}" for kind in ("rss", "atom", "json")}


@pytest.fixture
def two(editable_site: EditableSite) -> EditableSite:
    """A site whose topic Two is gone."""
    editable_site.settings["feeds"] = {"by": ["topics"]}
    editable_site.record("a.md")
    path = editable_site.record("b.md", topics=["Two"])
    editable_site.build()
    assert gone(editable_site) == set()
    path.unlink()
    editable_site.build()
    return editable_site


def test_documents_of_a_feed_that_is_gone_are_remembered(two: EditableSite) -> None:
    assert gone(two) == TWO


def test_documents_that_stand_again_are_not_gone(two: EditableSite) -> None:
    two.record("c.md", topics=["Two"])
    two.build()
    assert gone(two) == set()


@pytest.mark.parametrize("lost", ["full", "version"])
def test_what_is_gone_outlives_an_index(lost: str, two: EditableSite) -> None:
    if lost == "version":
        with closing(sqlite3.connect(two.state / "index.db")) as sql:
            sql.execute("PRAGMA user_version = 1")
    two.build(full=lost == "full")
    assert gone(two) == TWO


def test_what_is_gone_is_forgotten_after_a_year(two: EditableSite) -> None:
    two.now += timedelta(days=367)
    two.record("a.md", title="Another")
    two.build()
    assert gone(two) == set()


def test_what_a_killed_run_left_is_no_document_that_is_gone(two: EditableSite) -> None:
    (two.output / "all/feed.rss.syndicate-new").write_text("half")
    (two.state / "unfinished").touch()
    assert two.build().removed == 1
    assert gone(two) == TWO
