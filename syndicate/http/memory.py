"""Gives memory back to the system after large responses.

The allocator of glibc keeps freed memory of each thread for later, up to all that a burst of requests has used.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable
from contextlib import suppress

_DELAY_S = 5.0


class MemoryTrimmer:
    """Trims the memory once, a few seconds after it was requested, however often it was requested meanwhile."""

    def __init__(self, trim: Callable[[], object] | None = None) -> None:
        self._trim = trim or _trim_function()
        self._handle: asyncio.TimerHandle | None = None

    def request(self) -> None:
        """Trim the memory soon. Must be called in the event loop."""
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_later(_DELAY_S, self._run)

    def close(self) -> None:
        """Cancel what was requested."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _run(self) -> None:
        self._handle = None
        self._trim()


def _trim_function() -> Callable[[], object]:
    """Return a function that gives free memory back; one that does nothing where the C library has none."""
    with suppress(OSError, AttributeError):
        malloc_trim = ctypes.CDLL(None).malloc_trim
        malloc_trim.argtypes, malloc_trim.restype = [ctypes.c_size_t], ctypes.c_int
        return lambda: malloc_trim(0)
    return lambda: None
