"""Read access to the store for servers: consistent snapshots from a pool of connections.

A snapshot is one read transaction: it sees a run's commit whole or not at all, and never waits for a run. A database
that was replaced is opened again with the next snapshot, and one of another schema version is refused.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import NamedTuple
from urllib.parse import quote

from . import schema
from .delivery_counts import DeliveryCounts
from .partner_changes import PartnerChanges
from .partner_entries import PartnerEntries
from .published_documents import PublishedDocuments

_BUSY_TIMEOUT_S = 5
_CLOCK_TICK_S = 0.1  # two commits closer than this may leave the same modification time


class StoreUnavailableError(Exception):
    """The store cannot be read: it is damaged, of another version, or being rebuilt."""


class StoreMissingError(StoreUnavailableError):
    """There is no store: nothing was built yet, or the state folder was deleted."""


class Snapshot(NamedTuple):
    """The read queries of one transaction; valid until its `with` block ends."""

    published_documents: PublishedDocuments
    partner_entries: PartnerEntries
    partner_changes: PartnerChanges
    delivery_counts: DeliveryCounts


class _Connection(NamedTuple):
    sql: sqlite3.Connection
    file: tuple[int, int]
    snapshot: Snapshot


class StoreReader:
    """Reads the store of a state folder. All methods may be called from any thread.

    At most `max_idle` connections stay open between snapshots. A server that reads rarely has no idle ones, so
    that SQLite can remove its journal when a run ends.
    """

    def __init__(self, state: str, max_idle: int = 0) -> None:
        self._path = os.path.join(state, "index.db")
        self._max_idle = max_idle
        self._idle: list[_Connection] = []
        self._lock = Lock()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Begin a read transaction and yield its queries.

        Raises StoreMissingError or StoreUnavailableError; also when a query within the block fails.
        """
        connection = self._acquire()
        try:
            _begin(connection.sql)
            yield connection.snapshot
        except sqlite3.Error as error:
            connection.sql.close()
            raise StoreUnavailableError(str(error)) from None
        finally:
            self._release(connection)

    def version(self) -> object:
        """Return a token that changes with every commit to the store, at the cost of two `stat` calls.

        A token taken within 100 ms of a commit equals no other token, because another commit may follow unseen.
        """
        stamps: list[tuple[int, int, int]] = []
        for path in (self._path, f"{self._path}-wal"):
            try:
                status = os.stat(path)
            except OSError:
                continue
            stamps.append((status.st_ino, status.st_size, status.st_mtime_ns))
        newest_s = max((mtime_ns for _, _, mtime_ns in stamps), default=0) / 1e9
        return stamps if time.time() - newest_s > _CLOCK_TICK_S else object()

    def close(self) -> None:
        """Close all idle connections. Call it when no snapshot is in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.sql.close()

    def _acquire(self) -> _Connection:
        """Return an idle connection to the present database file, or a new one."""
        try:
            status = os.stat(self._path)
        except FileNotFoundError as error:
            raise StoreMissingError(str(error)) from None
        except OSError as error:
            raise StoreUnavailableError(str(error)) from None
        file = status.st_dev, status.st_ino
        while connection := self._pop_idle():
            if connection.file == file:
                return connection
            connection.sql.close()
        return _open(self._path, file)

    def _pop_idle(self) -> _Connection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _release(self, connection: _Connection) -> None:
        """End the transaction, and keep the connection if it is sound and there is room."""
        with suppress(sqlite3.Error):
            connection.sql.execute("ROLLBACK")
            with self._lock:
                if len(self._idle) < self._max_idle:
                    self._idle.append(connection)
                    return
        connection.sql.close()


def _open(path: str, file: tuple[int, int]) -> _Connection:
    """Open the database. Raises StoreUnavailableError."""
    # Mode `rw` never creates a database, and lets the last connection that closes remove the journal; `query_only`
    # refuses every change.
    uri = f"file:{quote(os.path.abspath(path))}?mode=rw"
    try:
        sql = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_TIMEOUT_S, check_same_thread=False)
        sql.execute("PRAGMA query_only = 1")
    except sqlite3.Error as error:
        raise StoreUnavailableError(str(error)) from None
    queries = PublishedDocuments(sql), PartnerEntries(sql), PartnerChanges(sql), DeliveryCounts(sql)
    return _Connection(sql, file, Snapshot(*queries))


def _begin(sql: sqlite3.Connection) -> None:
    sql.execute("BEGIN")
    (version,) = sql.execute("PRAGMA user_version").fetchone()
    if version != schema.VERSION:
        raise sqlite3.DatabaseError(f"made by another version ({version}, not {schema.VERSION})")
