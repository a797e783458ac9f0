"""Folders, files, records and problems of the corpus."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from ...errors import Problem
from ..rows import MERGED, PARSING, SHOWN, STOPPED, WAITING, FileRow, FileStatus, KnownFile, RecordRow
from . import schema

_Row = TypeVar("_Row")
_PAIRS = 500  # bound in one statement: SQLite's limit on parameters was 999 for long
_RECORD = (
    "record_id, source, path, hash, state, stated_id, url, published, updated, expires, traits, digest, "
    "language, states_url"
)

_FOLDERS = "SELECT source, path, folder_id FROM folders"
# A CROSS JOIN is joined in the order written: from the few places that are requested. For `IN (VALUES …)` SQLite reads
# the whole table.
_FOLDERS_AT = """
WITH requested (source, path) AS (VALUES {pairs})
SELECT folders.source, folders.path, folder_id FROM requested
CROSS JOIN folders ON folders.source = requested.source AND folders.path = requested.path"""
_FOLDERS_BELOW = "SELECT source, path, folder_id FROM folders WHERE source = ? AND path >= ? AND path < ?"
_ADD_FOLDERS = "INSERT INTO folders (folder_id, source, path) VALUES (?, ?, ?)"

# Ordered as Python orders the tuples of a scan: both lists are compared as a whole.
_STATUSES = """
SELECT folder_id, name, size_bytes, mtime_ns, ctime_ns FROM files
WHERE folder_id IN (SELECT value FROM json_each(?)) ORDER BY folder_id, name"""

_KNOWN = """
WITH requested (folder_id, name) AS (VALUES {pairs})
SELECT files.folder_id, files.name, record_id, hash FROM requested
CROSS JOIN files ON files.folder_id = requested.folder_id AND files.name = requested.name
LEFT JOIN records USING (record_id)"""

_KNOWN_OF_FOLDERS = """
SELECT folder_id, name, record_id, hash FROM files LEFT JOIN records USING (record_id)
WHERE folder_id IN (SELECT value FROM json_each(?))"""
_FILES_OF_FOLDERS = "SELECT record_id FROM files WHERE folder_id IN (SELECT value FROM json_each(?))"
_PUT_FILES = """
INSERT OR REPLACE INTO files (folder_id, name, record_id, size_bytes, mtime_ns, ctime_ns) VALUES (?, ?, ?, ?, ?, ?)"""
_DROP_FILES = "DELETE FROM files WHERE folder_id = ? AND name = ?"
_DROP_FOLDERS = (
    "DELETE FROM files WHERE folder_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM folders WHERE folder_id IN (SELECT value FROM json_each(?))",
)

_RECORDS = f"SELECT {_RECORD} FROM records WHERE record_id IN (SELECT value FROM json_each(?))"  # noqa: S608
_PUT_RECORDS = f"INSERT OR REPLACE INTO records ({_RECORD}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"  # noqa: S608
_DROP_RECORDS = tuple(
    f"DELETE FROM {table} WHERE record_id IN (SELECT value FROM json_each(?))"  # noqa: S608
    for table in ("records", "problems", "links", "rendered")
)
# Fragments have no index of records (schema.py).
_DROP_FRAGMENTS = f"""
DELETE FROM fragments WHERE fragment_id IN (
  SELECT value * {schema.FORMATS_MAX} + format_id FROM json_each(?) CROSS JOIN formats)"""  # noqa: S608
_RECORDS_OF_URLS = f"SELECT {_RECORD} FROM records WHERE url IN (SELECT value FROM json_each(?))"  # noqa: S608
_ENTRY_RECORDS = f"SELECT {_RECORD} FROM records WHERE url IS NOT NULL"  # noqa: S608
_SHARED_URLS = "SELECT url FROM records WHERE url IS NOT NULL GROUP BY url HAVING COUNT(*) > 1"
_STATED_IDS = "SELECT DISTINCT stated_id FROM records WHERE stated_id IS NOT NULL"
_CLAIMANTS = f"""
SELECT {_RECORD} FROM records WHERE stated_id IN (SELECT value FROM json_each(?))
  AND EXISTS (SELECT 1 FROM entries WHERE entries.record_id = records.record_id)"""  # noqa: S608
_RECORDS_AT = """
WITH requested (source, path, name) AS (VALUES {triples})
SELECT folders.source, folders.path, files.name, record_id FROM requested
CROSS JOIN folders ON folders.source = requested.source AND folders.path = requested.path
CROSS JOIN files ON files.folder_id = folders.folder_id AND files.name = requested.name
CROSS JOIN entries USING (record_id)"""

# Entries whose time comes, and entries whose time is over, between two times (the first one excluded).
_URLS_BETWEEN = f"""
SELECT url FROM records
WHERE state IN ({WAITING}, {SHOWN}, {MERGED}) AND published > :after AND published <= :until
UNION SELECT url FROM records WHERE expires > :after AND expires <= :until AND url IS NOT NULL"""  # noqa: S608

_COUNT_STATES = "SELECT state, COUNT(*) FROM records GROUP BY state"

_PROBLEMS = "SELECT path, line, column, field, message, severity FROM problems"
_STOPPED = f"""
SELECT records.source, records.path, hash, problems.path, line, column, field, message, severity
FROM records JOIN problems USING (record_id) WHERE state = {STOPPED} AND origin = {PARSING}"""  # noqa: S608
_DROP_PROBLEMS = "DELETE FROM problems WHERE record_id IN (SELECT value FROM json_each(?)) AND origin = ?"
_PUT_PROBLEMS = """
INSERT INTO problems (record_id, origin, path, line, column, field, message, severity) VALUES (?,?,?,?,?,?,?,?)"""


class SqliteCorpus:
    """The corpus repository, over a transaction or a snapshot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    # ---------------------------------------------------------------------------------------------- folders and files

    def folders(self) -> dict[tuple[int, bytes], int]:
        """Returns the id of each folder that holds files, by source and path."""
        return {(row[0], row[1]): row[2] for row in self._sql.execute(_FOLDERS)}

    def folders_at(self, places: Sequence[tuple[int, bytes]]) -> dict[tuple[int, bytes], int]:
        """Returns the ids of the folders at these sources and paths; unknown ones are left out."""
        found: dict[tuple[int, bytes], int] = {}
        for pairs in _portions(places, _PAIRS // 2):
            sql = _FOLDERS_AT.format(pairs=",".join(["(?,?)"] * len(pairs)))
            rows = self._sql.execute(sql, [part for pair in pairs for part in pair])
            found.update(((row[0], row[1]), row[2]) for row in rows)
        return found

    def folders_below(self, source: int, path: bytes) -> dict[tuple[int, bytes], int]:
        """Returns the ids of the folder at a path, which ends in a slash, and of all within it, as `folders` does."""
        after = path[:-1] + b"0"  # the character after a slash
        return {(row[0], row[1]): row[2] for row in self._sql.execute(_FOLDERS_BELOW, (source, path, after))}

    def last_folder_id(self) -> int:
        """Returns the highest folder id, 0 without folders."""
        return int(self._sql.execute("SELECT COALESCE(MAX(folder_id), 0) FROM folders").fetchone()[0])

    def add_folders(self, rows: Iterable[tuple[int, int, bytes]]) -> None:
        """Stores new folders, given as folder id, source and path."""
        self._sql.executemany(_ADD_FOLDERS, rows)

    def file_statuses(self, folder_ids: Sequence[int]) -> list[FileStatus]:
        """Returns the files of these folders as the last scan saw them, ordered by folder id and name."""
        return self._sql.execute(_STATUSES, (json.dumps(folder_ids),)).fetchall()

    def known_files(self, names: Sequence[tuple[int, bytes]]) -> Iterator[KnownFile]:
        """Yields what is known of files, given by folder id and name; unknown ones are left out."""
        for pairs in _portions(names, _PAIRS):
            sql = _KNOWN.format(pairs=",".join(["(?,?)"] * len(pairs)))
            yield from map(KnownFile._make, self._sql.execute(sql, [part for pair in pairs for part in pair]))

    def known_files_of_folders(self, folder_ids: Sequence[int]) -> list[KnownFile]:
        """Returns what is known of all files in these folders."""
        return [KnownFile._make(row) for row in self._sql.execute(_KNOWN_OF_FOLDERS, (json.dumps(folder_ids),))]

    def records_of_folders(self, folder_ids: Sequence[int]) -> list[int]:
        """Returns the record ids of all files in these folders."""
        return [row[0] for row in self._sql.execute(_FILES_OF_FOLDERS, (json.dumps(folder_ids),))]

    def put_files(self, rows: Iterable[FileRow]) -> None:
        """Stores files as a scan saw them."""
        self._sql.executemany(_PUT_FILES, rows)

    def drop_files(self, names: Iterable[tuple[int, bytes]]) -> None:
        """Deletes files, given by folder id and name."""
        self._sql.executemany(_DROP_FILES, names)

    def drop_folders(self, folder_ids: Sequence[int]) -> None:
        """Deletes folders, and their files."""
        for sql in _DROP_FOLDERS:
            self._sql.execute(sql, (json.dumps(folder_ids),))

    # -------------------------------------------------------------------------------------------------------- records

    def last_record_id(self) -> int:
        """Returns the highest record id, 0 without records."""
        return int(self._sql.execute("SELECT COALESCE(MAX(record_id), 0) FROM records").fetchone()[0])

    def records(self, record_ids: Iterable[int]) -> dict[int, RecordRow]:
        """Returns records by id; unknown ones are left out."""
        rows = self._sql.execute(_RECORDS, (json.dumps(list(record_ids)),))
        return {row[0]: RecordRow._make(row) for row in rows}

    def put_records(self, rows: Iterable[RecordRow]) -> None:
        """Stores records in place of what they said before."""
        self._sql.executemany(_PUT_RECORDS, rows)

    def drop_records(self, record_ids: Sequence[int]) -> None:
        """Deletes records with their problems and fragments."""
        for sql in (*_DROP_RECORDS, _DROP_FRAGMENTS):
            self._sql.execute(sql, (json.dumps(record_ids),))

    def create_indexes(self) -> None:
        """Creates the indexes of records and entries, once the first ones are stored."""
        for sql in schema.INDEXES:
            self._sql.execute(sql)

    def records_of_urls(self, urls: Sequence[str]) -> list[RecordRow]:
        """Returns the records of entries at these addresses."""
        return [RecordRow._make(row) for row in self._sql.execute(_RECORDS_OF_URLS, (json.dumps(urls),))]

    def entry_records(self, batch: int) -> Iterator[list[RecordRow]]:
        """Yields all records that make entries, so many at once."""
        cursor = self._sql.cursor().execute(_ENTRY_RECORDS)
        while fetched := cursor.fetchmany(batch):
            yield [RecordRow._make(row) for row in fetched]

    def shared_urls(self) -> list[str]:
        """Returns the addresses that several records have."""
        return [row[0] for row in self._sql.execute(_SHARED_URLS)]

    def urls_between(self, after: int, until: int) -> set[str]:
        """Returns the addresses of entries that appear or expire between two times (the first one excluded)."""
        return {row[0] for row in self._sql.execute(_URLS_BETWEEN, {"after": after, "until": until})}

    def stated_ids(self) -> list[str]:
        """Returns all ids that records state themselves."""
        return [row[0] for row in self._sql.execute(_STATED_IDS)]

    def claimants(self, ids: Sequence[str]) -> list[RecordRow]:
        """Returns the records that lead an entry and state one of these ids."""
        return [RecordRow._make(row) for row in self._sql.execute(_CLAIMANTS, (json.dumps(ids),))]

    def leading_records_at(self, places: Sequence[tuple[int, bytes, bytes]]) -> dict[tuple[int, bytes, bytes], int]:
        """Returns the ids of records that lead an entry, by source, folder and file name."""
        found: dict[tuple[int, bytes, bytes], int] = {}
        for triples in _portions(places, _PAIRS // 2):
            sql = _RECORDS_AT.format(triples=",".join(["(?,?,?)"] * len(triples)))
            rows = self._sql.execute(sql, [part for triple in triples for part in triple])
            found.update(((source, folder, name), record_id) for source, folder, name, record_id in rows)
        return found

    def set_states(self, rows: Iterable[tuple[int, int]]) -> None:
        """Changes the state of records, given as state and record id."""
        self._sql.executemany("UPDATE records SET state = ? WHERE record_id = ?", rows)

    def count_states(self) -> dict[int, int]:
        """Returns how many records are in each state."""
        return dict(self._sql.execute(_COUNT_STATES))

    def stopped_records(self) -> dict[tuple[int, bytes], tuple[bytes, Problem]]:
        """Returns the hash and the problem of each record that exceeded the limits, by source and path."""
        return {(row[0], row[1]): (row[2], Problem._make(row[3:])) for row in self._sql.execute(_STOPPED)}

    # ------------------------------------------------------------------------------------------------------- problems

    def problems(self) -> list[Problem]:
        """Returns all problems, in no order."""
        return [Problem._make(row) for row in self._sql.execute(_PROBLEMS)]

    def put_problems(self, origin: int, problems: Mapping[int, Sequence[Problem]]) -> None:
        """Replaces the problems of records from one origin; an empty sequence deletes them."""
        self._sql.execute(_DROP_PROBLEMS, (json.dumps(list(problems)), origin))
        rows = [(record_id, origin, *one) for record_id, many in problems.items() for one in many]
        if rows:
            self._sql.executemany(_PUT_PROBLEMS, rows)

    def drop_problems(self, origin: int) -> None:
        """Deletes all problems from one origin."""
        self._sql.execute("DELETE FROM problems WHERE origin = ?", (origin,))


def _portions(rows: Iterable[_Row], size: int) -> Iterator[list[_Row]]:
    remaining = iter(rows)
    while portion := list(islice(remaining, size)):
        yield portion
