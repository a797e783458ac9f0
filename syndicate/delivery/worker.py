"""The worker: watches the corpus, builds after changes, and delivers, until it is stopped.

Theory of operation

Four tasks run at once. One watches the corpus (see corpus_watch.py), and notes in `_changes` what changed once it is
quiet. One builds after changes, and every minute: entries appear when their time has come. A build after changes looks
at the changed paths alone; that of every minute looks at everything, and finds what the watch may have missed. Builds
are in a process of their own (see build_process.py). One runs a dispatcher over the outbox, which a successful build
wakes, and which polls it for builds of other processes. One looks whether the configuration file has changed, or SIGHUP
asks to read it.

A build does not begin while the corpus is in motion, while a corpus folder is missing, as that of a drive that is not
mounted, or while the configuration file is invalid. A build that fails, as one that refuses to publish a corpus that
shrank, changes nothing; the worker logs the reason once, and goes on. The exit code for a held lock means that another
process builds, and the worker tries again after a second.

A valid configuration replaces the old: watch and dispatcher stop (`_reload`), the pings in flight finish, and both
start again with the new configuration. The builder task runs throughout, so a change during a reload is not missed: a
new watch always reports a change first.

SIGTERM and SIGINT set `_stop` and `_reload`: the dispatcher ends as it does for a reload, and a build that runs is
terminated. Neither that nor a kill of the worker at any step loses anything: an interrupted build is completed by the
next one, and leases that a killed dispatcher held expire (see session.py). If the state folder is deleted, the
dispatcher waits until a build has made it again. SIGUSR1 logs the state of the worker.
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress

import structlog

from ..config import Config
from ..errors import ConfigError, StoreMissingError, StoreUnusableError, SyndicateError
from . import hubs_with_headers
from .build_process import BuildProcess, BuildResult
from .config_file import ConfigFile
from .corpus_watch import CorpusWatch
from .dispatcher import Dispatcher
from .pending_changes import PendingChanges
from .sender import HubTarget
from .session import OutboxSession
from .status import log_deliveries

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.worker")

_BUILD_INTERVAL_S = 60.0
_LONGEST_WAIT_S = 30.0  # for a corpus that is not quiet
_LOOK_S = 0.25  # how often the configuration file and the reasons to wait are looked at
_RETRY_S = 1.0  # after a held lock, and after an error of the outbox
_NOT_BUILT_RETRY_S = 0.2
_LOGGED_SUMMARY = ("entries", "feeds", "written", "removed", "seconds")


class Worker:
    """A worker over one configuration file, which it reads again when the file changes."""

    def __init__(self, config: Config) -> None:
        """Raise ConfigError if a hub's header is not in the environment."""
        self._file = ConfigFile(config)
        self._hubs: Sequence[HubTarget] | None = hubs_with_headers(config, os.environ)
        self._stop = asyncio.Event()
        self._built = asyncio.Event()
        self._reload = asyncio.Event()
        self._hangup = asyncio.Event()
        self._changes = PendingChanges(_BUILD_INTERVAL_S)
        self._watch = CorpusWatch(config, self._changes.note)
        self._build = BuildProcess(("syndicate.cli.builder", config.path))
        self._builds = 0
        self._last_build: tuple[BuildResult, float] | None = None
        self._failure: BuildResult | None = None
        self._reports: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT; then the pings in flight finish."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._request_stop)
        loop.add_signal_handler(signal.SIGHUP, self._hangup.set)
        loop.add_signal_handler(signal.SIGUSR1, self._start_report)
        log.info("started", config=self._file.config.path, hubs=len(self._file.config.hubs), polls=self._watch.polls)
        async with asyncio.TaskGroup() as group:
            lasting = [group.create_task(self._build_on_change()), group.create_task(self._follow_file())]
            while not self._stop.is_set():
                self._reload.clear()
                async with asyncio.TaskGroup() as tasks_of_configuration:
                    tasks_of_configuration.create_task(self._watch.run(self._reload))
                    tasks_of_configuration.create_task(self._deliver())
            for task in lasting:
                task.cancel()
        log.info("stopped")

    def _request_stop(self) -> None:
        log.info("stopping")
        self._stop.set()
        self._reload.set()

    # ------------------------------------------------------------------------------------------------------ build

    async def _build_on_change(self) -> None:
        try:
            while True:
                await self._wait_until_ready()
                changed = self._changes.take(time.monotonic())
                result = await self._build.run(changed)
                self._builds += 1
                self._last_build = result, time.time()
                if not result.is_locked:
                    self._log_build(result)
                if result.code == 0:
                    self._built.set()
                remaining_s = _RETRY_S if result.is_locked else self._changes.remaining_s(time.monotonic())
                await _wait(self._changes.event, remaining_s)
        finally:
            await self._build.close()

    async def _wait_until_ready(self) -> None:
        """Wait until the corpus is there and quiet, and the configuration valid."""
        started = time.monotonic()
        logged: list[str] = []
        while True:
            missing = self._watch.missing_folders()
            if missing and missing != logged:
                log.error("a corpus folder is missing; the feeds stay as they are until it is back", folders=missing)
            elif logged and not missing:
                log.info("the corpus folder is back", folders=logged)
            logged = missing
            is_quiet = self._watch.unfinished() is None or time.monotonic() - started > _LONGEST_WAIT_S
            if is_quiet and not missing and self._file.is_valid:
                return
            await asyncio.sleep(_LOOK_S if missing or not self._file.is_valid else _LOOK_S / 5)

    def _log_build(self, result: BuildResult) -> None:
        """Log the messages and the end of a build. One that fails as the last one did is not logged again."""
        failed_before, self._failure = self._failure, result if result.code else None
        if result.code and failed_before and result.messages == failed_before.messages:
            return
        for message in result.messages:
            log.warning("build message", message=message)
        if result.code:
            log.error("build failed", code=result.code, error=result.messages[-1] if result.messages else "")
            return
        if failed_before:
            log.info("builds succeed again")
        if result.summary["written"] or result.summary["removed"]:
            log.info("built", **{name: result.summary[name] for name in _LOGGED_SUMMARY})

    async def _follow_file(self) -> None:
        """Read the configuration file when it has changed, and after SIGHUP."""
        while True:
            is_requested = await _wait(self._hangup, _LOOK_S)
            self._hangup.clear()
            if (is_requested or self._file.has_changed()) and self._file.read(is_requested=is_requested):
                self._hubs = _usable_hubs(self._file.config)
                self._watch = CorpusWatch(self._file.config, self._changes.note)
                self._changes.note(None)
                self._reload.set()

    # --------------------------------------------------------------------------------------------------- delivery

    async def _deliver(self) -> None:
        """Send the deliveries that builds of this and of other processes request."""
        hubs = self._hubs
        if hubs is None:
            await self._reload.wait()
            return
        session = OutboxSession(self._file.config.state, patience_s=math.inf)
        dispatcher = Dispatcher(session, hubs, self._file.config.push)
        waker = asyncio.create_task(self._wake_after_builds(dispatcher))
        try:
            while not self._reload.is_set():
                try:
                    await dispatcher.serve(self._reload)
                except (StoreMissingError, StoreUnusableError):
                    await _wait(self._reload, _NOT_BUILT_RETRY_S)
                except SyndicateError as error:
                    log.error("outbox unavailable", error=str(error))
                    await _wait(self._reload, _RETRY_S)
        finally:
            waker.cancel()
            await session.close()

    async def _wake_after_builds(self, dispatcher: Dispatcher) -> None:
        while True:
            await self._built.wait()
            self._built.clear()
            dispatcher.wake()

    # ------------------------------------------------------------------------------------------------------ state

    def _start_report(self) -> None:
        report = asyncio.create_task(self._report())
        self._reports.add(report)
        report.add_done_callback(self._reports.discard)

    async def _report(self) -> None:
        """Log the state of the worker, and of the deliveries to each hub."""
        built = None
        if self._last_build:
            result, ended_at = self._last_build
            ago_s = round(time.time() - ended_at, 1)
            built = {"code": result.code, "ago_s": ago_s, "took_s": round(result.seconds, 3)}
        log.info(
            "state", config=self._file.config.path, is_valid=self._file.is_valid, builds=self._builds, last_build=built,
            **self._watch.state(),
        )  # fmt: skip
        try:
            await asyncio.to_thread(log_deliveries, self._file.config, time.time())
        except SyndicateError as error:
            log.warning("no state of deliveries", error=str(error))


def run_worker(config: Config) -> None:
    """Run a worker until it is stopped. Raises ConfigError if a hub's header is not in the environment."""
    asyncio.run(_run(config))


async def _run(config: Config) -> None:
    await Worker(config).run()


def _usable_hubs(config: Config) -> Sequence[HubTarget] | None:
    """Return the hubs with their headers; None if one is not in the environment: then nothing is sent to any hub."""
    try:
        return hubs_with_headers(config, os.environ)
    except ConfigError as error:
        for problem in error.problems:
            log.error("nothing is sent to any hub", error=str(problem), help="set the variable and start again")
        return None


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, at most for some seconds; return whether it is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
