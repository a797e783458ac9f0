"""Real processes, killed at random instants, several at once: in the end every hub knows what stands in the tree."""

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
from support.hubs import Received, served, until
from support.sites import clean_environment

from syndicate.delivery.session import read
from syndicate.store.outbox import Outbox, Waiting

URL = "https://f.example/"
# A lease ends soon, and so does a wait; nothing is given up before many tries.
CHAOS = {"verify": False, "timeout_s": 0.2, "window_h": 0.0005, "attempts": 1000, "concurrency": 4}

# A pusher that dies when hubs have answered, and before it has written so.
FORGETFUL = """
import os, signal, sys
from syndicate.cli import main
from syndicate.store.outbox import Outbox
settle = Outbox.settle
def die(self, owner, tried, *rest):
    settled = settle(self, owner, tried, *rest)
    if settled:
        os.kill(os.getpid(), signal.SIGKILL)
    return settled
Outbox.settle = die
main(["push"])
"""


def begin(site: EditableSite, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, *(arguments or ("-m", "syndicate", "push"))]
    return subprocess.Popen(
        command, cwd=site.folder, env=clean_environment({}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@contextmanager
def ended(*processes: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def waiting(site: EditableSite) -> list[Waiting]:
    return read(str(site.state), Outbox.waiting)


class Follower:
    """A hub that fetches a topic when it is told, as hubs do: the public folder is the output itself."""

    def __init__(self, site: EditableSite, chance: random.Random) -> None:
        self.site = site
        self.chance = chance
        self.is_well = False
        self.knows: dict[str, bytes] = {}

    async def answer(self, received: Received) -> web.Response:
        if not self.is_well:
            await asyncio.sleep(self.chance.uniform(0, 0.05))
            if self.chance.random() < 0.3:
                return web.Response(status=503)
        self.knows[received.topic] = (self.site.output / received.topic.removeprefix(URL)).read_bytes()
        return web.Response(status=202)


async def killed_at_random(process: subprocess.Popen[bytes], chance: random.Random, longest_s: float) -> None:
    """Let it live for a while, or to its end."""
    try:
        await asyncio.wait_for(asyncio.to_thread(process.wait), chance.uniform(0.05, longest_s))
    except TimeoutError:
        process.kill()


def forget_leases(site: EditableSite) -> None:
    """Time passes: what the dead leased is free."""
    with closing(sqlite3.connect(site.state / "index.db", timeout=30)) as sql, sql:
        sql.execute("UPDATE deliveries SET leased_until = 0")


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whoever_dies_when_every_hub_knows_in_the_end_what_stands(site: EditableSite, seed: int) -> None:
    chance = random.Random(seed)
    follower = Follower(site, chance)
    async with served(follower.answer) as hub:
        site.settings |= {"hubs": [hub.url], "push": CHAOS}
        site.configure()
        for turn in range(6):
            site.record(f"{chance.choice('abcd')}.md", title=f"Turn {turn}", topics=[chance.choice(["One", "Two"])])
            build = begin(site, "-m", "syndicate", "build")
            pushers = [begin(site) for _ in range(2)]
            with ended(build, *pushers):
                await asyncio.gather(*(killed_at_random(one, chance, 1.0) for one in (build, *pushers)))
        follower.is_well = True
        await asyncio.to_thread(site.build)
        assert await asyncio.to_thread(begin(site, "-m", "syndicate", "build").wait) == 0
        forget_leases(site)

        async def told() -> bool:
            assert await asyncio.to_thread(begin(site).wait) == 0
            return not waiting(site)

        async with asyncio.timeout(30):
            while not await told():
                pass
        documents = {f"{URL}{path}": content for path, content in site.tree().items() if path.endswith("feed.atom")}
        assert {topic: follower.knows.get(topic) for topic in documents} == documents


async def test_ping_whose_answer_was_not_written_down_is_sent_again(site: EditableSite) -> None:
    async with served() as hub:
        site.settings |= {"hubs": [hub.url]}
        await asyncio.to_thread(site.build)
        killed = begin(site, "-c", FORGETFUL)
        assert await asyncio.to_thread(killed.wait) == -9
        assert {row.state for row in waiting(site)} == {"due"}
        first = hub.topics.copy()
        assert first
        assert await asyncio.to_thread(begin(site).wait) == 0
        assert hub.topics.keys() - first.keys() == {row.topic_url for row in waiting(site)} - first.keys()
        forget_leases(site)
        assert await asyncio.to_thread(begin(site).wait) == 0
        assert waiting(site) == []
        assert all(1 <= count <= 2 for count in hub.topics.values())
        assert sum(hub.topics.values()) == len(hub.topics) + sum(first.values())


async def test_worker_takes_over_what_a_killed_one_held(site: EditableSite) -> None:
    """No lease is forgotten here: it ends by itself."""
    holds, is_held = asyncio.Event(), asyncio.Event()

    async def hold(_: Received) -> web.Response:
        is_held.set()
        await holds.wait()
        return web.Response(status=202)

    async with served(hold) as hub:
        site.settings |= {"hubs": [hub.url], "push": {**CHAOS, "timeout_s": 0.2}}
        await asyncio.to_thread(site.build)
        first = begin(site)
        with ended(first):
            await asyncio.wait_for(is_held.wait(), 10)
        holds.set()
        second = begin(site, "-m", "syndicate", "worker")
        with ended(second):
            await until(lambda: not waiting(site), 20)
        assert set(hub.topics) == {f"{URL}{path}" for path in site.tree() if path.endswith("feed.atom")}


def test_killed_build_raises_nothing(site: EditableSite, tmp_path: Path) -> None:
    """The wanted generations come with the commit that records the documents, or not at all."""
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
class Dying(sqlite3.Connection):
    def execute(self, sql, *arguments):
        if sql == "COMMIT":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(sql, *arguments)
connect = sqlite3.connect
sqlite3.connect = lambda *a, **k: connect(*a, factory=Dying, **k)
build(config.load({str(site.configure())!r}), datetime(2026, 6, 1, tzinfo=UTC))
"""
    killed = begin(site, "-c", program)
    assert killed.wait() == -9
    assert outbox_rows(site) == before
    assert b"Changed" in b"".join(site.tree().values())  # the files stand already
    site.build()
    after = outbox_rows(site)
    changed = {topic for topic, *_ in after} - {row[0] for row in after if row in before}
    assert changed == {f"{URL}all/feed.atom", f"{URL}topics/one/feed.atom"}


def outbox_rows(site: EditableSite) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        return sql.execute("SELECT topic_url, wanted, acked FROM deliveries ORDER BY topic_url").fetchall()
