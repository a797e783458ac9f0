"""An independent hub, Flask-WebSub from PyPI, accepts pings, fetches the feeds and delivers them to a subscriber.

`make test-hub` installs the hub and runs these tests; see hub_app.py. All parts run on loopback: the hub with its
worker and Redis, a server of the output folder, a subscriber, and syndicate in processes of its own.
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
    pytest.skip("requires an independent hub: run `make test-hub`", allow_module_level=True)
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("foreign hub")]

HUB_APP = Path(__file__).with_name("hub_app.py")
DEADLINE_S = 60.0
TYPES = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}
DOCUMENTS = tuple(f"all/feed.{form}" for form in TYPES)
RECORD = "corpus/_news/2026-06-09-ticket-machines-get-firmware-the-operator-can-read.md"
FENCE = "fence"


async def run(*command: str, cwd: Path) -> str:
    """Return the standard output of a program, which must succeed."""
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


# ----------------------------------------------------------------------------------------------------------- parts


class Hub:
    """Flask-WebSub with its worker and Redis, which may be stopped and started at one address."""

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
                assert line, f"the hub did not start\n{self.log_tail()}"

    async def stop(self) -> None:
        """Stop the hub, its worker and Redis, which end when their standard input is closed."""
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
        """Return hub and topic of documents, as the subscriber of Flask-WebSub discovers them."""
        output = await run(self._python, str(HUB_APP), "discover", *urls, cwd=self._folder)
        found: list[dict[str, str]] = json.loads(output)
        return found

    def log_tail(self) -> str:
        """Return the end of the log of the hub."""
        return self._log.read_text(errors="replace")[-4000:]

    @property
    def _log(self) -> Path:
        return self._folder / "hub.log"


class FeedServer:
    """Serves a folder with the Link headers of WebSub (§4), or a frozen copy of it."""

    def __init__(self, folder: Path) -> None:
        self.fence = b""
        self.hub_url = ""
        self.url = ""
        self._folder = folder
        self._frozen: dict[str, bytes] | None = None

    def freeze(self) -> None:
        """Keep serving the current files, as a slow deployment does."""
        files = (file for file in self._folder.rglob("*") if file.is_file())
        self._frozen = {file.relative_to(self._folder).as_posix(): file.read_bytes() for file in files}

    def unfreeze(self) -> None:
        self._frozen = None

    async def respond(self, request: web.Request) -> web.Response:
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
        if self._frozen is not None:
            return self._frozen.get(path)
        file = self._folder / path
        return file.read_bytes() if file.is_file() else None


class Notification(NamedTuple):
    """A content distribution by the hub (WebSub §7). `is_authentic` means that its signature is valid (§7.1)."""

    topic_url: str
    body: bytes
    is_authentic: bool
    link: str
    content_type: str


class Subscriber:
    """Confirms its subscriptions, and records the notifications."""

    def __init__(self) -> None:
        self.notifications: list[Notification] = []
        self.url = ""
        self._topics: list[str] = []
        self._confirmed: set[str] = set()
        self._condition = asyncio.Condition()

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

    async def confirm(self, request: web.Request) -> web.Response:
        """Answer the verification of intent by the hub (WebSub §5.3)."""
        topic_url = self._topics[int(request.match_info["number"])]
        if request.query["hub.mode"] != "subscribe" or request.query["hub.topic"] != topic_url:
            raise web.HTTPNotFound
        async with self._condition:
            self._confirmed.add(topic_url)
            self._condition.notify_all()
        return web.Response(text=request.query["hub.challenge"])

    async def receive(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        body = await request.read()
        method, _, signature = request.headers.get("X-Hub-Signature", "").partition("=")
        expected = hmac.new(_secret(number).encode(), body, method).hexdigest() if method in _METHODS else ""
        is_authentic = bool(expected) and hmac.compare_digest(signature, expected)
        link, kind = request.headers.get("Link", ""), request.headers.get("Content-Type", "")
        async with self._condition:
            self.notifications.append(Notification(self._topics[number], body, is_authentic, link, kind))
            self._condition.notify_all()
        return web.Response()

    async def wait_confirmed(self, topics: Sequence[str]) -> None:
        await self._until(lambda: self._confirmed.issuperset(topics))

    async def wait_received(self, topic_url: str, body: bytes) -> None:
        await self._until(lambda: any((one.topic_url, one.body) == (topic_url, body) for one in self.notifications))

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S), self._condition:
            await self._condition.wait_for(condition)


_METHODS = ("sha1", "sha256", "sha384", "sha512")


def _secret(number: int) -> str:
    return f"secret of subscription {number}"


class Installation:
    """The hub, the server, the subscriber and a site."""

    def __init__(self, site: Path, hub: Hub, feeds: FeedServer, subscriber: Subscriber) -> None:
        self.site = site
        self.hub = hub
        self.feeds = feeds
        self.subscriber = subscriber
        self.topics = tuple(feeds.url + path for path in DOCUMENTS)
        self._fences = 0
        self._changes = 0

    async def syndicate(self, *arguments: str) -> Any:
        """Run a command in a process of its own, and return its JSON output, if any."""
        out = await run(sys.executable, "-m", "syndicate", *arguments, cwd=self.site)
        return json.loads(out) if out else None

    async def status(self) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Return the status of the hub, and of each document by its topic URL."""
        status = await self.syndicate("status", "--json")
        (hub,) = status["hubs"]
        return hub, {feed["topic"]: feed for feed in status["feeds"]}

    async def push_all(self) -> None:
        """Push, as cron does, until nothing is pending."""
        async with asyncio.timeout(DEADLINE_S):
            while await self.syndicate("push", "--dry-run", "--json"):
                await self.syndicate("push", "--json")

    def change(self) -> None:
        """Give the newest record a new title."""
        self._changes += 1
        file = self.site / RECORD
        text, found = re.subn(
            r"(?m)^title: .*$", f"title: Change number {self._changes}", file.read_text("utf-8"), count=1
        )
        assert found
        file.write_text(text, "utf-8")

    def documents(self) -> dict[str, bytes]:
        """Return the subscribed documents as built, by their topic URLs."""
        return {self.feeds.url + path: (self.site / "feeds" / path).read_bytes() for path in DOCUMENTS}

    async def notifications_since(self, position: int) -> list[Notification]:
        """Return the notifications since a position, once the hub has completed all requests so far.

        The single worker of the hub runs tasks in order, so all earlier requests complete before that of the fence.
        """
        self._fences += 1
        topic_url = self.feeds.url + FENCE
        self.feeds.fence = b"%d" % self._fences
        form = {"hub.mode": "publish", "hub.topic": topic_url, "hub.url": topic_url}
        async with aiohttp.ClientSession() as client, client.post(self.hub.url, data=form) as response:
            assert response.status == 202
        await self.subscriber.wait_received(topic_url, self.feeds.fence)
        return [one for one in self.subscriber.notifications[position:] if one.topic_url != topic_url]

    def position(self) -> int:
        return len(self.subscriber.notifications)


