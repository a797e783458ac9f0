"""Folders, files, records and problems of the corpus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...errors import Problem
from ..rows import MERGED, PARSING, SHOWN, STOPPED, WAITING, FileRow, FileStatus, KnownFile, RecordRow
from .session import Session
from .tables import FILES, FOLDERS, PROBLEMS, RECORDS

_RECORD = ", ".join(RECORDS.columns)
_FILE_KEY = {"folder_id": "bigint", "name": "bytea"}
_FOLDER_PLACE = {"source": "bigint", "path": "bytea"}
_PLACE = {"source": "bigint", "folder": "bytea", "name": "bytea"}

_FOLDERS = "SELECT source, path, folder_id FROM folders"
_STATUSES = """
SELECT folder_id, name, size_bytes, mtime_ns, ctime_ns FROM files
WHERE folder_id = ANY(%(folders)s::bigint[]) ORDER BY folder_id, name"""
_KNOWN = """
SELECT files.folder_id, files.name, files.record_id, hash FROM {rows}
JOIN files USING (folder_id, name) LEFT JOIN records USING (record_id)"""
_KNOWN_OF_FOLDERS = """
SELECT folder_id, name, record_id, hash FROM files LEFT JOIN records USING (record_id)
WHERE folder_id = ANY(%(folders)s::bigint[])"""
_FILES_OF_FOLDERS = "SELECT record_id FROM files WHERE folder_id = ANY(%(folders)s::bigint[])"
_DROP_FILES = "DELETE FROM files USING {rows} WHERE files.folder_id = r.folder_id AND files.name = r.name"
_DROP_FOLDERS = """
WITH dropped AS (DELETE FROM files WHERE folder_id = ANY(%(folders)s::bigint[]))
DELETE FROM folders WHERE folder_id = ANY(%(folders)s::bigint[])"""

_RECORDS = f"SELECT {_RECORD} FROM records WHERE record_id = ANY(%(records)s::bigint[])"  # noqa: S608
_DROP_RECORDS = """
WITH dropped AS (DELETE FROM records WHERE record_id = ANY(%(records)s::bigint[])),
  problems AS (DELETE FROM problems WHERE record_id = ANY(%(records)s::bigint[])),
  links AS (DELETE FROM links WHERE record_id = ANY(%(records)s::bigint[])),
  rendered AS (DELETE FROM rendered WHERE record_id = ANY(%(records)s::bigint[]))
