"""The worker: watches the corpus, builds what changed, delivers and tries again, until it is told to stop.

Builds run in a process of their own: they fork, they hold the interpreter for seconds, and their memory goes with
them. Whatever dies, the outbox holds what is still to be done.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress

import structlog
from watchfiles import Change, awatch

from ..config import Config, load
from ..errors import ConfigError, SyndicateError
from . import addressed
from .dispatcher import Dispatcher
from .session import NothingBuiltError, OutboxSession

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.worker")

# Entries whose time has come, and changes that no file system told of (network drives), are found by then.
_BUILD_EVERY_S = 60.0
_LOCKED, _LOCKED_AGAIN_S = 4, 1.0
_NOT_BUILT_AGAIN_S = 0.2
_SAID = ("entries", "feeds", "written", "removed", "seconds")
_DEBOUNCE_MS = 400
_LOOK_EVERY_MS = 1000  # at what no watch tells of


class Worker:
    """One worker over one configuration file, which it reads again when it changes."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._hubs = addressed(config, os.environ)
        self._stop = asyncio.Event()
        self._changed = asyncio.Event()
        self._built = asyncio.Event()
        self._reload = asyncio.Event()

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT; then the pings under way finish."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        log.info("started", config=self._config.path, hubs=len(self._hubs))
        async with asyncio.TaskGroup() as group:
            building = group.create_task(self._build_on_change())
            while not self._stop.is_set():
                self._reload.clear()
                async with asyncio.TaskGroup() as of_this_configuration:
                    of_this_configuration.create_task(self._watch())
                    of_this_configuration.create_task(self._deliver())
            building.cancel()
        log.info("stopped")

    def _end(self) -> None:
        log.info("stopping")
        self._stop.set()
        self._reload.set()

    # ----------------------------------------------------------------------------------------------------- building

    async def _watch(self) -> None:
        """Notice changes of the corpus, and of the configuration and the topics that it points to."""
        config = self._config
        beside = _Beside(config)
        roots = [*(source.root for source in config.sources), *config.topic_folders]
        roots += [config.template_folder] if config.template_folder else []
        while not self._reload.is_set():
            try:
                before = list(map(_identity, roots)), _stamp(config.path)
                settled = False
                async for changes in awatch(
                    *roots, watch_filter=beside, debounce=_DEBOUNCE_MS, stop_event=self._reload,
                    yield_on_timeout=True, rust_timeout=_LOOK_EVERY_MS,
                ):  # fmt: skip
                    now = list(map(_identity, roots)), _stamp(config.path)
                    # What changed before the watch stood, and a file or folder put in another's place, tell nothing.
                    if changes or not settled or now != before:
                        self._changed.set()
                    settled = True
                    if now != before:
                        break
            except (OSError, RuntimeError) as error:  # a folder went away, or the system watches too much already
                log.warning("cannot watch the corpus: it is looked at every minute", says=str(error))
                await self._pause(_BUILD_EVERY_S)

    async def _build_on_change(self) -> None:
        seen = _stamp(self._config.path)
        while True:
            self._changed.clear()
            locked = await self._build() == _LOCKED
            if (now := _stamp(self._config.path)) != seen:
                seen = now
                self._read_config()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOCKED_AGAIN_S if locked else _BUILD_EVERY_S):
                    await self._changed.wait()

    async def _build(self) -> int:
        """Build once, in a process of its own; its exit code."""
        command = (sys.executable, "-m", "syndicate", "build", "--json", "-c", self._config.path)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
        try:
            out, err = await process.communicate()
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.terminate()  # at any instant: the next build completes the work
            await process.wait()
            raise
        code = process.returncode or 0
        if code == _LOCKED:
            return code
        for line in err.decode("utf-8", "replace").splitlines():
            log.warning("build", says=line)
        if code == 0:
            summary = json.loads(out)
            if summary["written"] or summary["removed"]:
                log.info(
                    "built", **{name: summary[name] for name in ("entries", "feeds", "written", "removed", "seconds")}
                )
            self._built.set()
        else:
            log.error("build failed", code=code)
        return code

    def _read_config(self) -> None:
        """Take over a configuration that changed, if it is one; else go on with the last that was."""
        try:
            config = load(self._config.path)
            self._hubs = addressed(config, os.environ)
        except ConfigError as error:
            for problem in error.problems:
                log.error("configuration", says=str(problem))
            return
        self._config = config
        log.info("configuration read", hubs=len(config.hubs))
        self._reload.set()

    # --------------------------------------------------------------------------------------------------- delivering

    async def _deliver(self) -> None:
        """Deliver what builds put into the outbox, ours and others'."""
        office = OutboxSession(self._config.state)
        pusher = Dispatcher(office, self._hubs, self._config.push)
        hurrying = asyncio.create_task(self._hurry(pusher))
        try:
            while not self._reload.is_set():
                try:
                    await pusher.serve(self._reload)
                except NothingBuiltError:
                    await self._pause(_NOT_BUILT_AGAIN_S)
                except SyndicateError as error:
                    log.error("outbox", says=str(error))
                    await self._pause(_LOCKED_AGAIN_S)
        finally:
            hurrying.cancel()
            await office.close()

    async def _hurry(self, pusher: Dispatcher) -> None:
        while True:
            await self._built.wait()
            self._built.clear()
            pusher.hurry()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._reload.wait()


class _Beside:
    """Passes changes beside our own output and state, which may lie in the corpus."""

    def __init__(self, config: Config) -> None:
        self._ours = tuple(os.path.join(os.path.realpath(folder), "") for folder in (config.output, config.state))

    def __call__(self, _: Change, path: str) -> bool:
        return not os.path.realpath(path).startswith(self._ours)


def work(config: Config) -> None:
    """Run a worker until it is told to stop."""
    asyncio.run(_work(config))


async def _work(config: Config) -> None:
    await Worker(config).run()


def _identity(folder: str) -> tuple[int, int] | None:
    """Which folder stands at a path."""
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
