"""Runs jobs over many tasks: in this process, or in a pool of others when there are enough tasks.

The interface is `concurrent.futures.Executor`. The context of a run (configuration, compiled patterns) is sent to each
worker once, when the worker starts; a chunk of tasks then carries only itself. Results and exceptions come back whole.
"""

from __future__ import annotations

import gc
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from .context import JobContext

_ENOUGH = 400  # starting a pool costs as much as parsing a few hundred records
_CHUNK = 128
_MAX_WORKERS = 8
_WORKER_BYTES = 512 * 1024 * 1024  # of the machine's memory, for each worker
Task = TypeVar("Task")
Result = TypeVar("Result")
Job = Callable[["JobContext", Sequence[Task]], list[Result]]
"""A function of a module, so that it can be sent to another process by its name."""


class WorkerPool:
    """Runs jobs in order. `make_executor` gives the executor, which must call `initialize` with the context once in
    each worker; without it, all jobs run in this process.
    """

    def __init__(self, context: JobContext, make_executor: Callable[[JobContext], Executor] | None) -> None:
        self._context = context
        self._make_executor = make_executor
        self._executor: Executor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def map(self, job: Job[Task, Result], tasks: Iterable[Task], count: int, chunk: int = _CHUNK) -> Iterator[Result]:
        """Yields the results of `count` tasks in their order; the job gets `chunk` tasks at once.

        Tasks are taken as they are needed, so that later ones may depend on earlier results.
        """
        remaining = iter(tasks)
        if count < _ENOUGH or self._make_executor is None:
            while portion := list(islice(remaining, chunk)):
                yield from job(self._context, portion)
            return
        if self._executor is None:
            self._executor = self._make_executor(self._context)
        running: deque[Future[list[Result]]] = deque()
        most = 2 * worker_count() + 2
        while portion := list(islice(remaining, chunk)):
            running.append(self._executor.submit(_run, job, portion))
            if len(running) >= most:
                yield from running.popleft().result()
        while running:
            yield from running.popleft().result()


def executor_of(kind: str) -> Callable[[JobContext], Executor] | None:
    """Returns the factory of the configured executor: for `processes` a function, for `inline` None."""
    return process_pool if kind == "processes" else None


def process_pool(context: JobContext) -> Executor:
    """Returns a pool of forked processes, which share the modules that this process has imported."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    return ProcessPoolExecutor(
        max_workers=worker_count(),
        mp_context=multiprocessing.get_context("fork"),
        initializer=initialize,
        initargs=(context,),
    )


def worker_count() -> int:
    """Returns how many workers this machine carries: by the processors of this process, and by its memory.

    The memory is all that the machine has: what is free at a time says little, since the system fills it with files.
    """
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(processors, _MAX_WORKERS, _memory_bytes() // _WORKER_BYTES))


def initialize(context: JobContext) -> None:
    """Keeps the context of the run in a worker."""
    _worker_context.append(context)


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Disables the cyclic garbage collector: a run allocates many objects but no cycles, and collecting costs 10 % of
    its time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


_worker_context: list[Any] = []


def _run(job: Job[Task, Result], tasks: Sequence[Task]) -> list[Result]:
    with no_garbage_collection():
        return job(_worker_context[-1], tasks)


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return _MAX_WORKERS * _WORKER_BYTES
