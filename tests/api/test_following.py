"""A partner that follows `since` holds exactly the visible entries, whatever happens to the corpus."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Coroutine
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.api_server import Follower, get, pages
from support.editable_sites import EditableSite
from support.state_machines import history_settings

from syndicate import config
from syndicate.api import partners
from syndicate.api.routes import add_routes

NAMES = st.sampled_from(["a.md", "b.md", "c.md", "d/a.md", "d/e.md"])
TOPICS = st.lists(st.sampled_from(["One", "one", "Two", "Uno", "Three"]), max_size=3)
DATES = st.sampled_from(["2026-01-01", "2026-01-01", "2026-01-02", "2026-06-03", "2026-05-31T23:59:59Z"])
URLS = st.sampled_from(["", "https://x.example/1", "https://x.example/2"])
IDS = st.sampled_from(["", "", "same", "tag:f.example,2026:a.md"])
QUALITIES = st.sampled_from([10, 90, -1])
QUERIES = ["", "topic=uno&topic=Three", "topic=One&topic=Two&match=all", "min_quality=50", "q=alpha", "language=de"]


STORED = (
    "SELECT id, published, provider, type, language, quality, heat, topics FROM partner_entries ORDER BY id",
    """SELECT topic, partner_topics.published, partner_topics.id, partner_entries.id
    FROM partner_topics JOIN partner_entries USING (record_id) ORDER BY 1, 2, 3""",
    """SELECT id, partner_text.title, excerpt
    FROM partner_text JOIN partner_entries ON record_id = partner_text.rowid ORDER BY id""",
    "SELECT id FROM changes WHERE state IS NOT NULL ORDER BY id",
)


def stored(state: Path) -> list[list[Any]]:
    """Return everything that an index stores for partners, without the order of changes."""
    with closing(sqlite3.connect(state / "index.db")) as sql:
        return [sql.execute(query).fetchall() for query in STORED]


class Following(RuleBasedStateMachine):
    """A corpus that is edited, a build after every change, and partners that read at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="syndicate-following-"))
        self.editable_site = EditableSite(self.folder / "site")
        self.editable_site.settings["api"] = {}
        self.editable_site.settings["executor"] = "inline"  # forks, which do not matter here, took half of the time
        self.editable_site.settings["topics"] = {"One": {"aliases": ["Uno"]}, "Two": {}, "Three": {}}
        self.editable_site.settings["feeds"] |= {"archive": "none", "limit": 2, "formats": ["json"]}
        self.records: dict[str, dict[str, Any]] = {}
        self.editable_site.build()
        path = str(self.folder / "site/partners.yaml")
        self.key = {"Authorization": f"Bearer {partners.add(path, 'all', (), 10**6)}"}
        self.narrow = {"Authorization": f"Bearer {partners.add(path, 'narrow', ('Two',), 10**6)}"}
        self.loop = asyncio.new_event_loop()
        self.client = self.run(self._client())
        self.partners = [Follower(self.client, query, **self.key) for query in QUERIES]
        self.partners.append(Follower(self.client, **self.narrow))
        self.ever_two: set[str] = set()
        self.write_several(["One", "Two"], 90, "Alpha")

    async def _client(self) -> TestClient[web.Request, web.Application]:
        app = web.Application()
        add_routes(app, config.load(str(self.editable_site.configure())))
        client = TestClient(TestServer(app))
        await client.start_server()
        return client

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(coroutine)

    def teardown(self) -> None:
        self.run(self.client.close())
        self.loop.close()
        shutil.rmtree(self.folder)

    def _write(self, name: str, **values: Any) -> None:
        self.records.setdefault(name, {}).update(values)
        self.editable_site.record(name, **{key: value for key, value in self.records[name].items() if value != ""})

    @rule(name=NAMES, topics=TOPICS, date=DATES, url=URLS, identity=IDS, quality=QUALITIES)
    def write(self, name: str, topics: list[str], date: str, url: str, identity: str, quality: int) -> None:
        self._write(name, topics=topics, date=date, webUrl=url, id=identity, quality=quality)

    @rule(topics=TOPICS, quality=QUALITIES, title=st.sampled_from(["Alpha", "Beta"]))
    def write_several(self, topics: list[str], quality: int, title: str) -> None:
        for number, name in enumerate(("a.md", "b.md", "d/e.md", "f.md")):
            self._write(name, title=title, topics=topics[number % 2 :], date="2026-01-02", quality=quality)

    @precondition(lambda self: self.records)
    @rule(data=st.data(), title=st.sampled_from(["Alpha", "Beta"]), language=st.sampled_from(["de", "en"]))
    def retitle(self, data: st.DataObject, title: str, language: str) -> None:
        self._write(data.draw(st.sampled_from(sorted(self.records))), title=title, language=language)

    @precondition(lambda self: self.records)
    @rule(data=st.data(), removed=st.booleans())
    def hide_or_show(self, data: st.DataObject, removed: bool) -> None:  # noqa: FBT001
        self._write(data.draw(st.sampled_from(sorted(self.records))), removed=removed)

    @precondition(lambda self: self.records)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.records)))
        del self.records[name]
        (self.editable_site.folder / "corpus" / name).unlink()

    @rule(days=st.sampled_from([-2, 1, 2]))
    def change_the_clock(self, days: int) -> None:
        self.editable_site.now += timedelta(days=days)

    @rule(full=st.booleans())
    def rebuild_the_index(self, full: bool) -> None:  # noqa: FBT001
        if full:
            self.editable_site.build(full=True)
            return
        with closing(sqlite3.connect(self.editable_site.state / "index.db")) as sql:
            sql.execute("PRAGMA user_version = 1")

    @rule(data=st.data())
    def follow(self, data: st.DataObject) -> None:
        """Let some of the partners read the changes; the others read them later."""
        self.editable_site.build()
        self.editable_site.built_from_nothing(self.folder / "fresh")
        assert stored(self.editable_site.state) == stored(self.folder / "fresh/.syndicate")
        for partner in self.partners:
            if data.draw(st.integers(0, 3)):
                self.run(self._follow(partner))

    async def _follow(self, partner: Follower) -> None:
        await partner.follow()
        query = partner.query.removeprefix("&")
        shown = await pages(self.client, f"/entries?limit=2{partner.query}", **partner.headers)
        items = [item for page in shown for item in page["items"]]
        if partner.headers == self.narrow:
            assert set(partner.received_ids) <= self.ever_two, "an id without a right to its topic"
        assert partner.entries == {item["id"]: item for item in items}, query
        assert len(partner.entries) == len(items)
        order = [(item["date_published"], item["id"]) for item in items]
        assert order == sorted(order, reverse=True)
        await partner.follow()
        assert partner.received_ids == [], "an entry is sent again"

    @invariant()
    def every_visible_entry_is_returned(self) -> None:
        self.editable_site.build()
        with closing(sqlite3.connect(self.editable_site.state / "index.db")) as sql:
            visible = {row[0] for row in sql.execute("SELECT id FROM entries WHERE memberships != '[]'")}
        returned = self.run(get(self.client, "/entries?limit=500", **self.key))
        assert {item["id"] for item in returned["items"]} == visible
        self.ever_two |= {one["id"] for one in returned["items"] if "Two" in one.get("tags", ())}
        feed = self.editable_site.output / "all/feed.json"
        newest = json.loads(feed.read_bytes())["items"]
        assert returned["items"][:2] == newest


TestFollowing = Following.TestCase
TestFollowing.settings = history_settings(15, 20)
