"""A server for a site in this process, and a client that sends raw bytes."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing, suppress
from typing import Any, NamedTuple

from aiohttp import web
from support.editable_sites import EditableSite

from syndicate import config
from syndicate.serve.app import TREE, AddRoutes, create_app, start
from syndicate.store import open_store
from syndicate.store.sqlite.store import connect


class ParsedResponse(NamedTuple):
    """A response: status, header fields by lower-case names, body."""

    status: int
    headers: dict[str, list[str]]
    body: bytes

    def one(self, name: str) -> str:
        """Return the value of a field that is sent exactly once."""
        (value,) = self.headers[name.lower()]
        return value

    def problem(self) -> dict[str, Any]:
        assert self.one("Content-Type") == "application/problem+json"
        details: dict[str, Any] = json.loads(self.body)
        return details


class RunningServer:
    """A running server."""

    def __init__(self, runner: web.AppRunner) -> None:
        self.app = runner.app
        self.port = int(runner.addresses[0][1])
        self._runner = runner
        self.url = f"http://127.0.0.1:{self.port}"

    def connections(self) -> list[web.RequestHandler]:
        """Return the open connections."""
        assert self._runner.server is not None
        return self._runner.server.connections

    async def raw(self, data: bytes) -> bytes:
        """Send bytes, and return everything received until the server closes the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        with suppress(ConnectionError):
            await writer.drain()
        try:
            return await asyncio.wait_for(reader.read(), 20)
        except ConnectionError:
            return b""
        finally:
            writer.close()

    async def request(self, path: str, method: str = "GET", **fields: str) -> ParsedResponse:
        """Send one request on a new connection."""
        return await self.request_lines(
            path, method, [(name.replace("_", "-"), value) for name, value in fields.items()]
        )

    async def request_lines(self, path: str, method: str, fields: Sequence[tuple[str, str]]) -> ParsedResponse:
        lines = [f"{method} {path} HTTP/1.1", "Host: f.example", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in fields]
        return parse_response(await self.raw("\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")))

    async def until_documents(self, built_after_s: float) -> None:
        """Wait until the server has the catalogue of a build after this time."""
        deadline = time.monotonic() + 10
        while self.app[TREE].catalog.built_s <= built_after_s:
            assert time.monotonic() < deadline, "the catalogue was not read again"
            await asyncio.sleep(0.01)


def parse_response(data: bytes) -> ParsedResponse:
    """Parse the bytes of a response."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, _, rest = head.partition(b"\r\n")
    headers: dict[str, list[str]] = {}
    for line in rest.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(": ")
        headers.setdefault(name.lower(), []).append(value)
    return ParsedResponse(int(first.split()[1]), headers, body)


@asynccontextmanager
async def running(editable_site: EditableSite, add_routes: Sequence[AddRoutes] = ()) -> AsyncIterator[RunningServer]:
    """Run a server for a site in its present configuration."""
    app = create_app(config.load(str(editable_site.configure())), add_routes)
    runner = await start(app)
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        yield RunningServer(runner)
    finally:
        await runner.cleanup()


def age(editable_site: EditableSite, seconds: float = 60) -> None:
    """Set the change of all documents this many seconds back, so that its second is over."""
    at_ns = time.time_ns() - int(seconds * 1e9)
    with closing(connect(str(editable_site.state / "index.db"))) as sql:
        for (path,) in sql.execute("SELECT path FROM documents").fetchall():
            os.utime(editable_site.output / path, ns=(at_ns, at_ns))
        sql.execute("UPDATE documents SET modified_at = ?, version = size_bytes || '-' || ?", (at_ns // 10**9, at_ns))


def served_at(site: EditableSite) -> int | None:
    """When a document was first served, as the state says."""
    with open_store(str(site.state)).read() as snapshot:
        found: int | None = snapshot.published.site().get("served_at")
        return found


async def until_recorded(site: EditableSite) -> None:
    """Wait until the state says that a document was served."""
    deadline = time.monotonic() + 20
    while served_at(site) is None:
        assert time.monotonic() < deadline, "the reading was not recorded"
        await asyncio.sleep(0.02)
