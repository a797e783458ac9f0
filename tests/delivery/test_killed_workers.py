"""Several processes, killed at random instants: every hub still fetches the final documents."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from support.editable_sites import EditableSite
from support.hubs import ReceivedRequest, http_server, wait_until
from support.sites import clean_environment

from syndicate.delivery.session import read_outbox
from syndicate.store.outbox_rows import PendingDelivery
from syndicate.store.sqlite.outbox import SqliteOutbox as Outbox

URL = "https://f.example/"
# Leases and delays are short, and a delivery fails only after many attempts.
CHAOS = {"verify": False, "timeout_s": 0.2, "window_h": 0.0005, "attempts": 1000, "concurrency": 4}

# A dispatcher that is killed after hubs have answered and before it commits the outcomes.
KILLED_BEFORE_COMMIT = """
import os, signal, sys
from syndicate.cli import main
from syndicate.delivery import dispatcher
record_attempts = dispatcher.record_attempts
def record_then_die(*arguments):
    results = record_attempts(*arguments)
    if results:
        os.kill(os.getpid(), signal.SIGKILL)
    return results
dispatcher.record_attempts = record_then_die
main(["push"])
"""


def start_process(site: EditableSite, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, *(arguments or ("-m", "syndicate", "push"))]
    return subprocess.Popen(
        command, cwd=site.folder, env=clean_environment({}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@contextmanager
def killed_at_exit(*processes: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def pending(site: EditableSite) -> list[PendingDelivery]:
    return read_outbox(str(site.state), Outbox.pending)


class FetchingHub:
    """A hub that fetches a topic when it is pinged; the output folder is public."""

    def __init__(self, site: EditableSite, chance: random.Random) -> None:
        self.site = site
        self.chance = chance
        self.is_healthy = False
        self.fetched: dict[str, bytes] = {}

    async def respond(self, received: ReceivedRequest) -> web.Response:
        if not self.is_healthy:
            await asyncio.sleep(self.chance.uniform(0, 0.05))
            if self.chance.random() < 0.3:
                return web.Response(status=503)
        self.fetched[received.topic_url] = (self.site.output / received.topic_url.removeprefix(URL)).read_bytes()
        return web.Response(status=202)


async def kill_at_random(process: subprocess.Popen[bytes], chance: random.Random, longest_s: float) -> None:
    """Kill a process after a random time, unless it ends before."""
    try:
        await asyncio.wait_for(asyncio.to_thread(process.wait), chance.uniform(0.05, longest_s))
    except TimeoutError:
        process.kill()


def expire_leases(site: EditableSite) -> None:
    """Expire all leases, as time does."""
    with closing(sqlite3.connect(site.state / "index.db", timeout=30)) as sql, sql:
        sql.execute("UPDATE deliveries SET lease_expires_at = 0")


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_hub_fetches_the_final_documents_whatever_is_killed(site: EditableSite, seed: int) -> None:
    chance = random.Random(seed)
    hub = FetchingHub(site, chance)
    async with http_server(hub.respond) as server:
        site.settings |= {"hubs": [server.url], "push": CHAOS}
        site.configure()
        for turn in range(6):
            site.record(f"{chance.choice('abcd')}.md", title=f"Turn {turn}", topics=[chance.choice(["One", "Two"])])
            build = start_process(site, "-m", "syndicate", "build")
            dispatchers = [start_process(site) for _ in range(2)]
            with killed_at_exit(build, *dispatchers):
                await asyncio.gather(*(kill_at_random(process, chance, 1.0) for process in (build, *dispatchers)))
        hub.is_healthy = True
        await asyncio.to_thread(site.build)
        assert await asyncio.to_thread(start_process(site, "-m", "syndicate", "build").wait) == 0
        expire_leases(site)

        async def is_all_delivered() -> bool:
            assert await asyncio.to_thread(start_process(site).wait) == 0
            return not pending(site)

        async with asyncio.timeout(30):
            while not await is_all_delivered():
                pass
        documents = {f"{URL}{path}": content for path, content in site.tree().items() if path.endswith("feed.atom")}
        assert {topic: hub.fetched.get(topic) for topic in documents} == documents


async def test_ping_whose_outcome_was_not_committed_is_sent_again(site: EditableSite) -> None:
    async with http_server() as hub:
        site.settings |= {"hubs": [hub.url]}
        await asyncio.to_thread(site.build)
        killed = start_process(site, "-c", KILLED_BEFORE_COMMIT)
        assert await asyncio.to_thread(killed.wait) == -9
        assert {row.state for row in pending(site)} == {"due"}
        first = hub.topics.copy()
        assert first
        assert await asyncio.to_thread(start_process(site).wait) == 0
        assert hub.topics.keys() - first.keys() == {row.topic_url for row in pending(site)} - first.keys()
        expire_leases(site)
        assert await asyncio.to_thread(start_process(site).wait) == 0
        assert pending(site) == []
        assert all(1 <= count <= 2 for count in hub.topics.values())
        assert sum(hub.topics.values()) == len(hub.topics) + sum(first.values())


async def test_worker_takes_over_the_leases_of_a_killed_process(site: EditableSite) -> None:
    """The leases expire by themselves."""
    resume, is_held = asyncio.Event(), asyncio.Event()

    async def hold(_: ReceivedRequest) -> web.Response:
        is_held.set()
        await resume.wait()
        return web.Response(status=202)

    async with http_server(hold) as hub:
        site.settings |= {"hubs": [hub.url], "push": {**CHAOS, "timeout_s": 0.2}}
        await asyncio.to_thread(site.build)
        first = start_process(site)
        with killed_at_exit(first):
            await asyncio.wait_for(is_held.wait(), 10)
        resume.set()
        second = start_process(site, "-m", "syndicate", "worker")
        with killed_at_exit(second):
            await wait_until(lambda: not pending(site), 20)
        assert set(hub.topics) == {f"{URL}{path}" for path in site.tree() if path.endswith("feed.atom")}


def test_killed_build_requests_no_delivery(site: EditableSite, tmp_path: Path) -> None:
    """The wanted generations are raised in the transaction that records the documents."""
    site.settings |= {"hubs": ["https://hub.example/"]}
    site.build()
    before = outbox_rows(site)
    site.record("a.md", title="Changed", topics=["One"])
    program = f"""
import os, signal
from syndicate import config
from syndicate.pipeline import build
from datetime import UTC, datetime
import sqlite3
class KilledConnection(sqlite3.Connection):
    def execute(self, sql, *arguments):
        if sql == "COMMIT":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(sql, *arguments)
connect = sqlite3.connect
sqlite3.connect = lambda *a, **k: connect(*a, factory=KilledConnection, **k)
build(config.load({str(site.configure())!r}), datetime(2026, 6, 1, tzinfo=UTC))
"""
    killed = start_process(site, "-c", program)
    assert killed.wait() == -9
    assert outbox_rows(site) == before
    assert b"Changed" in b"".join(site.tree().values())  # the files are in place already
    site.build()
    after = outbox_rows(site)
    changed = {topic for topic, *_ in after} - {row[0] for row in after if row in before}
    assert changed == {f"{URL}all/feed.atom", f"{URL}topics/one/feed.atom"}


def outbox_rows(site: EditableSite) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        return sql.execute(
            "SELECT topic_url, wanted_generation, acknowledged_generation FROM deliveries ORDER BY topic_url"
        ).fetchall()
