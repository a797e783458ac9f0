"""The store in a schema of a PostgreSQL database, which several machines may share.

Theory of operation. A run has one connection. Its session holds the lock of the run (lock.py), and its one transaction
makes all changes: when the process, the machine or the connection dies, the server ends both, so that no run commits
without the lock. Deliveries use a connection and short transactions of their own, and snapshots others (snapshots.py).

The tables are created and brought up to date before the transaction of a run, in one of their own (migrate.py). A
state exists from the first commit of a run on, which raises `state_version`; each later commit raises it, too, as its
last statement, so that transactions wait for each other at that point only.

When the connection is lost while a transaction commits, nobody told whether it did: the server is asked then, by the
number of the transaction.

A state whose tables are damaged is set aside: its schema is renamed. The first run in a new one takes over what
outlives a state, and renames the old schema once more when it commits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, cached_property
from typing import TYPE_CHECKING

import psycopg

from ...errors import StoreError, StoreUnavailableError, StoreUnusableError
from . import lock as locks
from .adoption import adopt, aside, retire, set_aside
from .connection import Connection, connect, database_at, translated_errors
from .migrate import applied, last_migration, migrate
from .session import Session
from .snapshots import SnapshotPool, require_state
from .transaction import PostgresTransaction

if TYPE_CHECKING:
    from ..base import Transaction

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_COUNT_COMMIT = "UPDATE state_version SET version = version + 1 RETURNING pg_current_xact_id()::text"
_OUTCOME = "SELECT pg_xact_status(%s::xid8)"
_VERSION = "SELECT version FROM state_version"
_UPDATE_TIMEOUT = "SET LOCAL lock_timeout = '60s'"  # for the last part of a run


class PostgresStore:
    """A store in a PostgreSQL database."""

    def __init__(self, url: str, max_readers: int = 0) -> None:
        self._database = database_at(url)
        self._run: Connection | None = None
        self._updates: Connection | None = None
        self._watch: Connection | None = None
        self._holds_lock = False
        self._max_readers = max_readers

    # ------------------------------------------------------------------------------------------------------------ runs

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the store's lock for one run. Raises LockedError at once when another run has it."""
        connection = self._run = self._sound(self._run)
        with locks.lock(connection, self._database):
            self._holds_lock = True
            try:
                yield
            finally:
                self._holds_lock = False

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Yields the transaction of a run: all changes inside happen, or none.

        Raises StoreUnusableError when the tables are damaged, StoreUnavailableError when the connection is lost,
        StoreError when the database cannot be used.
        """
        connection = self._run_connection()
        with translated_errors(self._database):
            if applied(connection, self._database) != last_migration():
                migrate(connection, self._database)
            connection.execute(_BEGIN)
            session = Session(connection, cache(lambda: self._lock_deliveries(connection)))
            with self._committed(connection):
                is_new = session.value(_VERSION) == 0
                has_former = is_new and aside(session, self._database.schema)
                if has_former:
                    adopt(session, self._database.schema)
                yield PostgresTransaction(session)
                if has_former:
                    retire(session, self._database.schema)

    @contextmanager
    def update(self) -> Iterator[Transaction]:
        """Yields a short transaction in a store that exists, beside a run.

        Raises StoreMissingError, StoreUnavailableError when the connection is lost or the transaction was ended, and
        StoreError when the database cannot be used.
        """
        connection = self._updates = self._sound(self._updates)
        with translated_errors(self._database):
            require_state(connection, self._database, _BEGIN)
            with self._committed(connection):
                with connection.pipeline():
                    connection.execute(_UPDATE_TIMEOUT)
                    connection.execute(locks.DELIVERIES_SHARED, (self._database.schema,))
                yield PostgresTransaction(Session(connection))

    @contextmanager
    def read(self) -> Iterator[PostgresTransaction]:
        """Yields a snapshot. Raises StoreMissingError, StoreUnusableError or StoreError."""
        with self._snapshots.snapshot() as snapshot:
            yield snapshot

    def version(self) -> object:
        """Returns the number of commits, in one round trip; None while it cannot be read."""
        try:
            connection = self._watch = self._sound(self._watch)
            row = connection.execute(_VERSION).fetchone()
        except (psycopg.Error, StoreError):
            return None
        return row[0] if row else None

    def set_aside(self) -> str:
        """Renames the schema, so that the next `write` builds a new one; returns the name that it gets in the end."""
        connection = self._run_connection()
        with translated_errors(self._database), connection.transaction():
            set_aside(Session(connection), self._database.schema)
        return f"schema {self._database.schema}_old"

    def close(self) -> None:
        """Closes all connections."""
        if "_snapshots" in vars(self):
            self._snapshots.close()
            del self._snapshots
        for connection in (self._run, self._updates, self._watch):
            if connection is not None:
                connection.close()
        self._run = self._updates = self._watch = None

    # ----------------------------------------------------------------------------------------------------------- notes

    def note(self, name: str) -> bytes | None:
        """Returns what was noted under a name, None for nothing."""
        with self._note_connection() as connection, suppress(psycopg.errors.UndefinedTable):
            row = connection.execute("SELECT content FROM notes WHERE name = %s", (name,)).fetchone()
            return None if row is None else bytes(row[0])
        return None

    def put_note(self, name: str, content: bytes | None) -> None:
        """Notes something at once, whatever becomes of a transaction; None removes the note.

        Raises StoreUnavailableError also when the connection of the run is lost, as another run may be at work then.
        """
        with translated_errors(self._database):
            if self._run is not None and self._holds_lock:
                self._run.execute("SELECT 1")
        with self._note_connection() as connection:
            if content is None:
                connection.execute("DELETE FROM notes WHERE name = %s", (name,))
            else:
                connection.execute(
                    "INSERT INTO notes (name, content) VALUES (%s, %b)"
                    " ON CONFLICT (name) DO UPDATE SET content = excluded.content",
                    (name, content),
                )

    def shared_key(self, name: str, new: bytes) -> bytes:
        """Returns the key that all processes of the store share; the first of them stores a new one.

        Raises StoreError when it cannot be read, as before the first build.
        """
        with self._note_connection() as connection:
            connection.execute("INSERT INTO notes (name, content) VALUES (%s, %b) ON CONFLICT DO NOTHING", (name, new))
            row = connection.execute("SELECT content FROM notes WHERE name = %s", (name,)).fetchone()
        if row is None:
            raise StoreUnavailableError(f"{self._database.url}: the key {name} was removed")
        return bytes(row[0])

    # ----------------------------------------------------------------------------------------------------- connections

    @cached_property
    def _snapshots(self) -> SnapshotPool:
        return SnapshotPool(self._database, self._max_readers)

    @contextmanager
    def _note_connection(self) -> Iterator[Connection]:
        """Yields a connection that is in no transaction."""
        connection = self._updates = self._sound(self._updates)
        with translated_errors(self._database):
            yield connection

    def _run_connection(self) -> Connection:
        """Returns the connection of the run. One that is lost is not replaced while the lock was held on it."""
        if self._run is not None and self._holds_lock:
            if self._run.closed:
                raise StoreUnavailableError(f"{self._database.url}: the connection was lost, and the lock with it")
            return self._run
        self._run = self._sound(self._run)
        return self._run

    def _sound(self, connection: Connection | None) -> Connection:
        """Returns a connection if it is open and in no transaction, else a new one."""
        if connection is not None:
            if not connection.closed and connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                return connection
            connection.close()
        return connect(self._database)

    def _lock_deliveries(self, connection: Connection) -> None:
        connection.execute(locks.DELIVERIES_ALONE, (self._database.schema,))

    @contextmanager
    def _committed(self, connection: Connection) -> Iterator[None]:
        """Commits the transaction that has begun, or rolls it back if the block raises."""
        try:
            yield
            row = connection.execute(_COUNT_COMMIT).fetchone()
        except BaseException:
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
            raise
        if row is None:
            connection.execute("ROLLBACK")
            raise StoreUnusableError("damaged (state_version is empty)")
        try:
            connection.execute("COMMIT")
        except (psycopg.OperationalError, psycopg.InterfaceError):
            if not self._was_committed(row[0]):
                raise

    def _was_committed(self, transaction_id: str) -> bool:
        """Returns whether a transaction was committed whose end was not reported, as the connection was lost."""
        with suppress(psycopg.Error, StoreError):
            connection = connect(self._database)
            try:
                while (row := connection.execute(_OUTCOME, (transaction_id,)).fetchone()) == ("in progress",):
                    connection.execute("SELECT pg_sleep(0.1)")
                return row == ("committed",)
            finally:
                connection.close()
        return False
