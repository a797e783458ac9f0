"""Snapshots: read transactions from a pool of connections.

A snapshot is one transaction with isolation level REPEATABLE READ: it sees a run's commit whole or not at all. Reading
waits for nothing that a run does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from ...errors import StoreMissingError, StoreUnavailableError, StoreUnusableError
from .connection import Connection, Database, connect, translated_errors
from .migrate import applied, last_migration, refuse_newer
from .session import Session
from .transaction import PostgresTransaction

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_VERSION = "SELECT version, (SELECT max(number) FROM migrations) FROM state_version"
_TIMEOUT_S = 10.0


class SnapshotPool:
    """Snapshots of a database, from any thread. At most `max_idle` connections stay open between snapshots."""

    def __init__(self, database: Database, max_idle: int) -> None:
        self._database = database
        self._max_idle = max_idle
        self._lock = Lock()
        self._pool: ConnectionPool[Connection] | None = None

    @contextmanager
    def snapshot(self) -> Iterator[PostgresTransaction]:
        """Yields a snapshot. Raises StoreError when the database cannot be read, also for a query within the block."""
        with self._connection() as connection, translated_errors(self._database):
            require_state(connection, self._database, _BEGIN)
            try:
                yield PostgresTransaction(Session(connection))
            finally:
                with suppress(psycopg.Error):
                    connection.execute("ROLLBACK")

    def close(self) -> None:
        """Closes all idle connections. Call it when no snapshot is in use."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        if self._max_idle == 0:
            connection = connect(self._database)
            try:
                yield connection
            finally:
                connection.close()
            return
        pool = self._opened()
        try:
            with pool.connection(timeout=_TIMEOUT_S) as connection:
                yield connection
        except PoolTimeout:
            raise StoreUnavailableError(f"{self._database.url}: the server does not answer") from None

    def _opened(self) -> ConnectionPool[Connection]:
        with self._lock:
            if self._pool is None:
                self._pool = ConnectionPool(
                    self._database.conninfo,
                    kwargs={"autocommit": True, "prepare_threshold": None},
                    min_size=0,
                    max_size=self._max_idle,
                    check=ConnectionPool.check_connection,
                    reconnect_timeout=_TIMEOUT_S,
                    open=True,
                )
            return self._pool


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