# ------------------------------------------------------------------------------------------------------- fixtures


@asynccontextmanager
async def run_server(*routes: web.RouteDef) -> AsyncIterator[str]:
    """Run a server on loopback, and return its URL."""
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
    """Edit the configuration of `syndicate init`: URLs on loopback, and timeouts of seconds in place of hours."""
    settings = yaml.safe_load(file.read_text("utf-8"))
    settings["site"]["url"] = site_url
    settings["hubs"] = [hub_url]
    settings["pages"] = False  # so that every written document is delivered
    settings["push"] = {"verify": True, "verify_timeout_s": 60, "unverified": "fail", "window_h": 0.2}
    file.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[Installation]:
    """A delivered site, and a subscriber to the three documents of one feed and to the fence."""
    async with AsyncExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="hub"))
        )  # the path of a socket must be short
        reserved = stack.enter_context(closing(socket.socket()))  # reserves the port while the hub is stopped
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        hub = Hub(folder, reserved.getsockname()[1])
        site = folder / "site"
        feeds = FeedServer(site / "feeds")
        feeds.hub_url = hub.url
        feeds.url = await stack.enter_async_context(run_server(web.get("/{path:.*}", feeds.respond)))
        subscriber = Subscriber()
        callbacks = (web.get(r"/{number:\d+}", subscriber.confirm), web.post(r"/{number:\d+}", subscriber.receive))
        subscriber.url = await stack.enter_async_context(run_server(*callbacks))
        stack.push_async_callback(hub.stop)
        await hub.start()

        world = Installation(site, hub, feeds, subscriber)
        await run(sys.executable, "-m", "syndicate", "init", str(site), cwd=folder)
        configure(site / "config.yaml", feeds.url, hub.url)
        await world.syndicate("build")
        await world.syndicate("push")
        topics = (*world.topics, feeds.url + FENCE)
        async with aiohttp.ClientSession() as client:
            for found in await hub.discover(*topics):
                await subscriber.subscribe(client, found["hub_url"], found["topic_url"])
        try:
            await subscriber.wait_confirmed(topics)
            yield world
        finally:
            sys.stderr.write(hub.log_tail())  # pytest shows it when a test fails


