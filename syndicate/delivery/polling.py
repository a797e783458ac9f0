"""Comparison of folders between two looks, for file systems that do not report all changes."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ..config import Source
from ..corpus.scan import scan, stat_files
from ..errors import Problem

Snapshot = dict[str, tuple[int, int, int]]
"""Size, modification time and change time (in nanoseconds) of files, by path."""


def take_snapshot(folders: Iterable[Source]) -> Snapshot:
    """Return the status of the files that sources include. Folders that cannot be read have none."""
    snapshot: Snapshot = {}
    problems: list[Problem] = []
    for source in folders:
        for folder, names in scan(source, problems):
            prefix = os.path.join(source.root, os.fsdecode(folder))
            for _, name, *status in stat_files(source, folder, names, 0):
                snapshot[prefix + os.fsdecode(name)] = status[0], status[1], status[2]
    return snapshot


def changed_paths(before: Snapshot, now: Snapshot) -> set[str]:
    """Return the files that were added, changed or removed."""
    return {path for path, _ in before.items() ^ now.items()}
