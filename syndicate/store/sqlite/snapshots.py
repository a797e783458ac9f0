"""Snapshots: read transactions from a pool of connections.

A snapshot sees a run's commit whole or not at all, and never waits for a run. A database that was replaced is opened
again with the next snapshot, and one of another version is refused.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import NamedTuple
from urllib.parse import quote

from ...errors import StoreError, StoreMissingError, StoreUnusableError
from . import schema
from .access import BUSY_TIMEOUT_S, refuse_special_files, store_error
from .transaction import SqliteTransaction


class _Connection(NamedTuple):
    sql: sqlite3.Connection
    file: tuple[int, int]  # device and inode


class SnapshotPool:
    """Snapshots of the database at a path. May be used from any thread.

    At most `max_idle` connections stay open between snapshots. A server that reads rarely keeps none, so that SQLite
    can remove its journal when a run ends.
    """

    def __init__(self, path: str, max_idle: int) -> None:
        self._path = path
        self._max_idle = max_idle
        self._idle: list[_Connection] = []
        self._lock = Lock()

    @contextmanager
    def snapshot(self) -> Iterator[SqliteTransaction]:
        """Yields a snapshot. Raises StoreError when the database cannot be read, also for a query within the block."""
        connection = self._acquire()
        try:
            connection.sql.execute("BEGIN")
            check_version(connection.sql, self._path)  # the snapshot begins with this first read
            yield SqliteTransaction(connection.sql)
        except sqlite3.Error as error:
            connection.sql.close()
            raise store_error(self._path, error) from None
        finally:
            self._release(connection)

    def close(self) -> None:
        """Closes all idle connections. Call it when no snapshot is in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.sql.close()

    def _acquire(self) -> _Connection:
        """Returns an idle connection to the present file, or a new one."""
        file = file_at(self._path)
        while connection := self._pop_idle():
            if connection.file == file:
                return connection
            connection.sql.close()
        return _open(self._path, file)

    def _pop_idle(self) -> _Connection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _release(self, connection: _Connection) -> None:
        """Ends the transaction, and keeps the connection if it is sound and there is room."""
        with suppress(sqlite3.Error):
            connection.sql.execute("ROLLBACK")
            with self._lock:
                if len(self._idle) < self._max_idle:
                    self._idle.append(connection)
                    return
        connection.sql.close()


def file_at(path: str) -> tuple[int, int]:
    """Returns device and inode of a database. Raises StoreMissingError, or StoreError when it cannot be accessed."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        raise StoreMissingError(f"{path}: nothing is built yet: run `syndicate build`") from None
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from None
    return status.st_dev, status.st_ino


def check_version(connection: sqlite3.Connection, path: str) -> None:
    """Raises StoreUnusableError for a database of another version."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != schema.VERSION:
        raise StoreUnusableError(f"{path}: made by another version: run `syndicate build`")


def _open(path: str, file: tuple[int, int]) -> _Connection:
    # Mode `rw` never creates a database, and lets the last connection that closes remove the journal; `query_only`
    # refuses every change.
    refuse_special_files(path)
    uri = f"file:{quote(os.path.abspath(path))}?mode=rw"
    try:
        sql = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
        sql.execute("PRAGMA query_only = 1")
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}") from None
    return _Connection(sql, file)
