"""Content negotiation (RFC 9110 §12.5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.http.negotiation import choose_encoding, prefers_html

BOTH = frozenset({"br", "gzip"})


@pytest.mark.parametrize(
    ("accepted", "available", "expected"),
    [
        ("", BOTH, ""),
        ("gzip", BOTH, "gzip"),
        ("gzip, deflate, br, zstd", BOTH, "br"),
        ("gzip, br", frozenset({"gzip"}), "gzip"),
        ("br", frozenset({"gzip"}), ""),
        ("gzip;q=1.0, br;q=0.5", BOTH, "gzip"),
        ("gzip;q=0, br;q=0", BOTH, ""),
        ("gzip;q=0", BOTH, ""),
        ("*", BOTH, "br"),
        ("*;q=0", BOTH, ""),
        ("br;q=0, *", BOTH, "gzip"),
        ("identity", BOTH, ""),
        ("identity, gzip;q=0.5", BOTH, ""),
        ("identity;q=0.5, gzip", BOTH, "gzip"),
        ("GZIP ; Q=0.9", BOTH, "gzip"),
        ("x-gzip", BOTH, "gzip"),
        ("gzip;q=2", BOTH, ""),
        ("gzip;level=9", BOTH, ""),
        (",, gzip,", BOTH, "gzip"),
    ],
)
def test_encoding_is_the_one_of_highest_weight(accepted: str, available: frozenset[str], expected: str) -> None:
    assert choose_encoding(accepted, available) == expected


@given(st.text())
def test_any_accept_encoding_is_parsed_without_an_error(accepted: str) -> None:
    assert choose_encoding(accepted, BOTH) in {"", "br", "gzip"}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", True),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/problem+json, text/html;q=0.1", False),
    ],
)
def test_browsers_prefer_html(accept: str, expected: bool) -> None:  # noqa: FBT001
    assert prefers_html(accept) is expected
