"""A server over a editable_site, in this process; and what it says to bytes that are put on the wire as they are."""

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
from syndicate.serve.app import FACE, Attach, make_app, start
from syndicate.store.index import connect


class ParsedFields(NamedTuple):
    """An answer: status, header fields by their names in small letters, body."""

    status: int
    headers: dict[str, list[str]]
    body: bytes

    def one(self, name: str) -> str:
        """A field that is sent exactly once."""
        (value,) = self.headers[name.lower()]
        return value

    def problem(self) -> dict[str, Any]:
        assert self.one("Content-Type") == "application/problem+json"
        told: dict[str, Any] = json.loads(self.body)
        return told


class Running:
    """A server that runs."""

    def __init__(self, app: web.Application, port: int) -> None:
        self.app = app
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    async def raw(self, data: bytes) -> bytes:
        """All that it says to these bytes, until it hangs up."""
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

    async def ask(self, path: str, method: str = "GET", **fields: str) -> ParsedFields:
        """One request, on a connection of its own."""
        return await self.ask_lines(path, method, [(name.replace("_", "-"), value) for name, value in fields.items()])

    async def ask_lines(self, path: str, method: str, fields: Sequence[tuple[str, str]]) -> ParsedFields:
        lines = [f"{method} {path} HTTP/1.1", "Host: f.example", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in fields]
        return said(await self.raw("\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")))

    async def until_documents(self, built_after_s: float) -> None:
        """Wait for the catalogue of a build."""
        deadline = time.monotonic() + 10
        while self.app[FACE].catalog.built_s <= built_after_s:
            assert time.monotonic() < deadline, "the catalogue was not read again"
            await asyncio.sleep(0.01)


def said(data: bytes) -> ParsedFields:
    """An answer from its bytes, whose length is what it says."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, _, rest = head.partition(b"\r\n")
    headers: dict[str, list[str]] = {}
    for line in rest.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(": ")
        headers.setdefault(name.lower(), []).append(value)
    return ParsedFields(int(first.split()[1]), headers, body)


@asynccontextmanager
async def running(editable_site: EditableSite, attach: Sequence[Attach] = ()) -> AsyncIterator[Running]:
    """Runs a server over a site in its present state."""
    app = make_app(config.load(str(editable_site.configure())), attach)
    runner = await start(app)
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        yield Running(app, runner.addresses[0][1])
    finally:
        await runner.cleanup()


def age(editable_site: EditableSite, seconds: float = 60) -> None:
    """All documents were changed so long ago: the second of their change is over."""
    at_ns = time.time_ns() - int(seconds * 1e9)
    with closing(connect(str(editable_site.state / "index.db"))) as sql:
        for (path,) in sql.execute("SELECT path FROM documents").fetchall():
            os.utime(editable_site.output / path, ns=(at_ns, at_ns))
        sql.execute("UPDATE documents SET mtime_ns = ?", (at_ns,))
