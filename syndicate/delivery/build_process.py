"""The process that builds for a worker or a preview: the interpreter of a build is busy for seconds, and it forks.

The process runs for long, and answers each request with one line (see pipeline/resident.py). One that ends is replaced:
at once if it has announced so, else when a build is due. If it ends in the midst of a build, another one builds.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

_LOCKED_EXIT_CODE = 4
_ATTEMPTS = 3  # a process may be outdated, and the next one may be killed
_LONGEST_ANSWER_BYTES = 64 * 1024 * 1024
_LAST_LINES = 20  # of what a process printed before it died


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


class BuildProcess:
    """A process that builds. `command` is a module of this program and its arguments."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)
        self._running: _RunningProcess | None = None

    async def run(self, changed: Collection[str] | None) -> BuildResult:
        """Build from changed paths, or with None from everything.

        If the task is cancelled, the build is terminated.
        """
        started = time.monotonic()
        ended = ""
        for _ in range(_ATTEMPTS):
            process = self._running = self._running or await _RunningProcess.start(self._command)
            try:
                answer = await process.ask(changed)
            except asyncio.CancelledError:
                await self.close()  # safe at any instant: the next build completes the work
                raise
            if answer is None:
                ended, self._running = await process.wait(), None
                continue
            if answer["is_last"]:
                await process.wait()
                self._running = await _RunningProcess.start(self._command)
            seconds = time.monotonic() - started
            return BuildResult(answer["code"], tuple(answer["messages"]), answer["summary"], seconds)
        return BuildResult(1, (f"the process that builds {ended}",), {}, time.monotonic() - started)

    async def close(self) -> None:
        """End the process."""
        if self._running is not None:
            process, self._running = self._running, None
            await process.terminate()


class _RunningProcess:
    """A running process, and the last lines that it printed to standard error."""

    def __init__(self, process: Process) -> None:
        assert process.stderr is not None  # noqa: S101 - a pipe
        self._process = process
        self._printed: deque[str] = deque(maxlen=_LAST_LINES)
        self._reading = asyncio.create_task(self._read(process.stderr))

    @classmethod
    async def start(cls, command: Sequence[str]) -> _RunningProcess:
        """Start a process; it imports the program while nothing is asked of it."""
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=_LONGEST_ANSWER_BYTES
            )
        )

    async def ask(self, changed: Collection[str] | None) -> dict[str, Any] | None:
        """Return the answer to a request, or None if the process ended without one."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None  # noqa: S101, PT018 - pipes
        request = {"changed": None if changed is None else sorted(changed)}
        with suppress(ConnectionError):  # it ended: there is no answer
            stdin.write(f"{json.dumps(request)}\n".encode())
            await stdin.drain()
        line = await stdout.readline()
        answer: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
        return answer

    async def wait(self) -> str:
        """Wait until the process ends, and return how it did."""
        code = await self._process.wait()
        await self._reading
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return ": ".join([how, *list(self._printed)[-1:]])

    async def terminate(self) -> None:
        """End the process."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        await self.wait()

    async def _read(self, stderr: asyncio.StreamReader) -> None:
        async for line in stderr:
            self._printed.append(line.decode("utf-8", "replace").rstrip())