DELETE FROM fragments WHERE record_id = ANY(%(records)s::bigint[])"""
_RECORDS_OF_URLS = f"SELECT {_RECORD} FROM records WHERE url = ANY(%(urls)s::text[])"  # noqa: S608
_ENTRY_RECORDS = f"SELECT {_RECORD} FROM records WHERE url IS NOT NULL"  # noqa: S608
_SHARED_URLS = "SELECT url FROM records WHERE url IS NOT NULL GROUP BY url HAVING count(*) > 1"
_STATED_IDS = "SELECT DISTINCT stated_id FROM records WHERE stated_id IS NOT NULL"
_CLAIMANTS = f"""
SELECT {_RECORD} FROM records
WHERE stated_id = ANY(%(ids)s::text[]) AND record_id IN (SELECT record_id FROM entries)
ORDER BY record_id"""  # noqa: S608
_RECORDS_AT = """
SELECT r.source, r.folder, r.name, files.record_id
FROM {rows} JOIN folders ON folders.source = r.source AND folders.path = r.folder
JOIN files ON files.folder_id = folders.folder_id AND files.name = r.name JOIN entries USING (record_id)"""

# Entries whose time comes, and entries whose time is over, between two times (the first one excluded).
_URLS_BETWEEN = f"""
SELECT url FROM records
WHERE state IN ({WAITING}, {SHOWN}, {MERGED}) AND published > %(after)s AND published <= %(until)s AND url IS NOT NULL
UNION SELECT url FROM records WHERE expires > %(after)s AND expires <= %(until)s AND url IS NOT NULL"""  # noqa: S608

_SET_STATES = "UPDATE records SET state = r.state FROM {rows} WHERE records.record_id = r.record_id"
_COUNT_STATES = "SELECT state, count(*) FROM records GROUP BY state"

_PROBLEMS = "SELECT path, line, column_number, field, message, severity FROM problems"
_STOPPED = f"""
SELECT records.source, records.path, hash, problems.path, line, column_number, field, message, severity
FROM records JOIN problems USING (record_id) WHERE state = {STOPPED} AND origin = {PARSING}"""  # noqa: S608
_DROP_PROBLEMS = "DELETE FROM problems WHERE record_id = ANY(%(records)s::bigint[]) AND origin = %(origin)s"
_PUT_PROBLEMS = f"INSERT INTO problems ({', '.join(PROBLEMS.columns)}) SELECT * FROM {{rows}}"  # noqa: S608
_FOLDERS_AT = """
SELECT f.source, f.path, folder_id FROM folders AS f JOIN {rows} ON r.source = f.source AND r.path = f.path"""
_FOLDERS_BELOW = """
SELECT source, path, folder_id FROM folders WHERE source = %(source)s AND path >= %(path)s AND path < %(after)s"""
_ADD_FOLDERS = "INSERT INTO folders (folder_id, source, path) SELECT * FROM {rows}"


class PostgresCorpus:
    """The corpus repository, over a transaction or a snapshot."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # ---------------------------------------------------------------------------------------------- folders and files

    def folders(self) -> dict[tuple[int, bytes], int]:
        """Returns the id of each folder that holds files, by source and path."""
        return {(source, path): folder_id for source, path, folder_id in self._session.rows(_FOLDERS)}

    def folders_at(self, places: Sequence[tuple[int, bytes]]) -> dict[tuple[int, bytes], int]:
        """Returns the ids of the folders at these sources and paths; unknown ones are left out."""
        rows = self._session.write_returning(_FOLDERS_AT, _FOLDER_PLACE, places)
        return {(source, path): folder_id for source, path, folder_id in rows}

    def folders_below(self, source: int, path: bytes) -> dict[tuple[int, bytes], int]:
        """Returns the ids of the folder at a path, which ends in a slash, and of all within it, as `folders` does."""
        after = path[:-1] + b"0"  # the character after a slash
        rows = self._session.rows(_FOLDERS_BELOW, source=source, path=path, after=after)
        return {(source, path): folder_id for source, path, folder_id in rows}

    def last_folder_id(self) -> int:
        """Returns the highest folder id, 0 without folders."""
        return int(self._session.value("SELECT COALESCE(max(folder_id), 0) FROM folders"))

    def add_folders(self, rows: Iterable[tuple[int, int, bytes]]) -> None:
        """Stores new folders, given as folder id, source and path."""
        self._session.write(_ADD_FOLDERS, FOLDERS.columns, rows)

    def file_statuses(self, folder_ids: Sequence[int]) -> list[FileStatus]:
        """Returns the files of these folders as the last scan saw them, ordered by folder id and name."""
        return self._session.rows(_STATUSES, folders=list(folder_ids))

    def known_files(self, names: Sequence[tuple[int, bytes]]) -> Iterator[KnownFile]:
        """Yields what is known of files, given by folder id and name; unknown ones are left out."""
        return map(KnownFile._make, self._session.write_returning(_KNOWN, _FILE_KEY, names))

    def known_files_of_folders(self, folder_ids: Sequence[int]) -> list[KnownFile]:
        """Returns what is known of all files in these folders."""
        return [KnownFile._make(row) for row in self._session.rows(_KNOWN_OF_FOLDERS, folders=list(folder_ids))]

    def records_of_folders(self, folder_ids: Sequence[int]) -> list[int]:
        """Returns the record ids of all files in these folders."""
        return [row[0] for row in self._session.rows(_FILES_OF_FOLDERS, folders=list(folder_ids))]

    def put_files(self, rows: Iterable[FileRow]) -> None:
        """Stores files as a scan saw them."""
        self._session.upsert(FILES, rows)

    def drop_files(self, names: Iterable[tuple[int, bytes]]) -> None:
        """Deletes files, given by folder id and name."""
        self._session.write(_DROP_FILES, _FILE_KEY, names)

    def drop_folders(self, folder_ids: Sequence[int]) -> None:
        """Deletes folders, and their files."""
        self._session.execute(_DROP_FOLDERS, folders=list(folder_ids))

    # -------------------------------------------------------------------------------------------------------- records

    def last_record_id(self) -> int:
        """Returns the highest record id, 0 without records."""
        return int(self._session.value("SELECT COALESCE(max(record_id), 0) FROM records"))

    def records(self, record_ids: Iterable[int]) -> dict[int, RecordRow]:
        """Returns records by id; unknown ones are left out."""
        return {row[0]: RecordRow._make(row) for row in self._session.rows(_RECORDS, records=list(record_ids))}

    def put_records(self, rows: Iterable[RecordRow]) -> None:
        """Stores records in place of what they said before."""
        self._session.upsert(RECORDS, rows)

    def drop_records(self, record_ids: Sequence[int]) -> None:
        """Deletes records with their problems and fragments."""
        self._session.execute(_DROP_RECORDS, records=list(record_ids))

    def create_indexes(self) -> None:
        """Counts the first records, so that the database plans queries over them. Their indexes exist already."""
        self._session.execute("ANALYZE folders, files, records")

    def records_of_urls(self, urls: Sequence[str]) -> list[RecordRow]:
        """Returns the records of entries at these addresses."""
        return [RecordRow._make(row) for row in self._session.rows(_RECORDS_OF_URLS, urls=list(urls))]

    def entry_records(self, batch: int) -> Iterator[list[RecordRow]]:
        """Yields all records that make entries, so many at once."""
        for rows in self._session.stream(_ENTRY_RECORDS, batch):
            yield [RecordRow._make(row) for row in rows]

    def shared_urls(self) -> list[str]:
        """Returns the addresses that several records have."""
        return [row[0] for row in self._session.rows(_SHARED_URLS)]

    def urls_between(self, after: int, until: int) -> set[str]:
        """Returns the addresses of entries that appear or expire between two times (the first one excluded)."""
        return {row[0] for row in self._session.rows(_URLS_BETWEEN, after=after, until=until)}

    def stated_ids(self) -> list[str]:
        """Returns all ids that records state themselves."""
        return [row[0] for row in self._session.rows(_STATED_IDS)]

    def claimants(self, ids: Sequence[str]) -> list[RecordRow]:
        """Returns the records that lead an entry and state one of these ids."""
        return [RecordRow._make(row) for row in self._session.rows(_CLAIMANTS, ids=list(ids))]

    def leading_records_at(self, places: Sequence[tuple[int, bytes, bytes]]) -> dict[tuple[int, bytes, bytes], int]:
        """Returns the ids of records that lead an entry, by source, folder and file name."""
        rows = self._session.write_returning(_RECORDS_AT, _PLACE, places)
        return {(source, folder, name): record_id for source, folder, name, record_id in rows}

    def set_states(self, rows: Iterable[tuple[int, int]]) -> None:
        """Changes the state of records, given as state and record id."""
        latest = {record_id: state for state, record_id in rows}
        self._session.write(_SET_STATES, {"record_id": "bigint", "state": "integer"}, latest.items())

    def count_states(self) -> dict[int, int]:
        """Returns how many records are in each state."""
        return dict(self._session.rows(_COUNT_STATES))

    def stopped_records(self) -> dict[tuple[int, bytes], tuple[bytes, Problem]]:
        """Returns the hash and the problem of each record that exceeded the limits, by source and path."""
        return {(row[0], row[1]): (row[2], Problem._make(row[3:])) for row in self._session.rows(_STOPPED)}

    # ------------------------------------------------------------------------------------------------------- problems

    def problems(self) -> list[Problem]:
        """Returns all problems, in no order."""
        return [Problem._make(row) for row in self._session.rows(_PROBLEMS)]

    def put_problems(self, origin: int, problems: Mapping[int, Sequence[Problem]]) -> None:
        """Replaces the problems of records from one origin; an empty sequence deletes them."""
        self._session.execute(_DROP_PROBLEMS, records=list(problems), origin=origin)
        rows = [(record_id, origin, *one) for record_id, many in problems.items() for one in many]
        self._session.write(_PUT_PROBLEMS, PROBLEMS.columns, rows)

    def drop_problems(self, origin: int) -> None:
        """Deletes all problems from one origin."""
        self._session.execute("DELETE FROM problems WHERE origin = %(origin)s", origin=origin)
