"""The index: what is known of files, entries, feeds and documents, in one SQLite database.

A run works in one transaction, which it commits last: killed at any instant, the next run finds the state before it.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from ..errors import OutputError, Problem
from . import schema
from .tombstones import Tombstones

LOST, HIDDEN, WAITING, SHOWN, MERGED = range(5)
"""States of a record: faulty; hidden by its owner; an entry not to be shown at this time; shown; part of another."""

_PATIENCE_S = 60
READING, SETTLING, SCANNING, PUBLISHING = range(4)
"""Aspects of problems: found in a file alone; beside other files; by the last scan, in no file; in the output tree."""


NO_FILE = 0
"""Stands for the number of a file in what concerns none."""

FileStatus = tuple[int, int, int, int]
"""A file's number, and its size, modification and change time as the last scan saw them. Every run reads them all."""


class RecordRow(NamedTuple):
    """What one file says."""

    file: int
    source: int
    path: bytes
    hash: bytes
    state: int
    stated: str | None = None
    url: str | None = None
    published: int | None = None
    updated: int | None = None
    expires: int | None = None
    figures: str | None = None
    digest: bytes | None = None


class EntryRow(NamedTuple):
    """One entry that feeds may show."""

    file: int
    id: str
    published: int
    updated: int
    digest: bytes
    files: str | None
    filed: str


class StaleIndexError(Exception):
    """The index is damaged, or of another version: it is to be set aside."""


