"""Work spread over processes when there is enough of it."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future


class ChangedError(Exception):
    """A file is not any more what it was when the run began."""


_ENOUGH = 400  # starting a pool costs what reading a few hundred files costs
_CHUNK = 128
_WORKERS = 2
_AHEAD = 2 * _WORKERS + 2
Task = TypeVar("Task", bound=tuple[Any, ...])
Result = TypeVar("Result")


class WorkerPool:
    """Spreads work over processes when there is enough of it; does it here when there is not.

    The seam is `concurrent.futures.Executor`: `make` may give a pool of this machine's processes, or of a cluster's.
    """

    def __init__(self, make: Callable[[], Executor] | None = None) -> None:
        self._make = make or _pool
        self._executor: Executor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def map(
        self, work: Callable[[Sequence[Task]], list[Result]], tasks: Iterable[Task], count: int, at_once: int = _CHUNK
    ) -> Iterator[Result]:
        """What `work` makes of `count` tasks, in their order; it is given `at_once` of them.

        Tasks are taken as they are needed, so that later ones may know of earlier results.
        """
        remaining = iter(tasks)
        if count < _ENOUGH:
            while chunk := list(islice(remaining, at_once)):
                yield from work(chunk)
            return
        if self._executor is None:
            self._executor = self._make()
        waiting: deque[Future[list[Result]]] = deque()
        while chunk := list(islice(remaining, at_once)):
            waiting.append(self._executor.submit(_do, work, chunk))
            if len(waiting) >= _AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _do(work: Callable[[Sequence[Task]], list[Result]], tasks: Sequence[Task]) -> list[Result]:
    with uncollected():
        return work(tasks)


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the collector of cycles: a run makes many values and no cycles; looking for them takes a tenth of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _pool() -> Executor:
    """Two processes, forked, so that they share our modules. More cost memory, and this process has work, too."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    return ProcessPoolExecutor(max_workers=_WORKERS, mp_context=multiprocessing.get_context("fork"))
