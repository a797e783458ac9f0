"""Responses whose header lines and body already exist as bytes.

aiohttp's own responses build a mapping of headers for each request, which costs several times as much.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from http import HTTPStatus

from aiohttp import ClientConnectionResetError, HttpVersion11, web

_CHUNK_BYTES = 64 * 1024
_WRITE_TIMEOUT_S = 60.0  # for the client to read one chunk

STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {HTTPStatus(status).phrase}\r\n".encode() for status in HTTPStatus
}


def encode_headers(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return the header lines of fields."""
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode("latin-1")


def response_head(status: int, fields: Iterable[tuple[str, str]], length: int | None = None) -> bytes:
    """Return the status line and the header lines of a response that is made now, with the length of its body."""
    lines = [("Date", formatdate(time.time(), usegmt=True)), *fields]
    if length is not None:
        lines.append(("Content-Length", str(length)))
    return STATUS_LINES[status] + encode_headers(lines)


def _no_report() -> None:
    pass


class RawResponse(web.StreamResponse):
    """A response that writes the given status and header lines, the `Connection` field, and the body.

    `on_progress` is called whenever the client has taken a chunk of the body.
    """

    def __init__(
        self,
        status: int,
        head: bytes,
        body: bytes | memoryview = b"",
        on_progress: Callable[[], None] = _no_report,
    ) -> None:
        # StreamResponse.__init__ is not called: it creates the mapping of headers that this class does without.
        self._code = status
        self._head = head
        self._content = body
        self._body_bytes = len(body)
        self._keeps_alive = False
        self._is_sent = False
        self._on_progress = on_progress

    @property
    def status(self) -> int:
        """The status code."""
        return self._code

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays open."""
        return self._keeps_alive

    @property
    def body_length(self) -> int:
        """The length of the body in bytes, for an access log."""
        return self._body_bytes

    async def prepare(self, request: web.BaseRequest) -> None:
        """Write the whole response, once. A client that does not read it loses the connection.

        A handler may call it: aiohttp calls it again afterwards, which does nothing.
        """
        if self._is_sent:
            return
        self._keeps_alive = request.keep_alive
        if request.version != HttpVersion11:
            connection = b"Connection: keep-alive\r\n\r\n" if self._keeps_alive else b"\r\n"
        else:
            connection = b"\r\n" if self._keeps_alive else b"Connection: close\r\n\r\n"
        content = self._content
        await self._send(request, connection, content)
        transport = request.transport
        if transport is not None and transport.get_write_buffer_size():
            # A response ends when the kernel has all of it: a shutdown waits for responses, not for buffers.
            transport.set_write_buffer_limits(0)
            try:
                await _drain(request, transport)
            finally:
                transport.set_write_buffer_limits()
        self._is_sent, self._content = True, b""

    async def _send(self, request: web.BaseRequest, connection: bytes, content: bytes | memoryview) -> None:
        if len(content) <= _CHUNK_BYTES:
            await _write(request, b"".join((self._head, connection, content)))
            return
        await _write(request, self._head + connection)
        view = memoryview(content)
        for start in range(0, len(view), _CHUNK_BYTES):
            await _write(request, view[start : start + _CHUNK_BYTES])
            self._on_progress()

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: `prepare` wrote the whole response."""


async def _write(request: web.BaseRequest, chunk: bytes | memoryview) -> None:
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ClientConnectionResetError("the client closed the connection")
    transport.write(chunk)
    if request.protocol.writing_paused:
        await _drain(request, transport)


async def _drain(request: web.BaseRequest, transport: asyncio.Transport) -> None:
    """Wait until the client has taken what was written; read no further request of it meanwhile."""
    is_reading = transport.is_reading()
    if is_reading:
        transport.pause_reading()
    try:
        async with asyncio.timeout(_WRITE_TIMEOUT_S):
            await request.writer.drain()
    except TimeoutError:
        transport.abort()
        raise ClientConnectionResetError("the client does not read the response") from None
    finally:
        if is_reading and not transport.is_closing():
            transport.resume_reading()
