"""Locks and partial files that show that a program is not done with the corpus."""

import os
import subprocess
from pathlib import Path

import pytest

from syndicate.delivery.unfinished import UnfinishedWork, is_partial


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def held(folder: Path, clock: Clock | None = None) -> UnfinishedWork:
    return UnfinishedWork([str(folder)], clock or Clock())


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        *[(name, False) for name in ("a.md", "a.part.md", ".a.md.swp", ".#a.md", "a.md~", "part")],
        *[(name, True) for name in (".a.md.Xy12Zz", "news/.a.md.Xy12Zz", ".~tmp~/a.md", ".goutputstream-AB12CD")],
        *[(name, True) for name in ("a.md.part", "a.md.filepart", "a.md.tmp", "sedA1b2C3", "site/.git/index.lock")],
    ],
)
def test_names_of_partial_files(path: str, expected: bool) -> None:  # noqa: FBT001
    assert is_partial(path) is expected


@pytest.mark.parametrize(
    "where", [".git/index.lock", "news/.git/index.lock", "news/corpus/.git/index.lock", ".hg/wlock"]
)
def test_lock_in_a_repository_that_holds_the_corpus_is_found(where: str, tmp_path: Path) -> None:
    corpus, lock = tmp_path / "news" / "corpus", tmp_path / where
    corpus.mkdir(parents=True)
    lock.parent.mkdir(parents=True)
    work = held(corpus)
    assert work.find() is None
    lock.touch()
    assert work.find() == str(lock)
    lock.unlink()
    assert work.find() is None


def test_lock_of_a_worktree_is_in_the_folder_that_its_file_names(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path / "main"), *arguments], check=True, capture_output=True)

    (tmp_path / "main").mkdir()
    git("init", "-q")
    git("-c", "user.name=T", "-c", "user.email=t@e", "commit", "-q", "--allow-empty", "-m", "One")
    git("worktree", "add", "-q", str(tmp_path / "other"))
    work = held(tmp_path / "other")
    lock = tmp_path / "main" / ".git" / "worktrees" / "other" / "index.lock"
    lock.touch()
    assert work.find() == str(lock)


def test_lock_that_nothing_renews_is_stale(tmp_path: Path) -> None:
    clock, lock = Clock(), tmp_path / ".git" / "index.lock"
    lock.parent.mkdir()
    lock.touch()
    work = held(tmp_path, clock)
    assert work.find()
    clock.now += 31
    assert work.find() is None
    os.utime(lock)
    assert work.find()


def test_lock_that_was_old_when_it_was_found_is_stale(tmp_path: Path) -> None:
    lock = tmp_path / ".git" / "index.lock"
    lock.parent.mkdir()
    lock.touch()
    os.utime(lock, (1, 1))
    assert held(tmp_path).find() is None


def test_partial_file_is_unfinished_until_it_is_gone_or_stale(tmp_path: Path) -> None:
    clock = Clock()
    work = held(tmp_path, clock)
    partial = tmp_path / ".a.md.Xy12Zz"
    partial.touch()
    work.add_partial(str(partial))
    assert work.find() == str(partial)
    partial.rename(tmp_path / "a.md")
    assert work.find() is None
    partial.touch()
    work.add_partial(str(partial))
    clock.now += 31
    assert work.find() is None
