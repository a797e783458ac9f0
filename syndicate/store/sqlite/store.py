"""The store in one SQLite database, in a folder of this machine.

Theory of operation. A run changes the database in one transaction, which it commits last: killed at any instant, the
next run finds the state before it. Readers and deliveries use the same file at the same time (WAL mode).

A new database is built beside its place, as `index.db.new`, without a journal on the disk, since a kill loses it as a
whole anyway. When its transaction ends, it is flushed and renamed into place. Before, nobody else opens it but the
processes that make documents of a part of the transaction (`share_fragments`); if it fails then, the file is deleted.

A database that cannot be used, because it is damaged or of another version, is set aside as `index.db.aside`. The one
that is built in its stead takes over the tables that outlive a database (schema.LASTING), as far as they can be read,
and remembers what the old one had published; what cannot be read is lost: every feed is announced once more, and
deletions are not listed. With its first commit the old one becomes `index.db.old`, so that it is not taken over again.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING

from ...errors import StoreUnusableError
from . import schema
from .access import BUSY_TIMEOUT_S, SECURE_DELETE, is_locked, refuse_special_files, store_error
from .lock import lock
from .shrink import shrink
from .transaction import SqliteTransaction

if TYPE_CHECKING:
    from .snapshots import SnapshotPool

_DELIVERY_TIMEOUT_S = 60  # for a build
_BEGIN = "BEGIN IMMEDIATE"
_CLOCK_TICK_S = 0.1  # two commits closer than this may leave the same modification time


class SqliteStore:
    """A store in a state folder; without a folder, in memory."""

    def __init__(self, folder: str | None, max_readers: int = 0) -> None:
        self._folder = folder
        self._path = os.path.join(folder, schema.FILE_NAME) if folder is not None else ""
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # device and inode of the file that `update` has open
        self._is_new = False
        self._has_changes = False  # of a run, which may have deleted something
        self._max_readers = max_readers

    def lock(self) -> AbstractContextManager[None]:
        """Holds the store's lock for one run. Raises LockedError at once when another run has it."""
        assert self._folder is not None  # noqa: S101 - a store in memory has one user
        return lock(self._folder)

    @contextmanager
    def write(self) -> Iterator[SqliteTransaction]:
        """Yields a transaction: all changes inside happen, or none.

        Raises StoreUnusableError when the database is damaged or of another version, StoreError when it cannot be
        read or written now.
        """
        with self._translated_errors():
            connection = self._connection = self._connection or self._open()
            transaction = SqliteTransaction(connection, self._new_path if self._is_new and self._path else None)
            try:
                with _atomic(connection):
                    yield transaction
            except BaseException:
                if transaction.is_shared:
                    self._discard_new()
                raise
            if self._is_new and self._path:
                self._take_place()
            self._has_changes = bool(self._path)

    @contextmanager
    def update(self) -> Iterator[SqliteTransaction]:
        """Yields a short transaction in a store that exists, beside a run. Opens a database that was replaced again.

        Raises StoreMissingError, StoreUnusableError for another version, StoreError when it cannot be written now.
        """
        from .snapshots import file_at

        file = file_at(self._path)
        if self._connection is None or self._file != file:
            self.close()
            self._connection, self._file = self._open_existing(), file
        try:
            with _atomic(self._connection, self._await_turn):
                yield SqliteTransaction(self._connection)
        except sqlite3.Error as error:
            raise store_error(self._path, error) from None

    def read(self) -> AbstractContextManager[SqliteTransaction]:
        """Yields a snapshot. Raises StoreMissingError, StoreUnusableError or StoreError."""
        return self._snapshots.snapshot()

    @cached_property
    def _snapshots(self) -> SnapshotPool:
        from .snapshots import SnapshotPool

        return SnapshotPool(self._path, self._max_readers)

    def version(self) -> object:
        """Returns a token that changes with every commit, at the cost of two `stat` calls.

        A token taken within 100 ms of a commit equals no other token, since another commit may follow unseen.
        """
        stamps: list[tuple[int, int, int]] = []
        for path in (self._path, f"{self._path}-wal"):
            with suppress(OSError):
                status = os.stat(path)
                stamps.append((status.st_ino, status.st_size, status.st_mtime_ns))
        newest_s = max((mtime_ns for _, _, mtime_ns in stamps), default=0) / 1e9
        return stamps if time.time() - newest_s > _CLOCK_TICK_S else object()

    def note(self, name: str) -> bytes | None:
        """Returns what was noted under a name, None for nothing."""
        from .notes import read_note

        return None if self._folder is None else read_note(self._folder, name)

    def put_note(self, name: str, content: bytes | None) -> None:
        """Notes something at once, whatever becomes of a transaction; None removes the note."""
        from .notes import write_note

        assert self._folder is not None  # noqa: S101 - a store in memory has no next run
        write_note(self._folder, name, content)

    def set_aside(self) -> str:
        """Moves a database that cannot be used out of the way; the next `write` builds a new one. Returns its name."""
        self.close()
        aside = _aside(self._path)
        for suffix in ("-wal", "-shm"):
            if os.path.lexists(self._path + suffix):
                os.replace(self._path + suffix, aside + suffix)
            elif os.path.lexists(aside + suffix):
                os.unlink(aside + suffix)
        os.replace(self._path, aside)
        return f"{os.path.relpath(self._path)}.old"

    def close(self) -> None:
        """Closes the database."""
        if "_snapshots" in vars(self):
            self._snapshots.close()
        if self._connection is not None:
            if self._has_changes:
                shrink(self._connection)
                self._empty_log(self._connection)
            self._connection.close()
            self._connection = None

    def _empty_log(self, connection: sqlite3.Connection) -> None:
        """Empties the write-ahead log, which holds pages as they were before something was deleted from them.

        Closing the last connection does so, too, but servers keep theirs open. A reader that is at work just now leaves
        the log to the next run.
        """
        self._has_changes = False
        with suppress(sqlite3.Error):
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # ------------------------------------------------------------------------------------------------------- opening

    def _open(self) -> sqlite3.Connection:
        if not self._path:
            connection = sqlite3.connect(":memory:", isolation_level=None)
            self._prepare(connection)
            return connection
        refuse_special_files(self._path)
        self._is_new = not os.path.lexists(self._path) or os.path.getsize(self._path) == 0
        connection = self._create() if self._is_new else connect(self._path)
        try:
            self._prepare(connection)
            if self._is_new:
                _adopt(connection, _aside(self._path))
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_existing(self) -> sqlite3.Connection:
        from .snapshots import check_version

        try:
            connection = connect(self._path)
            try:
                check_version(connection, self._path)
            except BaseException:
                connection.close()
                raise
        except sqlite3.Error as error:
            raise store_error(self._path, error) from None
        return connection

    def _await_turn(self, connection: sqlite3.Connection) -> None:
        """Takes the write lock, which a build holds as long as it works; logs whom it waits for after 1.5 seconds."""
        try:
            connection.execute(_BEGIN)
        except sqlite3.OperationalError as error:
            if not is_locked(error):
                raise
            import structlog  # not needed by builds

            from .holder import holder_of

            log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.store")
            log.warning("waiting for the index", path=self._path, held_by=holder_of(self._path))
            connection.execute(f"PRAGMA busy_timeout = {_DELIVERY_TIMEOUT_S * 1000}")
            try:
                connection.execute(_BEGIN)
            finally:
                connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")

    @property
    def _new_path(self) -> str:
        return f"{self._path}.new"

    def _create(self) -> sqlite3.Connection:
        if os.path.lexists(self._new_path):
            os.unlink(self._new_path)
        connection = sqlite3.connect(self._new_path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(SECURE_DELETE)
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, schema.VERSION):
            raise StoreUnusableError(f"of version {version}, not {schema.VERSION}")
        if version == 0:
            connection.execute(f"PRAGMA page_size = {schema.PAGE_BYTES}")
            connection.executescript(
                f"BEGIN;{schema.TABLES};{schema.LASTING_TABLES};PRAGMA user_version = {schema.VERSION};COMMIT"
            )
        if self._path and not self._is_new:
            connection.execute("PRAGMA journal_mode = WAL")

    def _discard_new(self) -> None:
        """Deletes a new database with a part of a transaction that failed; the next `write` begins another one."""
        assert self._connection is not None  # noqa: S101 - it is that of the transaction
        self._connection.close()
        self._connection = None
        os.unlink(self._new_path)

    def _take_place(self) -> None:
        """Puts a new database where the next run looks for it."""
        connection, new = self._connection, self._new_path
        assert connection is not None  # noqa: S101 - it has just committed
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
        handle = os.open(new, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(new, self._path)
        if os.path.lexists(_aside(self._path)):
            os.replace(_aside(self._path), f"{self._path}.old")  # a later database must not adopt its outbox again
        self._connection = connect(self._path)
        self._is_new = False

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise store_error(self._path, error) from None
        except sqlite3.DatabaseError as error:
            raise StoreUnusableError(f"damaged ({error})") from None


def connect(path: str) -> sqlite3.Connection:
    """Opens a database that others write to as well: a build for as long as it runs, a delivery for an instant."""
    refuse_special_files(path)
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(SECURE_DELETE)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _begin(connection: sqlite3.Connection) -> None:
    connection.execute(_BEGIN)


@contextmanager
def _atomic(connection: sqlite3.Connection, begin: Callable[[sqlite3.Connection], None] = _begin) -> Iterator[None]:
    begin(connection)
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _aside(path: str) -> str:
    return f"{path}.aside"


def _adopt(connection: sqlite3.Connection, aside: str) -> None:
    """Takes over the tables that outlive a database from one that was set aside, as far as they can be read."""
    if os.path.islink(aside) or not os.path.isfile(aside):
        return
    from .published import adopt

    with suppress(sqlite3.DatabaseError):
        connection.execute("ATTACH ? AS aside", (aside,))
        known = {row[0] for row in connection.execute("SELECT name FROM aside.sqlite_master WHERE type = 'table'")}
        is_first_release = "ledger" in known
        with _atomic(connection):
            for table, columns in schema.LASTING.items():
                source = schema.LASTING_IN_VERSION_7.get(table) if is_first_release else (table, columns)
                if source is None or source[0] not in known:
                    continue
                old_table, old_columns = source
                pairs = list(zip(columns.split(", "), old_columns.split(", "), strict=False))
                existing = {row[1] for row in connection.execute(f"PRAGMA aside.table_info({old_table})")}
                taken, given = zip(*(pair for pair in pairs if pair[1] in existing), strict=True)
                connection.execute(
                    f"INSERT INTO main.{table} ({', '.join(taken)}) SELECT {', '.join(given)} FROM aside.{old_table}"  # noqa: S608
                )
        adopt(connection, known)
    if len(connection.execute("PRAGMA database_list").fetchall()) > 1:
        with suppress(sqlite3.DatabaseError):
            connection.execute("DETACH aside")
