"""The changes of a corpus since the last build, and when a build must look at everything. Times are arguments.

A saved file is built at once, also when a full scan is due; files that are saved all the time put that scan off for one
more interval at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection


class PendingChanges:
    """Collects changed paths for the next build; `event` is set when there are any.

    Times are in seconds of a monotonic clock, and so is the interval between two builds that look at everything.
    """

    def __init__(self, interval_s: float) -> None:
        self.event = asyncio.Event()
        self._interval_s = interval_s
        self._paths: set[str] | None = None  # None for any
        self._full_at: float | None = None

    def note(self, paths: Collection[str] | None) -> None:
        """Add changed paths, or with None that anything may have changed."""
        if paths is None or self._paths is None:
            self._paths = None
        else:
            self._paths |= set(paths)
        self.event.set()

    def take(self, now: float) -> set[str] | None:
        """Return the changed paths for a build that begins now, or None if it must look at everything."""
        is_overdue = self._full_at is None or now > self._full_at + self._interval_s
        is_full = is_overdue or not self.event.is_set()
        paths, self._paths = None if is_full else self._paths, set()
        self.event.clear()
        if paths is None:
            self._full_at = now + self._interval_s
        return paths

    def remaining_s(self, now: float) -> float:
        """Return the seconds until a build is due although nothing changes; the interval before the first build."""
        return self._interval_s if self._full_at is None else max(0.0, self._full_at - now)
