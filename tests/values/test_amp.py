"""AMP cache URLs are those of the published vectors; every host has a valid subdomain."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syndicate.values.amp import CacheType, cache_url, subdomain

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "data" / "amp_cache_vectors.json").read_text())
CACHE = "cdn.ampproject.org"
bounded = settings(max_examples=250, deadline=None, derandomize=True, database=None)


@pytest.mark.parametrize(("host", "expected"), VECTORS["hosts"].items(), ids=[ascii(host) for host in VECTORS["hosts"]])
def test_host_has_the_published_subdomain(host: str, expected: str) -> None:
    assert subdomain(host) == expected


@pytest.mark.parametrize(("url", "expected", "kind"), VECTORS["urls"])
def test_url_is_the_published_one(url: str, expected: str, kind: CacheType) -> None:
    assert cache_url(url, CACHE, kind) == expected


@pytest.mark.parametrize(("url", "expected"), VECTORS["seed"])
def test_default_type_is_document(url: str, expected: str) -> None:
    assert cache_url(url) == expected


def test_all_vectors_are_tested() -> None:
    assert (len(VECTORS["hosts"]), len(VECTORS["urls"]), len(VECTORS["seed"])) == (20, 13, 3)


WRITTEN = [
    ("https://a.test:443/x", "https://a-test.cdn.ampproject.org/c/s/a.test/x"),
    ("http://a.test:80/x", "https://a-test.cdn.ampproject.org/c/a.test/x"),
    ("https://A.Test/X", "https://a-test.cdn.ampproject.org/c/s/a.test/X"),
    ("https://a.test?q#f", "https://a-test.cdn.ampproject.org/c/s/a.test?q#f"),
    ("https://a.test/x?amp=1&b=%20#top", "https://a-test.cdn.ampproject.org/c/s/a.test/x?amp=1&b=%20#top"),
    ("https://ab--c.test/", f"https://{subdomain('ab--c.test')}.cdn.ampproject.org/c/s/ab--c.test/"),
]


@pytest.mark.parametrize(("url", "expected"), WRITTEN, ids=[url for url, _ in WRITTEN])
def test_path_query_and_fragment_are_kept(url: str, expected: str) -> None:
    assert cache_url(url) == expected


def test_cache_is_configurable() -> None:
    assert cache_url("https://a.test/x", "amp.cache.example") == "https://a-test.amp.cache.example/c/s/a.test/x"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://a.test:8443/x", "cannot hold a port, got 8443"),
        ("http://a.test:443/x", "cannot hold a port, got 443"),
        ("https://a.test:0/x", "cannot hold a port, got 0"),
        ("https://a.test:99999/x", "[Pp]ort"),
        ("https://a.test:x/", "[Pp]ort"),
        ("https://jane@a.test/", "user information"),
        ("https://jane:s3cret@a.test/", "user information"),
        ("https://@a.test/", "user information"),
        ("ftp://a.test/", "not 'ftp'"),
        ("//a.test/", "not 'a relative address'"),
        ("/x", "not 'a relative address'"),
        ("", "not 'a relative address'"),
        ("javascript:x", "not 'javascript'"),
        ("https:///x", "needs a host"),
        ("https://:443/x", "needs a host"),
        ("https://[::1", "IPv6"),
    ],
)
def test_url_that_no_cache_serves_is_rejected(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as raised:
        cache_url(url)
    assert "s3cret" not in str(raised.value)


HASH = re.compile(r"[a-z2-7]{52}")
labels = st.one_of(
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True),
    st.from_regex(r"xn--[a-z0-9-]{1,20}", fullmatch=True),
    st.text(st.characters(categories=["Ll", "Lo", "Nd", "So"]), min_size=1, max_size=8),
    st.sampled_from(["en-us", "a--b", "ab--c", "xn--", "xn--a", "xn--99999999", "עברית", "a1ב", "x" * 63, "faß", "☕"]),
)
hosts = st.lists(labels, min_size=1, max_size=4).map(".".join)


@bounded
@given(hosts)
@example("xn--0.test")
@example("xn---.test")
@example("a" * 70 + ".test")
def test_subdomain_of_any_host_is_one_dns_label(host: str) -> None:
    label = subdomain(host)
    assert 1 <= len(label) <= 63
    assert label.isascii()
    assert "." not in label
    assert label == label.lower()
    assert label[2:4] != "--" or label.startswith("xn")
    assert subdomain(host.upper() if host.isascii() else host) == label


@bounded
@given(
    st.lists(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True), min_size=2, max_size=4, unique=True)
)
def test_ascii_hosts_have_different_subdomains(parts: list[str]) -> None:
    first, second = ".".join(parts), "-".join(parts)
    assert subdomain(first) != subdomain(second)
    assert subdomain(first) != subdomain(".".join(reversed(parts)))


@bounded
@given(
    hosts.filter(str.isascii),
    st.sampled_from(["http", "https"]),
    st.from_regex(r"(/[a-z%&=;.]{0,9}){0,3}", fullmatch=True),
)
def test_cache_url_holds_the_whole_url(host: str, scheme: str, path: str) -> None:
    found = urlsplit(cache_url(f"{scheme}://{host}{path}"))
    assert found.hostname == f"{subdomain(host)}.{CACHE}"
    assert found.path == f"/c{'/s' if scheme == 'https' else ''}/{host}{path}"
