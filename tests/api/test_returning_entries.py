"""An entry that comes back is no deletion any more: not in Atom, not in JSON Feed, not in the partners' change log."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from support.chains import read
from support.editable_sites import EditableSite

ENTRY = "tag:f.example,2026:a.md"
FEEDS = ("all", "topics/one", "topics/two", "topics/three")


def deletions(site: EditableSite) -> set[str]:
    """Everything that says that the entry is deleted."""
    found = {
        f"{feed}/feed.{name}"
        for feed in FEEDS
        for name in ("atom", "json")
        if (site.output / feed / f"feed.{name}").exists() and read(site.output / feed / f"feed.{name}").deleted
    }
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        (is_deleted,) = sql.execute("SELECT state IS NULL FROM changes WHERE id = ?", (ENTRY,)).fetchone()
    return found | ({"change log"} if is_deleted else set())


def holding(site: EditableSite) -> set[str]:
    paths = {feed: site.output / feed / "feed.json" for feed in FEEDS}
    feeds = {feed: json.loads(path.read_bytes()) for feed, path in paths.items() if path.exists()}
    return {feed for feed, content in feeds.items() if ENTRY in {item["id"] for item in content["items"]}}


def write(site: EditableSite, *topics: str, **values: object) -> None:
    site.record("a.md", title="A", topics=list(topics), **values)


def unlink(site: EditableSite) -> None:
    (site.folder / "corpus" / "a.md").unlink()


LEAVE: dict[str, Callable[[EditableSite], None]] = {
    "deleted": unlink,
    "hidden": lambda site: write(site, "One", "Two", published=False),
    "faulty": lambda site: write(site, "One", "Two", date="soon"),
    "postponed": lambda site: write(site, "One", "Two", date="2030-01-01"),
}
RETURN: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "to the same feeds": (("One", "Two"), {"all", "topics/one", "topics/two"}),
    "to one of them": (("Two",), {"all", "topics/two"}),
    "to another one": (("Three",), {"all", "topics/three"}),
    "to none of them": ((), {"all"}),
}


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("back", RETURN)
@pytest.mark.parametrize("how", LEAVE)
def test_entry_that_comes_back_is_no_deletion(how: str, back: str, site: EditableSite, *, full: bool) -> None:
    site.record("b.md", topics=["One"])
    write(site, "One", "Two")
    site.build()
    LEAVE[how](site)
    site.build(full=full)
    former = ("all", "topics/one", "topics/two")
    assert deletions(site) == {f"{feed}/feed.{name}" for feed in former for name in ("atom", "json")} | {"change log"}
    topics, feeds = RETURN[back]
    write(site, *topics)
    site.build(full=full)
    assert (deletions(site), holding(site)) == (set(), feeds)
    if back != "to the same feeds":  # and it re-enters the feeds that it left
        write(site, "One", "Two")
        site.build(full=full)
        assert (deletions(site), holding(site)) == (set(), {"all", "topics/one", "topics/two"})
