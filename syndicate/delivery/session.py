"""Transactions over the outbox of a state folder, in a thread of their own.

Theory of operation

A dispatcher shares the database with builds, with other dispatchers and with readers. A build holds the write lock for
as long as it runs, and a transaction of the outbox waits for it. That wait must not hold up the pings in flight: so an
OutboxSession runs its transactions in one thread, one after the other, and the event loop awaits their results. A
transaction is a function that takes the outbox, reads, decides, and writes; it is committed as a whole, or rolled back
if it raises. Nothing is awaited inside one, and no lock is held while a ping is sent.

The order of the transactions makes a kill harmless:

- before the lease is committed: the delivery is due, for any other dispatcher;
- after the commit, before the ping: the lease expires, and another dispatcher sends the ping;
- after the ping, before its outcome is committed: the same, and the hub receives the ping twice;
- after that commit: the outcome is recorded, with its lease ended.

A build replaces the database if it is damaged or of another version, and an operator may delete it at any time. So each
transaction compares the file at the path with the one that is open, and opens the new one. Leases of a database that is
gone mean nothing to the new one: outcomes that arrive late are recorded as far as they match a generation and digest.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from ..errors import OutputError
from ..store.index import connect
from ..store.outbox import Outbox
from ..store.schema import VERSION

_Result = TypeVar("_Result")


class NotBuiltError(OutputError):
    """There is no usable database: no build of this version has committed."""


class OutboxSession:
    """Runs transactions over the outbox of a state folder, one after the other."""

    def __init__(self, state: str) -> None:
        self._database = _Database(state)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")

    async def run(self, work: Callable[[Outbox], _Result]) -> _Result:
        """Return the result of `work`, which is one transaction. Raises OutputError if the database cannot be used."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    async def close(self) -> None:
        """Close the database."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._database.close)
        self._thread.shutdown()

    def _run(self, work: Callable[[Outbox], _Result]) -> _Result:
        with self._database.write() as outbox:
            return work(outbox)


def run_transaction(state: str, work: Callable[[Outbox], _Result]) -> _Result:
    """Run one transaction over the outbox of a state folder. Raises OutputError if the database cannot be used."""
    database = _Database(state)
    try:
        with database.write() as outbox:
            return work(outbox)
    finally:
        database.close()


def read_outbox(state: str, query: Callable[[Outbox], _Result]) -> _Result:
    """Return the result of a query over the outbox, which changes nothing.

    Raises OutputError if the database cannot be used.
    """
    database = _Database(state)
    try:
        with database.read() as outbox:
            return query(outbox)
    finally:
        database.close()


class _Database:
    """The database of a state folder, opened on demand: the only user of sqlite3 in this package."""

    def __init__(self, state: str) -> None:
        self._path = os.path.join(state, "index.db")
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # device and inode of the file that is open

    @contextmanager
    def write(self) -> Iterator[Outbox]:
        """Open a transaction, which commits at the end. Raises OutputError if the database cannot be used."""
        with self._transaction("BEGIN IMMEDIATE") as outbox:
            yield outbox

    @contextmanager
    def read(self) -> Iterator[Outbox]:
        """Open a consistent view. Raises OutputError if the database cannot be used."""
        with self._transaction("BEGIN") as outbox:
            yield outbox

    def close(self) -> None:
        """Close the database; the next transaction opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Outbox]:
        try:
            connection = self._connect()
            connection.execute(begin)
            try:
                yield Outbox(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise OutputError(f"{self._path}: {error}") from None

    def _connect(self) -> sqlite3.Connection:
        try:
            status = os.stat(self._path)
        except OSError:
            raise NotBuiltError(f"{self._path}: nothing is built yet: run `syndicate build`") from None
        if self._connection is None or self._file != (status.st_dev, status.st_ino):
            self.close()
            self._connection = self._open()
            self._file = status.st_dev, status.st_ino
        return self._connection

    def _open(self) -> sqlite3.Connection:
        connection = connect(self._path)
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        except sqlite3.Error:
            connection.close()
            raise
        if version != VERSION:
            connection.close()
            raise NotBuiltError(f"{self._path}: made by another version: run `syndicate build`")
        return connection
