"""A Dask cluster on this machine: a scheduler and workers, each a process of its own, which a test may kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from support.object_services import ENVIRONMENT, free_port
from support.processes import is_running, wait_until

_TESTS = Path(__file__).parents[1]
_IMPORTED = f"{_TESTS}{os.pathsep}{_TESTS.parent}"  # the jobs of tests


class DaskCluster:
    """A scheduler at a port of this machine, and its workers, which have one thread each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._nannies: list[subprocess.Popen[bytes]] = []
        self._scheduler: subprocess.Popen[bytes] | None = None

    def start_scheduler(self, environment: Mapping[str, str] = {}) -> None:
        command = [
            "scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard", "--no-jupyter",
            "--idle-timeout", "10 minutes",
        ]  # fmt: skip
        self._scheduler = self._start(command, environment)

    def start_worker(self, environment: Mapping[str, str] = {}, *, nanny: bool = False) -> subprocess.Popen[bytes]:
        """Starts a worker. A nanny starts it again when it is killed."""
        command = [
            "worker", self.address, "--nthreads", "1", "--nanny" if nanny else "--no-nanny", "--no-dashboard",
            "--host", "127.0.0.1", "--death-timeout", "60", "--local-directory", str(self.folder),
        ]  # fmt: skip
        process = self._start(command, environment)
        if nanny:
            self._nannies.append(process)
        return process

    def workers(self) -> list[subprocess.Popen[bytes]]:
        """Returns the workers that were started and not killed."""
        return [process for process in self._processes if process is not self._scheduler]

    def busy_workers(self) -> list[subprocess.Popen[bytes]]:
        """Returns the workers that have started a process for records."""
        return [worker for worker in self.workers() if descendants(worker.pid)]

    def kill_scheduler(self) -> None:
        assert self._scheduler is not None
        self._end(self._scheduler)

    def kill_worker(self, worker: subprocess.Popen[bytes]) -> None:
        self._end(worker)

    def close(self) -> None:
        """Kills all processes, and waits for those that they have started."""
        started = {pid for process in self._processes for pid in descendants(process.pid)}
        nursed = {pid for process in self._nannies for pid in descendants(process.pid)}
        for process in list(self._processes):
            self._end(process)
        for pid in nursed:  # a worker notices only later that its nanny is gone
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(is_running, started)))

    def log(self) -> str:
        return (self.folder / "dask.log").read_text(errors="replace")

    def _start(self, arguments: list[str], environment: Mapping[str, str] = {}) -> subprocess.Popen[bytes]:
        with (self.folder / "dask.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, **ENVIRONMENT, "PYTHONPATH": _IMPORTED, **environment},
            )
        self._processes.append(process)
        return process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        self._processes.remove(process)
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait()


@contextmanager
def dask_cluster(folder: Path, workers: int = 2) -> Iterator[DaskCluster]:
    """Runs a scheduler and workers."""
    cluster = DaskCluster(folder)
    try:
        cluster.start_scheduler()
        for _ in range(workers):
            cluster.start_worker()
        yield cluster
    finally:
        cluster.close()


def descendants(pid: int) -> list[int]:
    """Returns the processes that a process has started, and those that they have."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (thread / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found
