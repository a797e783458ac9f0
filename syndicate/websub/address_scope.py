"""What an IP address reaches: the Internet, or this machine and the networks around it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

GLOBAL = "global"

_SHARED = ip_network("100.64.0.0/10")  # carrier-grade NAT (RFC 6598)
# IPv6 networks whose addresses hold an IPv4 address, and the number of bits behind it: mapped and compatible
# (RFC 4291 §2.5.5), translated (RFC 2765), NAT64 (RFC 6052), 6to4 (RFC 3056).
_EMBEDDING = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::/96"), 0),
    (IPv6Network("::ffff:0:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)
_LOCAL = (
    IPv6Network("64:ff9b:1::/48"),  # NAT64 within a network (RFC 8215)
    IPv6Network("fec0::/10"),  # site-local, deprecated (RFC 3879)
    IPv6Network("2001::/32"),  # Teredo, which reaches what is behind a NAT (RFC 4380)
)


def address_scope(address: str) -> str:
    """Return `global`, or what else an IP address is: loopback, link-local, private, multicast, …

    Raises ValueError for a text that is no address.
    """
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address):
        if parsed.is_loopback or parsed.is_unspecified:
            return "loopback"
        for network, shift in _EMBEDDING:
            if parsed in network:
                return _scope(IPv4Address((int(parsed) >> shift) & 0xFFFFFFFF))
        if any(parsed in network for network in _LOCAL):
            return "private"
    return _scope(parsed)


def _scope(address: IPv4Address | IPv6Address) -> str:
    if address.is_loopback or address.is_unspecified or (address.version == 4 and int(address) >> 24 == 0):
        return "loopback"  # 0.0.0.0 reaches this machine
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    if address in _SHARED:
        return "private"
    if address.is_reserved or not address.is_global:
        return "private" if address.is_private else "reserved"
    return GLOBAL
