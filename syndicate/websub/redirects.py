"""Redirects of a hub: a ping is repeated as a POST, at the same host only.

A hub that moved within its host, or to https, means the same service. Another host does not: a hub could make the
publisher send requests into a private network, and a redirect to a host that is parked would look like a delivery. A
name may resolve to another address at the redirect, so the address is checked when it is connected to
(`client.AddressGuard`): loopback, link-local and private addresses are reached only where the hub itself has such an
address.
"""

from __future__ import annotations

from yarl import URL

_FOLLOWED_STATUS = frozenset({301, 302, 307, 308})  # 303 asks for a GET, which is no ping (RFC 9110 §15.4.4)


def redirect_target(hub: URL, current: URL, location: str, status: int) -> URL:
    """Return the URL at which a ping to a hub is repeated.

    Raises ValueError if the redirect is not followed; the message completes "redirects to LOCATION, ".
    """
    if status not in _FOLLOWED_STATUS:
        raise ValueError("which is no address for pings")
    try:
        url = current.join(URL(location, encoded=True))
        has_host = url.scheme in {"http", "https"} and bool(url.host) and 0 < (url.port or 0) < 65536
    except ValueError:
        has_host = False
    if not has_host:
        raise ValueError("which is not an HTTP address")
    if not _have_same_host(url, hub):
        raise ValueError("which is another host")
    if current.scheme == "https" and url.scheme == "http":
        raise ValueError("which is not encrypted")
    return url


def may_have_secret(hub: URL, url: URL) -> bool:
    """Return whether a secret for a hub may be sent to a URL: to the hub's origin, or to https of the same host."""
    if url.origin() == hub.origin():
        return True
    is_upgrade = hub.scheme == "http" and url.scheme == "https" and hub.is_default_port() and url.is_default_port()
    return is_upgrade and _have_same_host(url, hub)


def _have_same_host(one: URL, other: URL) -> bool:
    return (one.host or "").lower() == (other.host or "").lower()
