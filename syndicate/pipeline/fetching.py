"""Reads the files that tasks need, where a corpus is in a bucket, before a worker gets the tasks.

Theory of operation. Workers are forked and hold no connection (corpus/bucket_files.py). So their parent reads the
objects, many at once and some tasks ahead, and sends each with its task.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from ..config.bucket import is_bucket
from ..corpus.bucket_files import Provided, ReadObject, provided, read_object
from .pool import CHUNK, Job, Pool, Result, Task

if TYPE_CHECKING:
    from ..config import Config
    from .budget import TaskFailure
    from .context import JobContext
    from .second_look import Place

_AHEAD = 4  # tasks for each connection


class _TaskWithFiles(NamedTuple):
    job: Job[Any, Any]
    task: Any
    objects: Provided


class FetchingPool:
    """A pool whose tasks come with the objects that they need; implements `pool.Pool`."""

    def __init__(self, pool: Pool, config: Config) -> None:
        self._pool = pool
        self._config = config
        self.assembles = pool.assembles

    @property
    def lost_workers(self) -> bool:
        """See `pool.Pool`."""
        return self._pool.lost_workers

    def __enter__(self) -> Self:
        self._pool.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.__exit__(*error)

    def end_workers(self) -> None:
        """See `pool.Pool.end_workers`."""
        self._pool.end_workers()

    def spreads(self, count: int) -> bool:
        """See `pool.Pool.spreads`."""
        return self._pool.spreads(count)

    def map(
        self,
        job: Job[Task, Result],
        tasks: Iterable[Task],
        count: int,
        chunk: int = CHUNK,
        *,
        few_inline: bool = False,
    ) -> Iterator[Result | TaskFailure]:
        """See `pool.Pool.map`. Raises CorpusError when an object cannot be read."""
        places = _places_of(job)
        if places is None:
            yield from self._pool.map(job, tasks, count, chunk, few_inline=few_inline)
        else:
            with_files = self._with_files(job, places, tasks)
            yield from self._pool.map(_run, with_files, count, chunk, few_inline=few_inline)

    def _with_files(
        self, job: Job[Any, Any], places: Callable[[Any], Sequence[Place]], tasks: Iterable[Any]
    ) -> Iterator[_TaskWithFiles]:
        remaining = iter(tasks)
        waiting: deque[tuple[Any, list[tuple[tuple[str, bytes], Future[ReadObject | None]]]]] = deque()
        threads = ThreadPoolExecutor(self._config.bucket.concurrency, thread_name_prefix="corpus")
        try:
            while True:
                while len(waiting) < _AHEAD * self._config.bucket.concurrency:
                    for task in remaining:
                        waiting.append((task, [*self._started(threads, places(task))]))
                        break
                    else:
                        break
                if not waiting:
                    return
                task, reading = waiting.popleft()
                objects = {key: found for key, future in reading if (found := future.result()) is not None}
                yield _TaskWithFiles(job, task, objects)
        finally:
            threads.shutdown(cancel_futures=True)

    def _started(
        self, threads: ThreadPoolExecutor, places: Sequence[Place]
    ) -> Iterator[tuple[tuple[str, bytes], Future[ReadObject | None]]]:
        for number, path in places:
            source = self._config.sources[number]
            if is_bucket(source.root):
                yield (source.root, path), threads.submit(read_object, source, path)


def _places_of(job: Job[Any, Any]) -> Callable[[Any], Sequence[Place]] | None:
    """Returns the function that gives the source and path of the files that a task needs; None for a job without."""
    from . import jobs

    if job is jobs.render_entries:
        return lambda task: [(origin.source, origin.path) for origin in task.origins]
    if job in {jobs.parse_records, jobs.explain_files, jobs.find_hidden_files}:
        return lambda task: [(task[0], task[1])]
    return None


def _run(context: JobContext, tasks: Sequence[_TaskWithFiles]) -> Sequence[Any]:
    """Runs the job of these tasks."""
    objects = {key: found for task in tasks for key, found in task.objects.items()}
    with provided(objects):
        return tasks[0].job(context, [task.task for task in tasks])
