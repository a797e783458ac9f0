"""Document sets, published documents, and documents that are removed."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from ..rows import DocumentRow, DocumentSetRow

_REMEMBERED_S = 366 * 86400
_DOCUMENT = "path, feed_id, period, digest, size_bytes, version, modified_at"

_SETS = """
SELECT feed_id, period, content_digest FROM document_sets
WHERE feed_id IN (SELECT value FROM json_each(?)) ORDER BY feed_id, period"""
_PUT_SETS = "INSERT OR REPLACE INTO document_sets (feed_id, period, content_digest) VALUES (?, ?, ?)"
_DROP_SETS = "DELETE FROM document_sets WHERE feed_id = ? AND period = ?"

_ALL = f"SELECT {_DOCUMENT} FROM documents"  # noqa: S608
_AT = f"SELECT {_DOCUMENT} FROM documents WHERE path IN (SELECT value FROM json_each(?))"  # noqa: S608
_OF_FEEDS = "SELECT feed_id, period, path FROM documents WHERE feed_id IN (SELECT value FROM json_each(?))"
_OF_SETS = """
SELECT feed_id, period, documents.path FROM json_each(?) AS sets
CROSS JOIN documents ON feed_id = json_extract(sets.value, '$[0]') AND period = json_extract(sets.value, '$[1]')"""
_PUT = f"INSERT OR REPLACE INTO documents ({_DOCUMENT}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_DROP = "DELETE FROM documents WHERE path IN (SELECT value FROM json_each(?))"

_REMOVED = "INSERT OR REPLACE INTO removed_documents (path, removed_at) VALUES (?, ?)"
# Documents that are published again, or were removed too long ago.
_FORGET_REMOVED = "DELETE FROM removed_documents WHERE removed_at < ? OR path IN (SELECT path FROM documents)"


class SqliteDocuments:
    """The repository of documents, over a transaction or a snapshot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    # -------------------------------------------------------------------------------------------------- document sets

    def sets(self, feed_ids: Sequence[int]) -> list[DocumentSetRow]:
        """Returns the document sets of feeds, ordered by feed and period."""
        return [DocumentSetRow._make(row) for row in self._sql.execute(_SETS, (json.dumps(feed_ids),))]

    def put_sets(self, rows: Iterable[DocumentSetRow]) -> None:
        """Stores document sets."""
        self._sql.executemany(_PUT_SETS, rows)

    def drop_sets(self, sets: Iterable[tuple[int, str]]) -> None:
        """Deletes document sets, given by feed id and period; their documents are deleted by `drop`."""
        self._sql.executemany(_DROP_SETS, sets)

    # ------------------------------------------------------------------------------------------------------ documents

    def all(self) -> Iterator[DocumentRow]:
        """Yields all published documents."""
        return map(DocumentRow._make, self._sql.cursor().execute(_ALL))

    def versions(self) -> Iterator[tuple[str, str]]:
        """Yields path and version of all published documents."""
        return self._sql.cursor().execute("SELECT path, version FROM documents")

    def count(self) -> int:
        """Returns how many documents are published."""
        return int(self._sql.execute("SELECT COUNT(*) FROM documents").fetchone()[0])

    def at(self, paths: Sequence[str]) -> list[DocumentRow]:
        """Returns the documents at these paths; unknown ones are left out."""
        return [DocumentRow._make(row) for row in self._sql.execute(_AT, (json.dumps(paths),))]

    def paths_of_feeds(self, feed_ids: Sequence[int]) -> list[tuple[int, str, str]]:
        """Returns feed id, period and path of all documents of these feeds."""
        return self._sql.execute(_OF_FEEDS, (json.dumps(feed_ids),)).fetchall()

    def paths_of_sets(self, sets: Sequence[tuple[int, str]]) -> list[tuple[int, str, str]]:
        """Returns feed id, period and path of all documents of these sets, given by feed id and period."""
        return self._sql.execute(_OF_SETS, (json.dumps(sets),)).fetchall()

    def put(self, rows: Iterable[DocumentRow]) -> None:
        """Stores published documents."""
        self._sql.executemany(_PUT, rows)

    def drop(self, paths: Sequence[str]) -> None:
        """Deletes documents."""
        self._sql.execute(_DROP, (json.dumps(paths),))

    # ---------------------------------------------------------------------------------------------- removed documents

    def record_removed(self, paths: Iterable[str], now: int) -> None:
        """Stores that documents are removed; forgets those that are published again, or were removed a year ago."""
        self._sql.executemany(_REMOVED, [(path, now) for path in paths])
        self._sql.execute(_FORGET_REMOVED, (now - _REMEMBERED_S,))

    def removed(self) -> frozenset[str]:
        """Returns the paths of all removed documents."""
        return frozenset(row[0] for row in self._sql.execute("SELECT path FROM removed_documents"))
