"""Reading ahead: the system is asked for files that are to be read, and for nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.sites import SiteFolder

from syndicate.config import Source
from syndicate.corpus.files import read_ahead


@pytest.fixture
def source(site_folder: SiteFolder) -> Source:
    return site_folder.load().sources[0]


@pytest.fixture
def advised(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files about which the system was advised."""
    found: list[str] = []

    def record(handle: int, offset: int, length: int, advice: int) -> None:
        assert (offset, length, advice) == (0, 0, os.POSIX_FADV_WILLNEED)
        found.append(os.path.basename(os.readlink(f"/proc/self/fd/{handle}")))

    monkeypatch.setattr(os, "posix_fadvise", record)
    return found


def test_files_of_all_folders_are_read_ahead(site_folder: SiteFolder, source: Source, advised: list[str]) -> None:
    paths = ["a.md", "news/b.md", "news/é.md", "news/deep/c.md"]
    for path in paths:
        site_folder.put(path, "text")
    read_ahead(source, map(os.fsencode, paths))
    assert advised == [os.path.basename(path) for path in paths]


def test_what_is_no_file_of_the_corpus_is_left_out(
    site_folder: SiteFolder, source: Source, advised: list[str], tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("text")
    site_folder.put("b.md", "text")
    os.mkfifo(site_folder.corpus / "pipe.md")
    (site_folder.corpus / "link.md").symlink_to(outside / "secret.md")
    (site_folder.corpus / "folder").symlink_to(outside)
    (site_folder.corpus / "folder.md").mkdir()
    handles = len(os.listdir("/proc/self/fd"))
    names = ["pipe.md", "link.md", "folder/secret.md", "folder.md", "missing.md", "missing/a.md", "b.md"]
    read_ahead(source, map(os.fsencode, names))
    assert advised == ["b.md"]
    assert len(os.listdir("/proc/self/fd")) == handles


def test_system_without_advice_is_not_asked(
    site_folder: SiteFolder, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    site_folder.put("a.md", "text")
    monkeypatch.delattr(os, "posix_fadvise")
    read_ahead(source, [b"a.md"])
