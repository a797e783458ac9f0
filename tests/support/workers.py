"""A worker process, and the events that it logs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support.sites import SiteFolder, clean_environment


class WorkerProcess:
    """A worker process, and the events that it has logged so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.lines.append(line.decode())

    def events(self, name: str) -> list[dict[str, Any]]:
        return [event for event in map(json.loads, self.lines) if event["event"] == name]

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.returncode is None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def terminate(self) -> None:
        self.send(signal.SIGTERM)

    async def stop(self, timeout_s: float = 6.0) -> int:
        """Stop the worker, and return its exit code."""
        if self._process.returncode is None and not self.events("stopping"):
            self.terminate()
        return await asyncio.wait_for(self._process.wait(), timeout_s)

    async def close(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading


@asynccontextmanager
async def worker_process(
    site_folder: SiteFolder, wrapper: Sequence[str] = (), **environment: str
) -> AsyncIterator[WorkerProcess]:
    """Run `syndicate worker` over a site; `wrapper` is a command that ends by executing its arguments."""
    process = await asyncio.create_subprocess_exec(
        *wrapper, sys.executable, "-m", "syndicate", "worker", "--log-format", "json",
        cwd=site_folder.folder, env=clean_environment(environment),
        stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    worker = WorkerProcess(process)
    try:
        yield worker
    finally:
        await worker.close()


def replace_file(site_folder: SiteFolder, name: str, text: str, folder: Path | None = None) -> None:
    """Write a file as editors do: a temporary file, then a rename."""
    temporary = site_folder.folder / f"{name}.new"
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, (folder or site_folder.corpus) / name)
