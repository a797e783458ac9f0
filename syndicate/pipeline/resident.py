"""A process that builds each time it is asked: it has imported the program, and remembers its last full scan.

Theory of operation. Starting Python and importing modules takes longer than a build after one edit, and a scan of a
large corpus as well. A process that runs for long (the worker, a preview) keeps one that builds: it reads a line for
each build, a JSON object whose `changed` lists the paths that changed, or is null if any may have, and writes a line
with the exit code, the messages and the figures.

Its memory is bounded: it ends after a build that left more than `_MOST_BYTES` in use, and announces so with `is_last`.
It ends without an answer when the program was upgraded or the configuration differs from that of its last build. The
process that asks starts another one then, as it does if the process is killed. Nothing but time is lost: what it
remembers is not in the store, and a process that remembers nothing scans everything. It ends, too, when its standard
input is closed, as it is when the process that asks is killed.
"""

from __future__ import annotations

import gc
import io
import json
import os
import resource
import sys
import traceback
from collections.abc import Callable, Collection, Mapping
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from ..config import Config, load
from . import fingerprints
from .preload import import_program
from .reported import ScanMemory

_MOST_BYTES = 256 * 1024 * 1024
_PROBLEM = 1  # exit code

Build = Callable[[Config, ScanMemory, Collection[str] | None], Mapping[str, Any]]
"""Builds from changed paths, or with None from everything, and returns the figures."""

Report = Callable[[Exception], int]
"""Prints what ended a build to standard error, and returns the exit code. Raises what it does not know."""


class _OutdatedError(Exception):
    """Another process has to build: the configuration differs."""


def serve_builds(path: str, build: Build, report: Report) -> None:
    """Import the program, and build with the configuration at a path for each line of standard input."""
    program = fingerprints.program()
    import_program()
    gc.freeze()
    builder = _Builder(path, build, report)
    while line := sys.stdin.readline():
        if fingerprints.program() != program:
            return
        try:
            answer = builder.answer(json.loads(line)["changed"])
        except _OutdatedError:
            return
        gc.collect()
        is_last = _used_bytes() > _MOST_BYTES
        print(json.dumps({**answer, "is_last": is_last}), flush=True)
        if is_last:
            return


class _Builder:
    """Builds with one configuration, and remembers what is needed for the next build."""

    def __init__(self, path: str, build: Build, report: Report) -> None:
        self._path, self._build, self._report = path, build, report
        self._memory = ScanMemory()
        self._config: Config | None = None

    def answer(self, changed: Collection[str] | None) -> dict[str, Any]:
        """Build, and return the exit code, the messages and the figures. Raises _OutdatedError."""
        messages, printed = io.StringIO(), io.StringIO()
        figures: Mapping[str, Any] = {}
        code = 0
        with redirect_stderr(messages), redirect_stdout(printed):
            try:
                figures = self._build(self._load(), self._memory, changed)
            except _OutdatedError:
                raise
            except Exception as error:  # noqa: BLE001 - a failed build is reported, and does not end the process
                code = self._code_of(error)
        return {"code": code, "messages": messages.getvalue().splitlines(), "summary": dict(figures)}

    def _load(self) -> Config:
        config = load(self._path)
        if self._config is not None and config != self._config:
            raise _OutdatedError
        self._config = config
        return config

    def _code_of(self, error: Exception) -> int:
        try:
            return self._report(error)
        except Exception:  # noqa: BLE001 - an internal error
            traceback.print_exception(error)
            return _PROBLEM


def _used_bytes() -> int:
    """Return how much memory this process has in use; where the kernel does not say, the most that it ever had."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
