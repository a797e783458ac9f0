"""Looks again before a run believes that a file is gone or complete.

Theory of operation. Tools replace files in more than one step: git unlinks a file and creates it again, editors
truncate and write, copies take seconds. A run that comes between the steps would tell subscribers of deletions that are
none. So a run looks three times. Files that the scan missed are looked for again a moment later; those that are there
are candidates like others. A file whose content cannot be complete, and which was modified just now, keeps its known
state (parse.py). And before the first document is published, everything is compared once more: a file that is there
again, or whose size or time moved since it was read, makes the run begin anew, without the files that moved. These keep
their known state, and since the store has the former size and time of them, the next run reads them.

Nothing is known of the files of a folder that cannot be listed: they keep their state as well.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from ..config.bucket import is_bucket
from ..corpus.bucket_files import files_of
from ..corpus.scan import display_path, find_again
from ..errors import FileChangedError, Problem

if TYPE_CHECKING:
    from ..config import Config
    from ..corpus.files import FileStatus

PAUSE_S = 0.05
MOST_WATCHED = 1000  # changed files; a run with more would take too long to begin anew

Place = tuple[int, bytes]
"""The number of a source, and the path of a file in it."""

_source = itemgetter(0)


def wait_and_find(config: Config, places: Iterable[Place]) -> set[Place]:
    """Returns those of these places at which there is a file after a moment."""
    time.sleep(PAUSE_S)
    return set(_found(config, places))


def is_unreadable(config: Config, place: Place) -> bool:
    """Returns whether a folder exists, or may exist, and cannot be listed: a server that is away, or a wrong mode."""
    source, folder = place
    if source >= len(config.sources) or is_bucket(config.sources[source].root):
        return False  # a bucket is listed as a whole, or not at all
    try:
        with os.scandir(os.path.join(os.fsencode(config.sources[source].root), folder)):
            return False
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def look_again(config: Config, missing: Iterable[Place], read: Iterable[tuple[int, bytes, FileStatus]]) -> None:
    """Raises FileChangedError if a missing file is there, or if size or time of a file moved since it was read."""
    if found := next(_found(config, missing), None):
        raise FileChangedError(_display(config, found))
    if moved := list(_moved(config, read)):
        raise FileChangedError(_display(config, moved[0]), frozenset(moved))


def waiting_problem(config: Config, place: Place) -> Problem:
    """Returns the warning about a file that keeps its known state until the next run."""
    message = "still being written: its former content stays until the next build"
    return Problem(_display(config, place), 1, 1, "file", message, "warning")


def _found(config: Config, places: Iterable[Place]) -> Iterator[Place]:
    for source, group in groupby(sorted(places), key=_source):
        if source < len(config.sources):
            yield from ((source, path) for path in find_again(config.sources[source], [path for _, path in group]))


def _moved(config: Config, read: Iterable[tuple[int, bytes, FileStatus]]) -> Iterator[Place]:
    """Yields the files whose size or time, or whose version in a bucket, is not the one that was read."""
    for source, group in groupby(sorted(read), key=_source):
        files = list(group)
        if (bucket := files_of(config.sources[source])) is None:
            yield from ((source, path) for _, path, status in files if _status(config, source, path) != status[:2])
            continue
        for (_, path, status), now in zip(files, bucket.statuses([path for _, path, _ in files]), strict=True):
            if now != status:
                yield source, path


def _status(config: Config, source: int, path: bytes) -> tuple[int, int]:
    try:
        status = os.stat(os.path.join(os.fsencode(config.sources[source].root), path))
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns


def _display(config: Config, place: Place) -> str:
    source, path = place
    return display_path(config.sources[source], path)
