"""Whether the kernel can report the changes of all folders of the corpus (inotify(7))."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

from .finding import Finding

_LIMITS = "/proc/sys/fs/inotify"
_LONGEST_COUNT_S = 5.0


def check_watches(folders: int | None, max_watches: int | None, max_instances: int | None) -> Finding:
    """Check the limits of inotify against a number of folders, which is None if counting them took too long."""
    name = "inotify"
    if max_watches is None or max_instances is None:
        return Finding("ok", name, "this system has no limit of watches")
    if folders is None:
        return Finding("warning", name, "the folders of the corpus are too many to count", "leave some out of corpus")
    text = f"{folders} folders are to be watched, {max_watches} may be, by all programs of a user together"
    # The worker goes on without it: it compares all files every second.
    advice = f"sysctl -w fs.inotify.max_user_watches={_raised(folders, max_watches)}; until then the worker polls"
    if folders > max_watches:
        return Finding("error", name, text, advice)
    if folders * 2 > max_watches:
        return Finding("warning", name, text, advice)
    if max_instances < 16:
        text = f"a user may have {max_instances} watching programs"
        return Finding("warning", name, text, "sysctl -w fs.inotify.max_user_instances=128")
    return Finding("ok", name, text)


def count_folders(roots: Iterable[str]) -> int | None:
    """Return the number of folders in these, with them; None if that takes longer than five seconds."""
    started, number = time.monotonic(), 0
    for root in roots:
        for _ in os.walk(root):
            number += 1
            if number % 1000 == 0 and time.monotonic() - started > _LONGEST_COUNT_S:
                return None
    return number


def read_limit(name: str, folder: str = _LIMITS) -> int | None:
    """Return a limit of inotify; None on a system that has none."""
    try:
        with open(os.path.join(folder, name), encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def _raised(folders: int, max_watches: int) -> int:
    limit = max(max_watches, 8192)
    while limit < folders * 4:
        limit *= 2
    return limit
