"""The oracle: after any sequence of changes, the tree equals that of a build from nothing.

A build from nothing cannot know what was published before: `reproducible` states the rule for that part of the tree.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Collection
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.chains import ids, read, walk
from support.editable_sites import EditableSite
from support.reports import ReportedFolder
from support.sites import kept_feeds, reproducible
from support.state_machines import history_settings

from syndicate.errors import Problem, ShrinkError
from syndicate.feeds import archive
from syndicate.formats import names as format_names
from syndicate.pipeline import BuildSummary

NAMES = st.sampled_from(["a.md", "b.md", "c.md", "d/a.md", "d/e.md", "2026-01-05-f.md"])
TOPICS = st.lists(st.sampled_from(["One", "one", "Two", "C++", "C#", "日本", "T  wo"]), max_size=3)
URLS = st.sampled_from(["", "https://x.example/1", "https://x.example/2"])
IDS = st.sampled_from(["", "", "same", "tag:f.example,2026:a.md", "tag:f.example,2026:d/e.md", "https://x.example/1"])
DATES = st.sampled_from(["2025-12-31", "2026-01-01", "2026-01-01", "2026-05-31T23:59:59Z", "2026-06-03", "2026-07-01"])
WORDS = st.sampled_from(["Alpha", "Beta", "Gamma & <Co>", "Délta"])
BROKEN = st.sampled_from(
    ["---\ntitle: a: b\n---\n", "---\ntitle: x", "no metadata", "---\ntitle: x\ndate: soon\n---\n"]
)


class History(RuleBasedStateMachine):
    """A corpus that people edit, with a build after every change."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="syndicate-history-"))
        self.editable_site = EditableSite(self.folder / "site")
        self.records: dict[str, dict[str, Any]] = {}
        self.pristine: dict[str, str] = {}
        self.edits = 0
        self.held: dict[tuple[str, str], set[str]] = {}
        self.tombstones: dict[tuple[str, str], dict[str, datetime]] = {}
        self.most, archive.MAX_ENTRIES = archive.MAX_ENTRIES, 2  # so that periods are split
        self.topics: dict[str, Any] = {}
        self.described = False
        (self.editable_site.folder / "corpus" / "d").mkdir()

    def teardown(self) -> None:
        archive.MAX_ENTRIES = self.most
        shutil.rmtree(self.folder)

    def _write(self, name: str, **values: Any) -> None:
        self.records.setdefault(name, {}).update(values)
        self.editable_site.record(name, **{key: value for key, value in self.records[name].items() if value != ""})

    @rule(name=NAMES, title=WORDS, topics=TOPICS, date=DATES, url=URLS, identity=IDS)
    def add_or_rewrite(self, name: str, title: str, topics: list[str], date: str, url: str, identity: str) -> None:
        self._write(name, title=title, topics=topics, date=date, webUrl=url, id=identity, excerpt=title * 2)

    def _some(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.records)))

    @precondition(lambda self: self.records)
    @rule(data=st.data(), title=WORDS)
    def retitle(self, data: st.DataObject, title: str) -> None:
        self._write(self._some(data), title=title)

    @precondition(lambda self: self.records)
    @rule(data=st.data(), date=DATES)
    def redate(self, data: st.DataObject, date: str) -> None:
        self._write(self._some(data), date=date)

    @precondition(lambda self: self.records)
    @rule(data=st.data(), topics=TOPICS)
    def retopic(self, data: st.DataObject, topics: list[str]) -> None:
        self._write(self._some(data), topics=topics)

    @precondition(lambda self: self.records)
    @rule(data=st.data(), identity=IDS, url=URLS)
    def state_identity(self, data: st.DataObject, identity: str, url: str) -> None:
        self._write(self._some(data), id=identity, webUrl=url)

    @precondition(lambda self: self.records)
    @rule(data=st.data(), published=st.booleans(), removed=st.booleans(), expires=st.sampled_from(["", "2026-06-02"]))
    def hide_or_show(self, data: st.DataObject, published: bool, removed: bool, expires: str) -> None:  # noqa: FBT001
        self._write(self._some(data), published=published, removed=removed, expiryDate=expires)

    @precondition(lambda self: self.records)
    @rule(data=st.data(), quality=st.integers(0, 100))
    def change_quality(self, data: st.DataObject, quality: int) -> None:
        self.edits += 1
        self._write(self._some(data), quality=quality, secured=f"{self.edits};x", heat=-1)

    @precondition(lambda self: self.records)
    @rule(data=st.data(), text=BROKEN)
    def break_metadata(self, data: st.DataObject, text: str) -> None:
        path = self.editable_site.write(self._some(data), text)
        os.utime(path, (1e9, 1e9))  # nobody is still writing it

    @precondition(lambda self: self.records)
    @rule(data=st.data())
    def mend_metadata(self, data: st.DataObject) -> None:
        self._write(self._some(data))

    @precondition(lambda self: self.records)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = self._some(data)
        del self.records[name]
        (self.editable_site.folder / "corpus" / name).unlink()

    @precondition(lambda self: self.records)
    @rule(data=st.data(), destination=NAMES)
    def rename(self, data: st.DataObject, destination: str) -> None:
        name = self._some(data)
        (self.editable_site.folder / "corpus" / destination).parent.mkdir(exist_ok=True)
        (self.editable_site.folder / "corpus" / name).rename(self.editable_site.folder / "corpus" / destination)
        self.records[destination] = self.records.pop(name)

    @precondition(lambda self: len(self.editable_site.settings["corpus"]) == 1)
    @rule(destination=st.sampled_from(["d", "g", "g/h"]))
    def move_a_folder(self, destination: str) -> None:
        names = sorted({name.partition("/")[0] for name in self.records if "/" in name})
        if not names or f"{destination}/".startswith(f"{names[0]}/"):
            return
        corpus = self.editable_site.folder / "corpus"
        shutil.rmtree(corpus / destination, ignore_errors=True)
        (corpus / destination).parent.mkdir(exist_ok=True)
        (corpus / names[0]).rename(corpus / destination)
        kept = {name: value for name, value in self.records.items() if not name.startswith(f"{destination}/")}
        self.records = {
            destination + name.removeprefix(names[0]) if name.startswith(f"{names[0]}/") else name: value
            for name, value in kept.items()
        }

    @precondition(lambda self: len(self.editable_site.settings["corpus"]) == 1)
    @rule()
    def delete_a_folder(self) -> None:
        shutil.rmtree(self.editable_site.folder / "corpus" / "d", ignore_errors=True)
        self.records = {name: value for name, value in self.records.items() if not name.startswith("d/")}

    @rule(destination=st.sampled_from(["a.md", "d/a.md", "/etc/hostname", "nothing"]))
    def link(self, destination: str) -> None:
        """A link changes with the file that it leads to, which may come and go."""
        path = self.editable_site.folder / "corpus" / "link.md"
        path.unlink(missing_ok=True)
        path.symlink_to(destination)

    @rule(days=st.sampled_from([-40, -1, 1, 2, 30]), seconds=st.sampled_from([0, 1]))
    def advance_the_clock(self, days: int, seconds: int) -> None:
        self.editable_site.now += timedelta(days=days, seconds=seconds)

    @rule(
        changed=st.sampled_from(
            [
                ("site", "title", ["T", "U"]),
                ("site", "language", ["en", "ar"]),
                ("site", "home", ["https://w.example/", "https://v.example/"]),
                ("feeds", "limit", [1, 3]),
                ("feeds", "archive", ["auto", "year", "month", "day", "none"]),
                ("feeds", "deleted_days", [0, 10, 90]),
                ("feeds", "related", [0, 5]),
                ("feeds", "by", [["topics"], ["topics", "provider"], ["category"], ["type", "author", "quality"]]),
                ("feeds", "all", [True, False]),
                ("feeds", "include_children", [True, False]),
                ("feeds", "opml", [None, "none"]),
                ("feeds", "formats", [["rss"], ["rss", "atom", "json"], ["json"]]),
                ("feeds", "where", [{}, {"min_quality": 50}, {"topics": ["Two"]}]),
                ("feeds", "custom", [{}, {"best": {"title": "Best", "where": {"min_quality": 50}}}]),
            ]
        ),
        data=st.data(),
    )
    def configure(self, changed: tuple[str, str, list[Any]], data: st.DataObject) -> None:
        section, key, values = changed
        self.editable_site.settings[section][key] = data.draw(st.sampled_from(values))

    @rule(
        topics=st.sampled_from(
            [
                {},
                {"One": {"slug": "two", "parent": "Two"}},
                {"C++": {"slug": "cpp", "aliases": ["C#"], "title": "C", "parent": "one"}},
            ]
        )
    )
    def name_topics(self, topics: dict[str, Any]) -> None:
        self.topics = topics
        self._configure_topics()

    @rule(
        name=st.sampled_from(["a.yaml", "b.yml"]),
        topic=st.sampled_from(["One", "two", "C#", "日本"]),
        parent=st.sampled_from(["", "C++", "one", "Three"]),
        keywords=st.sampled_from(["", "x, y", "{}"]),
    )
    def describe_a_topic(self, name: str, topic: str, parent: str, keywords: str) -> None:
        self.editable_site.write(f"_data/{name}", f"name: {topic!r}\nparent: {parent!r}\nkeywords: {keywords}\n")
        self.described = True
        self._configure_topics()

    @rule()
    def describe_no_topic(self) -> None:
        self.described = False
        self._configure_topics()

    def _configure_topics(self) -> None:
        self.editable_site.settings["topics"] = self.topics | ({"from": "corpus/_data"} if self.described else {})

    @rule(
        pages=st.booleans(),
        template=st.sampled_from([None, ("card.html", "<p>{{ entry.title }}, {{ site.title }}"), ("site.css", "a{}")]),
    )
    def design_pages(self, pages: bool, template: tuple[str, str] | None) -> None:  # noqa: FBT001
        self.editable_site.settings["pages"] = pages
        shutil.rmtree(self.editable_site.folder / "templates", ignore_errors=True)
        if template is not None:
            (self.editable_site.folder / "templates").mkdir()
            (self.editable_site.folder / "templates" / template[0]).write_text(template[1])
            self.editable_site.settings["templates"] = "templates"
        else:
            self.editable_site.settings.pop("templates", None)

    @rule(precompress=st.booleans())
    def compress(self, precompress: bool) -> None:  # noqa: FBT001
        self.editable_site.settings["precompress"] = precompress

    @rule()
    def add_a_second_source(self) -> None:
        (self.editable_site.folder / "corpus" / "d").mkdir(exist_ok=True)
        sources = [{"path": "corpus"}, {"path": "corpus/d"}]
        self.editable_site.settings["corpus"] = sources[: 3 - len(self.editable_site.settings["corpus"])]

    @invariant()
    def tree_equals_a_build_from_nothing(self) -> None:
        fresh_tree = self.editable_site.built_from_nothing(self.folder / "fresh", inline=True)
        changed = self.reported()
        summary = self._build_guarded(changed)
        tree = self.editable_site.tree()
        assert reproducible(tree, self.editable_site.state) == fresh_tree
        self._verify_kept_feeds(tree)
        self._verify_histories()
        fresh = self.editable_site.fresh
        assert fresh is not None
        assert summary[:3] == fresh[:3]  # entries, hidden, merged
        assert _of_records(summary) == _of_records(fresh)
        again = self.editable_site.build(changed=None if changed is None else ())
        assert (again.written, again.removed) == (0, 0)
        assert again[:4] == summary[:4]

    def reported(self) -> Collection[str] | None:
        """Returns the paths that are reported as changed; None lets the build look at everything."""
        return None

    def _build_guarded(self, changed: Collection[str] | None) -> BuildSummary:
        """Builds; a build that would take away too much is refused first, and changes nothing."""
        before = {entry_id for ids_of in self.held.values() for entry_id in ids_of}
        with closing(sqlite3.connect(self.folder / "fresh" / ".syndicate" / "index.db")) as sql:
            after = {row[0] for row in sql.execute("SELECT id FROM entries WHERE memberships != '[]'")}
        lost = len(before - after)
        tree, index = self.editable_site.tree(), self._index()
        refused: ShrinkError | None = None
        try:
            summary = self.editable_site.build(allow_shrink=False, changed=changed)
        except ShrinkError as error:
            refused = error
        if refused is None:
            may_expire = any(record.get("expiryDate") for record in self.records.values())
            assert len(before) < 3 or lost * 2 <= len(before) or may_expire
            return summary
        assert refused.published == len(before) >= 3
        assert lost >= refused.lost
        assert refused.lost >= 3 or refused.lost * 2 > len(before)
        assert (self.editable_site.tree(), self._index()) == (tree, index)
        return self.editable_site.build(allow_shrink=True)

    def _index(self) -> dict[str, list[Any]]:
        if not self.editable_site.state.exists():
            return {}
        with closing(sqlite3.connect(self.editable_site.state / "index.db")) as sql:
            tables = [row[0] for row in sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {table: sql.execute(f"SELECT * FROM {table}").fetchall() for table in tables}

    def _verify_kept_feeds(self, tree: dict[str, bytes]) -> None:
        """A feed of a configured dimension that ever had entries goes on, empty and valid, in each format."""
        feeds = self.editable_site.settings["feeds"]
        formats = feeds.get("formats", format_names())
        for path in kept_feeds(self.editable_site.state):
            assert path.partition("/")[0] in feeds["by"]
            for name in formats:
                read_feed = read(self.editable_site.output / path / f"feed.{name}")
                assert (read_feed.ids, read_feed.address) == ([], f"https://f.example/{quote(path)}/feed.{name}")
            assert (f"{path}/index.html" in tree) == self.editable_site.settings["pages"]

    def _verify_histories(self) -> None:
        """The chain of every feed holds its members, the same in each format, and lists its deletions."""
        with closing(sqlite3.connect(self.editable_site.state / "index.db")) as sql:
            paths = {(row[0], row[1]): row[2] for row in sql.execute("SELECT dimension, key, path FROM feeds")}
            held: dict[tuple[str, str], set[str]] = {place: set() for place in paths}
            members = (
                "SELECT dimension, key, id FROM memberships JOIN feeds USING (feed_id) JOIN entries USING (record_id)"
            )
            for dimension, key, entry_id in sql.execute(members):
                held[dimension, key].add(entry_id)
        self._expect_tombstones(held)
        feeds = self.editable_site.settings["feeds"]
        for place, path in paths.items():
            walks = [
                walk(self.editable_site.output, f"{path}/feed.{kind}") for kind in feeds.get("formats", format_names())
            ]
            shapes = {tuple((page.address.rpartition("/")[0], *page.ids) for page in pages) for pages in walks}
            assert len(shapes) == 1
            if feeds.get("archive") != "none":
                assert ids(walks[0]) == held[place]
            for pages in walks:
                if not pages[0].address.endswith(".rss"):
                    assert {**pages[0].deleted} == self.tombstones.get(place, {})

    def _expect_tombstones(self, held: dict[tuple[str, str], set[str]]) -> None:
        visible = {entry_id for ids_of in held.values() for entry_id in ids_of}
        now = self.editable_site.now
        for place, before in self.held.items():
            for entry_id in before - visible:
                self.tombstones.setdefault(place, {}).setdefault(entry_id, now)
        days = timedelta(days=self.editable_site.settings["feeds"].get("deleted_days", 90))
        self.tombstones = {
            place: {one: at for one, at in gone.items() if one not in visible and at > now - days}
            for place, gone in self.tombstones.items()
        }
        self.held = held


def _of_records(summary: BuildSummary) -> list[Problem]:
    """The problems but those of the configuration, which lies elsewhere."""
    return [problem for problem in summary.problems if not problem.path.endswith("config.yaml")]


class ReportedHistory(History):
    """The same, where builds are told which paths changed, and look at these alone."""

    def __init__(self) -> None:
        super().__init__()
        self.corpus = ReportedFolder(self.editable_site.folder / "corpus", Random(1))
        self.is_report_lost = False

    @rule()
    def lose_a_report(self) -> None:
        """The next build looks at everything, as the worker does after a minute."""
        self.is_report_lost = True

    def reported(self) -> Collection[str] | None:
        changed, is_lost = self.corpus.changes(), self.is_report_lost
        self.is_report_lost = False
        return None if is_lost else changed


TestHistory = History.TestCase
TestReportedHistory = ReportedHistory.TestCase
TestHistory.settings = TestReportedHistory.settings = history_settings(
    int(os.environ.get("SYNDICATE_HISTORIES", "12")), 25
)
