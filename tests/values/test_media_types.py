"""Media types by the extension in an address."""

from __future__ import annotations

import pytest

from syndicate.values.media_types import media_type_of


@pytest.mark.parametrize(
    ("url", "media_type"),
    [
        ("https://a.test/x.jpg", "image/jpeg"),
        ("https://a.test/x.JPEG?w=1.png", "image/jpeg"),
        ("https://a.test/x.tar.mp3#t=1", "audio/mpeg"),
        ("https://a.test/x", ""),
        ("https://a.png/", ""),
        ("https://a.test/x.unknown", ""),
        ("https://a.test/png", ""),
    ],
)
def test_media_type_is_that_of_the_extension(url: str, media_type: str) -> None:
    assert media_type_of(url) == media_type