class Index:
    """The database, open. Its methods are single questions and changes; who asks decides."""

    def __init__(self, connection: sqlite3.Connection, place: str = "") -> None:
        self.sql = connection
        self._place = place  # where a new index is to stand

    @classmethod
    def open(cls, state: str) -> "Index":
        """Open the index in a state folder. A new one is made apart, and takes its place with its first commit.

        Raises StaleIndexError when it cannot be used, OutputError when the folder cannot be written.
        """
        path = os.path.join(state, "index.db")
        is_new = not os.path.lexists(path) or os.path.getsize(path) == 0
        try:
            index = cls._make(path) if is_new else cls(connect(path))
            index._prepare()  # noqa: SLF001 - of this class
            if is_new:
                index._adopt(aside_of(path))  # noqa: SLF001 - of this class
        except (sqlite3.OperationalError, OSError) as error:
            raise OutputError(f"{path}: {error}") from None
        except sqlite3.DatabaseError as error:
            raise StaleIndexError(f"damaged ({error})") from None
        return index

    @classmethod
    def _make(cls, path: str) -> "Index":
        """An empty index beside its place. Until it is whole it needs no journal on the disk: a kill loses it all."""
        new = f"{path}.new"
        if os.path.lexists(new):
            os.unlink(new)
        index = cls(sqlite3.connect(new, isolation_level=None), place=path)
        index.sql.execute("PRAGMA journal_mode = MEMORY")
        index.sql.execute("PRAGMA synchronous = OFF")
        return index

    @classmethod
    def in_memory(cls) -> "Index":
        """An index that is forgotten."""
        index = cls(sqlite3.connect(":memory:", isolation_level=None))
        index._prepare()
        return index

    def _prepare(self) -> None:
        (version,) = self.sql.execute("PRAGMA user_version").fetchone()
        if version not in (0, schema.VERSION):
            self.close()
            raise StaleIndexError(f"of version {version}, not {schema.VERSION}")
        if version == 0:
            self.sql.execute(f"PRAGMA page_size = {schema.PAGE_BYTES}")
            self.sql.executescript(
                f"BEGIN;{schema.TABLES};{schema.LASTING_TABLES};PRAGMA user_version = {schema.VERSION};COMMIT"
            )
        if not self._place:
            self.sql.execute("PRAGMA journal_mode = WAL")

    def _adopt(self, aside: str) -> None:
        """Take over what outlives an index, if one was set aside, as far as it can be read.

        What cannot is lost: every feed is announced once more, deletions are not told of.
        """
        if not os.path.lexists(aside):
            return
        with suppress(sqlite3.DatabaseError):
            self.sql.execute("ATTACH ? AS aside", (aside,))
            known = {row[0] for row in self.sql.execute("SELECT name FROM aside.sqlite_master WHERE type = 'table'")}
            with self._atomic():
                for table in schema.LASTING:
                    if table in known:
                        self.sql.execute(f"INSERT INTO main.{table} SELECT * FROM aside.{table}")  # noqa: S608
            Tombstones(self.sql).remember("aside")
        if len(self.sql.execute("PRAGMA database_list").fetchall()) > 1:
            with suppress(sqlite3.DatabaseError):
                self.sql.execute("DETACH aside")

    def forget_corpus(self) -> None:
        """Within a transaction: start from nothing, but for what outlives an index."""
        self.sql.execute("DROP TABLE IF EXISTS words")  # with the tables that FTS5 keeps for it
        for (table,) in self.sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table not in schema.LASTING:
                self.sql.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours

    def close(self) -> None:
        """Close the database."""
        self.sql.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes inside happen, or none."""
        with self._atomic():
            yield
        if self._place:
            self._take_place()

    @contextmanager
    def _atomic(self) -> Iterator[None]:
        self.sql.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self.sql.in_transaction:
                self.sql.execute("ROLLBACK")
            raise
        self.sql.execute("COMMIT")

    def _take_place(self) -> None:
        """A new index is whole: it goes where the next run looks for it."""
        self.sql.execute("PRAGMA journal_mode = WAL")
        self.sql.close()
        handle = os.open(f"{self._place}.new", os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(f"{self._place}.new", self._place)
        if os.path.lexists(aside_of(self._place)):
            os.replace(aside_of(self._place), f"{self._place}.old")  # a later index must not take over its outbox again
        self.sql = connect(self._place)
        self._place = ""

    # ---------------------------------------------------------------------------------------------------------- meta

    def meta(self, name: str) -> Any:
        """A remembered value, or None."""
        row = self.sql.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row and row[0]

    def remember(self, name: str, value: str | int | bytes) -> None:
        """Keep a value for the next run."""
        self.sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    # --------------------------------------------------------------------------------------------------------- files

    def folders(self, source: int) -> dict[bytes, int]:
        """The folders of a source that hold files, with their numbers."""
        return dict(self.sql.execute("SELECT path, folder FROM folders WHERE source = ?", (source,)))

    def sources(self) -> list[int]:
        """The numbers of the sources that have folders."""
        return [row[0] for row in self.sql.execute("SELECT DISTINCT source FROM folders")]

    def add_folder(self, source: int, path: bytes) -> int:
        """The number of a folder, a new one if need be."""
        row = self.sql.execute("SELECT folder FROM folders WHERE source = ? AND path = ?", (source, path)).fetchone()
        if row:
            return int(row[0])
        cursor = self.sql.execute("INSERT INTO folders (source, path) VALUES (?, ?)", (source, path))
        return int(cursor.lastrowid or 0)

    def statuses(self, folder: int) -> list[tuple[bytes, int, int, int]]:
        """Name, size, modification and change time of a folder's files, in the order of their names."""
        sql = "SELECT name, size_bytes, mtime_ns, ctime_ns FROM files WHERE folder = ? ORDER BY name"
        return self.sql.execute(sql, (folder,)).fetchall()

    def files(self, folder: int) -> dict[bytes, FileStatus]:
        """The files of a folder by name."""
        rows = self.sql.execute(
            "SELECT name, file, size_bytes, mtime_ns, ctime_ns FROM files WHERE folder = ?", (folder,)
        )
        return {row[0]: row[1:] for row in rows}

    def file_in(self, folder: int, name: bytes) -> int | None:
        """The number of a file in a folder."""
        row = self.sql.execute("SELECT file FROM files WHERE folder = ? AND name = ?", (folder, name)).fetchone()
        return row and int(row[0])

    def last_file(self) -> int:
        """The highest number given to a file yet."""
        return int(self.sql.execute("SELECT COALESCE(MAX(file), 0) FROM records").fetchone()[0])

    def put_files(self, rows: Iterable[tuple[int, bytes, int, int, int, int]]) -> None:
        """Remember (folder, name, file, size, mtime, ctime)."""
        self.sql.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", rows)

    def drop_file(self, folder: int, name: bytes) -> None:
        """Forget a file's place."""
        self.sql.execute("DELETE FROM files WHERE folder = ? AND name = ?", (folder, name))

    def drop_folder(self, folder: int) -> None:
        """Forget a folder and the places of its files."""
        self.sql.execute("DELETE FROM files WHERE folder = ?", (folder,))
        self.sql.execute("DELETE FROM folders WHERE folder = ?", (folder,))

    def file_at(self, source: int, folder: bytes, name: bytes) -> int | None:
        """The number of the file at a path."""
        sql = "SELECT file FROM files JOIN folders USING (folder) WHERE source = ? AND path = ? AND name = ?"
        row = self.sql.execute(sql, (source, folder, name)).fetchone()
        return row and int(row[0])

    # ------------------------------------------------------------------------------------------------------- records

    def record(self, file: int) -> RecordRow | None:
        """What a file said."""
        row = self.sql.execute("SELECT * FROM records WHERE file = ?", (file,)).fetchone()
        return row and RecordRow._make(row)

    def put_records(self, rows: Iterable[RecordRow]) -> None:
        """Remember what files say."""
        self.sql.executemany("INSERT OR REPLACE INTO records VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", rows)

    def drop_record(self, file: int) -> None:
        """Forget what a file said, its problems and its fragments."""
        for table in ("records", "problems", "fragments"):
            self.sql.execute(f"DELETE FROM {table} WHERE file = ?", (file,))  # noqa: S608 - names of ours

    def index_records(self) -> None:
        """Make the records' indexes, unless they are there."""
        for sql in schema.RECORD_INDEXES:
            self.sql.execute(sql)

    def records_of_url(self, url: str) -> list[RecordRow]:
        """The entries that share an address."""
        return [RecordRow._make(row) for row in self.sql.execute("SELECT * FROM records WHERE url = ?", (url,))]

    def shared_urls(self) -> list[str]:
        """The addresses of more than one entry."""
        sql = "SELECT url FROM records WHERE url IS NOT NULL GROUP BY url HAVING COUNT(*) > 1"
        return [row[0] for row in self.sql.execute(sql)]

    def urls_that_turn(self, after: int, until: int) -> set[str]:
        """The addresses of entries that begin or cease to be shown between two times (the first excluded)."""
        sql = """
            SELECT url FROM records WHERE state IN (2, 3, 4) AND published > :after AND published <= :until
            UNION SELECT url FROM records WHERE expires > :after AND expires <= :until AND url IS NOT NULL"""
        return {row[0] for row in self.sql.execute(sql, {"after": after, "until": until})}

    def set_states(self, rows: Iterable[tuple[int, int]]) -> None:
        """Settle (state, file)."""
        self.sql.executemany("UPDATE records SET state = ? WHERE file = ?", rows)

    def count_states(self) -> dict[int, int]:
        """How many records are in each state."""
        return dict(self.sql.execute("SELECT state, COUNT(*) FROM records GROUP BY state"))

    # ------------------------------------------------------------------------------------------------------ problems

    def put_problems(self, file: int, aspect: int, problems: Iterable[Problem]) -> None:
        """Replace the problems of a file in one aspect."""
        self.sql.execute("DELETE FROM problems WHERE file = ? AND aspect = ?", (file, aspect))
        self.sql.executemany(
            "INSERT INTO problems VALUES (?,?,?,?,?,?,?,?)", [(file, aspect, *problem) for problem in problems]
        )

    def problems(self) -> list[Problem]:
        """All problems, in no order."""
        sql = "SELECT path, line, column, field, message, severity FROM problems"
        return [Problem._make(row) for row in self.sql.execute(sql)]

    # ------------------------------------------------------------------------------------------------------- entries

    def entry(self, file: int) -> EntryRow | None:
        """The entry that a file leads."""
        row = self.sql.execute("SELECT * FROM entries WHERE file = ?", (file,)).fetchone()
        return row and EntryRow._make(row)

    def leaders_stating(self, stated_id: str) -> list[int]:
        """The files that lead an entry and state this id."""
        sql = "SELECT file FROM records JOIN entries USING (file) WHERE stated = ?"
        return [row[0] for row in self.sql.execute(sql, (stated_id,))]

    def stated_ids(self) -> list[str]:
        """Every id that is not a path's."""
        return [row[0] for row in self.sql.execute("SELECT DISTINCT stated FROM records WHERE stated IS NOT NULL")]

    def put_entries(self, rows: Iterable[EntryRow]) -> None:
        """File entries."""
        self.sql.executemany("INSERT OR REPLACE INTO entries VALUES (?,?,?,?,?,?,?)", rows)

    def drop_entry(self, file: int) -> None:
        """Take an entry out of the feeds."""
        self.sql.execute("DELETE FROM entries WHERE file = ?", (file,))

    def forget_entries(self) -> None:
        """Forget all entries, to file them anew."""
        self.sql.execute("DELETE FROM entries")


def connect(path: str) -> sqlite3.Connection:
    """The database at a place. Others write to it, too: a build for as long as it runs, a pusher for an instant."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE_S, check_same_thread=False)
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def aside_of(path: str) -> str:
    """Where an index goes that cannot be used."""
    return f"{path}.aside"


def set_aside(state: str) -> None:
    """Move an index that cannot be used out of the way, with its journal, until a new one took over its outbox."""
    path = os.path.join(state, "index.db")
    for suffix in ("-wal", "-shm"):
        if os.path.lexists(path + suffix):
            os.replace(path + suffix, aside_of(path) + suffix)
        elif os.path.lexists(aside_of(path) + suffix):
            os.unlink(aside_of(path) + suffix)
    os.replace(path, aside_of(path))
