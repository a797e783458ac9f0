"""Bursts of changes, and when one is over. Pure: times are arguments, in seconds of a monotonic clock.

Theory of operation

A person saves one file and expects to see it at once. A checkout, an upload or an editor's "save all" changes many, and
a build in the midst of it would publish what nobody wrote: entries that are missing, or that exist twice. Both are
bursts. One is over when nothing has changed for as long as it has lasted: at least 0.03 seconds, at most a second, and
always a second if more than a few files changed. So a single save is built at once, and a file that grows slowly waits.

A burst of a second look is never over before that look (`look_s`, where changes are found by polling). A corpus that
never becomes quiet is built after 30 seconds.
"""

from __future__ import annotations

from collections.abc import Collection

MAX_BURST_S = 30.0
_MIN_QUIET_S, _MAX_QUIET_S = 0.03, 1.0
_FEW = 5  # files that a person saves at once


class Burst:
    """The changes since the corpus was quiet."""

    def __init__(self, now: float) -> None:
        self._first_at = now
        self._last_at = now
        self._paths: set[str] = set()

    @property
    def size(self) -> int:
        """The number of changed paths."""
        return len(self._paths)

    @property
    def paths(self) -> frozenset[str]:
        """The changed paths."""
        return frozenset(self._paths)

    def add(self, paths: Collection[str], now: float) -> None:
        """Add changed paths. Without any, something is not finished yet."""
        self._paths.update(paths)
        self._last_at = now

    def remaining_s(self, now: float, look_s: float = 0.0) -> float:
        """Return the seconds until the burst is over, if nothing changes."""
        quiet_s = _MAX_QUIET_S
        if self.size <= _FEW:
            quiet_s = min(max(self._last_at - self._first_at, _MIN_QUIET_S), _MAX_QUIET_S)
        elif look_s:
            quiet_s = max(quiet_s, 1.5 * look_s)
        return min(self._last_at + quiet_s, self._first_at + MAX_BURST_S) - now

    def is_too_long(self, now: float) -> bool:
        """Return whether the burst has lasted as long as it may."""
        return now - self._first_at >= MAX_BURST_S
