"""The pipeline: from the corpus to published documents.

    diff ──▶ parse ──▶ resolve ──▶ plan ──▶ render ──▶ write ──▶ commit
    which    what      which       which    entries    documents  store and
    files    records   records     sets of  as         in the     outbox, in one
    changed  say       make which  documents fragments  output     transaction
                       entry       change

Each stage receives the results of the stages before it and calls none of them again. `plan` is pure; the stages after
it perform the plan.
"""

import os
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ..config import Config
from ..config.database import is_database
from ..errors import (
    FileChangedError,
    OutputError,
    Problem,
    RecordsStoppedError,
    StoreError,
    StoreUnusableError,
)
from ..outputs import open_output
from ..outputs.slug_style import with_slug_style
from ..progress import Progress, silent
from ..store import memory_store, open_store
from . import fingerprints
from .archive_period import with_archive_period
from .budget import TaskFailure
from .context import JobContext
from .garbage import no_garbage_collection
from .pool import open_pool
from .reported import ScanMemory
from .run import Run
from .second_look import Place
from .site_id import claim, known_id
from .site_id import problem as site_id_problem
from .summaries import BuildOptions, CorpusSummary, OutputSummary, PublishedState
from .unfinished import RunMarker

if TYPE_CHECKING:
    from ..corpus.explain import Explanation
    from ..corpus.hidden import HiddenFile
    from ..outputs.base import Output
    from ..store.base import Store

# Before each attempt but the first, in seconds. After the last one, an incomplete file counts as complete.
_PAUSES_S = (0.1, 2.1)


class BuildSummary(NamedTuple):
    """The result of a build. `hidden` and `merged` count files, `written` to `removed` documents.

    `new_problems` are those that no earlier run reported, `warnings` are about the change since the last run; `notes`
    are sentences about the store, for a person.
    """

    entries: int
    hidden: int
    merged: int
    problems: tuple[Problem, ...]
    new_problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    feeds: int
    written: int
    unchanged: int
    removed: int
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def has_problems(self) -> bool:
        """Whether there is anything to be looked at, as `--strict` asks."""
        return bool(self.problems or self.warnings)

    def as_json(self) -> dict[str, Any]:
        """Returns the figures alone, for machines."""
        figures = self._asdict()
        del figures["notes"], figures["new_problems"]
        return {**figures, "problems": len(self.problems), "warnings": len(self.warnings)}


def build(  # noqa: PLR0913 - each option is a wish of the operator
    config: Config,
    now: datetime,
    progress: Progress = silent,
    *,
    full: bool = False,
    allow_shrink: bool = False,
    accept_new_id: bool = False,
    verify: bool = False,
    changed: Collection[str] | None = None,
    memory: ScanMemory | None = None,
) -> BuildSummary:
    """Updates the output from the corpus as visible at a time. `full` starts from nothing.

    `verify` compares each published document with the store, also where that takes requests to a service.

    A process that builds repeatedly keeps a `memory`, which the caller creates empty. With it, `changed` are the only
    absolute paths at which files may have changed since its last build; the build looks at these alone where it can.

    Raises LockedError while another run works, OutputError when the output cannot or must not be written,
    StoreError when the store cannot be read or written, and ShrinkError, unless `allow_shrink`, when too much of what
    was published would be taken away, and SiteIdError, unless `accept_new_id`, when the id of the site changed that
    subscribers may know.
    """
    options = BuildOptions(full, allow_shrink, accept_new_id, verify, changed)
    memory = memory or ScanMemory()
    known = memory.copy()
    memory.forget()  # if the build fails, the next one must look at everything
    started = time.perf_counter()
    notes: list[str] = []
    config = with_slug_style(config, open_output(config))
    if is_database(config.state):
        with suppress(OSError):  # without the folder, templates are compiled each time
            os.makedirs(config.scratch, exist_ok=True)
    with closing(open_store(config.state)) as store, store.lock():
        claim(open_output(config), store, config, accept_new_id=accept_new_id)
        try:
            corpus, output, scanned = _attempt(store, config, now, progress, options, known)
        except StoreUnusableError as error:
            name = store.set_aside()
            notes.append(f"the index was {error}: set aside as {name}, and built anew")
            corpus, output, scanned = _attempt(store, config, now, progress, options, known)
    memory.replace(scanned)
    seconds = round(time.perf_counter() - started, 3)
    return BuildSummary(*corpus, *output, seconds, tuple(notes))


