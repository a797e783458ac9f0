"""The references of records to other records, and the addresses of the records they may mean."""

import json
import sqlite3
from collections.abc import Iterable, Sequence

from ..rows import AddressRow, LinkRow

_PLACES = 250  # of three parameters each: SQLite's limit on parameters was 999 for long

_PUT = "INSERT OR IGNORE INTO links (record_id, source, reference, name, has_fallback) VALUES (?, ?, ?, ?, ?)"
_DROP = "DELETE FROM links WHERE record_id IN (SELECT value FROM json_each(?))"
_OF_RECORDS = """
SELECT record_id, source, reference, name, has_fallback FROM links WHERE record_id IN (SELECT value FROM json_each(?))
ORDER BY record_id, reference"""
_URLS_OF_LINKING = """
SELECT DISTINCT url FROM links JOIN records USING (record_id)
WHERE name IN (SELECT value FROM json_each(?)) AND url IS NOT NULL"""
_ALL_URLS = "SELECT DISTINCT url FROM links JOIN records USING (record_id) WHERE url IS NOT NULL"

# A CROSS JOIN is joined in the order written: from the few places that are requested. For `IN (VALUES …)` SQLite reads
# the whole table.
_ADDRESSES_AT = """
WITH requested (source, path, name) AS (VALUES {places})
SELECT folders.source, CAST(folders.path || files.name AS BLOB), records.url FROM requested
CROSS JOIN folders ON folders.source = requested.source AND folders.path = requested.path
CROSS JOIN files ON files.folder_id = folders.folder_id AND files.name = requested.name
CROSS JOIN records ON records.record_id = files.record_id
WHERE records.url IS NOT NULL"""
_ADDRESSES_NAMED = """
SELECT folders.source, CAST(folders.path || files.name AS BLOB), records.url
FROM folders JOIN files USING (folder_id) JOIN records ON records.record_id = files.record_id
WHERE files.name IN (SELECT CAST(value AS BLOB) FROM json_each(?)) AND records.url IS NOT NULL"""


class SqliteLinks:
    """The repository of links, over a transaction or a snapshot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def any(self) -> bool:
        """Returns whether any record refers to another."""
        return self._sql.execute("SELECT 1 FROM links LIMIT 1").fetchone() is not None

    def put(self, record_ids: Sequence[int], rows: Iterable[LinkRow]) -> None:
        """Stores the references of records, in place of all that they had."""
        self._sql.execute(_DROP, (json.dumps(record_ids),))
        self._sql.executemany(_PUT, rows)

    def of_records(self, record_ids: Iterable[int]) -> list[LinkRow]:
        """Returns the references of records, ordered by record and reference."""
        return [LinkRow._make(row) for row in self._sql.execute(_OF_RECORDS, (json.dumps(list(record_ids)),))]

    def urls_of_linking(self, names: Iterable[str] | None = None) -> set[str]:
        """Returns the addresses of the records that refer to one of these names, or to any record at all."""
        rows = self._sql.execute(_ALL_URLS if names is None else _URLS_OF_LINKING, _json(names))
        return {row[0] for row in rows}

    def addresses_at(self, places: Sequence[tuple[int, bytes, bytes]]) -> list[AddressRow]:
        """Returns the addresses of the records at these sources, folders and file names."""
        found: list[AddressRow] = []
        for start in range(0, len(places), _PLACES):
            part = places[start : start + _PLACES]
            sql = _ADDRESSES_AT.format(places=",".join(["(?,?,?)"] * len(part)))
            found += map(AddressRow._make, self._sql.execute(sql, [value for place in part for value in place]))
        return found

    def addresses_named(self, names: Sequence[str]) -> list[AddressRow]:
        """Returns the addresses of the records whose files have one of these names, in any folder."""
        return [AddressRow._make(row) for row in self._sql.execute(_ADDRESSES_NAMED, (json.dumps(names),))]


def _json(names: Iterable[str] | None) -> tuple[str, ...]:
    return () if names is None else (json.dumps(list(names)),)
