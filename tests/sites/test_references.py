"""Which file a reference in a body means."""

from __future__ import annotations

import pytest

from syndicate.sites import SiteSettings
from syndicate.sites.references import best, file_names, name_of, paths_of

ROOT = SiteSettings(kind="zola")
CONTENT = SiteSettings(kind="zola", folder="content/")
BLOG = SiteSettings(kind="zola", folder="content/blog/")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("posts/Other.md", "other"),
        ("posts/other/index.md", "other"),
        ("path/posts/other.md", "other"),
        ("ref/posts/other/", "other"),
        ("post/2026-01-31-a", "2026-01-31-a"),
        ("v1.2.markdown", "v1.2"),
        ("index.md", "index"),
    ],
)
def test_references_and_files_are_matched_by_one_name(path: str, name: str) -> None:
    assert name_of(path) == name


@pytest.mark.parametrize(
    ("site", "reference", "path"),
    [
        (ROOT, "path/posts/a.md", "posts/a.md"),
        (ROOT, "path/posts/a.md", "content/posts/a.md"),
        (CONTENT, "path/posts/a.md", "posts/a.md"),
        (CONTENT, "path/content/posts/a.md", "posts/a.md"),
        (BLOG, "path/blog/a.md", "a.md"),
        (ROOT, "ref/posts/a", "posts/a.md"),
        (ROOT, "ref/posts/a", "posts/a/index.md"),
        (CONTENT, "ref//posts/a.md", "posts/a.md"),
    ],
)
def test_path_is_relative_to_the_source_or_to_the_site(site: SiteSettings, reference: str, path: str) -> None:
    assert path in paths_of(reference, site)


def test_path_as_it_is_written_comes_first() -> None:
    assert paths_of("path/posts/a.md", ROOT)[0] == "posts/a.md"


def test_only_references_by_name_are_searched_in_other_folders() -> None:
    assert file_names("path/posts/a.md") == []
    assert "a.md" in file_names("ref/x/a")
    assert "2026-01-31-a.markdown" in file_names("post/x/2026-01-31-a")
    assert file_names("ref/") == []


def test_longest_match_is_meant() -> None:
    assert best("ref/x/a", ["y/a.md", "z/x/a.md"]) == "z/x/a.md"
    assert best("ref/a", ["z/a.md", "y/a.md"]) == "y/a.md"
    assert best("post/2026-01-31-a", ["2026-01-31-a.md", "b/_posts/2026-01-31-a.md"]) == "b/_posts/2026-01-31-a.md"
    assert best("ref/a", ["b.md"]) is None
