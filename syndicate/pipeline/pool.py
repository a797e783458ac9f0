"""The interface of a pool, which runs the jobs of a build, and the choice of one by the configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from ..config.bucket import is_bucket
from .budget import TaskFailure

if TYPE_CHECKING:
    from .context import JobContext

Task = TypeVar("Task")
Result = TypeVar("Result")
Job = Callable[["JobContext", Sequence[Task]], Sequence[Result | TaskFailure]]
"""A function of a module, so that it can be sent to another process by its name."""

CHUNK = 128
"""The number of tasks that a worker gets at once, unless `map` is told another."""


class Pool(Protocol):
    """Runs jobs over many tasks. A task that exceeds the limits, or ends its worker, has a `TaskFailure` as its result.

    `assembles` is true where all documents are assembled in the pool, and not only those of pages.
    """

    assembles: bool

    @property
    def lost_workers(self) -> bool:
        """Whether workers of other machines were lost, which may leave staged documents that nobody publishes."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None:
        """Ends the workers, also those that work. They are started again when they are needed."""

    def end_workers(self) -> None:
        """Ends the workers of this machine, with the memory that they took; the next job starts others. Call it between
        jobs.
        """

    def spreads(self, count: int) -> bool:
        """Returns whether so many tasks are spread over processes of this machine, which can read its files."""

    def map(
        self,
        job: Job[Task, Result],
        tasks: Iterable[Task],
        count: int,
        chunk: int = CHUNK,
        *,
        few_inline: bool = False,
    ) -> Iterator[Result | TaskFailure]:
        """Yields the results of `count` tasks in their order; the job gets `chunk` tasks at once.

        Tasks are taken as they are needed, so that later ones may depend on earlier results. With `few_inline`, for
        tasks that hold nothing hostile, few tasks are done in this process. Raises what the job raises.
        """


def open_pool(context: JobContext) -> Pool:
    """Returns the pool that the configuration of a run names."""
    kind = context.config.executor.kind
    if kind == "dask":
        from .dask_pool import DaskPool

        return DaskPool(context)
    return open_local_pool(context, kind)


def open_local_pool(context: JobContext, kind: str = "processes", workers: int = 0) -> Pool:
    """Returns a pool of this machine. With `workers`, it has so many, whatever the number of tasks, and keeps them."""
    from .executor import WorkerPool

    pool = WorkerPool(context, kind, context.config.limits, workers)
    if any(is_bucket(source.root) for source in context.config.sources):
        from .fetching import FetchingPool

        return FetchingPool(pool, context.config)
    return pool
