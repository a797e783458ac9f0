"""Which reported changes matter to a build."""

from __future__ import annotations

import pytest
from support.sites import CONFIG, SiteFolder

from syndicate.delivery.watched_files import WatchedFiles


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("corpus/a.md", "read"),
        ("corpus/news/deep/a.md", "read"),
        ("corpus/new", "read"),
        ("corpus/gone", "read"),
        ("corpus/build.log", None),
        ("corpus/.git/index", None),
        ("corpus/.hidden.md", None),
        ("corpus/node_modules/x/readme.md", None),
        ("corpus/drafts/a.md", None),
        ("corpus/.a.md.Xy12Zz", "partial"),
        ("corpus/.git/index.lock", "partial"),
        ("corpus/out", None),
        ("corpus/out/all/feed.md", None),
        ("corpus/outer", "read"),
        ("corpus/.state/index.db", None),
        ("topics/one.yaml", "read"),
        ("templates/card.html", "read"),
        ("elsewhere/a.md", None),
        ("corpus-of-others/a.md", None),
    ],
)
def test_changes_matter_if_a_build_reads_the_file(path: str, expected: str | None, site_folder: SiteFolder) -> None:
    for name in ("corpus/build.log", "corpus/drafts/a.md", "topics/one.yaml", "templates/card.html"):
        (site_folder.folder / name).parent.mkdir(exist_ok=True)
        (site_folder.folder / name).write_text("name: One\n", encoding="utf-8")
    (site_folder.corpus / "new").mkdir()
    text = CONFIG.replace("{path: corpus}", "{path: corpus, exclude: [drafts]}")
    site_folder.configure(f"{text}topics: {{from: topics}}\noutput: corpus/out\nstate: corpus/.state\n")
    files = WatchedFiles(site_folder.load())
    assert files.classify(str(site_folder.folder / path)) == expected


def test_missing_corpus_folders_are_known(site_folder: SiteFolder) -> None:
    files = WatchedFiles(site_folder.load())
    assert files.missing_corpus_folders() == []
    site_folder.corpus.rmdir()
    assert files.missing_corpus_folders() == [str(site_folder.corpus)]
    assert files.existing_folders() == []
