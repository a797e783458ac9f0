"""The outbox as pushers see it: opened when it is needed, in a thread of its own, and opened anew when it was replaced.

A build holds the database's write lock while it runs; whoever waits for it must not hold up the pings under way.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from ..errors import OutputError
from ..store.index import connect
from ..store.outbox import Outbox
from ..store.schema import VERSION

_Answer = TypeVar("_Answer")


class NothingBuiltError(OutputError):
    """There is no index yet: nothing was built, so no hub is to be told of anything."""


class OutboxSession:
    """Runs transactions over the outbox of a state folder, one after the other."""

    def __init__(self, state: str) -> None:
        self._path = os.path.join(state, "index.db")
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")
        self._sql: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    async def run(self, work: Callable[[Outbox], _Answer]) -> _Answer:
        """The answer of `work`, which is one transaction. Raises OutputError when the database cannot be used."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.now, work)

    def now(self, work: Callable[[Outbox], _Answer]) -> _Answer:
        """The same, here and now."""
        try:
            sql = self._connected()
            sql.execute("BEGIN IMMEDIATE")
            try:
                answer = work(Outbox(sql))
            except BaseException:
                sql.execute("ROLLBACK")
                raise
            sql.execute("COMMIT")
        except sqlite3.Error as error:
            raise OutputError(f"{self._path}: {error}") from None
        return answer

    async def close(self) -> None:
        """Close the database."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self.forget)
        self._thread.shutdown()

    def _connected(self) -> sqlite3.Connection:
        try:
            status = os.stat(self._path)
        except OSError:
            raise NothingBuiltError(f"{self._path}: nothing was built yet: run `syndicate build`") from None
        if self._sql is None or self._file != (status.st_dev, status.st_ino):
            self.forget()
            self._sql = _opened(self._path)
            self._file = status.st_dev, status.st_ino
        return self._sql

    def forget(self) -> None:
        """Close the database; the next transaction opens it again."""
        if self._sql is not None:
            self._sql.close()
            self._sql = None


def change(state: str, work: Callable[[Outbox], _Answer]) -> _Answer:
    """One transaction over the outbox of a state folder. Raises OutputError when that cannot be."""
    office = OutboxSession(state)
    try:
        return office.now(work)
    finally:
        office.forget()


def read(state: str, question: Callable[[Outbox], _Answer]) -> _Answer:
    """Ask the outbox of a state folder, and change nothing. Raises OutputError when that cannot be."""
    path = os.path.join(state, "index.db")
    if not os.path.exists(path):
        raise NothingBuiltError(f"{path}: nothing was built yet: run `syndicate build`")
    try:
        with closing(_opened(path)) as sql:
            sql.execute("BEGIN")
            return question(Outbox(sql))
    except sqlite3.Error as error:
        raise OutputError(f"{path}: {error}") from None


def _opened(path: str) -> sqlite3.Connection:
    """The database, if it is one that this version's builds made."""
    sql = connect(path)
    (version,) = sql.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        sql.close()
        raise NothingBuiltError(f"{path}: made by another version: run `syndicate build`")
    return sql
