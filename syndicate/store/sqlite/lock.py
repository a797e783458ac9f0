"""One run at a time on a state folder.

The kernel's lock on an open file ends with the process, however it dies, so there is no stale lock to break. It is
taken with fcntl itself: the filelock package does the same and takes longer to import than a whole idle build.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ... import safe_files
from ...errors import LockedError, OutputError


@contextmanager
def lock(state: str) -> Iterator[None]:
    """Hold the lock of a state folder. Raises LockedError at once, naming the holder, when another run has it."""
    path = os.path.join(state, "lock")
    try:
        os.makedirs(state, exist_ok=True)
        handle = safe_files.open_unlinked(path, os.O_RDWR | os.O_CREAT)  # the file is overwritten
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            from .holder import describe_lock

            holder = os.pread(handle, 200, 0).decode("utf-8", "replace").strip()
            raise LockedError(f"{state}: another run is at work: {describe_lock(holder)}") from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} on {os.uname().nodename}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
