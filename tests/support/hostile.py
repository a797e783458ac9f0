"""What reading a hostile record may do to the process that reads it."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import repeat


def loop() -> None:
    while True:
        pass


def loop_and_catch() -> None:
    while True:
        with suppress(Exception):
            time.perf_counter()


def backtrack() -> None:
    re.match(r"(a+)+b", "a" * 60)


def loop_in_c() -> None:
    deque(repeat(None), maxlen=0)  # never looks for signals


def allocate() -> None:
    grown: list[bytes] = []
    while True:
        grown.append(bytes(1_000_000))


def nest() -> None:
    nest()


def fail() -> None:
    raise KeyError


def end() -> None:
    os._exit(3)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


HOSTILE: dict[str, Callable[[], object]] = {
    "loops in Python": loop,
    "loops in Python and catches errors": loop_and_catch,
    "backtracks": backtrack,
    "loops in C": loop_in_c,
    "allocates without end": allocate,
    "nests without end": nest,
    "raises": fail,
    "exits": end,
    "is killed": kill,
}
"""Each as a function that never returns."""

SECONDS, MEMORY_MB = 0.3, 100
_OUT_OF_TIME = "took more than 0.3 s to read (limits.seconds)"
REASONS = {
    **dict.fromkeys(list(HOSTILE)[:4], _OUT_OF_TIME),
    "allocates without end": "needed more than 100 MB to read (limits.memory_mb)",
    "nests without end": "is nested too deeply",
    "raises": "cannot be read (KeyError)",
    "exits": "ended the process that read it (exit code 3)",
    "is killed": "ended the process that read it (SIGKILL)",
}
"""How a problem describes each, with limits of `SECONDS` and `MEMORY_MB`."""
