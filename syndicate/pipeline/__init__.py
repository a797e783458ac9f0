"""The pipeline: from the corpus to published documents.

    diff ──▶ parse ──▶ resolve ──▶ plan ──▶ render ──▶ write ──▶ commit
    which    what      which       which    entries    documents  store and
    files    records   records     sets of  as         in the     outbox, in one
    changed  say       make which  documents fragments  output     transaction
                       entry       change

Each stage receives the results of the stages before it and calls none of them again. `plan` is pure; the stages after
it perform the plan.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ..config import Config
from ..errors import FileChangedError, OutputError, Problem, StoreUnusableError
from ..outputs import open_output
from ..progress import Progress, silent
from ..store import memory_store, open_store
from .context import JobContext
from .executor import WorkerPool, executor_of, no_garbage_collection
from .run import CorpusSummary, OutputSummary, Run, remove_unfinished

if TYPE_CHECKING:
    from ..corpus.hidden import HiddenFile
    from ..store.base import Store

_ATTEMPTS = 3


class BuildSummary(NamedTuple):
    """The result of a build. `hidden` and `merged` count files, `written` to `removed` documents.

    `new_problems` are those that no earlier run reported; `notes` are sentences about the store, for a person.
    """

    entries: int
    hidden: int
    merged: int
    problems: tuple[Problem, ...]
    new_problems: tuple[Problem, ...]
    feeds: int
    written: int
    unchanged: int
    removed: int
    seconds: float
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Returns the figures alone, for machines."""
        figures = self._asdict()
        del figures["notes"], figures["new_problems"]
        return {**figures, "problems": len(self.problems)}


def build(config: Config, now: datetime, progress: Progress = silent, *, full: bool = False) -> BuildSummary:
    """Updates the output from the corpus as visible at a time. `full` starts from nothing.

    Raises LockedError while another run works, OutputError when the output cannot or must not be written,
    StoreError when the store cannot be read or written.
    """
    started = time.perf_counter()
    notes: list[str] = []
    with closing(open_store(config.state)) as store, store.lock():
        open_output(config).claim()
        try:
            corpus, output = _attempt(store, config, now, progress, full=full)
        except StoreUnusableError as error:
            name = store.set_aside()
            notes.append(f"the index was {error}: set aside as {name}, and built anew")
            corpus, output = _attempt(store, config, now, progress, full=full)
    seconds = round(time.perf_counter() - started, 3)
    return BuildSummary(*corpus, *output, seconds, tuple(notes))


def check(config: Config, now: datetime, progress: Progress = silent) -> CorpusSummary:
    """Parses the whole corpus and the site's templates, and writes nothing.

    Raises ConfigError when a template cannot be used.
    """
    context = JobContext(config)
    _ = context.pages
    with (
        closing(memory_store()) as store,
        store.write() as transaction,
        WorkerPool(context, executor_of(config.executor)) as pool,
    ):
        return Run(transaction, context, pool, int(now.timestamp())).check(progress)


def find_hidden_files(config: Config, now: datetime) -> "Iterator[HiddenFile]":
    """Yields the files of the corpus that are hidden at a time, and why, in the order of their paths."""
    from ..corpus.hidden import find_hidden
    from ..corpus.scan import scan

    for source, context in zip(config.sources, JobContext(config).sources, strict=True):
        for folder, names in scan(source, []):
            for name in names:
                if (hidden := find_hidden(source, folder + name, context, int(now.timestamp()))) is not None:
                    yield hidden


def _attempt(
    store: "Store", config: Config, now: datetime, progress: Progress, *, full: bool
) -> tuple[CorpusSummary, OutputSummary]:
    """Runs until no file changes while the run works."""
    for _ in range(_ATTEMPTS):
        context = JobContext(config)
        try:
            with (
                no_garbage_collection(),
                WorkerPool(context, executor_of(config.executor)) as pool,
                store.write() as transaction,
            ):
                result = Run(transaction, context, pool, int(now.timestamp())).build(progress, full=full)
        except FileChangedError as error:
            changed = str(error)
            context.output.discard()
        except BaseException:
            context.output.discard()
            raise
        else:
            remove_unfinished(config)
            return result
    raise OutputError(f"{changed}: changed each time it was read; the feeds are as they were")
