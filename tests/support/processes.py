"""Processes that tests start, wait for, and end."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def wait_until(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Waits until a condition holds; fails when it takes too long."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Returns whether there is a process that has not ended."""
    try:
        os.kill(pid, 0)
        if sys.platform == "linux":
            return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
    return True


@contextmanager
def forked(run: Callable[[], object]) -> Iterator[int]:
    """Yields the id of a process that runs a function, and kills it afterwards."""
    pid = os.fork()
    if pid == 0:
        try:
            run()
        finally:
            os._exit(0)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
