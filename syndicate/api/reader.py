"""The index as the interface sees it: read in threads of its own, so that no question holds up another.

Each question is one transaction: a build's commit is seen whole, or not at all. A database that was replaced is opened
anew.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import TypeVar
from urllib.parse import quote

from ..store.schema import VERSION

_Answer = TypeVar("_Answer")
_PATIENCE_S = 5


class NotReadyError(Exception):
    """There is nothing to read now: nothing was built yet, or an index is being built anew."""


class Reader:
    """Asks the index of a state folder."""

    def __init__(self, state: str, threads: int = 2) -> None:
        self._path = os.path.join(state, "index.db")
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="reader")
        self._mine = local()
        self._open: list[sqlite3.Connection] = []

    async def ask(self, question: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        """The answer to a question. Raises NotReadyError."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, question)

    async def do(self, work: Callable[[], _Answer]) -> _Answer:
        """Other work that may wait for a disk, in the same threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """Close the database, once what is being asked is answered."""
        self._threads.shutdown()
        for sql in self._open:
            sql.close()

    def _answer(self, question: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        try:
            sql = self._connected()
            sql.execute("BEGIN")
            try:
                return question(sql)
            finally:
                sql.execute("ROLLBACK")
        except (sqlite3.Error, OSError) as error:
            self._forget()
            raise NotReadyError(str(error)) from None

    def _connected(self) -> sqlite3.Connection:
        status = os.stat(self._path)
        file = status.st_dev, status.st_ino
        if getattr(self._mine, "file", None) != file:
            self._forget()
            uri = f"file:{quote(os.path.abspath(self._path))}?mode=ro"
            sql = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_PATIENCE_S, check_same_thread=False)
            self._open.append(sql)
            self._mine.sql = sql
            sql.execute("PRAGMA query_only = 1")
            if sql.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                raise NotReadyError("the index was made by another version")
            self._mine.file = file
        connection: sqlite3.Connection = self._mine.sql
        return connection

    def _forget(self) -> None:
        sql: sqlite3.Connection | None = getattr(self._mine, "sql", None)
        self._mine.sql = self._mine.file = None
        if sql is not None:
            self._open.remove(sql)
            sql.close()
