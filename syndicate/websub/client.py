"""The HTTP client of pings and verifications: connections, timeouts, proxies and certificate authorities."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from .. import __version__
from .address_scope import GLOBAL, address_scope

USER_AGENT = f"syndicate/{__version__}"


class AddressGuard:
    """Refuses connections to addresses that are neither global nor of the given scope.

    `refused_scope` is the scope of an address that was refused, and empty if there was none.
    """

    def __init__(self, scope: str) -> None:
        self.refused_scope = ""
        self._permitted = {GLOBAL, scope}

    def check(self, address: str) -> None:
        """Raise OSError if an address must not be connected to."""
        scope = address_scope(address)
        if scope not in self._permitted:
            self.refused_scope = scope
            raise OSError(f"{address} is a {scope} address")


_GUARD: ContextVar[AddressGuard | None] = ContextVar("guard", default=None)


@contextmanager
def guarded(guard: AddressGuard) -> Iterator[None]:
    """Apply a guard to the connections that requests open within the context.

    The addresses are checked when they are connected to, so that it does not matter what a name resolved to before.
    """
    token = _GUARD.set(guard)
    try:
        yield
    finally:
        _GUARD.reset(token)


class Response(aiohttp.ClientResponse):
    """A response that knows the scope of the address from which it came; empty if that is unknown."""

    peer_scope = ""

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        """Note the address, and read the header of the response."""
        peer = connection.transport.get_extra_info("peername") if connection.transport else None
        if isinstance(peer, tuple):
            self.peer_scope = address_scope(peer[0])
        return await super().start(connection)


def open_client(
    timeout_s: float, max_connections: int, resolver: AbstractResolver | None = None
) -> aiohttp.ClientSession:
    """Open an HTTP client without cookies, with bounded connections and a timeout for each request.

    `resolver` resolves names, instead of the system.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=max_connections, ttl_dns_cache=60, socket_factory=_open_socket, resolver=resolver
        ),
        response_class=Response,
        timeout=aiohttp.ClientTimeout(total=timeout_s, connect=timeout_s, sock_read=timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT},
        raise_for_status=False,
    )


def _open_socket(address_info: Any) -> socket.socket:
    family, kind, protocol, _, address = address_info
    guard = _GUARD.get()
    if guard is not None:
        guard.check(address[0])
    return socket.socket(family, kind, protocol)


def environment_proxy(url: URL) -> str | None:
    """Return the proxy for a URL from the environment (`http_proxy`, `https_proxy`, `no_proxy`), if it has one.

    aiohttp's `trust_env` reads the same variables, but also sends the passwords of `~/.netrc`.
    """
    proxy = getproxies().get(url.scheme)
    return proxy if proxy and url.host and not proxy_bypass(url.host) else None


def trusted_authorities(ca_file: str) -> ssl.SSLContext | None:
    """Return a TLS context that trusts the authorities of a PEM file beside those of the system; None without a file.

    Raises OSError for a file that cannot be read or holds no certificate (ssl.SSLError is an OSError).
    """
    if not ca_file:
        return None
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=ca_file)
    return context
