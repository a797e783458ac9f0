"""The worker: watches the corpus, builds after changes, and delivers, until it is stopped.

Theory of operation

Three tasks run at once. One watches the corpus and the configuration, and sets `_changed`. One builds whenever that is
set, and every minute: entries appear when their time has come, and network file systems do not report changes. One
runs a dispatcher over the outbox, which a successful build wakes, and which polls it for builds of other processes.

A build runs in a process of its own: it forks, it holds the interpreter for seconds, and its memory ends with it. It
reports a summary as JSON. The exit code for a held lock means that another process builds, and the worker tries again
after a second.

The configuration file is compared after each build. A valid new one replaces the old: watcher and dispatcher stop
(`_reload`), the pings in flight finish, and both start again with the new configuration. An invalid one is logged, and
the old stays. The builder task runs throughout, so a change during a reload is not missed: the first report of a new
watch always triggers a build.

SIGTERM and SIGINT set `_stop` and `_reload`: the dispatcher ends as it does for a reload, and a build that runs is
terminated. Neither that nor a kill of the worker at any step loses anything: an interrupted build is completed by the
next one, and leases that a killed dispatcher held expire (see session.py). If the state folder is deleted, the
dispatcher waits until a build has made it again.
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
from ..errors import ConfigError, StoreMissingError, StoreUnusableError, SyndicateError
from . import hubs_with_headers
from .dispatcher import Dispatcher
from .session import OutboxSession

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.worker")

_BUILD_INTERVAL_S = 60.0
_LOCKED_EXIT_CODE = 4
_RETRY_S = 1.0  # after a held lock, and after an error of the outbox
_NOT_BUILT_RETRY_S = 0.2
_LOGGED_SUMMARY = ("entries", "feeds", "written", "removed", "seconds")
_DEBOUNCE_MS = 400
_POLL_MS = 1000  # how often changes are looked for that the file system does not report


class Worker:
    """A worker over one configuration file, which it reads again when the file changes."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._hubs = hubs_with_headers(config, os.environ)
        self._stop = asyncio.Event()
        self._changed = asyncio.Event()
        self._built = asyncio.Event()
        self._reload = asyncio.Event()

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT; then the pings in flight finish."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._request_stop)
        log.info("started", config=self._config.path, hubs=len(self._hubs))
        async with asyncio.TaskGroup() as group:
            builder = group.create_task(self._build_on_change())
            while not self._stop.is_set():
                self._reload.clear()
                async with asyncio.TaskGroup() as tasks_of_configuration:
                    tasks_of_configuration.create_task(self._watch())
                    tasks_of_configuration.create_task(self._deliver())
            builder.cancel()
        log.info("stopped")

    def _request_stop(self) -> None:
        log.info("stopping")
        self._stop.set()
        self._reload.set()

    # ------------------------------------------------------------------------------------------------------ build

    async def _watch(self) -> None:
        """Report changes of the corpus, of the configuration, and of the folders that it refers to."""
        config = self._config
        watch_filter = _ForeignFileFilter(config)
        roots = [*(source.root for source in config.sources), *config.topic_folders]
        roots += [config.template_folder] if config.template_folder else []
        while not self._reload.is_set():
            try:
                before = list(map(_folder_identity, roots)), _file_fingerprint(config.path)
                has_reported = False
                async for changes in awatch(
                    *roots, watch_filter=watch_filter, debounce=_DEBOUNCE_MS, stop_event=self._reload,
                    yield_on_timeout=True, rust_timeout=_POLL_MS,
                ):  # fmt: skip
                    now = list(map(_folder_identity, roots)), _file_fingerprint(config.path)
                    # A watch reports neither changes before its start nor the replacement of a folder by another.
                    if changes or not has_reported or now != before:
                        self._changed.set()
                    has_reported = True
                    if now != before:
                        break
            except (OSError, RuntimeError) as error:  # a folder was removed, or the limit of watches is reached
                log.warning("cannot watch the corpus; building every minute", error=str(error))
                await self._pause(_BUILD_INTERVAL_S)

    async def _build_on_change(self) -> None:
        fingerprint = _file_fingerprint(self._config.path)
        while True:
            self._changed.clear()
            is_locked = await self._build() == _LOCKED_EXIT_CODE
            if (current := _file_fingerprint(self._config.path)) != fingerprint:
                fingerprint = current
                self._read_config()
            with suppress(TimeoutError):
                async with asyncio.timeout(_RETRY_S if is_locked else _BUILD_INTERVAL_S):
                    await self._changed.wait()

    async def _build(self) -> int:
        """Build once in a process of its own, and return its exit code."""
        command = (sys.executable, "-m", "syndicate", "build", "--json", "-c", self._config.path)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
        try:
            out, err = await process.communicate()
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.terminate()  # safe at any instant: the next build completes the work
            await process.wait()
            raise
        code = process.returncode or 0
        if code == _LOCKED_EXIT_CODE:
            return code
        for line in err.decode("utf-8", "replace").splitlines():
            log.warning("build message", message=line)
        if code == 0:
            summary = json.loads(out)
            if summary["written"] or summary["removed"]:
                log.info("built", **{name: summary[name] for name in _LOGGED_SUMMARY})
            self._built.set()
        else:
            log.error("build failed", code=code)
        return code

    def _read_config(self) -> None:
        """Replace the configuration by the changed file, if that is valid."""
        try:
            config = load(self._config.path)
            self._hubs = hubs_with_headers(config, os.environ)
        except ConfigError as error:
            for problem in error.problems:
                log.error("invalid configuration", error=str(problem))
            return
        self._config = config
        log.info("configuration reloaded", hubs=len(config.hubs))
        self._reload.set()

    # --------------------------------------------------------------------------------------------------- delivery

    async def _deliver(self) -> None:
        """Send the deliveries that builds of this and of other processes request."""
        session = OutboxSession(self._config.state)
        dispatcher = Dispatcher(session, self._hubs, self._config.push)
        waker = asyncio.create_task(self._wake_after_builds(dispatcher))
        try:
            while not self._reload.is_set():
                try:
                    await dispatcher.serve(self._reload)
                except (StoreMissingError, StoreUnusableError):
                    await self._pause(_NOT_BUILT_RETRY_S)
                except SyndicateError as error:
                    log.error("outbox unavailable", error=str(error))
                    await self._pause(_RETRY_S)
        finally:
            waker.cancel()
            await session.close()

    async def _wake_after_builds(self, dispatcher: Dispatcher) -> None:
        while True:
            await self._built.wait()
            self._built.clear()
            dispatcher.wake()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._reload.wait()


class _ForeignFileFilter:
    """Passes changes outside the output and state folders, which may be inside the corpus."""

    def __init__(self, config: Config) -> None:
        self._own_folders = tuple(
            os.path.join(os.path.realpath(folder), "") for folder in (config.output, config.state)
        )

    def __call__(self, _: Change, path: str) -> bool:
        return not os.path.realpath(path).startswith(self._own_folders)


def run_worker(config: Config) -> None:
    """Run a worker until it is stopped. Raises ConfigError if a hub's header is not in the environment."""
    asyncio.run(_run(config))


async def _run(config: Config) -> None:
    await Worker(config).run()


def _folder_identity(folder: str) -> tuple[int, int] | None:
    """Return device and inode of a folder, which differ when another one replaces it."""
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _file_fingerprint(path: str) -> tuple[int, int, int] | None:
    """Return inode, size and modification time of a file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
