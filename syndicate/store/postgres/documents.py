"""Document sets, published documents, and documents that are removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..rows import DocumentRow, DocumentSetRow
from .session import Session
from .tables import DOCUMENT_SETS, DOCUMENTS, REMOVED_DOCUMENTS

_REMEMBERED_S = 366 * 86400
_DOCUMENT = ", ".join(DOCUMENTS.columns)
_SET = {"feed_id": "bigint", "period": "text"}

_SETS = """
SELECT feed_id, period, content_digest FROM document_sets
WHERE feed_id = ANY(%(feeds)s::bigint[]) ORDER BY feed_id, period"""
_DROP_SETS = "DELETE FROM document_sets AS s USING {rows} WHERE s.feed_id = r.feed_id AND s.period = r.period"
_ALL = f"SELECT {_DOCUMENT} FROM documents"  # noqa: S608
_AT = f"SELECT {_DOCUMENT} FROM documents WHERE path = ANY(%(paths)s::text[])"  # noqa: S608
_OF_FEEDS = "SELECT feed_id, period, path FROM documents WHERE feed_id = ANY(%(feeds)s::bigint[])"
_OF_SETS = "SELECT d.feed_id, d.period, d.path FROM {rows} JOIN documents AS d USING (feed_id, period)"
_DROP = "DELETE FROM documents WHERE path = ANY(%(paths)s::text[])"
# Documents that are published again, or were removed too long ago.
_FORGET_REMOVED = """
DELETE FROM removed_documents AS r
WHERE removed_at < %(until)s OR EXISTS (SELECT 1 FROM documents WHERE documents.path = r.path)"""


class PostgresDocuments:
    """The repository of documents, over a transaction or a snapshot."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # -------------------------------------------------------------------------------------------------- document sets

    def sets(self, feed_ids: Sequence[int]) -> list[DocumentSetRow]:
        """Returns the document sets of feeds, ordered by feed and period."""
        return [DocumentSetRow._make(row) for row in self._session.rows(_SETS, feeds=list(feed_ids))]

    def put_sets(self, rows: Iterable[DocumentSetRow]) -> None:
        """Stores document sets."""
        self._session.upsert(DOCUMENT_SETS, rows)

    def drop_sets(self, sets: Iterable[tuple[int, str]]) -> None:
        """Deletes document sets, given by feed id and period; their documents are deleted by `drop`."""
        self._session.write(_DROP_SETS, _SET, sets)

    # ------------------------------------------------------------------------------------------------------ documents

    def all(self) -> Iterator[DocumentRow]:
        """Yields all published documents."""
        for rows in self._session.stream(_ALL):
            yield from map(DocumentRow._make, rows)

    def versions(self) -> Iterator[tuple[str, str]]:
        """Yields path and version of all published documents."""
        for rows in self._session.stream("SELECT path, version FROM documents"):
            yield from ((path, version) for path, version in rows)

    def count(self) -> int:
        """Returns how many documents are published."""
        return int(self._session.value("SELECT count(*) FROM documents"))

    def at(self, paths: Sequence[str]) -> list[DocumentRow]:
        """Returns the documents at these paths; unknown ones are left out."""
        return [DocumentRow._make(row) for row in self._session.rows(_AT, paths=list(paths))]

    def paths_of_feeds(self, feed_ids: Sequence[int]) -> list[tuple[int, str, str]]:
        """Returns feed id, period and path of all documents of these feeds."""
        return self._session.rows(_OF_FEEDS, feeds=list(feed_ids))

    def paths_of_sets(self, sets: Sequence[tuple[int, str]]) -> list[tuple[int, str, str]]:
        """Returns feed id, period and path of all documents of these sets, given by feed id and period."""
        return self._session.write_returning(_OF_SETS, _SET, sets)

    def put(self, rows: Iterable[DocumentRow]) -> None:
        """Stores published documents."""
        self._session.upsert(DOCUMENTS, rows)

    def drop(self, paths: Sequence[str]) -> None:
        """Deletes documents."""
        self._session.execute(_DROP, paths=list(paths))

    # ---------------------------------------------------------------------------------------------- removed documents

    def record_removed(self, paths: Iterable[str], now: int) -> None:
        """Stores that documents are removed; forgets those that are published again, or were removed a year ago."""
        self._session.upsert(REMOVED_DOCUMENTS, [(path, now) for path in paths])
        self._session.execute(_FORGET_REMOVED, until=now - _REMEMBERED_S)

    def removed(self) -> frozenset[str]:
        """Returns the paths of all removed documents."""
        return frozenset(row[0] for row in self._session.rows("SELECT path FROM removed_documents"))
