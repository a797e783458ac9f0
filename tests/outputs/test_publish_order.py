"""Documents are published after those that they link to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.outputs.cache_tags import cache_tag, tag_headers
from syndicate.outputs.publish_order import publish_order

PATHS = [
    "index.html", "catalog.json", "feeds.opml", "feeds.css", "all/feed.rss", "all/feed.atom", "all/index.html",
    "topics/a/feed.json", "topics/a/index.html", "topics/a/archive/2026-01/feed.rss",
    "topics/a/archive/2026-02/feed.rss",
]  # fmt: skip


def test_documents_of_each_kind_follow_those_they_link_to() -> None:
    existing = {"index.html", "feeds.opml", "all/feed.rss", "all/index.html", "topics/a/archive/2026-01/feed.rss"}
    assert publish_order(PATHS, existing) == [
        [
            "feeds.css",
            "all/feed.atom",
            "topics/a/feed.json",
            "topics/a/index.html",
            "topics/a/archive/2026-02/feed.rss",
        ],
        ["topics/a/archive/2026-01/feed.rss"],
        ["all/feed.rss"],
        ["all/index.html"],
        ["index.html", "catalog.json", "feeds.opml"],
    ]


@given(st.sets(st.sampled_from(PATHS)), st.sets(st.sampled_from(PATHS)))
def test_each_document_is_published_once(paths: set[str], existing: set[str]) -> None:
    groups = publish_order(paths, existing)
    assert sorted(path for group in groups for path in group) == sorted(paths)
    assert all(groups)


@pytest.mark.parametrize(
    ("path", "tag"),
    [
        ("all/feed.rss", "all"),
        ("topics/ibm-ai/feed.json", "topics/ibm-ai"),
        ("topics/ibm-ai/index.html", "topics/ibm-ai"),
        ("topics/ibm-ai/archive/2026-01/feed.atom", "topics/ibm-ai"),
        ("topics/überblick/feed.rss", "topics/%C3%BCberblick"),
        ("topics/%C3%BCberblick/feed.rss", "topics/%C3%BCberblick"),
        ("index.html", "site"),
        ("catalog.json", "site"),
    ],
)
def test_all_documents_of_a_feed_have_its_tag(path: str, tag: str) -> None:
    assert cache_tag(path) == tag
    assert tag_headers(path) == [("Surrogate-Key", tag), ("Cache-Tag", tag), ("Cache-Groups", f'"{tag}"')]
