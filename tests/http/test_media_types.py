"""Media types of documents by the suffixes of their paths."""

from __future__ import annotations

import pytest

from syndicate import formats
from syndicate.http.media_types import media_type


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("all/feed.rss", "application/rss+xml; charset=utf-8"),
        ("all/feed.atom", "application/atom+xml; charset=utf-8"),
        ("all/feed.json", "application/feed+json"),
        ("feed.json", "application/feed+json"),
        ("otherfeed.json", "application/json"),
        ("catalog.json", "application/json"),
        ("feeds.opml", "text/x-opml; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
        ("feeds.css", "text/css; charset=utf-8"),
        ("unknown", "application/json"),
    ],
)
def test_content_type_has_the_charset_of_text_formats(path: str, content_type: str) -> None:
    assert media_type(path).content_type == content_type


def test_media_types_are_those_that_documents_state() -> None:
    for name, stated in formats.media_types().items():
        assert media_type(f"folder/{name}").essence == stated
