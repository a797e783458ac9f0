"""Traces of programs that are not done with the corpus: locks of version control, and partial files.

A trace that nothing renews is left over from a program that was killed, and is ignored after 30 seconds.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable

from .. import safe_files

_STALE_S = 30.0
_LOCKS = ((".git", "index.lock"), (".hg", "wlock"))
_GITDIR = re.compile(r"gitdir: (.+)")
# Of rsync (`.a.md.Xy12Zz`, `.~tmp~`), sed, GNOME, of programs that upload or download, and of repositories in a corpus.
_PARTIAL = re.compile(
    r"\..+\.[A-Za-z0-9]{6}|\.~tmp~|sed[A-Za-z0-9]{6}|\.goutputstream-\w+|.+\.(?:part|partial|filepart|crdownload|tmp)"
    r"|index\.lock|wlock",
    re.DOTALL,
)


def is_partial(path: str) -> bool:
    """Return whether a name in a relative path is one that a program gives to a file until it is complete."""
    return any(_PARTIAL.fullmatch(name) for name in path.split(os.sep))


class UnfinishedWork:
    """Finds traces of unfinished work in corpus folders, and in the repositories that hold them."""

    def __init__(self, folders: Iterable[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._locks = _lock_paths(folders)
        self._seen: dict[str, tuple[tuple[int, int], float]] = {}
        self._partial: dict[str, float] = {}

    def add_partial(self, path: str) -> None:
        """Remember a partial file that changed."""
        self._partial[path] = self._clock()

    def find(self) -> str | None:
        """Return the path of a trace that is not stale, or None."""
        now = self._clock()
        self._partial = {
            path: changed_at
            for path, changed_at in self._partial.items()
            if now - changed_at < _STALE_S and os.path.lexists(path)
        }
        return next((lock for lock in self._locks if self._is_held(lock, now)), next(iter(self._partial), None))

    def _is_held(self, lock: str, now: float) -> bool:
        try:
            status = os.lstat(lock)
        except OSError:
            self._seen.pop(lock, None)
            return False
        identity = status.st_ino, status.st_mtime_ns
        known, since = self._seen.get(lock, (None, 0.0))
        if known != identity:
            since = now - max(0.0, time.time() - status.st_mtime)
            self._seen[lock] = identity, since
        return now - since < _STALE_S


def _lock_paths(folders: Iterable[str]) -> tuple[str, ...]:
    """Return where version control has its lock, for the folders and each folder above them."""
    locks: dict[str, None] = {}
    for start in folders:
        folder = os.path.realpath(start)
        while True:
            for control, lock in _LOCKS:
                locks[os.path.join(_control_folder(folder, control), lock)] = None
            above = os.path.dirname(folder)
            if above == folder:
                break
            folder = above
    return tuple(locks)


def _control_folder(folder: str, control: str) -> str:
    """Return the folder of version control, which a file names in the worktrees and submodules of git."""
    path = os.path.join(folder, control)
    try:
        handle = safe_files.open_regular(path)
    except OSError:
        return path
    try:
        match = _GITDIR.match(os.fsdecode(safe_files.read_head(handle, 4096)))
    except OSError:
        return path
    finally:
        os.close(handle)
    return os.path.join(folder, match[1].rstrip()) if match else path
