"""Watches the folders of a site, and reports when they have changed and are quiet again.

Theory of operation

Several tasks run at once. `_watch` receives the changes that the file system reports. `_look` compares four times a
second which folders are there and what is mounted, since no watch reports that a folder was replaced by another; when
that differs, or a watched folder was deleted, the watch begins anew. Where changes are not reported it also compares
all files, once a second. Sources in a bucket are listed by `_list_buckets`. All add the changed paths to a burst.
`_report` waits until the burst is over (see bursts.py) and nothing is unfinished (see unfinished.py), and calls back
with the changed paths.

The paths are all that changed only as long as the watch misses nothing. It reports that anything may have changed once
it is set up, and once it has a first list of files to compare others with, since it cannot know what changed before;
where files are compared, since the file system reports less than changes there; and after very many changes, since the
kernel drops those that do not fit its queue, of which this program learns nothing.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import structlog
from watchfiles import Change, awatch

from ..config import Config
from ..errors import CorpusError
from .bursts import Burst
from .mounts import Mount, mounts_of, read_mounts
from .polling import Snapshot, changed_paths, take_snapshot
from .unfinished import UnfinishedWork
from .watched_files import WatchedFiles

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.worker")

_DEBOUNCE_MS, _STEP_MS = 100, 10
_LOOK_S = 0.25
_POLL_S = 1.0
_POLL_SHARE = 0.2  # the largest part of the time that polling takes
_CHECK_S = 0.05  # how often unfinished work is looked for
_MOST_CHANGES = 1000  # in a burst; the queue of the kernel holds 16,384 by default

OnChange = Callable[[frozenset[str] | None], None]
"""Called with the changed paths after each burst, and with None if anything may have changed."""


class CorpusWatch:
    """A watch over the corpus, the descriptions of topics and the templates of a site."""

    def __init__(self, config: Config, on_change: OnChange) -> None:
        self._files = WatchedFiles(config)
        self._poll = config.worker.poll
        self._list_s = config.worker.list_s
        self._on_change = on_change
        self._work = UnfinishedWork(self._files.corpus)
        self._burst: Burst | None = None
        self._changes = 0  # since the last report, also of files that no build reads
        self._may_have_missed = True
        self._changed = asyncio.Event()
        self._is_watch_limited = False
        self._mounts = self._find_mounts()
        self._poll_s = _POLL_S

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until `stop` is set."""
        async with asyncio.TaskGroup() as group:
            reporter = group.create_task(self._report())
            if self._files.buckets:
                group.create_task(self._list_buckets(stop))
            while not stop.is_set():
                renew = asyncio.Event()
                async with asyncio.TaskGroup() as watch:
                    watch.create_task(self._watch(stop, renew))
                    watch.create_task(self._look(stop, renew))
            reporter.cancel()

    @property
    def polls(self) -> bool:
        """Whether files are compared, beside what the file system reports."""
        if self._poll is not None:
            return self._poll or self._is_watch_limited
        return self._is_watch_limited or not all(mount.reports_changes for mount in self._mounts)

    def unfinished(self) -> str | None:
        """Return why the corpus is not quiet: what is unfinished or how much has just changed; None if it is quiet."""
        if self._burst is not None and self._burst.size:
            return f"{self._burst.size} changed files"
        return self._work.find()

    def missing_folders(self) -> list[str]:
        """Return the corpus folders that do not exist."""
        return self._files.missing_corpus_folders()

    def state(self) -> dict[str, Any]:
        """Return what an operator wants to know."""
        types = sorted({mount.type for mount in self._mounts})
        return {
            "polls": self.polls,
            "file_systems": types,
            "missing": self.missing_folders(),
            "waits_for": self.unfinished(),
        }

    # ------------------------------------------------------------------------------------------------------ changes

    async def _watch(self, stop: asyncio.Event, renew: asyncio.Event) -> None:
        """Add the changes that the file system reports, until an event is set or nothing can be watched.

        Sets `renew` when a watched folder was deleted: the watch ended with it. A folder that was made in its place may
        have the same number, so that `_look` cannot tell them apart.
        """
        folders = self._files.existing_folders()
        is_set_up = False
        try:
            async for changes in awatch(
                *folders, watch_filter=None, debounce=_DEBOUNCE_MS, step=_STEP_MS, stop_event=_AnyOf(stop, renew),
                yield_on_timeout=True, rust_timeout=int(_LOOK_S * 1000),
            ):  # fmt: skip
                self._changes += len(changes)
                self._add(path for _, path in changes)
                if not changes.isdisjoint([(Change.deleted, folder) for folder in folders]):
                    self._add_folder_changes()
                    renew.set()
                if not is_set_up:
                    self._add_folder_changes()
                    is_set_up = True
        except (OSError, RuntimeError) as error:
            # A folder was removed, which `_look` notices, or it cannot be read, or the limit of watches is reached.
            if folders == self._files.existing_folders() and not self._is_watch_limited:
                log.warning("the file system cannot be watched; looking for changes every second", error=str(error))
                self._is_watch_limited = True
                self._add_folder_changes()

    async def _look(self, stop: asyncio.Event, renew: asyncio.Event) -> None:
        """Add the changes that the file system does not report, until `renew` or other folders are at the paths."""
        before = self._identities()
        snapshot: Snapshot | None = None
        polled_at = 0.0
        while not stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await stop.wait()
            if renew.is_set() or self._identities() != before:
                self._mounts = self._find_mounts()
                self._add_folder_changes()
                renew.set()
                return
            if self.polls and time.monotonic() - polled_at >= self._poll_s:
                started = time.monotonic()
                found = await asyncio.to_thread(take_snapshot, self._files.sources)
                polled_at = time.monotonic()
                self._poll_s = max(_POLL_S, (polled_at - started) / _POLL_SHARE)
                if snapshot is None:
                    self._add_folder_changes()
                else:
                    self._add(changed_paths(snapshot, found))
                snapshot = found

    async def _list_buckets(self, stop: asyncio.Event) -> None:
        """Add the changes between two listings of the sources that are in buckets."""
        snapshot: Snapshot | None = None
        while not stop.is_set():
            try:
                found = await asyncio.to_thread(take_snapshot, self._files.buckets)
            except CorpusError as error:
                log.warning("a bucket cannot be listed", error=str(error))
            else:
                if snapshot is None:
                    self._add_folder_changes()
                elif changed := changed_paths(snapshot, found):
                    self._add_to_burst(sorted(changed))
                snapshot = found
            with suppress(TimeoutError):
                async with asyncio.timeout(self._list_s):
                    await stop.wait()

    def _identities(self) -> object:
        """Return what differs when a folder was replaced, or something was mounted in it."""
        folders = tuple(map(_folder_identity, self._files.folders))
        return folders, tuple(mount.number for mount in self._find_mounts())

    def _find_mounts(self) -> list[Mount]:
        return mounts_of(self._files.folders, read_mounts())

    def _add(self, paths: Iterable[str]) -> None:
        """Add changed files to the burst."""
        changed: list[str] = []
        for path in paths:
            match self._files.classify(path):
                case "read":
                    changed.append(path)
                case "partial":
                    self._work.add_partial(path)
                case None:
                    pass
        if changed:
            self._add_to_burst(changed)

    def _add_folder_changes(self) -> None:
        self._may_have_missed = True
        self._add_to_burst(self._files.folders[:1])

    def _add_to_burst(self, paths: Sequence[str]) -> None:
        now = time.monotonic()
        self._burst = self._burst or Burst(now)
        self._burst.add(paths, now)
        self._changed.set()

    # ------------------------------------------------------------------------------------------------------- report

    async def _report(self) -> None:
        """Call back after each burst."""
        while True:
            await self._changed.wait()
            if self._burst is None or (remaining_s := self._remaining_s(self._burst)) <= 0:
                self._end_burst()
            else:
                await asyncio.sleep(min(remaining_s, _CHECK_S))

    def _end_burst(self) -> None:
        burst, self._burst = self._burst, None
        self._changed.clear()
        if burst is not None and burst.is_too_long(time.monotonic()):
            log.info("the corpus is still changing", changed=burst.size, unfinished=self._work.find())
        may_have_missed = self._may_have_missed or self.polls or self._changes > _MOST_CHANGES
        self._may_have_missed, self._changes = False, 0
        self._on_change(None if burst is None or may_have_missed else burst.paths)

    def _remaining_s(self, burst: Burst) -> float:
        now = time.monotonic()
        if burst.remaining_s(now) <= 0 and self._work.find():
            burst.add((), now)
        return burst.remaining_s(now, self._poll_s if self.polls else 0.0)


class _AnyOf:
    """An event that is set when any of several is; watchfiles reads it in a thread."""

    def __init__(self, *events: asyncio.Event) -> None:
        self._events = events

    def is_set(self) -> bool:
        return any(event.is_set() for event in self._events)

    def set(self) -> None:
        """Set all events, as watchfiles does when it is cancelled."""
        for event in self._events:
            event.set()


def _folder_identity(folder: str) -> tuple[int, int] | None:
    """Return device and inode of a folder, which differ when another one replaces it."""
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino
