"""Builds that kill themselves: `killed_build.py CONFIG` reads a number for each build from its standard input.

A build ends with SIGKILL at the step that changes the disk which has this number; with `-`, it is not killed. Each is a
process of its own, forked from one that has imported everything: starting the interpreter took most of the time, and
writing the bytecode of a module is no step of a build. For each, a line tells the number of steps, if the build came to
its end, and the exit code. With `--spread` before the configuration, builds work in several processes as large ones do.

The steps are: before a file is opened for writing; after half of a write; before a file is renamed, removed or
truncated, and before a folder is made or removed; before and after each statement that begins or ends a transaction.
"""

from __future__ import annotations

import builtins
import io
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NOW = datetime(2026, 6, 1, tzinfo=UTC)
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


def build_counting(path: str, left: int) -> None:
    """Builds, counts the steps, and prints their number. Changes this process."""
    site = config.load(path)
    STATE["left"] = left
    builtins.open = open_stepping
    sqlite3.connect = lambda *a, **k: original_connect(*a, **k, factory=SteppingConnection)  # type: ignore[assignment]
    sys.addaudithook(audit)
    build(site, NOW)
    print(STATE["seen"], end=" ", flush=True)


def import_everything(path: str) -> None:
    """Builds a copy of the site."""
    with tempfile.TemporaryDirectory() as folder:
        copied = shutil.copytree(Path(path).parent, Path(folder, "site"), symlinks=True)
        build(config.load(str(copied / Path(path).name)), NOW)


if __name__ == "__main__":
    from syndicate import config
    from syndicate.pipeline import build, executor

    if sys.argv[1] == "--spread":
        del sys.argv[1]
        executor._ENOUGH = 1
        os.register_at_fork(after_in_child=lambda: STATE.update(left=10**9))  # the build itself is killed
    original_open, original_connect = builtins.open, sqlite3.connect
    import_everything(sys.argv[1])
    while number := sys.stdin.readline().strip():
        ended, lasting = os.pipe()
        pid = os.fork()
        if pid == 0:
            exit_code = 1
            try:
                build_counting(sys.argv[1], 10**9 if number == "-" else int(number))
                exit_code = 0
            except BaseException:  # noqa: BLE001 - printed, as at the end of an interpreter
                traceback.print_exc()
            finally:
                os._exit(exit_code)
        os.close(lasting)
        os.read(ended, 1)  # it and its workers have this pipe, and the lock of the site, until all have ended
        os.close(ended)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
