"""A hub that we did not write takes our pings, fetches our feeds and delivers them: Flask-WebSub from PyPI.

`make test-hub` installs it and runs this; see hub_app.py. Everything talks over loopback: the hub with its worker and
its Redis, a server of the output folder, a subscriber, and syndicate in processes of its own.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
import pytest_asyncio
import yaml
from aiohttp import web
from support.sites import clean_environment

VENV = os.environ.get("SYNDICATE_TEST_HUB", "")
if not VENV:
    pytest.skip("a hub of others is needed: make test-hub", allow_module_level=True)
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("foreign hub")]

HUB_APP = Path(__file__).with_name("hub_app.py")
DEADLINE_S = 60.0
TYPES = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}
DOCUMENTS = tuple(f"all/feed.{form}" for form in TYPES)
RECORD = "corpus/_news/2026-06-09-ticket-machines-get-firmware-the-operator-can-read.md"
FENCE = "fence"


async def run(*command: str, cwd: Path) -> str:
    """What a program says on standard output. It has to succeed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=clean_environment({"no_proxy": "127.0.0.1"}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()
    return out.decode()


# ----------------------------------------------------------------------------------------------------------- the parts


class Hub:
    """Flask-WebSub with its worker and its Redis, which come and go at one address."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hub"
        self._folder = folder
        self._port = port
        self._process: asyncio.subprocess.Process | None = None
        self._python = str(Path(VENV, "bin", "python"))

    async def start(self) -> None:
        redis = shutil.which("redis-server", path=os.pathsep.join([str(Path(VENV, "bin")), os.environ["PATH"]]))
        assert redis, "no redis-server"
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(self._python, str(HUB_APP), "serve", str(self._folder), str(self._port), redis),
                env=clean_environment({"no_proxy": "127.0.0.1"}),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout
        async with asyncio.timeout(DEADLINE_S):
            while (line := await self._process.stdout.readline()) != b"ready\n":
                assert line, f"the hub does not start\n{self.said()}"

    async def stop(self) -> None:
        """Stop it, its worker and its Redis: they end with what holds their standard input."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin
        process.stdin.close()
        try:
            async with asyncio.timeout(DEADLINE_S):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise

    async def discover(self, *urls: str) -> list[dict[str, str]]:
        """Hub and topic of documents, as the subscriber that comes with the hub finds them."""
        said = await run(self._python, str(HUB_APP), "discover", *urls, cwd=self._folder)
        found: list[dict[str, str]] = json.loads(said)
        return found

    def said(self) -> str:
        """The end of the hub's log."""
        return self._log.read_text(errors="replace")[-4000:]

    @property
    def _log(self) -> Path:
        return self._folder / "hub.log"


class FeedServer:
    """Serves a folder with the Link headers that WebSub asks for: as it is, or, while it is held, as it was."""

    def __init__(self, folder: Path) -> None:
        self.fence = b""
        self.hub_url = ""
        self.url = ""
        self._folder = folder
        self._held: dict[str, bytes] | None = None

    def hold(self) -> None:
        """Go on with what is there now, as a slow deployment does."""
        files = (file for file in self._folder.rglob("*") if file.is_file())
        self._held = {file.relative_to(self._folder).as_posix(): file.read_bytes() for file in files}

    def release(self) -> None:
        self._held = None

    async def answer(self, request: web.Request) -> web.Response:
        path = request.path.lstrip("/")
        body = self._read(path)
        if body is None:
            raise web.HTTPNotFound
        link = f'<{self.hub_url}>; rel="hub", <{self.url}{path}>; rel="self"'
        kind = TYPES.get(path.rpartition(".")[2], "text/plain")
        return web.Response(body=body, headers={"Link": link, "Content-Type": kind})

    def _read(self, path: str) -> bytes | None:
        if path == FENCE:
            return self.fence
        if self._held is not None:
            return self._held.get(path)
        file = self._folder / path
        return file.read_bytes() if file.is_file() else None


class Delivery(NamedTuple):
    """What the hub brought. It is `genuine` when its signature is the subscription's."""

    topic_url: str
    body: bytes
    genuine: bool
    link: str
    content_type: str


class Subscriber:
    """Agrees to what it asked for, and keeps what it is brought."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.url = ""
        self._topics: list[str] = []
        self._agreed: set[str] = set()
        self._news = asyncio.Condition()

    async def subscribe(self, client: aiohttp.ClientSession, hub_url: str, topic_url: str) -> None:
        self._topics.append(topic_url)
        number = len(self._topics) - 1
        form = {
            "hub.mode": "subscribe",
            "hub.topic": topic_url,
            "hub.callback": f"{self.url}{number}",
            "hub.secret": _secret(number),
        }
        async with client.post(hub_url, data=form) as response:
            assert response.status == 202, await response.text()

    async def agree(self, request: web.Request) -> web.Response:
        """The hub asks whether we meant it (WebSub §5.3)."""
        topic_url = self._topics[int(request.match_info["number"])]
        if request.query["hub.mode"] != "subscribe" or request.query["hub.topic"] != topic_url:
            raise web.HTTPNotFound
        async with self._news:
            self._agreed.add(topic_url)
            self._news.notify_all()
        return web.Response(text=request.query["hub.challenge"])

    async def receive(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        body = await request.read()
        method, _, given = request.headers.get("X-Hub-Signature", "").partition("=")
        right = hmac.new(_secret(number).encode(), body, method).hexdigest() if method in _METHODS else ""
        genuine = bool(right) and hmac.compare_digest(given, right)
        link, kind = request.headers.get("Link", ""), request.headers.get("Content-Type", "")
        async with self._news:
            self.deliveries.append(Delivery(self._topics[number], body, genuine, link, kind))
            self._news.notify_all()
        return web.Response()

    async def has_agreed(self, topics: Sequence[str]) -> None:
        await self._until(lambda: self._agreed.issuperset(topics))

    async def has_received(self, topic_url: str, body: bytes) -> None:
        await self._until(lambda: any((one.topic_url, one.body) == (topic_url, body) for one in self.deliveries))

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S), self._news:
            await self._news.wait_for(condition)


_METHODS = ("sha1", "sha256", "sha384", "sha512")


def _secret(number: int) -> str:
    return f"secret of subscription {number}"


class World:
    """All of them, and a site."""

    def __init__(self, site: Path, hub: Hub, feeds: FeedServer, subscriber: Subscriber) -> None:
        self.site = site
        self.hub = hub
        self.feeds = feeds
        self.subscriber = subscriber
        self.topics = tuple(feeds.url + path for path in DOCUMENTS)
        self._fences = 0
        self._changes = 0

    async def syndicate(self, *arguments: str) -> Any:
        """One verb in a process of its own: its answer as JSON, if it gives one."""
        out = await run(sys.executable, "-m", "syndicate", *arguments, cwd=self.site)
        return json.loads(out) if out else None

    async def status(self) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """What `syndicate status` says of the hub, and of each document by its address."""
        said = await self.syndicate("status", "--json")
        (hub,) = said["hubs"]
        return hub, {feed["topic"]: feed for feed in said["feeds"]}

    async def push_all(self) -> None:
        """Push, as cron does, until nothing waits."""
        async with asyncio.timeout(DEADLINE_S):
            while await self.syndicate("push", "--dry-run", "--json"):
                await self.syndicate("push", "--json")

    def change(self) -> None:
        """Give the newest record a title that it never had."""
        self._changes += 1
        file = self.site / RECORD
        text, found = re.subn(
            r"(?m)^title: .*$", f"title: Change number {self._changes}", file.read_text("utf-8"), count=1
        )
        assert found
        file.write_text(text, "utf-8")

    def documents(self) -> dict[str, bytes]:
        """The subscribed documents as they were built, by their addresses."""
        return {self.feeds.url + path: (self.site / "feeds" / path).read_bytes() for path in DOCUMENTS}

    async def delivered(self, since: int) -> list[Delivery]:
        """All that the hub brought since there were so many deliveries, once it has done what it was asked for.

        Its one worker takes tasks in their order, so what was asked before this fence is delivered before it.
        """
        self._fences += 1
        topic_url = self.feeds.url + FENCE
        self.feeds.fence = b"%d" % self._fences
        form = {"hub.mode": "publish", "hub.topic": topic_url, "hub.url": topic_url}
        async with aiohttp.ClientSession() as client, client.post(self.hub.url, data=form) as response:
            assert response.status == 202
        await self.subscriber.has_received(topic_url, self.feeds.fence)
        return [one for one in self.subscriber.deliveries[since:] if one.topic_url != topic_url]

    def so_far(self) -> int:
        return len(self.subscriber.deliveries)


# ------------------------------------------------------------------------------------------------------- a whole world


@asynccontextmanager
async def served(*routes: web.RouteDef) -> AsyncIterator[str]:
    """A server on loopback; its address."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


def configure(file: Path, site_url: str, hub_url: str) -> None:
    """The configuration that init wrote, with our addresses, and with waits of seconds in place of hours."""
    settings = yaml.safe_load(file.read_text("utf-8"))
    settings["site"]["url"] = site_url
    settings["hubs"] = [hub_url]
    settings["pages"] = False  # every document that is written is one that hubs are told of
    settings["push"] = {"verify": True, "verify_timeout_s": 2, "unverified": "fail", "window_h": 0.2}
    file.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[World]:
    """A site whose hub knows of everything, and a subscriber to three documents of one feed, and to the fence."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub")))  # a socket's path must be short
        held = stack.enter_context(closing(socket.socket()))  # keeps the hub's port while the hub is away
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        hub = Hub(folder, held.getsockname()[1])
        site = folder / "site"
        feeds = FeedServer(site / "feeds")
        feeds.hub_url = hub.url
        feeds.url = await stack.enter_async_context(served(web.get("/{path:.*}", feeds.answer)))
        subscriber = Subscriber()
        callbacks = (web.get(r"/{number:\d+}", subscriber.agree), web.post(r"/{number:\d+}", subscriber.receive))
        subscriber.url = await stack.enter_async_context(served(*callbacks))
        stack.push_async_callback(hub.stop)
        await hub.start()

        world = World(site, hub, feeds, subscriber)
        await run(sys.executable, "-m", "syndicate", "init", str(site), cwd=folder)
        configure(site / "config.yaml", feeds.url, hub.url)
        await world.syndicate("build")
        await world.syndicate("push")
        topics = (*world.topics, feeds.url + FENCE)
        async with aiohttp.ClientSession() as client:
            for found in await hub.discover(*topics):
                await subscriber.subscribe(client, found["hub_url"], found["topic_url"])
        try:
            await subscriber.has_agreed(topics)
            yield world
        finally:
            sys.stderr.write(hub.said())  # pytest shows it where a test fails


# ---------------------------------------------------------------------------------------------------------------- tests


async def test_its_subscriber_discovers_hub_and_self_of_every_format(world: World) -> None:
    found = await world.hub.discover(*world.topics)
    assert found == [{"hub_url": world.hub.url, "topic_url": topic} for topic in world.topics]


async def test_its_subscriber_discovers_them_where_syndicate_serves_them(tmp_path: Path) -> None:
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    hub, site = Hub(tmp_path, 9), tmp_path / "site"
    await run(sys.executable, "-m", "syndicate", "init", str(site), cwd=tmp_path)
    configure(site / "config.yaml", f"http://127.0.0.1:{port}/news/", hub.url)
    await run(sys.executable, "-m", "syndicate", "build", cwd=site)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "syndicate", "serve", "--port", str(port),
        cwd=site, env=clean_environment(), stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        async with asyncio.timeout(DEADLINE_S):
            while b"serving" not in await process.stderr.readline():
                assert process.returncode is None
        topics = [f"http://127.0.0.1:{port}/news/{path}" for path in DOCUMENTS]
        assert await hub.discover(*topics) == [{"hub_url": hub.url, "topic_url": topic} for topic in topics]
    finally:
        process.terminate()
        await process.communicate()


async def test_a_change_is_delivered_byte_for_byte_signed_and_with_its_links(world: World) -> None:
    before, so_far = world.documents(), world.so_far()
    world.change()
    said = await world.syndicate("publish", "--json")
    assert (
        said["push"]["delivered"] == said["build"]["written"] >= 3
    )  # of dates and numbers, which the catalogue tells, none changed
    built = world.documents()
    assert not before.items() & built.items()
    delivered = await world.delivered(so_far)
    assert sorted((one.topic_url, one.body) for one in delivered) == sorted(built.items())
    for one in delivered:
        assert one.genuine
        assert one.link == f'<{world.hub.url}>; rel="hub", <{one.topic_url}>; rel="self"'
        assert one.content_type == TYPES[one.topic_url.rpartition(".")[2]]


async def test_publishing_what_did_not_change_delivers_nothing(world: World) -> None:
    await world.syndicate("publish")
    so_far = world.so_far()
    said = await world.syndicate("publish", "--json")
    assert said["build"]["written"] == said["push"]["delivered"] == 0
    assert await world.delivered(so_far) == []


async def test_status_says_that_all_is_delivered_and_nothing_waits(world: World) -> None:
    world.change()
    await world.syndicate("publish")
    hub, feeds = await world.status()
    assert (hub["hub"], hub["delivered"]) == (world.hub.url, len(feeds))
    assert (hub["due"], hub["retrying"], hub["failed"], hub["oldest_wait_s"]) == (0, 0, 0, None)
    assert (hub["breaker"], hub["error"]) == ("closed", "")
    assert feeds.keys() >= set(world.topics)
    assert all(feed["waiting"] == 0 and feed["delivered"] >= feed["changed"] for feed in feeds.values())


async def test_a_ping_waits_until_the_public_feed_shows_what_was_built(world: World) -> None:
    so_far = world.so_far()
    world.feeds.hold()
    try:
        world.change()
        said = await world.syndicate("publish", "--json")
        assert said["push"]["unverified"] == said["build"]["written"] >= 3
        assert said["push"]["delivered"] == 0
        assert await world.delivered(so_far) == []
        hub, feeds = await world.status()
        assert hub["retrying"] == said["push"]["unverified"]
        assert "other bytes" in hub["error"]
        assert [feeds[topic]["waiting"] for topic in world.topics] == [1, 1, 1]
    finally:
        world.feeds.release()
    await world.push_all()
    delivered = await world.delivered(so_far)
    assert sorted((one.topic_url, one.body) for one in delivered) == sorted(world.documents().items())


async def test_the_newest_bytes_arrive_once_when_the_hub_was_away(world: World) -> None:
    so_far = world.so_far()
    await world.hub.stop()
    for _ in range(2):
        world.change()
        said = await world.syndicate("publish", "--json")
        assert said["push"]["delivered"] == said["push"]["failed"] == 0
    hub, feeds = await world.status()
    assert hub["retrying"] + hub["due"] == sum(feed["waiting"] for feed in feeds.values()) >= 3
    assert hub["error"]
    assert [feeds[topic]["waiting"] for topic in world.topics] == [1, 1, 1]
    await world.hub.start()
    await world.push_all()
    delivered = await world.delivered(so_far)
    assert sorted((one.topic_url, one.body) for one in delivered) == sorted(world.documents().items())
    assert all(one.genuine for one in delivered)
    hub, _ = await world.status()
    assert (hub["due"], hub["retrying"], hub["failed"], hub["error"]) == (0, 0, 0, "")
