"""Servers on loopback that stand in for hubs and for the public copies of feeds, with configurable misbehaviour."""

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


class ReceivedRequest(NamedTuple):
    """A request, and how many others the server was handling when it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    concurrent: int

    @property
    def topic_url(self) -> str:
        """The topic URL of a ping."""
        return dict(parse_qsl(self.body.decode()))["hub.topic"]


Responder = Callable[[ReceivedRequest], Awaitable[web.StreamResponse] | web.StreamResponse]


def responds(status: int = ACCEPTED, text: str = "", **headers: str) -> Responder:
    """Return a responder with a constant response; `Retry_After="5"` sets the header Retry-After."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.Response(status=status, text=text or None, headers=fields)


class LoopbackServer:
    """An HTTP server that records its requests. Its responder may be replaced at any time."""

    def __init__(self, responder: Responder) -> None:
        self.responder = responder
        self.received: list[ReceivedRequest] = []
        self.in_flight = 0
        self.port = 0
        self.scheme = "http"
        self.host = "127.0.0.1"

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/"

    @property
    def topics(self) -> Counter[str]:
        """The number of pings of each topic URL."""
        return Counter(request.topic_url for request in self.received)

    @property
    def max_in_flight(self) -> int:
        return max((request.concurrent + 1 for request in self.received), default=0)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Record the request and respond."""
        concurrent, self.in_flight = self.in_flight, self.in_flight + 1
        try:
            headers = dict(request.headers)
            received = ReceivedRequest(request.method, request.raw_path, headers, await request.read(), concurrent)
            self.received.append(received)
            response = self.responder(received)
            return response if isinstance(response, web.StreamResponse) else await response
        finally:
            self.in_flight -= 1


@asynccontextmanager
async def http_server(
    responder: Responder | None = None, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[LoopbackServer]:
    """Run a server on a free port. The default responder accepts every ping."""
    server = LoopbackServer(responder or responds())
    runner = web.ServerRunner(web.Server(server.handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family)
    await web.SockSite(runner, listener, ssl_context=tls).start()
    server.port, server.host = listener.getsockname()[1], host
    server.scheme = "https" if tls else "http"
    try:
        yield server
    finally:
        await runner.cleanup()


RawResponder = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class RawServer:
    """A TCP server for responses that no HTTP library produces. It counts its requests and the bytes that it sent."""

    def __init__(self, responder: RawResponder) -> None:
        self.responder = responder
        self.requests = 0
        self.sent_bytes = 0
        self.url = ""
        self._tasks: set[asyncio.Task[None]] = set()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read the head of a request, and let the responder write to the connection."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        # Cancellation is a normal end of a connection; asyncio would log it as an error.
        with suppress(asyncio.CancelledError, OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests += 1
            await self.responder(head, writer)
        writer.transport.abort()

    async def close(self) -> None:
        """Cancel all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def raw_server(responder: RawResponder) -> AsyncIterator[RawServer]:
    """Run a server on a free port that passes the head of each request to a responder, which writes bytes."""
    server = RawServer(responder)
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0, limit=2**20)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    try:
        yield server
    finally:
        listener.close()
        await server.close()


def sends_then_closes(content: bytes) -> RawResponder:
    """Return a responder that sends bytes and closes the connection."""

    async def respond(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    return respond


async def hangs(_: bytes, __: asyncio.StreamWriter) -> None:
    """Never respond."""
    await asyncio.Event().wait()


def head(status: int, *fields: str) -> bytes:
    """Return the head of a response."""
    return "\r\n".join([f"HTTP/1.1 {status} Answer", *fields, "", ""]).encode()


def resets_in_body(status: int = ACCEPTED) -> RawResponder:
    """Return a responder that sends a part of the body, and resets the connection."""

    async def respond(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, "Content-Length: 100") + b"thank")
        await writer.drain()
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    return respond


def stalls_in_body(status: int = ACCEPTED) -> RawResponder:
    """Return a responder that sends a part of the body, and nothing more."""

    async def respond(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, "Content-Length: 100") + b"thank")
        await asyncio.Event().wait()

    return respond


def drips(status: int = ACCEPTED) -> RawResponder:
    """Return a responder that sends an endless body one byte at a time."""

    async def respond(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head(status))
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.02)

    return respond


def sends_endlessly(servers: list[RawServer], head: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> RawResponder:
    """Return a responder that sends an endless body as fast as the client reads it.

    It counts the bytes in the first server of the list, which may be added later.
    """

    async def respond(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(b"word " * 2000)
            await writer.drain()
            servers[0].sent_bytes += 10_000

    return respond


def refusing_url() -> str:
    """Return the URL of a port that refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"


async def wait_until(condition: Callable[[], object], timeout_s: float = 15.0, message: str = "") -> None:
    """Wait for a condition. Raises AssertionError with the message after the timeout."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, message or "the condition was not met in time"
        await asyncio.sleep(0.01)
