"""Addresses become absolute, valid http(s) URLs, or are rejected with a reason."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.values import addresses

BASE = "https://www.test/blog/post/?page=2#top"

NORMALIZED = [
    # valid addresses stay unchanged
    ("https://a.example/b?c=1&d=%20#e", "https://a.example/b?c=1&d=%20#e"),
    ("https://a.example", "https://a.example"),
    ("http://a.example/%7Euser/%E2%82%AC", "http://a.example/%7Euser/%E2%82%AC"),
    ("https://a.example:8443/x", "https://a.example:8443/x"),
    ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
    ("http://under_score.example/", "http://under_score.example/"),
    # invalid characters are encoded, once
    ("https://a.example/b c|d", "https://a.example/b%20c%7Cd"),
    ("https://a.example/ü?q=ß#é", "https://a.example/%C3%BC?q=%C3%9F#%C3%A9"),
    ("https://a.example/100%", "https://a.example/100%25"),
    ("https://a.example/%zz%20", "https://a.example/%25zz%20"),
    ('https://a.example/<b>"\\^`{}', "https://a.example/%3Cb%3E%22%5C%5E%60%7B%7D"),
    ("https://a.example/[x]", "https://a.example/%5Bx%5D"),
    ("https://a.example/a#b#c", "https://a.example/a#b%23c"),
    # white space and control characters are removed
    ("  https://a.example/b\n", "https://a.example/b"),
    ("https://a.exa\nmple/b\tc\x00\x85", "https://a.example/bc"),
    # scheme and host are lower case; hosts are ASCII
    ("HTTPS://A.Example/B", "https://a.example/B"),
    ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
    ("https://☕.example/", "https://xn--53h.example/"),
    ("https://例え.テスト/", "https://xn--r8jz45g.xn--zckzah/"),
    ("https://例え。テスト/", "https://xn--r8jz45g.xn--zckzah/"),
    ("https://a.example:/x", "https://a.example/x"),
    # relative ones are resolved against the base
    ("other/", "https://www.test/blog/post/other/"),
    ("../other/", "https://www.test/blog/other/"),
    ("/x?y", "https://www.test/x?y"),
    ("//cdn.test/x", "https://cdn.test/x"),
    ("?page=3", "https://www.test/blog/post/?page=3"),
    ("#note", "https://www.test/blog/post/?page=2#note"),
    ("../../../../etc/passwd", "https://www.test/etc/passwd"),
]

REJECTED = [
    ("", "an empty address"),
    (" \t\n\x00", "an empty address"),
    ("javascript:alert(1)", "scheme 'javascript'"),
    ("java\nscript:alert(1)", "scheme 'javascript'"),
    ("\x01javascript:alert(1)", "scheme 'javascript'"),
    ("JAVASCRIPT:alert(1)", "scheme 'javascript'"),
    ("data:text/html,<script>", "scheme 'data'"),
    ("vbscript:x", "scheme 'vbscript'"),
    ("mailto:jane@a.example", "scheme 'mailto'"),
    ("file:///etc/passwd", "scheme 'file'"),
    ("ftp://a.example/x", "scheme 'ftp'"),
    ("https://jane@a.example/", "user information"),
    ("https://jane:secret@a.example/", "user information"),
    ("//jane:secret@a.example/", "user information"),
    ("https:///x", "no valid host"),
    ("https://", "no valid host"),
    ("https:x", "no valid host"),
    ("http:/x", "no valid host"),
    ("https://a b.example/", "no valid host"),
    ("https://a..example/", "no valid host"),
    ("https://-.example/", "no valid host"),
    ("https://a.example:99999/", "[Pp]ort"),
    ("https://a.example:x/", "[Pp]ort"),
    ("https://[::1/", "IPv6"),
    ("https://" + "ü" * 70 + ".example/", "no valid host"),
    ("https://a.example/" + "x" * 8000, "8018 characters"),
    ("https://a.example/" + "ü" * 2000, "12018 characters"),
]


@pytest.mark.parametrize(("address", "expected"), NORMALIZED, ids=[repr(address)[:50] for address, _ in NORMALIZED])
def test_address_is_normalized(address: str, expected: str) -> None:
    assert addresses.normalize(address, BASE) == expected


@pytest.mark.parametrize(("address", "reason"), REJECTED, ids=[repr(address)[:50] for address, _ in REJECTED])
def test_address_that_must_not_be_published_is_rejected(address: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        addresses.normalize(address, BASE)


@pytest.mark.parametrize("address", ["x", "/x", "//a.example/", "?x", "a.example/x", "www.a.example"])
def test_relative_address_without_a_base_is_rejected(address: str) -> None:
    with pytest.raises(ValueError, match="no scheme"):
        addresses.normalize(address)


@pytest.mark.parametrize(
    "address",
    ["https://jane:secret@a.example/", "http://:secret@a.example", "ftp://jane:secret@a.example/" + "x" * 300],
)
def test_message_never_holds_a_password(address: str) -> None:
    with pytest.raises(ValueError, match=r".+") as raised:
        addresses.normalize(address)
    assert "secret" not in str(raised.value)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("address", "expected"),
    [("https://a", True), ("mailto:x", True), ("x-y.z+1:", True), ("//a", False), ("/a:b", False), ("1a:b", False)],
)
def test_scheme_is_distinguished_from_a_path(address: str, expected: bool) -> None:  # noqa: FBT001 - a column
    assert addresses.has_scheme(address) is expected


FRAGMENTS = st.sampled_from(
    [
        "http://", "https://", "HTTP:", "//", "/", "\\", "?", "#", "@", ":", "[", "]", "%", "%2", "%41", "%zz", " ",
        "|", "\t", "\n", "a", "B", "ü", "点", "。", ".", "..", "-", "--", "_", "xn--", "::1", "0x7f", "80", "443",
        "99999", "user:pw", "\u202e", "\u200d", "\u2100", "\ud800", "\x00", "\ufffe", "e.org", "é", ";",
        "javascript:", "data:", "&", "'", '"', "<", ">", "{", "}", "`", "^", "😀", "/../", "/./", "ß", "ſ", "\u0130",
        "\u00ad", "\u3002",
    ]
)  # fmt: skip


@settings(max_examples=800, deadline=None, derandomize=True, database=None)
@given(st.one_of(st.lists(FRAGMENTS, max_size=10).map("".join), st.text()), st.sampled_from(["", BASE, "http://e.org"]))
def test_normalized_address_is_valid_and_normalizing_it_again_changes_nothing(address: str, base: str) -> None:
    try:
        normalized = addresses.normalize(address, base)
    except ValueError:
        return
    assert addresses.normalize(normalized) == normalized
    parts = urlsplit(normalized)
    assert parts.scheme in {"http", "https"}
    assert parts.hostname
    assert parts.username is None
    assert normalized.isascii()
    assert not re.search(r"[\x00-\x20\x7f\"<>\\^`{|}]|%(?![0-9A-Fa-f]{2})", normalized)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=30))
def test_meaning_of_the_query_is_kept(query: str) -> None:
    from urllib.parse import quote, unquote

    encoded = quote(query, safe="", errors="surrogatepass")
    normalized = addresses.normalize(f"https://a.example/?q={encoded}")
    assert unquote(urlsplit(normalized).query, errors="surrogatepass") == f"q={query}"
