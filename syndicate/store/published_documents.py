"""The documents that a server may serve: those in the output tree, and those that were removed from it."""

import sqlite3
from typing import NamedTuple

# The wall-clock time of the newest build's scan, in nanoseconds since 1970.
_BUILD_TIME = "SELECT value FROM meta WHERE name = 'scanned_ns'"

# Every document in the output tree, compressed forms included.
_DOCUMENTS = "SELECT path, feed, period, digest, mtime_ns FROM documents"

# The feed documents, newest ones and archives, by path.
_FEED_DOCUMENTS = """
SELECT path, period FROM documents
WHERE path GLOB '*/feed.rss' OR path GLOB '*/feed.atom' OR path GLOB '*/feed.json' ORDER BY path"""

# The paths of documents that were removed within the last year.
_REMOVED_PATHS = "SELECT path FROM gone"


class PublishedDocument(NamedTuple):
    """One document in the output tree. `period` names its archive and is empty for all other documents."""

    path: str
    feed: int
    period: str
    digest: bytes
    mtime_ns: int


class FeedDocument(NamedTuple):
    """The path of a feed document, and the period of its archive; empty for the newest entries."""

    path: str
    period: str


class PublishedDocuments:
    """Queries over the documents of a snapshot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def build_time_ns(self) -> int:
        """Return the time of the newest build in nanoseconds since 1970; 0 before the first. No two builds share it."""
        row = self._sql.execute(_BUILD_TIME).fetchone()
        return int(row[0]) if row else 0

    def documents(self) -> list[PublishedDocument]:
        """Return every document in the output tree, in no order."""
        return [PublishedDocument._make(row) for row in self._sql.execute(_DOCUMENTS)]

    def feed_documents(self) -> list[FeedDocument]:
        """Return the documents of all feeds, by path."""
        return [FeedDocument._make(row) for row in self._sql.execute(_FEED_DOCUMENTS)]

    def removed_paths(self) -> frozenset[str]:
        """Return the paths of removed documents: a server answers 410 for them, and not 404."""
        return frozenset(path for (path,) in self._sql.execute(_REMOVED_PATHS))