def check(config: Config, now: datetime, progress: Progress = silent) -> CorpusSummary:
    """Parses the whole corpus and the site's templates, and writes nothing. Says, too, what a build would refuse.

    Raises ConfigError when a template cannot be used.
    """
    config = with_slug_style(config, open_output(config))
    context = JobContext(config)
    _ = context.pages
    with (
        closing(memory_store()) as store,
        store.write() as transaction,
        open_pool(context) as pool,
    ):
        return Run(transaction, context, pool, int(now.timestamp())).check(_published_state(config), progress)


def _published_state(config: Config) -> PublishedState:
    """Returns what the site has published, as far as the store can say it."""
    with closing(open_store(config.state)) as store, suppress(StoreError), store.read() as snapshot:
        if known_id(snapshot) not in {"", config.site.authority}:
            problem = site_id_problem(snapshot, config)
            return PublishedState(problems=(problem,) if problem else ())
        published = snapshot.published
        state = snapshot.run_state()
        is_current = state.get("parsing") == fingerprints.of(config)["parsing"]
        return PublishedState(
            tuple(published.feeds()),
            tuple(published.entries()),
            published.count_files(),
            state.get("built"),
            stopped=snapshot.corpus.stopped_records() if is_current else {},
        )
    return PublishedState()


def find_hidden_files(config: Config, now: datetime) -> "Iterator[HiddenFile]":
    """Yields the files of the corpus that are hidden at a time, and why, in the order of their paths."""
    from ..corpus.scan import scan
    from . import jobs

    context, now_s = JobContext(config), int(now.timestamp())
    context.import_parsers()
    tasks = [
        (number, folder + name, now_s)
        for number, source in enumerate(config.sources)
        for folder, names in scan(source, [])
        for name in names
    ]
    with open_pool(context) as pool:
        for hidden in pool.map(jobs.find_hidden_files, tasks, len(tasks)):
            if hidden is not None and not isinstance(hidden, TaskFailure):  # a problem, which `check` lists
                yield hidden


def explain_file(config: Config, source: int, path: bytes, now: datetime) -> "Explanation | Problem":
    """Returns what is known of a file; a problem if it cannot be read or parsed, or exceeds the limits."""
    from ..corpus.scan import display_path
    from . import jobs

    context = JobContext(config)
    context.import_parsers()
    with open_pool(context) as pool:
        tasks = [(source, path, int(now.timestamp()))]
        results: list[Explanation | Problem | TaskFailure] = list(pool.map(jobs.explain_files, tasks, 1))
    (result,) = results
    if isinstance(result, TaskFailure):
        return Problem(display_path(config.sources[source], path), 1, 1, "record", result.reason)
    return result


def _attempt(
    store: "Store", config: Config, now: datetime, progress: Progress, options: BuildOptions, memory: ScanMemory
) -> tuple[CorpusSummary, OutputSummary, ScanMemory]:
    """Runs until no file changes while the run works, and every entry can be rendered within the limits."""
    held: frozenset[Place] = frozenset()
    stopped: dict[Place, str] = {}
    pauses_s = iter(_PAUSES_S)
    unfinished = RunMarker(store)
    was_unfinished = unfinished.exists()
    while True:
        context = JobContext(config)
        try:
            with no_garbage_collection(), store.write() as transaction:
                context = JobContext(with_archive_period(config, transaction, context.output))
                with open_pool(context) as pool:
                    run = Run(transaction, context, pool, int(now.timestamp()))
                    result = run.build(progress, options, unfinished, held, stopped, memory)
        except (FileChangedError, RecordsStoppedError) as error:
            context.output.discard()
            if not was_unfinished:
                unfinished.remove()  # nothing was published
            if isinstance(error, RecordsStoppedError):
                stopped |= error.reasons
                continue
            held |= error.places
            if (pause_s := next(pauses_s, None)) is None:
                message = f"{error.path}: changed each time it was read; the feeds are as they were"
                raise OutputError(message) from None
            time.sleep(pause_s)
        except BaseException:
            context.output.discard()
            raise
        else:
            unfinished.remove()
            _sweep(store, context.output)
            return *result, run.memory
        finally:
            context.output.release()


def _sweep(store: "Store", output: "Output") -> None:
    """Deletes documents that an earlier run removed, and that caches do not name any more."""

    def published(paths: Sequence[str]) -> set[str]:
        with store.read() as snapshot:
            return {row.path for row in snapshot.documents.at(paths)}

    output.sweep(published)
