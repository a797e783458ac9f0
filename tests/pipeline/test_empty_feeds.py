"""A feed whose last entry is withdrawn goes on, empty, for those who follow it, until the configuration ends it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import feedparser
import pytest
from support import atom_rules, jsonfeed_rules, rss_rules
from support.chains import read
from support.editable_sites import NOW, EditableSite
from support.sites import kept_feeds

from syndicate.formats import names as format_names

RARE = "topics/rare"
GONE = "tag:f.example,2026:rare.md"
RARE_FEEDS = {f"{RARE}/feed.{name}" for name in format_names()}


@pytest.fixture
def site(editable_site: EditableSite) -> EditableSite:
    """A site whose topic Rare lost its only entry."""
    editable_site.settings |= {"hubs": ["https://hub.example/"], "pages": True, "precompress": True}
    editable_site.record("a.md", topics=["One"])
    editable_site.record("rare.md", topics=["Rare"], date="2026-02-03")
    editable_site.build()
    (editable_site.folder / "corpus" / "rare.md").unlink()
    editable_site.build()
    return editable_site


def removed_paths(site: EditableSite) -> set[str]:
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        return {row[0] for row in sql.execute("SELECT path FROM removed_documents")}


def test_feed_stays_empty_and_valid_in_every_format_and_lists_the_deletion(site: EditableSite) -> None:
    for name in ("rss", "atom"):
        parsed = feedparser.parse((site.output / RARE / f"feed.{name}").read_bytes())
        assert (parsed.bozo, parsed.entries, parsed.feed.title) == (0, [], "Rare – T")
    assert atom_rules.BOOK.broken((site.output / RARE / "feed.atom").read_bytes()) == {}
    assert rss_rules.BOOK.broken((site.output / RARE / "feed.rss").read_bytes()) == {}
    assert jsonfeed_rules.broken((site.output / RARE / "feed.json").read_bytes()) == {}
    assert json.loads((site.output / RARE / "feed.json").read_bytes())["items"] == []
    for name in ("atom", "json"):
        assert read(site.output / RARE / f"feed.{name}").deleted == {GONE: NOW}
    assert b"Rare" in (site.output / RARE / "index.html").read_bytes()
    assert {path.name for path in (site.output / RARE).iterdir()} >= {"feed.rss.gz", "feed.atom.br"}


def test_time_of_update_does_not_go_back(site: EditableSite) -> None:
    parsed = feedparser.parse((site.output / RARE / "feed.atom").read_bytes())
    assert parsed.feed.updated == "2026-02-03T00:00:00+00:00"


def test_lists_of_all_feeds_do_not_name_it(site: EditableSite) -> None:
    for path in ("catalog.json", "feeds.opml", "index.html"):
        assert b"topics/one" in (site.output / path).read_bytes()
        assert RARE.encode() not in (site.output / path).read_bytes()


def test_hubs_are_notified_of_the_documents_that_became_empty(site: EditableSite) -> None:
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        generations = dict(sql.execute("SELECT path, generation FROM topics"))
        wanted = {row[0] for row in sql.execute("SELECT topic_url FROM deliveries WHERE wanted_generation = 2")}
    assert {path for path in generations if path.startswith(RARE)} == RARE_FEEDS
    assert {generations[path] for path in RARE_FEEDS} == {2}
    assert wanted >= {f"https://f.example/{path}" for path in RARE_FEEDS}


def other_version(site: EditableSite) -> None:
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        sql.execute("PRAGMA user_version = 99")


def other_renderer(site: EditableSite) -> None:
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        sql.execute("UPDATE run_state SET value = x'00' WHERE name = 'parsing'")
        sql.commit()


@pytest.mark.parametrize("prepare", [None, other_version, other_renderer])
@pytest.mark.parametrize("full", [False, True])
def test_bytes_stay_the_same_in_any_later_build(
    prepare: Callable[[EditableSite], None] | None, site: EditableSite, *, full: bool
) -> None:
    before = site.tree()
    if prepare:
        prepare(site)
    site.now += timedelta(days=10)
    summary = site.build(full=full)
    assert (summary.written, summary.removed) == (0, 0)
    assert site.tree() == before


def test_last_entry_that_is_withdrawn_in_a_build_from_nothing(editable_site: EditableSite) -> None:
    editable_site.record("a.md", topics=["One"])
    path = editable_site.record("rare.md", topics=["Rare"])
    editable_site.build()
    path.unlink()
    editable_site.build(full=True)
    assert kept_feeds(editable_site.state) == [RARE]
    assert read(editable_site.output / RARE / "feed.atom").deleted == {GONE: NOW}


def test_expired_deletion_leaves_the_feed_empty(site: EditableSite) -> None:
    site.now += timedelta(days=90)
    site.build()
    assert read(site.output / RARE / "feed.atom").deleted == {}
    assert read(site.output / RARE / "feed.atom").ids == []


def test_feed_that_gets_an_entry_again_just_goes_on(site: EditableSite) -> None:
    site.record("again.md", topics=["rare"], date="2026-03-01")
    site.build()
    assert kept_feeds(site.state) == []
    assert read(site.output / RARE / "feed.json").ids == ["tag:f.example,2026:again.md"]
    assert RARE.encode() in (site.output / "catalog.json").read_bytes()


def test_entry_that_only_leaves_its_topic_leaves_an_empty_feed_without_deletions(site: EditableSite) -> None:
    site.record("a.md", topics=["Two"])
    site.build()
    assert kept_feeds(site.state) == ["topics/one", RARE]
    assert read(site.output / "topics/one/feed.atom").deleted == {}


@pytest.mark.parametrize(
    ("section", "value"),
    [
        ("feeds", {"by": ["provider"]}),
        ("topics", {"One": {"aliases": ["Rare"]}}),
        ("topics", {"One": {"moved_from": ["rare"]}}),
        ("topics", {"Rare": {"slug": "scarce"}}),
    ],
    ids=["dimension", "alias", "moved_from", "slug"],
)
@pytest.mark.parametrize("full", [False, True])
def test_feed_that_the_configuration_ends_is_gone(
    section: str, value: dict[str, object], site: EditableSite, *, full: bool
) -> None:
    site.settings[section] = value
    site.build(full=full)
    assert not (site.output / RARE).exists()
    assert removed_paths(site) >= RARE_FEEDS
    assert kept_feeds(site.state) == []
    site.settings.pop(section)
    site.build()
    assert not (site.output / RARE).exists()  # nobody follows it any more


def test_format_that_the_configuration_removes_is_gone(site: EditableSite) -> None:
    site.settings["feeds"]["formats"] = ["atom"]
    site.build()
    assert (site.output / RARE / "feed.atom").exists()
    assert removed_paths(site) >= RARE_FEEDS - {f"{RARE}/feed.atom"}