# ---------------------------------------------------------------------------------------------------------------- tests


async def test_subscriber_discovers_hub_and_self_of_every_format(world: Installation) -> None:
    found = await world.hub.discover(*world.topics)
    assert found == [{"hub_url": world.hub.url, "topic_url": topic} for topic in world.topics]


async def test_subscriber_discovers_hub_and_self_from_syndicate_serve(tmp_path: Path) -> None:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
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


async def test_change_is_delivered_byte_for_byte_with_signature_and_links(world: Installation) -> None:
    before, position = world.documents(), world.position()
    world.change()
    report = await world.syndicate("publish", "--json")
    assert (
        report["push"]["delivered"] == report["build"]["written"] >= 3
    )  # the catalogue did not change: it lists only dates and counts
    built = world.documents()
    assert not before.items() & built.items()
    notifications = await world.notifications_since(position)
    assert sorted((one.topic_url, one.body) for one in notifications) == sorted(built.items())
    for one in notifications:
        assert one.is_authentic
        assert one.link == f'<{world.hub.url}>; rel="hub", <{one.topic_url}>; rel="self"'
        assert one.content_type == TYPES[one.topic_url.rpartition(".")[2]]


async def test_publishing_an_unchanged_site_delivers_nothing(world: Installation) -> None:
    await world.syndicate("publish")
    position = world.position()
    report = await world.syndicate("publish", "--json")
    assert report["build"]["written"] == report["push"]["delivered"] == 0
    assert await world.notifications_since(position) == []


async def test_status_reports_that_everything_is_delivered(world: Installation) -> None:
    world.change()
    await world.syndicate("publish")
    hub, feeds = await world.status()
    assert (hub["hub"], hub["delivered"]) == (world.hub.url, len(feeds))
    assert (hub["due"], hub["retrying"], hub["failed"], hub["oldest_wait_s"]) == (0, 0, 0, None)
    assert (hub["breaker"], hub["error"]) == ("closed", "")
    assert feeds.keys() >= set(world.topics)
    assert all(feed["waiting"] == 0 and feed["delivered"] >= feed["changed"] for feed in feeds.values())


async def test_ping_waits_until_the_public_copy_is_the_built_document(world: Installation) -> None:
    position = world.position()
    world.feeds.freeze()
    try:
        world.change()
        report = await world.syndicate("publish", "--json")
        assert report["push"]["unverified"] == report["build"]["written"] >= 3
        assert report["push"]["delivered"] == 0
        assert await world.notifications_since(position) == []
        hub, feeds = await world.status()
        assert hub["retrying"] == report["push"]["unverified"]
        assert "other bytes" in hub["error"]
        assert [feeds[topic]["waiting"] for topic in world.topics] == [1, 1, 1]
    finally:
        world.feeds.unfreeze()
    await world.push_all()
    notifications = await world.notifications_since(position)
    assert sorted((one.topic_url, one.body) for one in notifications) == sorted(world.documents().items())


async def test_newest_bytes_are_delivered_once_after_the_hub_was_down(world: Installation) -> None:
    position = world.position()
    await world.hub.stop()
    for _ in range(2):
        world.change()
        report = await world.syndicate("publish", "--json")
        assert report["push"]["delivered"] == report["push"]["failed"] == 0
    hub, feeds = await world.status()
    assert hub["retrying"] + hub["due"] == sum(feed["waiting"] for feed in feeds.values()) >= 3
    assert hub["error"]
    assert [feeds[topic]["waiting"] for topic in world.topics] == [1, 1, 1]
    await world.hub.start()
    await world.push_all()
    notifications = await world.notifications_since(position)
    assert sorted((one.topic_url, one.body) for one in notifications) == sorted(world.documents().items())
    assert all(one.is_authentic for one in notifications)
    hub, _ = await world.status()
    assert (hub["due"], hub["retrying"], hub["failed"], hub["error"]) == (0, 0, 0, "")
