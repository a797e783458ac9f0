"""Runs a preview until it is stopped: it builds after each change, and shows the result."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from os import environ
from socket import socket

from ..config import Config
from ..delivery.build_process import BuildProcess, BuildResult
from ..delivery.config_file import ConfigFile
from ..delivery.corpus_watch import CorpusWatch
from ..delivery.pending_changes import PendingChanges
from ..errors import Problem
from .address import listen, local_url
from .local_build import command
from .local_config import local_config
from .page_state import PageState, count
from .server import PreviewServer

_BUILD_INTERVAL_S = 60.0  # entries appear when their time has come
_LONGEST_WAIT_S = 30.0  # for a corpus that is not quiet
_LOOK_S = 0.1


def run_preview(
    config: Config, host: str, port: int | None, say: Callable[[str], None], *, opens_browser: bool
) -> None:
    """Run a preview until a signal ends it; `say` prints a line.

    Raises SyndicateError when the address is not available.
    """
    with (
        closing(listen(host, port)) as listener,
        tempfile.TemporaryDirectory(prefix="syndicate-preview-") as folder,
    ):
        url = local_url(listener)
        say(f"preview of {config.site.title}: {url} (Ctrl-C ends it)")
        if opens_browser:
            # Some browsers return only when they are closed.
            threading.Thread(target=_open_browser, args=(url,), daemon=True).start()
        asyncio.run(Preview(config, url, folder, say).run(listener))


class Preview:
    """A preview of one configuration file, served at a URL, in a temporary folder."""

    def __init__(self, config: Config, url: str, folder: str, say: Callable[[str], None]) -> None:
        self._url, self._folder, self._say = url, folder, say
        self._file = ConfigFile(config, self._say_problem)
        self._stop, self._reload = asyncio.Event(), asyncio.Event()
        self._changes = PendingChanges(_BUILD_INTERVAL_S)
        self._watch = CorpusWatch(config, self._changes.note)
        self._server = PreviewServer()
        self._builds = BuildProcess(command(config.path, url, folder))
        self._is_built = False

    async def run(self, listener: socket) -> None:
        """Run until SIGINT, SIGTERM or SIGHUP, which a terminal sends when it is closed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._request_stop)
        runner = await self._server.start(listener)
        try:
            async with asyncio.TaskGroup() as group:
                lasting = [group.create_task(self._build_on_change()), group.create_task(self._follow_file())]
                while not self._stop.is_set():
                    self._reload.clear()
                    await self._watch.run(self._reload)
                for task in lasting:
                    task.cancel()
        finally:
            await self._server.close()
            await runner.cleanup()

    def _request_stop(self) -> None:
        self._stop.set()
        self._reload.set()

    # ------------------------------------------------------------------------------------------------------ build

    async def _build_on_change(self) -> None:
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._changes.remaining_s(time.monotonic())):
                        await self._changes.event.wait()  # a new watch reports a change first
                await self._wait_until_ready()
                was_changed = self._changes.event.is_set()
                changed = self._changes.take(time.monotonic())
                config = local_config(self._file.config, self._url, self._folder)
                await self._show(config, await self._builds.run(changed), was_changed=was_changed)
        finally:
            await self._builds.close()

    async def _wait_until_ready(self) -> None:
        """Wait until the corpus is there and quiet, and the configuration valid."""
        started = time.monotonic()
        while True:
            missing = self._watch.missing_folders()
            if missing:
                await self._announce_fault("A folder of the corpus is missing", missing)
            is_quiet = self._watch.unfinished() is None or time.monotonic() - started > _LONGEST_WAIT_S
            if is_quiet and not missing and self._file.is_valid:
                return
            await asyncio.sleep(_LOOK_S)

    async def _show(self, config: Config, result: BuildResult, *, was_changed: bool) -> None:
        """Show the documents of a build, or why it failed, and print a line unless nothing happened by itself."""
        if result.code:
            lines = result.messages or (f"the build ended with exit code {result.code}",)
            await self._announce_fault("The feeds could not be built", lines)
            return
        summary = result.summary
        problems = tuple(summary["problems"])
        had_fault, before = bool(self._server.state.fault), self._server.state.problems
        have_changed = bool(summary["changed_documents"]) or not self._is_built
        await self._server.show_documents(config, have_changed=have_changed)
        await self._server.announce(PageState(self._server.state.version, problems))
        if have_changed or was_changed or had_fault or problems != before:
            for problem in problems:
                if problem not in before:
                    self._say(problem)
            self._say(_describe(result, is_first=not self._is_built))
        self._is_built = True

    async def _announce_fault(self, fault: str, lines: Sequence[str]) -> None:
        """Show a fault on the pages, and print it once. The documents stay."""
        state = self._server.state._replace(fault=fault, fault_lines=tuple(lines))
        if state != self._server.state:
            await self._server.announce(state)
            self._say(f"{fault}: {'; '.join(lines)}")

    # ----------------------------------------------------------------------------------------------- configuration

    async def _follow_file(self) -> None:
        """Read the configuration file when it has changed."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if not self._file.has_changed():
                continue
            if self._file.read(is_requested=False):
                self._watch = CorpusWatch(self._file.config, self._changes.note)
                self._reload.set()
            else:
                lines = tuple(map(str, self._file.problems))
                state = self._server.state._replace(fault="The configuration is invalid", fault_lines=lines)
                if state != self._server.state:
                    await self._server.announce(state)

    def _say_problem(self, problem: Problem) -> None:
        self._say(str(problem))


def _describe(result: BuildResult, *, is_first: bool) -> str:
    """Return a line about a build that succeeded."""
    summary = result.summary
    if is_first:
        entries = count(summary["entries"], "entry", "entries")
        changes = f"{entries}, {count(summary['feeds'], 'feed')}"
    elif summary["changed_entries"]:
        changes = f"{count(summary['changed_entries'], 'entry', 'entries')} changed"
    elif summary["changed_documents"]:
        changes = f"{count(summary['changed_documents'], 'document')} changed"
    else:
        changes = "nothing changed"
    problems = summary["problems"]
    suffix = f", {count(len(problems), 'problem')}" if problems else ""
    return f"{'built' if is_first else 'rebuilt'} in {result.seconds:.2f} s: {changes}{suffix}"


def _open_browser(url: str) -> None:
    """Open a page in a browser with windows. One that runs in the terminal is not started unless $BROWSER names it."""
    with suppress(webbrowser.Error):
        browser = webbrowser.get()
        if "BROWSER" in environ or type(browser) is not webbrowser.GenericBrowser:
            browser.open(url)
