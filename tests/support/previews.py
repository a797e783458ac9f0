"""A preview process, what it prints, and a client of its pages and events."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
from support.hubs import wait_until
from support.sites import clean_environment

_ADDRESS = re.compile(r"http://\S+")


class PreviewProcess:
    """A preview process with the lines that it has printed and the events that it has sent so far."""

    def __init__(self, process: asyncio.subprocess.Process, client: aiohttp.ClientSession) -> None:
        self._process = process
        self._client = client
        self._tasks = [asyncio.create_task(self._read())]
        self.url = ""
        self.lines: list[str] = []
        self.events: list[dict[str, Any]] = []

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.lines.append(line.decode().rstrip("\n"))

    async def _receive(self) -> None:
        async with self._client.get(f"{self.url}.syndicate-preview/events") as response:
            async for line in response.content:
                if line.startswith(b"data: "):
                    self.events.append(json.loads(line.removeprefix(b"data: ")))

    async def until_built(self) -> None:
        """Wait until the first build has ended, and events are received."""
        await self.until_line("built in")
        match = _ADDRESS.search(self.lines[0])
        assert match is not None
        self.url = match[0]
        self._tasks.append(asyncio.create_task(self._receive()))
        await wait_until(lambda: self.events, message="no event was received")

    async def until_line(self, text: str, after: int = 0) -> str:
        """Wait until a line contains a text, and return it. The first lines do not count."""
        await wait_until(
            lambda: any(text in line for line in self.lines[after:]), 30, f"no line has {text!r}: {self.lines}"
        )
        return next(line for line in self.lines[after:] if text in line)

    async def until_event(self, after: int, **values: object) -> dict[str, Any]:
        """Wait until an event has these values, and return it. The first events do not count."""

        def found() -> dict[str, Any] | None:
            return next((event for event in self.events[after:] if values.items() <= event.items()), None)

        await wait_until(found, 30, f"no event has {values}: {self.events}")
        event = found()
        assert event is not None
        return event

    async def get(self, path: str, **headers: str) -> tuple[aiohttp.ClientResponse, str]:
        """Return a response and its text."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self._client.get(f"{self.url}{path}", headers=fields, allow_redirects=False) as response:
            return response, await response.text()

    async def page(self, path: str) -> str:
        """Return what a browser gets."""
        return (await self.get(path, Accept="text/html"))[1]

    async def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop the preview as Ctrl-C does, and return its exit code."""
        self._process.send_signal(number)
        return await asyncio.wait_for(self._process.wait(), 10)

    async def close(self) -> None:
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)  # a kill would leave its temporary folder
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), 10)
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        for task in self._tasks[1:]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def preview_process(folder: Path, *arguments: str, **environment: str) -> AsyncIterator[PreviewProcess]:
    """Run `syndicate preview` in a folder, by default on a free port and without a browser."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "syndicate", "preview", *(arguments or ("--no-open", "--port", "0")),
        cwd=folder, env=clean_environment(environment),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as client:
        preview = PreviewProcess(process, client)
        try:
            yield preview
        finally:
            await preview.close()
