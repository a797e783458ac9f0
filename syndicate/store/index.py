"""The index: what is known of files, entries, feeds and documents, in one SQLite database.

A run works in one transaction, which it commits last: killed at any instant, the next run finds the state before it.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..errors import OutputError, Problem
from . import schema
from .outbox import TABLES as OUTBOX_TABLES

LOST, HIDDEN, WAITING, SHOWN, MERGED = range(5)
"""States of a record: faulty; hidden by its owner; an entry not to be shown at this time; shown; part of another."""

_AT_ONCE = 100
_PATIENCE_S = 60
READING, SETTLING, SCANNING = 0, 1, 2
"""Aspects of problems: found in a file alone; found beside other files; found by the last scan, in no file."""

CATALOG = 0
"""The number under which documents of no single feed are kept."""


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


class DocumentRow(NamedTuple):
    """One document in the output tree."""

    path: str
    feed: int
    digest: bytes
    size_bytes: int
    mtime_ns: int


FragmentsRow = tuple[int, bytes, bytes | None, bytes | None, bytes | None]
"""A file's number, the digest of its entry as rendered, and the entry in RSS, Atom and JSON."""


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
                index._adopt_outbox(aside_of(path))  # noqa: SLF001 - of this class
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
                f"BEGIN;{schema.TABLES};{schema.OUTBOX};PRAGMA user_version = {schema.VERSION};COMMIT"
            )
        if not self._place:
            self.sql.execute("PRAGMA journal_mode = WAL")

    def _adopt_outbox(self, aside: str) -> None:
        """Take over what hubs are still to be told, if an index was set aside, and it can be read as far as that."""
        if not os.path.lexists(aside):
            return
        try:
            self.sql.execute("ATTACH ? AS aside", (aside,))
            with self._atomic():
                for table in OUTBOX_TABLES:
                    self.sql.execute(f"INSERT INTO main.{table} SELECT * FROM aside.{table}")  # noqa: S608
        except sqlite3.DatabaseError:
            pass  # it knows nothing of hubs, or is damaged there, too: then every feed is announced once more
        if len(self.sql.execute("PRAGMA database_list").fetchall()) > 1:
            self.sql.execute("DETACH aside")

    def forget_corpus(self) -> None:
        """Start from nothing, but for what hubs were told: the tables of the outbox stay."""
        with self._atomic():
            for (table,) in self.sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                if table not in OUTBOX_TABLES:
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

    def forget_filing(self) -> None:
        """Forget all entries and their feeds' members, to file them anew."""
        for table in ("entries", "members"):
            self.sql.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours

    # --------------------------------------------------------------------------------------------------------- feeds

    def feed_numbers(self) -> dict[tuple[str, str], int]:
        """All feeds by (dimension, key)."""
        return {(row[0], row[1]): row[2] for row in self.sql.execute("SELECT dimension, key, feed FROM feeds")}

    def add_feed(self, dimension: str, key: str) -> int:
        """A new feed's number; CATALOG is none."""
        cursor = self.sql.execute("INSERT INTO feeds (dimension, key) VALUES (?, ?)", (dimension, key))
        return int(cursor.lastrowid or 0)

    def feed(self, feed: int) -> tuple[str, str, str | None, str | None, bytes | None]:
        """Dimension, key, path, card and what was seen of a feed."""
        sql = "SELECT dimension, key, path, card, seen FROM feeds WHERE feed = ?"
        row: tuple[str, str, str | None, str | None, bytes | None] = self.sql.execute(sql, (feed,)).fetchone()
        return row

    def set_feed(self, feed: int, path: str, card: str, seen: bytes) -> None:
        """What a feed shows now."""
        self.sql.execute("UPDATE feeds SET path = ?, card = ?, seen = ? WHERE feed = ?", (path, card, seen, feed))

    def drop_feed(self, feed: int) -> None:
        """Forget a feed."""
        self.sql.execute("DELETE FROM feeds WHERE feed = ?", (feed,))

    def count_feeds(self) -> int:
        """How many feeds there are."""
        return int(self.sql.execute("SELECT COUNT(*) FROM feeds").fetchone()[0])

    def cards(self) -> list[tuple[str, str]]:
        """(dimension, card) of every feed."""
        return list(self.sql.execute("SELECT dimension, card FROM feeds WHERE card IS NOT NULL"))

    def add_members(self, rows: Iterable[tuple[int, int, int, str]]) -> None:
        """File (feed, published, file, name)."""
        self.sql.executemany("INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?)", rows)

    def gather_members(self, rows: Iterable[tuple[int, int, int, str]]) -> None:
        """File (feed, published, file, name) among many, none of which is filed yet, until `file_members`.

        Made in the order of their feeds at the end, a table takes a third of the time of one made record by record.
        """
        self.sql.execute("CREATE TEMP TABLE IF NOT EXISTS gathered (feed, published, file, name)")
        self.sql.executemany("INSERT INTO gathered VALUES (?, ?, ?, ?)", rows)

    def file_members(self) -> None:
        """File all that were gathered."""
        self.sql.execute("CREATE TEMP TABLE IF NOT EXISTS gathered (feed, published, file, name)")
        self.sql.execute("INSERT INTO members SELECT * FROM gathered ORDER BY feed, published, file")
        self.sql.execute("DROP TABLE gathered")

    def drop_members(self, rows: Iterable[tuple[int, int, int]]) -> None:
        """Take out (feed, published, file)."""
        self.sql.executemany("DELETE FROM members WHERE feed = ? AND published = ? AND file = ?", rows)

    def spellings(self, feed: int) -> list[tuple[str, int]]:
        """How the members of a feed spell its name, with counts; empty for a feed without members."""
        return list(self.sql.execute("SELECT name, COUNT(*) FROM members WHERE feed = ? GROUP BY name", (feed,)))

    def newest(self, feed: int, limit: int) -> list[EntryRow]:
        """The newest members of a feed, and all that are as old as the last of them."""
        sql = "SELECT published FROM members WHERE feed = ? ORDER BY published DESC LIMIT 1 OFFSET ?"
        oldest = self.sql.execute(sql, (feed, limit - 1)).fetchone()
        sql = "SELECT entries.* FROM members JOIN entries USING (file) WHERE feed = ? AND members.published >= ?"
        return [EntryRow._make(row) for row in self.sql.execute(sql, (feed, oldest[0] if oldest else -(2**62)))]

    # ----------------------------------------------------------------------------------------------------- fragments

    def rendered(self, files: Iterable[int]) -> dict[int, tuple[bytes, bool, bool, bool]]:
        """For each of these entries that is rendered: as which digest, and whether in RSS, Atom and JSON."""
        what = "file, digest, rss IS NOT NULL, atom IS NOT NULL, json IS NOT NULL"
        return {row[0]: row[1:] for row in self._of_fragments(what, list(files))}

    def put_fragments(self, rows: Iterable[FragmentsRow]) -> None:
        """Keep (file, digest, rss, atom, json)."""
        self.sql.executemany("INSERT OR REPLACE INTO fragments VALUES (?, ?, ?, ?, ?)", rows)

    def fragments(self, files: Iterable[int]) -> Iterator[tuple[bytes, bytes, bytes]]:
        """RSS, Atom and JSON of entries, in the order asked for."""
        wanted = list(files)
        found = {row[0]: row[1:] for row in self._of_fragments("file, rss, atom, json", wanted)}
        return (found[number] for number in wanted)

    def _of_fragments(self, what: str, files: list[int]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(files), _AT_ONCE):
            numbers = files[start : start + _AT_ONCE]
            marks = ",".join("?" * len(numbers))
            yield from self.sql.execute(f"SELECT {what} FROM fragments WHERE file IN ({marks})", numbers)  # noqa: S608

    # ----------------------------------------------------------------------------------------------------- documents

    def documents(self) -> list[DocumentRow]:
        """Every document that stands in the tree."""
        return [DocumentRow._make(row) for row in self.sql.execute("SELECT * FROM documents")]

    def count_documents(self) -> int:
        """How many documents stand in the tree."""
        return int(self.sql.execute("SELECT COUNT(*) FROM documents").fetchone()[0])

    def document(self, path: str) -> DocumentRow | None:
        """One document."""
        row = self.sql.execute("SELECT * FROM documents WHERE path = ?", (path,)).fetchone()
        return row and DocumentRow._make(row)

    def put_document(self, row: DocumentRow) -> None:
        """Remember a document as it stands."""
        self.sql.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?)", row)

    def drop_document(self, path: str) -> None:
        """Forget a document."""
        self.sql.execute("DELETE FROM documents WHERE path = ?", (path,))

    def documents_of(self, feed: int) -> list[str]:
        """The paths of a feed's documents."""
        return [row[0] for row in self.sql.execute("SELECT path FROM documents WHERE feed = ?", (feed,))]


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
