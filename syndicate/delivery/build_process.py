"""One build, in a process of its own: it forks, it holds the interpreter for seconds, and its memory ends with it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Mapping
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


async def run_build(config_path: str) -> BuildResult:
    """Build the site of a configuration file. A build whose task is cancelled is terminated, at any instant."""
    command = (sys.executable, "-m", "syndicate", "build", "--json", "-c", config_path)
    pipe = asyncio.subprocess.PIPE
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe)
    try:
        out, err = await process.communicate()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.terminate()  # safe at any instant: the next build completes the work
        await process.wait()
        raise
    code = process.returncode or 0
    messages = tuple(err.decode("utf-8", "replace").splitlines())
    return BuildResult(code, messages, json.loads(out) if code == 0 else {}, time.monotonic() - started)
