"""Builds, each in a process of its own: it forks, it holds the interpreter for seconds, and its memory ends with it.

The process of the next build is started in advance (see cli/standby.py), and waits for a line on its standard input.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

_LOCKED_EXIT_CODE = 4


class BuildResult(NamedTuple):
    """The end of a build: its exit code, its messages, its summary if it succeeded, and the seconds that it took."""

    code: int
    messages: tuple[str, ...]
    summary: Mapping[str, Any]
    seconds: float

    @property
    def is_locked(self) -> bool:
        """Whether another process builds."""
        return self.code == _LOCKED_EXIT_CODE


class BuildProcesses:
    """Runs builds, one after the other.

    Both commands are a module and its arguments, and print a JSON object. `now` builds at once, `standby` once it reads
    a line; it ends when its standard input does.
    """

    def __init__(self, *, now: Sequence[str], standby: Sequence[str]) -> None:
        self._commands = tuple(now), tuple(standby)
        self._standby: Process | None = None

    async def run(self) -> BuildResult:
        """Build, and start the process of the next build. If the task is cancelled, the build is terminated."""
        started = time.monotonic()
        now, standby = self._commands
        process, self._standby = self._standby, None
        if process is None or process.returncode is not None:
            process = await _start(now, stdin=DEVNULL)
        try:
            out, err = await process.communicate(b"build\n" if process.stdin else None)
        except asyncio.CancelledError:
            await _end(process)  # safe at any instant: the next build completes the work
            raise
        seconds = time.monotonic() - started
        self._standby = await _start(standby, stdin=PIPE)
        code = process.returncode or 0
        messages = tuple(err.decode("utf-8", "replace").splitlines())
        return BuildResult(code, messages, json.loads(out) if code == 0 else {}, seconds)

    async def close(self) -> None:
        """End the process that waits."""
        if self._standby is not None:
            await _end(self._standby)


async def _start(command: Sequence[str], stdin: int) -> Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-m", *command, stdin=stdin, stdout=PIPE, stderr=PIPE)


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    await process.wait()
