"""Reports of changed paths, as inotify makes them: of files, and of folders that were moved or deleted as a whole."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

Status = tuple[int, ...]


class ReportedFolder:
    """A folder whose changes are reported since the last report. `random` decides what is reported of whole folders."""

    def __init__(self, folder: Path, random: Random) -> None:
        self._folder = folder
        self._random = random
        self._before = self._statuses()

    def changes(self) -> set[str]:
        """Returns the paths that changed: of a new or deleted folder its own, and perhaps those in it."""
        before, self._before = self._before, self._statuses()
        changed = {path for path, _ in before.items() ^ self._before.items()}
        return {path for path in changed if self._is_reported(path, before)}

    def _is_reported(self, path: str, before: dict[str, Status]) -> bool:
        above = os.path.dirname(path)
        is_moved = before.get(above) != self._before.get(above)
        return not is_moved or above == str(self._folder) or self._random.random() < 0.5

    def _statuses(self) -> dict[str, Status]:
        """Returns what identifies each file and its content, and each folder, below the folder."""
        found: dict[str, Status] = {}
        for root, folders, files in os.walk(self._folder):
            for name in folders:
                status = os.lstat(os.path.join(root, name))
                found[os.path.join(root, name)] = status.st_ino, status.st_mode
            for name in files:
                status = os.lstat(os.path.join(root, name))
                found[os.path.join(root, name)] = status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        return found
