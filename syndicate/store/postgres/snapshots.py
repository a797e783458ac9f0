"""Snapshots: read transactions from a few connections that stay open.

A snapshot is one transaction with isolation level REPEATABLE READ: it sees a run's commit whole or not at all. Reading
waits for nothing that a run does.

An idle connection may have been lost unnoticed, so a snapshot that fails to begin on one begins on a new one. A server
that does not answer is reported at once: the pool of psycopg would keep each reader waiting until its timeout, and
try again ever more rarely.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

import psycopg

from ...errors import StoreMissingError, StoreUnavailableError, StoreUnusableError
from .connection import Connection, Database, connect, translated_errors
from .migrate import applied, last_migration, refuse_newer
from .session import Session
from .transaction import PostgresTransaction

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_VERSION = "SELECT version, (SELECT max(number) FROM migrations) FROM state_version"


class SnapshotPool:
    """Snapshots of a database, from any thread. At most `max_idle` connections stay open between snapshots."""

    def __init__(self, database: Database, max_idle: int) -> None:
        self._database = database
        self._max_idle = max_idle
        self._idle: list[Connection] = []
        self._lock = Lock()

    @contextmanager
    def snapshot(self) -> Iterator[PostgresTransaction]:
        """Yields a snapshot. Raises StoreError when the database cannot be read, also for a query within the block."""
        connection = self._begin()
        try:
            with translated_errors(self._database):
                yield PostgresTransaction(Session(connection))
        finally:
            self._release(connection)

    def close(self) -> None:
        """Closes all idle connections. Call it when no snapshot is in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _begin(self) -> Connection:
        while connection := self._pop_idle():
            try:
                self._begin_on(connection)
            except StoreUnavailableError:
                connection.close()
            else:
                return connection
        connection = connect(self._database)
        self._begin_on(connection)
        return connection

    def _begin_on(self, connection: Connection) -> None:
        try:
            with translated_errors(self._database):
                require_state(connection, self._database, _BEGIN)
        except BaseException:
            connection.close()
            raise

    def _pop_idle(self) -> Connection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _release(self, connection: Connection) -> None:
        """Ends the transaction, and keeps the connection if it is sound and there is room."""
        if len(self._idle) < self._max_idle:
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
                with self._lock:
                    self._idle.append(connection)
                    return
        connection.close()


def require_state(connection: Connection, database: Database, begin: str) -> None:
    """Begins a transaction in a state that was built. Both statements take one round trip.

    Raises StoreMissingError when nothing was built, StoreError when the tables are not those of this version.
    """
    try:
        with connection.pipeline():
            connection.execute(begin)
            cursor = connection.execute(_VERSION)
            row = cursor.fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        connection.execute("ROLLBACK")
        row = None
    if row is None or not row[0]:
        number = applied(connection, database)
        _rollback(connection)
        refuse_newer(number, database)
        raise StoreMissingError(f"{database.url}: nothing is built yet: run `syndicate build`")
    if row[1] != last_migration():
        _rollback(connection)
        refuse_newer(row[1], database)
        raise StoreUnusableError(f"{database.url}: made by another version: run `syndicate build`")


def _rollback(connection: Connection) -> None:
    if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        connection.execute("ROLLBACK")
