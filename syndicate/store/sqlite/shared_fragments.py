"""Fragments of a database that is being built, for the processes that make documents of them."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from .fragments import SqliteFragments


class SharedFragmentFile(NamedTuple):
    """A database file that changes no more until all that was asked of `open` is read."""

    path: str

    def open(self) -> SqliteFragments:
        """Returns the fragments in the file. The file is opened once in each process, and takes no locks."""
        return _open(self.path)


@lru_cache(maxsize=1)
def _open(path: str) -> SqliteFragments:
    return SqliteFragments(sqlite3.connect(f"file:{quote(path)}?immutable=1", uri=True))
