"""Runs jobs over many tasks, in processes of their own.

Theory of operation. What a corpus holds is hostile, so no task is done in this process: a worker may be stopped, or
end, without the run. A run with few tasks forks one worker, which takes two milliseconds; one with many has as many
workers as the machine carries. Each worker has one chunk of tasks to work on, and a short one waits in its pipe.

When a worker ends, the chunk that it worked on is done anew, each task by itself. A task whose worker ends again is at
fault, and its result is a `TaskFailure`. Unless the worker exceeded the limit on processor time, which nothing but its
task uses, the task has another attempt first: the machine may have run out of memory, or an operator may have killed
the worker.

With `inline`, the tasks are done in this process, within the limits that it can enforce on itself (budget.py).
"""

from __future__ import annotations

import os
import select
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Self

from ..config import Limits
from .budget import TaskFailure, reason_of_end
from .pool import CHUNK, Job, Result, Task
from .worker_process import Worker, encode

if TYPE_CHECKING:
    from .context import JobContext

_ENOUGH = 400  # fewer records are parsed while several workers warm up
_MAX_WORKERS = 8
_WORKER_BYTES = 512 * 1024 * 1024  # of the machine's memory, for each worker
_WAITING_BYTES = 32 * 1024  # of a message for a worker that is busy: a pipe holds it, so that sending never waits
_ATTEMPTS = 2  # of a task alone


class _Chunk:
    """Tasks that are done together, and their results once they are done."""

    def __init__(self, tasks: Sequence[Any], results: Sequence[Any] | None = None) -> None:
        self.tasks = tasks
        self.results = results
        self.attempts = 0


class WorkerPool:
    """Runs jobs in order: in processes of this machine, or `inline` in this process; implements `pool.Pool`.

    With `workers`, it has so many, whatever the number of tasks, and keeps them.
    """

    # Sending an entry's bytes to another process costs more than inserting them here.
    assembles = False
    lost_workers = False

    def __init__(self, context: JobContext, kind: str, limits: Limits, workers: int = 0) -> None:
        self._context = context
        self._most_workers = workers
        self._is_inline = kind == "inline"
        self._limits = limits
        self._workers: list[Worker[_Chunk]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.end_workers()

    def end_workers(self) -> None:
        """Ends the workers, with the memory that they took; the next job starts others. Call it between jobs."""
        while self._workers:
            self._workers.pop().end()

    def spreads(self, count: int) -> bool:
        """Returns whether so many tasks are spread over processes of this machine, which can read its files."""
        return not self._is_inline and count >= _ENOUGH

    def map(
        self,
        job: Job[Task, Result],
        tasks: Iterable[Task],
        count: int,
        chunk: int = CHUNK,
        *,
        few_inline: bool = False,
    ) -> Iterator[Result | TaskFailure]:
        """See `pool.Pool.map`."""
        remaining = iter(tasks)
        if self._is_inline or (few_inline and count < _ENOUGH):
            while portion := list(islice(remaining, chunk)):
                yield from job(self._context, portion)
        elif count >= _ENOUGH or self._most_workers:
            most = self._most_workers or worker_count()
            yield from _Spread(self._context, self._limits, self._workers, most).map(job, remaining, chunk)
        else:
            # Not kept: the next job of a small run may need modules that this process imports only now.
            with WorkerPool(self._context, "processes", self._limits) as one:
                yield from _Spread(self._context, self._limits, one._workers, 1).map(job, remaining, chunk)


class _Spread:
    """Spreads the chunks of one job over workers, which are started when they are needed."""

    def __init__(self, context: JobContext, limits: Limits, workers: list[Worker[_Chunk]], most_workers: int) -> None:
        self._context = context
        self._limits = limits
        self._workers = workers
        self._most_workers = most_workers
        self._pending: deque[_Chunk] = deque()  # in the order of the tasks
        self._ready: deque[_Chunk] = deque()  # those that no worker has

    def map(self, job: Job[Task, Result], tasks: Iterator[Task], size: int) -> Iterator[Any]:
        most = 2 * self._most_workers + 2
        while True:
            while len(self._pending) < most and (portion := list(islice(tasks, size))):
                self._pending.append(_Chunk(portion))
                self._ready.append(self._pending[-1])
            if not self._pending:
                return
            self._assign(job)
            if (results := self._pending[0].results) is not None:
                self._pending.popleft()
                yield from results
            else:
                self._collect()

    def _assign(self, job: Job[Task, Result]) -> None:
        """Sends chunks to workers that have none, and short messages to those that have one."""
        while self._ready:
            worker = min(self._workers, key=lambda one: len(one.chunks), default=None)
            if (worker is None or worker.chunks) and len(self._workers) < self._most_workers:
                worker = self._start_worker()
            if worker is None or len(worker.chunks) > 1:
                return
            message = encode(job, self._ready[0].tasks)
            if worker.chunks and len(message) > _WAITING_BYTES:
                return
            worker.send(self._ready.popleft(), message)

    def _start_worker(self) -> Worker[_Chunk]:
        worker: Worker[_Chunk] = Worker(self._context, self._workers)
        self._workers.append(worker)
        return worker

    def _collect(self) -> None:
        """Waits for an answer, or the end of a worker."""
        poll = select.poll()
        by_fd = {worker.fd: worker for worker in self._workers}
        for fd in by_fd:
            poll.register(fd, select.POLLIN)
        for fd, _ in poll.poll():
            worker = by_fd[fd]
            try:
                results: Sequence[Any] | None = worker.receive()
            except EOFError:
                self._replace(worker)
            else:
                if results is not None:
                    self._finish(worker.chunks.pop(0), results)

    def _finish(self, chunk: _Chunk, results: Sequence[Any]) -> None:
        """Takes the results of a chunk. Tasks that may have failed because of others are done again alone."""
        doubtful = {number for number, one in enumerate(results) if isinstance(one, TaskFailure) and not one.is_certain}
        if not doubtful or len(results) == 1:
            chunk.results = results
            return
        parts = [
            _Chunk([task], None if number in doubtful else [result])
            for number, (task, result) in enumerate(zip(chunk.tasks, results, strict=True))
        ]
        self._split(chunk, parts)

    def _replace(self, worker: Worker[_Chunk]) -> None:
        """Takes back the chunks of a worker that ended."""
        self._workers.remove(worker)
        exit_code = worker.end()
        self._ready.extendleft(reversed(worker.chunks[1:]))
        for chunk in worker.chunks[:1]:
            if len(chunk.tasks) > 1:
                self._split(chunk, [_Chunk([task]) for task in chunk.tasks])
                continue
            chunk.attempts += 1
            if chunk.attempts < _ATTEMPTS and exit_code != -signal.SIGVTALRM:
                self._ready.appendleft(chunk)
            else:
                chunk.results = [TaskFailure(reason_of_end(exit_code, self._limits))]

    def _split(self, chunk: _Chunk, parts: Sequence[_Chunk]) -> None:
        place = self._pending.index(chunk)
        self._pending = deque(chain(islice(self._pending, place), parts, islice(self._pending, place + 1, None)))
        self._ready.extendleft(part for part in reversed(parts) if part.results is None)


def worker_count() -> int:
    """Returns how many workers this machine carries: by the processors of this process, and by its memory.

    The memory is all that the machine has: what is free at a time says little, since the system fills it with files.
    """
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(processors, _MAX_WORKERS, _memory_bytes() // _WORKER_BYTES))


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return _MAX_WORKERS * _WORKER_BYTES
