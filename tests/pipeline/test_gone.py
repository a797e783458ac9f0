"""What a build removes is remembered as gone, until it stands again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from support.worlds import World


def gone(world: World) -> set[str]:
    with closing(sqlite3.connect(world.state / "index.db")) as sql:
        return {row[0] for row in sql.execute("SELECT path FROM gone")}


TWO = {f"topics/two/feed.{kind}" for kind in ("rss", "atom", "json")}


@pytest.fixture
def two(world: World) -> World:
    """A site whose topic Two is gone."""
    world.settings["feeds"] = {"by": ["topics"]}
    world.record("a.md")
    path = world.record("b.md", topics=["Two"])
    world.build()
    assert gone(world) == set()
    path.unlink()
    world.build()
    return world


def test_documents_of_a_feed_that_is_gone_are_remembered(two: World) -> None:
    assert gone(two) == TWO


def test_documents_that_stand_again_are_not_gone(two: World) -> None:
    two.record("c.md", topics=["Two"])
    two.build()
    assert gone(two) == set()


@pytest.mark.parametrize("lost", ["full", "version"])
def test_what_is_gone_outlives_an_index(lost: str, two: World) -> None:
    if lost == "version":
        with closing(sqlite3.connect(two.state / "index.db")) as sql:
            sql.execute("PRAGMA user_version = 1")
    two.build(full=lost == "full")
    assert gone(two) == TWO


def test_what_is_gone_is_forgotten_after_a_year(two: World) -> None:
    two.now += timedelta(days=367)
    two.record("a.md", title="Another")
    two.build()
    assert gone(two) == set()


def test_what_a_killed_run_left_is_no_document_that_is_gone(two: World) -> None:
    (two.output / "all/feed.rss.syndicate-new").write_text("half")
    (two.state / "unfinished").touch()
    assert two.build().removed == 1
    assert gone(two) == TWO
