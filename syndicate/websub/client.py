"""The HTTP client of pings and verifications: connections, timeouts, proxies and certificate authorities."""

from __future__ import annotations

import ssl
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from .. import __version__

USER_AGENT = f"syndicate/{__version__}"


def open_client(timeout_s: float, max_connections: int) -> aiohttp.ClientSession:
    """Open an HTTP client without cookies, with bounded connections and a timeout for each request."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=max_connections, ttl_dns_cache=60),
        timeout=aiohttp.ClientTimeout(total=timeout_s, connect=timeout_s, sock_read=timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT},
        raise_for_status=False,
    )


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
