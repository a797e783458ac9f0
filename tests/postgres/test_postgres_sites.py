"""Servers, the partner API, pushers and workers over one database, as processes that may die at any instant."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from support.api_server import Follower, get, pages, served
from support.editable_sites import EditableSite
from support.hubs import ReceivedRequest, http_server
from support.postgres_server import PostgresServer
from support.processes import wait_until
from support.serving import fetch, serving
from support.sites import clean_environment
from support.toxic_proxy import ToxicProxy, toxic_proxy

from syndicate.delivery.session import read_outbox
from syndicate.store.outbox_rows import PendingDelivery

pytestmark = pytest.mark.postgres

URL = "https://f.example/"
CHAOS = {"verify": False, "timeout_s": 0.2, "window_h": 0.0005, "attempts": 1000, "concurrency": 4}
QUERIES = [
    "", "topic=One", "topic=One&topic=Two&match=all", "topic=Two&topic=Three", "min_quality=50", "q=alpha",
    "q=gamma%20ray", "q=CR%C3%88ME", "q=!!", "language=de", "limit=2", "provider=p",
    "published_after=2026-01-03T00:00:00Z",
]  # fmt: skip


@pytest.fixture
def site(tmp_path: Path, server: PostgresServer) -> EditableSite:
    site = EditableSite(tmp_path / "site")
    site.settings |= {"state": server.url(), "push": CHAOS}
    site.record("a.md", title="Alpha crème", topics=["One"], quality=10, excerpt="gamma")
    site.record("b.md", title="Beta", topics=["One", "Two"], quality=90, date="2026-01-02", excerpt="A gamma-ray burst")
    site.record("c.md", title="Gamma", topics=["Two", "Three"], language="de-AT", date="2026-01-05")
    return site


@pytest.fixture
def proxy(server: PostgresServer) -> Iterator[ToxicProxy]:
    with toxic_proxy(server.folder / ".s.PGSQL.5432") as proxy:
        yield proxy


def state_of(site: EditableSite) -> str:
    return str(site.settings["state"])


def pending(site: EditableSite) -> list[PendingDelivery]:
    return read_outbox(state_of(site), lambda outbox: outbox.pending())


# ------------------------------------------------------------------------------------------------------------- servers


def test_server_shows_a_build_within_a_second_and_goes_on_without_the_database(
    site: EditableSite, server: PostgresServer, proxy: ToxicProxy
) -> None:
    site.settings["state"] = server.through(state_of(site), proxy.port)
    site.settings["api"] = {"public": True}
    site.build()

    def body(port: int) -> bytes:
        status, _, content = fetch(f"http://127.0.0.1:{port}/all/feed.rss")
        assert status == 200
        return content

    def api_status(port: int) -> int:
        return fetch(f"http://127.0.0.1:{port}/api/v1/entries")[0]

    with serving(site) as (_, port):
        wait_until(lambda: fetch(f"http://127.0.0.1:{port}/all/feed.rss")[0] == 200)
        assert api_status(port) == 200
        site.record("new.md", title="Brand new", date="2026-01-09")
        site.build()
        started = time.monotonic()
        wait_until(lambda: b"Brand new" in body(port))
        _, headers, _ = fetch(f"http://127.0.0.1:{port}/all/feed.rss")
        wait_until(lambda: fetch(f"http://127.0.0.1:{port}/all/feed.rss", If_None_Match=headers["etag"])[0] == 304)
        assert time.monotonic() - started < 3  # a second, on a machine that does nothing else
        with proxy.down():
            assert b"Brand new" in body(port)
            assert api_status(port) == 503
        wait_until(lambda: api_status(port) == 200)
        site.record("newer.md", title="Newer still", date="2026-01-10")
        site.build()
        wait_until(lambda: b"Newer still" in body(port))


async def test_partners_read_the_same_from_both_databases(site: EditableSite, tmp_path: Path) -> None:
    site.settings["api"] = {"public": True}
    other = EditableSite(tmp_path / "other")
    found: list[list[Any]] = []
    for one in (site, other):
        one.settings = {**site.settings, "state": state_of(site) if one is site else ".syndicate"}
        if one is other:
            (one.folder / "corpus").rmdir()
            (one.folder / "corpus").symlink_to(site.folder / "corpus")
        await asyncio.to_thread(one.build)
    for one in (site, other):
        results: list[Any] = []
        async with served(one) as client:
            for query in QUERIES:
                answered = await pages(client, f"/entries?{query}")
                results += [query, [page["items"] for page in answered]]
            first = await pages(client, "/entries?since=&limit=2")
            results.append([page["items"] for page in first])
            results.append((await get(client, "/feeds"))["items"])
        found.append(results)
    assert found[0] == found[1]
    assert sum(map(bool, found[0])) > len(QUERIES) - 3


async def test_partners_follow_changes_and_deletions(site: EditableSite) -> None:
    site.settings["api"] = {"public": True}
    await asyncio.to_thread(site.build)
    async with served(site) as client:
        everything, one = Follower(client), Follower(client, "topic=One")
        for follower in (everything, one):
            await follower.follow()
        assert {item["title"] for item in everything.entries.values()} == {"Alpha crème", "Beta", "Gamma"}
        (site.folder / "corpus" / "a.md").unlink()
        site.record("b.md", title="Beta again", topics=["Two"], date="2026-01-02")
        await asyncio.to_thread(site.build)
        for follower in (everything, one):
            await follower.follow()
        assert {item["title"] for item in everything.entries.values()} == {"Beta again", "Gamma"}
        assert one.entries == {}
        assert len(everything.received_ids) == 2


# ------------------------------------------------------------------------------------------------------------- pushers


def start(site: EditableSite, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "syndicate", *arguments], cwd=site.folder, env=clean_environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@contextmanager
def killed_at_exit(*processes: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


class FetchingHub:
    """A hub that fetches a topic when it is pinged; the output folder is public."""

    def __init__(self, site: EditableSite, chance: random.Random) -> None:
        self.site, self.chance = site, chance
        self.is_healthy = False
        self.fetched: dict[str, bytes] = {}

    async def respond(self, received: ReceivedRequest) -> web.Response:
        if not self.is_healthy:
            await asyncio.sleep(self.chance.uniform(0, 0.05))
            if self.chance.random() < 0.3:
                return web.Response(status=503)
        self.fetched[received.topic_url] = (self.site.output / received.topic_url.removeprefix(URL)).read_bytes()
        return web.Response(status=202)


@pytest.mark.parametrize("seed", [1, 2])
async def test_hub_fetches_the_final_documents_whatever_is_killed(
    site: EditableSite, server: PostgresServer, seed: int
) -> None:
    chance = random.Random(seed)
    hub = FetchingHub(site, chance)
    async with http_server(hub.respond) as hub_server:
        site.settings |= {"hubs": [hub_server.url]}
        site.configure()
        for turn in range(5):
            site.record(f"{chance.choice('abcd')}.md", title=f"Turn {turn}", topics=[chance.choice(["One", "Two"])])
            processes = [start(site, "build"), start(site, "push"), start(site, "push")]
            with killed_at_exit(*processes):
                await asyncio.sleep(chance.uniform(0.3, 2.0))
                chance.choice(processes).kill()
                await asyncio.to_thread(server.end_backends, "random() < 0.5")
                await asyncio.sleep(chance.uniform(0, 1.0))
        hub.is_healthy = True
        await asyncio.to_thread(site.build)
        schema = state_of(site).rpartition("schema=")[2]
        server.execute("UPDATE deliveries SET lease_expires_at = 0, lease_owner = NULL", schema=schema)

        async with asyncio.timeout(60):
            while pending(site):
                assert await asyncio.to_thread(start(site, "push").wait) == 0
        documents = {
            f"{URL}{path}": content
            for path, content in site.tree().items()
            if path.endswith("feed.atom") and "/archive/" not in path
        }
        assert {topic: hub.fetched.get(topic) for topic in documents} == documents


async def test_two_pushers_send_each_ping_once(site: EditableSite) -> None:
    for number in range(60):
        site.record(f"many/{number}.md", title=f"Story {number}", topics=[f"Subject {number}"])
    async with http_server() as hub:
        site.settings |= {"hubs": [hub.url], "push": {"verify": False}}
        await asyncio.to_thread(site.build)
        processes = [start(site, "push") for _ in range(3)]
        with killed_at_exit(*processes):
            codes = await asyncio.gather(*(asyncio.to_thread(process.wait) for process in processes))
    assert codes == [0, 0, 0]
    assert pending(site) == []
    documents = {f"{URL}{path}" for path in site.tree() if "/feed." in path and "/archive/" not in path}
    assert hub.topics == dict.fromkeys(documents, 1)


async def test_outcomes_survive_a_database_that_is_away_for_a_while(
    site: EditableSite, server: PostgresServer, proxy: ToxicProxy
) -> None:
    """The hub accepts all pings while the connection is down; none is sent again."""
    site.settings["state"] = server.through(state_of(site), proxy.port)
    released, arrived = asyncio.Event(), asyncio.Event()

    async def hold(_: ReceivedRequest) -> web.Response:
        arrived.set()
        await released.wait()
        return web.Response(status=202)

    async with http_server(hold) as hub:
        site.settings |= {"hubs": [hub.url], "push": {"verify": False}}
        await asyncio.to_thread(site.build)
        pusher = start(site, "push")
        with killed_at_exit(pusher):
            await asyncio.wait_for(arrived.wait(), 20)
            with proxy.down():
                released.set()
                await asyncio.sleep(1.0)
            assert await asyncio.to_thread(pusher.wait) == 0
        assert set(hub.topics.values()) == {1}
    assert pending(site) == []


async def test_worker_builds_and_delivers(site: EditableSite) -> None:
    async with http_server() as hub:
        site.settings |= {"hubs": [hub.url], "push": {"verify": False}}
        site.configure()
        worker = start(site, "worker")
        with killed_at_exit(worker):
            await asyncio.to_thread(wait_until, lambda: f"{URL}topics/three/feed.atom" in hub.topics)
            site.record("d.md", title="Delta", topics=["Four"], date="2026-01-07")
            await asyncio.to_thread(wait_until, lambda: f"{URL}topics/four/feed.atom" in hub.topics)


# ------------------------------------------------------------------------------------------------------------- reports


def test_status_doctor_and_check_read_the_database(site: EditableSite) -> None:
    site.settings["hubs"] = ["https://hub.example/"]
    site.build()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "syndicate", *arguments], cwd=site.folder, env=clean_environment(),
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    status = json.loads(run("status", "--json").stdout)
    assert "https://hub.example/" in json.dumps(status)
    findings = {one["check"]: one for one in json.loads(run("doctor", "--json").stdout)}
    assert findings["state version"]["level"] in {"ok", "warning"}
    assert "documents, built" in json.dumps(findings["state version"])
    assert "file system" not in findings
    assert run("check").returncode == 0
    assert run("push", "--dry-run").returncode == 0
