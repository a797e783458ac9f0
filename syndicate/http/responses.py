"""Answers whose bytes are made already: aiohttp's own responses cost several times what these do."""

from __future__ import annotations

import asyncio

from aiohttp import ClientConnectionResetError, HttpVersion11, web

_PIECE_BYTES = 64 * 1024
_PATIENCE_S = 60.0  # for a piece to be taken


class Answer(web.StreamResponse):
    """A status line and header lines, and a body, written as they are."""

    def __init__(self, status: int, head: bytes, body: bytes | memoryview = b"") -> None:
        # Not StreamResponse's: it makes a mapping of headers, which we do not have.
        self._code = status
        self._head = head
        self._content = body
        self._keeps_alive = False

    @property
    def status(self) -> int:
        """The status code."""
        return self._code

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays open."""
        return self._keeps_alive

    async def prepare(self, request: web.BaseRequest) -> None:
        """Write all of it: who does not take it loses the connection."""
        self._keeps_alive = request.keep_alive
        if request.version != HttpVersion11:
            connection = b"Connection: keep-alive\r\n\r\n" if self._keeps_alive else b"\r\n"
        else:
            connection = b"\r\n" if self._keeps_alive else b"Connection: close\r\n\r\n"
        content = self._content
        await self._send(request, connection, content)
        transport = request.transport
        if transport is not None and transport.get_write_buffer_size():
            # Whoever stops the server waits for answers, and an answer ends when the system has all of it.
            transport.set_write_buffer_limits(0)
            try:
                await _taken(request, transport)
            finally:
                transport.set_write_buffer_limits()

    async def _send(self, request: web.BaseRequest, connection: bytes, content: bytes | memoryview) -> None:
        if len(content) <= _PIECE_BYTES:
            await _write(request, b"".join((self._head, connection, content)))
            return
        await _write(request, self._head + connection)
        rest = memoryview(content)
        for start in range(0, len(rest), _PIECE_BYTES):
            await _write(request, rest[start : start + _PIECE_BYTES])

    async def write_eof(self, data: bytes = b"") -> None:
        """All is written."""


async def _write(request: web.BaseRequest, piece: bytes | memoryview) -> None:
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ClientConnectionResetError("went away")
    transport.write(piece)
    if request.protocol.writing_paused:
        await _taken(request, transport)


async def _taken(request: web.BaseRequest, transport: asyncio.Transport) -> None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await request.writer.drain()
    except TimeoutError:
        transport.abort()
        raise ClientConnectionResetError("does not read what it asked for") from None
