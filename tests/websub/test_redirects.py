"""A ping is repeated at the host of its hub only, and its secret is sent to no other origin."""

from __future__ import annotations

import pytest
from yarl import URL

from syndicate.websub.redirects import may_have_secret, redirect_target

HUB = URL("http://hub.test/publish")


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://hub.test/publish", "https://hub.test/publish"),
        ("https://HUB.test/", "https://HUB.test/"),
        ("https://hub.test:8443/", "https://hub.test:8443/"),
        ("//hub.test/other", "http://hub.test/other"),
        ("/other?a=%2F", "http://hub.test/other?a=%2F"),
        ("other", "http://hub.test/other"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_within_the_host_is_followed(location: str, target: str, status: int) -> None:
    assert str(redirect_target(HUB, HUB, location, status)) == target


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("https://www.hub.test/publish", "another host"),
        ("https://hub.test.evil.test/", "another host"),
        ("https://hub.test@evil.test/", "another host"),
        ("http://localhost:6379/", "another host"),
        ("http://127.0.0.1/", "another host"),
        ("http://[::1]/", "another host"),
        ("http://169.254.169.254/latest/meta-data/", "another host"),
        ("http://10.0.0.1/", "another host"),
        ("http://[fe80::1]/", "another host"),
        ("ftp://hub.test/", "not an HTTP address"),
        ("mailto:a@hub.test", "not an HTTP address"),
        ("http://hub.test:99999/", "not an HTTP address"),
        ("http://[", "not an HTTP address"),
    ],
)
def test_redirect_elsewhere_is_not_followed(location: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        redirect_target(HUB, HUB, location, 301)


def test_redirect_from_https_to_http_is_not_followed() -> None:
    secure = URL("https://hub.test/")
    with pytest.raises(ValueError, match="not encrypted"):
        redirect_target(secure, secure, "http://hub.test/", 307)


def test_redirect_back_to_http_after_https_is_not_followed() -> None:
    with pytest.raises(ValueError, match="not encrypted"):
        redirect_target(HUB, URL("https://hub.test/"), "http://hub.test/", 307)


@pytest.mark.parametrize(("hub", "host"), [("http://127.0.0.1:8080/", "127.0.0.1"), ("http://10.0.0.1/", "10.0.0.1")])
def test_hub_at_a_private_address_may_redirect_within_it(hub: str, host: str) -> None:
    assert redirect_target(URL(hub), URL(hub), "/moved", 302).host == host


@pytest.mark.parametrize("status", [300, 303, 304, 305, 306, 399])
def test_other_redirects_are_not_followed(status: int) -> None:
    with pytest.raises(ValueError, match="no address for pings"):
        redirect_target(HUB, HUB, "/other", status)


@pytest.mark.parametrize(
    ("hub", "url", "expected"),
    [
        ("http://hub.test/", "http://hub.test/other", True),
        ("http://hub.test/", "https://hub.test/", True),
        ("http://hub.test/", "http://hub.test:8080/", False),
        ("http://hub.test/", "https://hub.test:8443/", False),
        ("http://hub.test:8080/", "https://hub.test/", False),
        ("https://hub.test/", "http://hub.test/", False),
        ("https://hub.test/", "https://other.test/", False),
    ],
)
def test_secret_is_for_the_origin_of_the_hub_and_its_https(hub: str, url: str, expected: bool) -> None:  # noqa: FBT001
    assert may_have_secret(URL(hub), URL(url)) == expected
