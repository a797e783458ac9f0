"""Access to the database's files: what is refused, how long a lock is waited for, and what an error means."""

import os
import sqlite3
import stat
from contextlib import suppress

from ...errors import StoreError

SECURE_DELETE = "PRAGMA secure_delete = ON"
"""Overwrites what is deleted: an entry that is hidden must not be found in the free pages of the file."""

BUSY_TIMEOUT_S = 1.5
"""How long a statement waits for the lock of a delivery, which takes milliseconds."""


def refuse_special_files(path: str) -> None:
    """Raises StoreError when a file of the database is a link, a pipe or the like: SQLite would write through it."""
    for name in (path, f"{path}-wal", f"{path}-shm"):
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(os.lstat(name).st_mode):
                raise StoreError(f"{name}: not a regular file")


def is_locked(error: sqlite3.Error) -> bool:
    """Returns whether another connection holds a lock that the statement needed."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def store_error(path: str, error: sqlite3.Error) -> StoreError:
    """Returns the error for a database that cannot be used now; it names the process that holds a lock."""
    if not is_locked(error):
        return StoreError(f"{path}: {error}")
    from .holder import holder_of

    return StoreError(f"{path}: locked by {holder_of(path)}")
