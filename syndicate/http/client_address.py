"""The address of a client, also behind proxies, and the network by which clients are counted."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
_IPV6_PREFIX = 64  # a subscriber has at least such a network (RFC 6177), so one address more costs nothing


class TrustedProxies:
    """The proxies whose `X-Forwarded-For` is believed, as addresses or networks. Raises ValueError for others."""

    def __init__(self, proxies: Sequence[str]) -> None:
        self._networks: tuple[Network, ...] = tuple(ip_network(proxy, strict=False) for proxy in proxies)

    def contains(self, address: str) -> bool:
        """Return whether an address is that of a trusted proxy."""
        try:
            parsed = _parse(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)

    def client(self, peer: str, forwarded: Sequence[str]) -> str:
        """Return the address of the client of a connection from `peer`.

        `forwarded` are the values of `X-Forwarded-For`, to which each proxy appends the address that it saw. The last
        one that is no proxy's is the client's: what precedes it was written by the client itself.
        """
        client = peer
        hops = [hop.strip() for value in forwarded for hop in value.split(",")]
        while hops and self.contains(client):
            client = hops.pop()
        return client


def client_network(address: str) -> str:
    """Return what one client has: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        parsed = _parse(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, _IPV6_PREFIX), strict=False))
    return str(parsed)


def _parse(address: str) -> IPv4Address | IPv6Address:
    """Return an IP address; one of IPv4 that is written as IPv6 is the same client's. Raises ValueError."""
    text = address.strip()
    if text.startswith("["):  # with a port
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    parsed = ip_address(text.partition("%")[0])
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed
