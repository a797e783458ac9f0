"""Runs the jobs of a build on the workers of a Dask cluster; implements `pool.Pool`.

Theory of operation. A Dask task is a batch of tasks, cut by their number and bytes, since each costs the scheduler a
millisecond or so. Results are taken in order, and so many batches are under way that all workers have work. A build
with fewer tasks than one batch does them in a process of its own machine, sooner than the cluster could begin.

A record that exceeds the limits ends a process of the worker, not the worker, and its result comes back as from the
pool of one machine. When workers end nevertheless, as they do without memory, Dask does the batch again elsewhere. If
it gives up, the tasks of the batch are sent again one by one. Dask blames all that a worker had to do when it ended. So
a task over which workers ended again is done once more while nothing else is, and then is at fault if they do.
"""

from __future__ import annotations

import pickle  # nosec B403
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from .budget import TaskFailure, reason_of_end
from .context import JobContext
from .dask_cluster import Cluster, LostError, WorkersKilledError
from .dask_worker import Answer, Context
from .pool import CHUNK, Job, Result, Task, open_local_pool

if TYPE_CHECKING:
    from distributed import Future

_BATCH_BYTES = 1 << 20
_ATTEMPTS = 2  # of a task alone
_COUNT_S = 5.0  # workers join and leave meanwhile


class _Batch:
    """Tasks that are one task for Dask, pickled in portions."""

    def __init__(self, portions: Sequence[Sequence[Any]], pickled: Sequence[bytes]) -> None:
        self.portions = portions
        self.pickled = pickled
        self.attempts = 0
        self.future: Future[Answer] | None = None


class DaskPool:
    """Runs jobs on a Dask cluster, to which it connects when there is enough to do."""

    assembles = True

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._options = context.config.executor
        self._cluster: Cluster | None = None

    @property
    def lost_workers(self) -> bool:
        """See `pool.Pool`."""
        return self._cluster is not None and self._cluster.has_lost_workers()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None

    def end_workers(self) -> None:
        """Do nothing: workers of other machines stay."""

    def spreads(self, count: int) -> bool:  # noqa: ARG002 - of the interface
        """Return that no process of this machine has the tasks."""
        return False

    def map(
        self,
        job: Job[Task, Result],
        tasks: Iterable[Task],
        count: int,
        chunk: int = CHUNK,
        *,
        few_inline: bool = False,
    ) -> Iterator[Result | TaskFailure]:
        """See `pool.Pool.map`. Raises ExecutorError when the cluster cannot be used."""
        if count <= self._options.batch:
            with open_local_pool(self._context) as few:
                yield from few.map(job, tasks, count, chunk, few_inline=few_inline)
            return
        if self._cluster is None:
            config = self._context.config._replace(state="")  # an address of a database is none of their business
            content = pickle.dumps(JobContext(config, self._context.run), pickle.HIGHEST_PROTOCOL)
            self._cluster = Cluster(self._options, Context(self._context.run, content))
        yield from _Spread(self._cluster, self._context, job, self._options.batch).map(iter(tasks), chunk)


class _Spread:
    """Spreads the batches of one job over the cluster."""

    def __init__(self, cluster: Cluster, context: JobContext, job: Job[Any, Any], size: int) -> None:
        self._cluster = cluster
        self._limits = context.config.limits
        self._job = job
        self._size = size
        self._pending: deque[_Batch] = deque()  # in the order of the tasks
        self._most = 0
        self._counted_at = 0.0

    def map(self, tasks: Iterator[Any], chunk: int) -> Iterator[Any]:
        while True:
            self._fill(tasks, min(chunk, self._size))
            if not self._pending:
                return
            batch = self._pending[0]
            try:
                answer = self._cluster.receive(self._send())
            except LostError:
                self._recover()
                continue
            except WorkersKilledError:
                results = self._retry(batch, "ended the Dask workers that read it")
            else:
                if answer.kind == "ended":
                    results = self._retry(batch, reason_of_end(answer.exit_code, self._limits))
                else:
                    results = _results(answer)
            if results is not None:
                self._pending.popleft()
                yield from results

    def _fill(self, tasks: Iterator[Any], chunk: int) -> None:
        """Takes so many tasks that all workers have work."""
        if not self._most or monotonic() - self._counted_at > _COUNT_S:
            self._count_workers()
        while len(self._pending) < self._most and (batch := self._take(tasks, chunk)):
            self._pending.append(batch)

    def _count_workers(self) -> None:
        self._counted_at = monotonic()
        try:
            self._most = 2 * self._cluster.threads() + 2
        except LostError:
            self._recover()
            self._most = 4

    def _take(self, tasks: Iterator[Any], chunk: int) -> _Batch | None:
        portions: list[list[Any]] = []
        pickled: list[bytes] = []
        count = size_bytes = 0
        while count < self._size and size_bytes < _BATCH_BYTES:
            portion = list(islice(tasks, min(chunk, self._size - count)))
            if not portion:
                break
            portions.append(portion)
            pickled.append(pickle.dumps(portion, pickle.HIGHEST_PROTOCOL))
            count += len(portion)
            size_bytes += len(pickled[-1])
        return _Batch(portions, pickled) if portions else None

    def _send(self) -> Future[Answer]:
        """Sends the batches that the cluster does not have, and returns the future of the first."""
        first = self._pending[0]
        if first.attempts:
            if first.future is None:
                self._cluster.wait([batch.future for batch in self._pending if batch.future is not None])
            return self._sent(first)
        for batch in self._pending:
            if not batch.attempts:
                self._sent(batch)
        return self._sent(first)

    def _sent(self, batch: _Batch) -> Future[Answer]:
        if batch.future is None:
            message = pickle.dumps((self._job, batch.pickled), pickle.HIGHEST_PROTOCOL)
            batch.future = self._cluster.send(message)
        return batch.future

    def _recover(self) -> None:
        """Connects again. Batches that were answered keep their answers."""
        self._cluster.recover()
        for batch in self._pending:
            if batch.future is not None and (not batch.future.done() or batch.future.cancelled()):
                batch.future = None

    def _retry(self, batch: _Batch, reason: str) -> list[Any] | None:
        """Takes back a batch over which workers ended; returns the result of a task that is at fault."""
        batch.future = None
        tasks = [task for portion in batch.portions for task in portion]
        if len(tasks) > 1:
            self._pending.popleft()
            alone = [_Batch([[task]], [pickle.dumps([task], pickle.HIGHEST_PROTOCOL)]) for task in tasks]
            self._pending.extendleft(reversed(alone))
            return None
        batch.attempts += 1
        return [TaskFailure(reason)] if batch.attempts >= _ATTEMPTS else None


def _results(answer: Answer) -> list[Any]:
    succeeded, value = pickle.loads(answer.content)  # noqa: S301  # nosec B301 - from a worker of ours
    if not succeeded:
        raise value
    results: list[Any] = value
    return results
