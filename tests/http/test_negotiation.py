"""Content negotiation (RFC 9110 §12.5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.http.negotiation import choose_encoding, prefers_html


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", ""),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, zstd", "zstd"),
        ("zstd;q=0.9, gzip", "gzip"),
        ("br;q=0, zstd;q=0, *", "gzip"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("gzip;q=0, br;q=0", ""),
        ("gzip;q=0", ""),
        ("*", "br"),
        ("*;q=0", ""),
        ("br;q=0, *", "zstd"),
        ("identity", ""),
        ("identity, gzip;q=0.5", ""),
        ("identity;q=0.5, gzip", "gzip"),
        ("GZIP ; Q=0.9", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip;q=2", ""),
        ("gzip;level=9", ""),
        (",, gzip,", "gzip"),
    ],
)
def test_encoding_is_the_one_of_highest_weight(accepted: str, expected: str) -> None:
    assert choose_encoding(accepted) == expected


@given(st.text())
def test_any_accept_encoding_is_parsed_without_an_error(accepted: str) -> None:
    assert choose_encoding(accepted) in {"", "br", "zstd", "gzip"}


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
