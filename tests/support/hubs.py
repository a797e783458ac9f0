"""Servers on loopback that stand for hubs and for the public feed, and misbehave when asked to."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple
from urllib.parse import parse_qsl

from aiohttp import web

ACCEPTED = 202


class Received(NamedTuple):
    """A request as it came, and how many others were under way to the same server."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    beside: int

    @property
    def topic(self) -> str:
        """The topic URL that a ping is about."""
        return dict(parse_qsl(self.body.decode()))["hub.topic"]


Answer = Callable[[Received], Awaitable[web.StreamResponse] | web.StreamResponse]


def says(status: int = ACCEPTED, text: str = "", **headers: str) -> Answer:
    """Always the same answer; `Retry_After="5"` is the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.Response(status=status, text=text or None, headers=named)


class Served:
    """An HTTP server: what it received, and what it answers, which may be changed at any time."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.received: list[Received] = []
        self.under_way = 0
        self.port = 0
        self.scheme = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/"

    @property
    def topics(self) -> Counter[str]:
        """How often it was told of each topic URL."""
        return Counter(received.topic for received in self.received)

    @property
    def most_under_way(self) -> int:
        return max((received.beside + 1 for received in self.received), default=0)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Note the request, and answer it."""
        beside, self.under_way = self.under_way, self.under_way + 1
        try:
            headers = dict(request.headers)
            received = Received(request.method, request.raw_path, headers, await request.read(), beside)
            self.received.append(received)
            answer = self.answer(received)
            return answer if isinstance(answer, web.StreamResponse) else await answer
        finally:
            self.under_way -= 1


@asynccontextmanager
async def served(answer: Answer | None = None, tls: ssl.SSLContext | None = None) -> AsyncIterator[Served]:
    """A server on a free port; without an answer of its own it accepts every ping."""
    server = Served(answer or says())
    runner = web.ServerRunner(web.Server(server.handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listening, ssl_context=tls).start()
    server.port = listening.getsockname()[1]
    server.scheme = "https" if tls else "http"
    try:
        yield server
    finally:
        await runner.cleanup()


Talk = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Raw:
    """A server that says what no HTTP library would: how many requests came, and how many bytes it got rid of."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.requests = 0
        self.sent_bytes = 0
        self.url = ""
        self._tasks: set[asyncio.Task[None]] = set()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        # A cancelled connection is an end like any other: asyncio would log it as a fault of ours.
        with suppress(asyncio.CancelledError, OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests += 1
            await self.talk(head, writer)
        writer.transport.abort()

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def raw(talk: Talk) -> AsyncIterator[Raw]:
    """A server on a free port that hands the head of each request to `talk`, which writes what it likes."""
    server = Raw(talk)
    listening = await asyncio.start_server(server.connected, "127.0.0.1", 0, limit=2**20)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    try:
        yield server
    finally:
        listening.close()
        await server.end()


def bytes_then_close(content: bytes) -> Talk:
    """Says these bytes, and hangs up."""

    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    return talk


async def silence(_: bytes, __: asyncio.StreamWriter) -> None:
    """Never answers."""
    await asyncio.Event().wait()


async def reset_in_the_body(_: bytes, writer: asyncio.StreamWriter) -> None:
    """Accepts, begins to speak, and resets the connection."""
    writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nthank")
    await writer.drain()
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def drips(_: bytes, writer: asyncio.StreamWriter) -> None:
    """Accepts, and says a letter now and then, for ever."""
    writer.write(b"HTTP/1.1 202 Accepted\r\n\r\n")
    while True:
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(0.02)


def endless(server: list[Raw], head: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> Talk:
    """Speaks without an end, as fast as it is listened to; counts in the server that is put into the list."""

    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(b"word " * 2000)
            await writer.drain()
            server[0].sent_bytes += 10_000

    return talk


def refusing_url() -> str:
    """The address of a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}/"


async def until(condition: Callable[[], object], timeout_s: float = 15.0, what: str = "") -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, what or "waited in vain"
        await asyncio.sleep(0.01)
