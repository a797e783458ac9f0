"""A build that kills itself: `killed_build.py CONFIG N` ends with SIGKILL at the Nth step that changes the disk.

With `--spread` before these arguments, it works in several processes as a large build does.

The steps are: before a file is opened for writing; after half of a write; before a file is renamed, removed or
truncated, and before a folder is made or removed; before and after each statement that begins or ends a transaction. A
build that is not killed prints the number of its steps.
"""

from __future__ import annotations

import builtins
import io
import os
import signal
import sqlite3
import sys
from datetime import UTC, datetime
from typing import Any

STATE = {"left": 10**9, "seen": 0}


def step() -> None:
    """Counts a step that changes the disk, and ends the process when it is the last one."""
    STATE["seen"] += 1
    STATE["left"] -= 1
    if STATE["left"] < 0:
        os.kill(os.getpid(), signal.SIGKILL)


def audit(event: str, arguments: tuple[Any, ...]) -> None:
    changes = event in {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"}
    if changes or (event == "open" and isinstance(arguments[1], str) and arguments[1][:1] in {"w", "x"}):
        step()


class SteppingWriter(io.BufferedWriter):
    """Counts a step in the middle of each write."""

    def write(self, data: Any) -> int:
        half = len(data) // 2
        super().write(data[:half])
        self.flush()
        step()
        super().write(data[half:])
        return len(data)


def open_stepping(path: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
    if mode in {"wb", "xb"}:
        step()
        return SteppingWriter(io.FileIO(path, mode[:1]))
    return original_open(path, mode, *arguments, **named)


class SteppingConnection(sqlite3.Connection):
    """Counts steps before and after the begin and the commit of a transaction."""

    def execute(self, sql: str, *arguments: Any) -> Any:  # type: ignore[override]
        if sql in {"COMMIT", "BEGIN IMMEDIATE"}:
            step()
            result = super().execute(sql, *arguments)
            step()
            return result
        return super().execute(sql, *arguments)


if __name__ == "__main__":
    from syndicate import config
    from syndicate.pipeline import build, executor

    if sys.argv[1] == "--spread":
        del sys.argv[1]
        executor._ENOUGH = 1
        os.register_at_fork(after_in_child=lambda: STATE.update(left=10**9))  # the build itself is killed
    original_open, original_connect = builtins.open, sqlite3.connect
    site = config.load(sys.argv[1])
    if len(sys.argv) > 2:
        STATE["left"] = int(sys.argv[2])
    builtins.open = open_stepping
    sqlite3.connect = lambda *a, **k: original_connect(*a, **k, factory=SteppingConnection)  # type: ignore[assignment]
    sys.addaudithook(audit)
    build(site, datetime(2026, 6, 1, tzinfo=UTC))
    print(STATE["seen"])
