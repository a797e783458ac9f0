"""Which paths a build may write, for the formats that it is given."""

from __future__ import annotations

import pytest

from syndicate.outputs.ownership import document_pattern
from syndicate.outputs.paths import is_document, plain_path


@pytest.mark.parametrize("path", ["all/feed.ics", "topics/a/archive/2026-01/feed.ics.gz", "catalog.json"])
def test_pattern_matches_the_file_names_of_other_formats(path: str) -> None:
    assert document_pattern(("feed.ics",)).fullmatch(path)


@pytest.mark.parametrize("path", ["all/feed.rss", "all/feedxics", "all/feed.icsx"])
def test_pattern_matches_no_other_file_name(path: str) -> None:
    assert not document_pattern(("feed.ics",)).fullmatch(path)


@pytest.mark.parametrize(
    ("path", "plain", "document"),
    [
        ("all/feed.rss", "all/feed.rss", True),
        ("all/feed.rss.gz", "all/feed.rss", False),
        ("all/feed.rss.br", "all/feed.rss", False),
        ("all/feed.rss.syndicate-new", "all/feed.rss.syndicate-new", False),
    ],
)
def test_compressed_variants_and_staged_files_are_no_documents(path: str, plain: str, document: bool) -> None:  # noqa: FBT001
    assert plain_path(path) == plain
    assert is_document(path) == document
