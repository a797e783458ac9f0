"""The connection of a build to a Dask cluster: it sends the context of the build once, and batches of tasks.

Theory of operation. The context is scattered: it goes to each worker once, and a worker that joins gets it from
another. Dask does tasks of workers that are gone again; after some workers ended over a task, it gives up and raises
`KilledWorker`. When the scheduler is gone, or with the last worker the context, all that was sent is lost: `recover`
connects and sends the context again.

Futures are those of the client, since one of `Client.get_executor` that is cancelled may never end. What Dask logs on
the way is left out: an `ExecutorError` says in one line what stops a build.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..config import ExecutorOptions
from ..errors import ExecutorError
from .dask_worker import Answer, Context, run_batch
from .fingerprints import releases

if TYPE_CHECKING:
    from distributed import Future

_LOOK_S = 1.0
_LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application")
_MOST_RECOVERIES = 3  # without an answer in between
_MOST_SHARES = 4  # of the context, one after the other


class WorkersKilledError(Exception):
    """Workers ended, one after the other, while they did a batch of tasks."""


class LostError(Exception):
    """A batch was lost with the scheduler or with the context: it must be sent again after `recover`."""


class Cluster:
    """A connection to a scheduler, for one run. Raises ExecutorError when the cluster cannot be used."""

    def __init__(self, options: ExecutorOptions, context: Context) -> None:
        self._options = options
        self._context = context
        self._releases = tuple(sorted(releases().items()))
        self._recoveries = 0
        self._workers: dict[str, int] = {}
        self._has_lost_workers = False
        self._levels: dict[str, int] = {}
        self._connect()

    def close(self) -> None:
        """Ends the connection. What was sent and not answered is cancelled."""
        self._disconnect()
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)

    def threads(self) -> int:
        """Returns how many tasks the workers do at once. Raises LostError when the scheduler is gone."""
        try:
            client = self._client
            found: dict[str, int] = client.sync(
                client.scheduler.ncores, callback_timeout=self._options.timeout_s, workers=None
            )
        except (OSError, TimeoutError, RuntimeError, ValueError):  # the last two of a client that has closed itself
            raise LostError from None
        self._has_lost_workers |= not self._workers.keys() <= found.keys()
        self._workers = found
        return sum(found.values())

    def has_lost_workers(self) -> bool:
        """Returns whether a worker that was counted is gone, or the cluster was lost meanwhile."""
        try:
            self.threads()
        except LostError:
            return True
        return self._has_lost_workers

    def send(self, message: bytes) -> Future[Answer]:
        """Sends a batch of tasks. Raises LostError when the scheduler is gone."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # of the bytes of one large document
                sent: Future[Answer] = self._client.submit(run_batch, self._shared, self._releases, message, pure=False)
                return sent
        except (OSError, RuntimeError, ValueError, CancelledError):
            raise LostError from None

    def wait(self, futures: Sequence[Future[Answer]]) -> None:
        """Waits until these batches are done, or lost. Raises ExecutorError if there is no worker any more."""
        for future in futures:
            with suppress(WorkersKilledError, LostError):
                self.receive(future)

    def receive(self, future: Future[Answer]) -> Answer:
        """Waits for the answer to a batch. Raises WorkersKilledError or LostError when there will be none."""
        last_worker_at = monotonic()
        while (answer := self._look(future)) is None:
            if self.threads():
                last_worker_at = monotonic()
            elif monotonic() - last_worker_at > self._options.timeout_s:
                raise self._no_workers()
        self._recoveries = 0
        if answer.kind == "releases":
            raise ExecutorError(self._difference(dict(answer.releases)))
        return answer

    def _look(self, future: Future[Answer]) -> Answer | None:
        """Returns the answer to a batch if it comes soon."""
        from distributed.scheduler import KilledWorker

        try:
            answer: Answer = future.result(_LOOK_S)
        except KilledWorker:
            raise WorkersKilledError from None
        except CancelledError:
            raise LostError from None
        except TimeoutError:
            return None
        except Exception as error:  # noqa: BLE001 - whatever Dask or a broken worker raises
            if future.status != "error":
                raise LostError from None
            raise ExecutorError(f"{self._options.scheduler}: a Dask worker failed: {_line(error)}") from None
        return answer

    def recover(self) -> None:
        """Connects again if the scheduler was gone, and sends the context again."""
        self._recoveries += 1
        self._has_lost_workers = True
        if self._recoveries > _MOST_RECOVERIES:
            raise ExecutorError(f"{self._options.scheduler}: the Dask cluster loses all that is sent to it")
        self._disconnect()
        self._connect()

    def _connect(self) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise ExecutorError(
                "executor: dask needs a package that is not installed: pip install 'syndicate-feeds[dask]'"
            ) from None
        if not self._levels:
            self._levels = {name: logging.getLogger(name).level for name in _LOGGERS}
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        address, timeout_s = self._options.scheduler, self._options.timeout_s
        try:
            self._client: Any = Client(address, timeout=timeout_s, name="syndicate", set_as_default=False)
        except (OSError, TimeoutError, ValueError, ImportError) as error:
            raise ExecutorError(f"{address}: the Dask scheduler cannot be reached: {_line(error)}") from None
        try:
            self._share()
        except TimeoutError:
            self._disconnect()
            raise self._no_workers() from None
        except (OSError, CancelledError) as error:
            self._disconnect()
            raise ExecutorError(f"{address}: the Dask scheduler is gone: {_line(error)}") from None

    def _share(self, attempts: int = _MOST_SHARES) -> None:
        """Sends the context to the workers. The scheduler fails as if it were gone when one ends meanwhile."""
        timeout_s = self._options.timeout_s
        self._client.wait_for_workers(1, timeout=timeout_s)
        try:
            self._shared: Any = self._client.scatter(self._context, broadcast=True, hash=False, timeout=timeout_s)
        except TimeoutError:
            raise
        except (OSError, CancelledError) as error:
            if attempts == 1:
                raise
            try:
                self._share(attempts - 1)
            except TimeoutError:
                raise error from None

    def _disconnect(self) -> None:
        with suppress(OSError, TimeoutError, RuntimeError):
            self._client.close(timeout=2)

    def _no_workers(self) -> ExecutorError:
        return ExecutorError(f"{self._options.scheduler}: the Dask cluster has no workers")

    def _difference(self, found: Mapping[str, str]) -> str:
        ours = dict(self._releases)
        name = next(name for name in (*ours, *found) if found.get(name) != ours.get(name))
        return (
            f"{self._options.scheduler}: {name} is {found.get(name, 'missing')} on a Dask worker and"
            f" {ours.get(name, 'missing')} on this machine: install the same releases on both"
        )


def _line(error: BaseException) -> str:
    """Returns one line about an error of Dask, which explains some at length."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__
