"""What an address reaches, however it is written."""

from __future__ import annotations

import pytest

from syndicate.websub.address_scope import address_scope

SCOPES = {
    "global": ["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8", "64:ff9b::808:808"],
    "loopback": ["127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "::1", "::", "::ffff:127.0.0.1", "::127.0.0.1",
                 "64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:0:127.0.0.1"],
    "link-local": ["169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255", "fc00::1",
                "fd12:3456::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::", "fec0::1",
                "198.18.0.1", "192.0.2.1", "2001:db8::1", "240.0.0.1", "255.255.255.255", "2001:0::1"],
    "multicast": ["224.0.0.1", "239.255.255.250", "ff02::1", "::ffff:224.0.0.1"],
}  # fmt: skip


@pytest.mark.parametrize(("scope", "address"), [(scope, one) for scope, some in SCOPES.items() for one in some])
def test_scope_of_an_address(scope: str, address: str) -> None:
    assert address_scope(address) == scope


@pytest.mark.parametrize("address", ["", "hub.test", "1.2.3", "0x7f.1", "127.0.0.1:80"])
def test_text_that_is_no_address_has_no_scope(address: str) -> None:
    with pytest.raises(ValueError, match="IPv"):
        address_scope(address)
