"""HTTP dates (RFC 9110 §5.6.7)."""

from __future__ import annotations

import pytest

from syndicate.http.dates import parse_http_date


@pytest.mark.parametrize(
    ("text", "year", "seconds"),
    [
        ("Sunday, 06-Nov-94 08:49:37 GMT", 2026, 784111777),  # 2094 would be more than 50 years ahead
        ("Thursday, 01-Jan-76 00:00:00 GMT", 2026, 3345062400),
        ("Saturday, 01-Jan-77 00:00:00 GMT", 2026, 220924800),
        ("Wed Dec 31 23:59:60 1969", 2026, -1),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 2026, 0),
    ],
)
def test_date_is_parsed(text: str, year: int, seconds: int) -> None:
    assert parse_http_date(text, year) == seconds
