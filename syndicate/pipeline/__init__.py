"""The build: scan, read what changed, settle what it means, render what is dirty, write, then commit.

Files first, then one transaction: killed at any instant, the next run finds the index as it was, and does the work
again. Whether a feed changed is judged against the index, never against the disk.
"""

import os
import sqlite3
import time
from contextlib import closing
from datetime import datetime
from typing import Any, NamedTuple

from ..config import Config
from ..errors import OutputError, Problem
from ..outputs import open_output
from ..progress import Progress, silent
from ..store.index import Index, StaleIndexError, set_aside
from ..store.lock import lock
from .executor import ChangedError, WorkerPool, uncollected
from .run import Run, Survey, Written

_TRIES = 3


class Summary(NamedTuple):
    """What a build did. `hidden` and `merged` count files, `written` to `removed` documents.

    `news` are the problems that no run told before; `notes` are sentences on the index, for a person.
    """

    entries: int
    hidden: int
    merged: int
    problems: tuple[Problem, ...]
    news: tuple[Problem, ...]
    feeds: int
    written: int
    unchanged: int
    removed: int
    seconds: float
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The figures alone, for machines."""
        figures = self._asdict()
        del figures["notes"], figures["news"]
        return {**figures, "problems": len(self.problems)}


def build(config: Config, now: datetime, progress: Progress = silent, *, full: bool = False) -> Summary:
    """Bring the output tree in line with the corpus at a time. `full` starts from nothing.

    Raises LockedError when another run is at work, OutputError when the tree cannot or must not be written.
    """
    started = time.perf_counter()
    with lock(config.state):
        open_output(config).claim()
        notes: list[str] = []
        index = _open(config, notes)
        try:
            survey, written = _attempt(index, config, now, progress, full=full)
        except sqlite3.OperationalError as error:
            raise OutputError(f"{config.state}/index.db: {error}") from None
        except sqlite3.DatabaseError as error:
            index.close()
            notes.append(_rebuilt(config, f"damaged ({error})"))
            index = Index.open(config.state)
            survey, written = _attempt(index, config, now, progress, full=full)
        finally:
            index.close()
    seconds = round(time.perf_counter() - started, 3)
    return Summary(*survey, *written, seconds, tuple(notes))


def look(config: Config, now: datetime, progress: Progress = silent) -> Survey:
    """Read the whole corpus and the site's templates, and write nothing.

    Raises ConfigError when a template cannot be used.
    """
    from .jobs import JobContext

    _ = JobContext(config).pages
    with closing(Index.in_memory()) as index, WorkerPool() as pool:
        return Run(index, config, int(now.timestamp()), pool, progress).look()


def _open(config: Config, notes: list[str]) -> Index:
    try:
        return Index.open(config.state)
    except StaleIndexError as error:
        notes.append(_rebuilt(config, str(error)))
        return Index.open(config.state)


def _rebuilt(config: Config, why: str) -> str:
    set_aside(config.state)
    return f"the index was {why}: set aside as {os.path.relpath(config.state)}/index.db.old, and built anew"


def _attempt(index: Index, config: Config, now: datetime, progress: Progress, *, full: bool) -> tuple[Survey, Written]:
    """Run until no file changes under our hands."""
    for _ in range(_TRIES):
        output = open_output(config)
        try:
            with uncollected(), WorkerPool() as pool:
                return Run(index, config, int(now.timestamp()), pool, progress).build(output, full=full)
        except ChangedError as error:
            changed = str(error)
            output.discard()
        except BaseException:
            output.discard()
            raise
    raise OutputError(f"{changed}: changed each time it was read; the feeds are as they were")
