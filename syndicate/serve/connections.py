"""Bounds on connections: how many one address may have, and how long one may stand still.

Connections of trusted proxies are not counted, because they are those of many clients.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import structlog
from aiohttp import web

from ..http.client_address import TrustedProxies, client_network
from .pipelining import parse_one_by_one

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.serve")

_USER_TIMEOUT_MS = 75_000  # for the kernel to deliver what was written, also after the process closed the connection
_LOG_S = 60.0


class ConnectionLimit:
    """Counts the connections of each address, and ends those beyond `per_address`."""

    def __init__(self, per_address: int, proxies: TrustedProxies, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_address = per_address
        self._proxies = proxies
        self._clock = clock
        self._numbers: Counter[str] = Counter()
        self._networks: dict[object, str] = {}
        self._logged_at = -_LOG_S

    def apply(self, server: web.Server) -> None:
        """Count the connections of a server from now on."""
        made, lost = server.connection_made, server.connection_lost

        def connection_made(handler: web.RequestHandler, transport: asyncio.Transport) -> None:
            made(handler, transport)
            handler._parser = parse_one_by_one(handler._parser)  # noqa: SLF001 - there is no public way
            self._open(handler, transport)

        def connection_lost(handler: web.RequestHandler, exc: BaseException | None = None) -> None:
            lost(handler, exc)
            self._close(handler)

        server.connection_made = connection_made  # type: ignore[method-assign]
        server.connection_lost = connection_lost  # type: ignore[method-assign]

    def _open(self, handler: object, transport: asyncio.Transport) -> None:
        peer = transport.get_extra_info("peername")
        if not peer or isinstance(peer, str):  # a Unix socket
            return
        _limit_standstill(transport)
        address = peer[0]
        if self._proxies.contains(address):
            return
        network = client_network(address)
        self._networks[handler] = network
        self._numbers[network] += 1
        if self._numbers[network] > self._per_address:
            transport.abort()
            self._log(network)

    def _close(self, handler: object) -> None:
        network = self._networks.pop(handler, None)
        if network is None:
            return
        self._numbers[network] -= 1
        if not self._numbers[network]:
            del self._numbers[network]

    def _log(self, network: str) -> None:
        now = self._clock()
        if now - self._logged_at >= _LOG_S:
            self._logged_at = now
            log.warning("too many connections of one address", address=network, limit=self._per_address)


def _limit_standstill(transport: asyncio.Transport) -> None:
    """Let the kernel end a connection whose client takes nothing for long."""
    connected: socket.socket | None = transport.get_extra_info("socket")
    if connected is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        with suppress(OSError):
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)
