"""Tombstones: entries that were published once and are not any more, by the feeds that held them (RFC 6721).

An entry that disappears is buried one by one, or, in a run that resolves all entries again, found by comparing what was
published before the run (published.py) with what is published after it (`bury_missing`).
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence

from ..rows import FeedName, TombstoneRow
from .published import SqlitePublished

_TOMBSTONE = "dimension, key, id, deleted_at"
_BURY = f"INSERT OR IGNORE INTO tombstones ({_TOMBSTONE}) VALUES (?, ?, ?, ?)"  # noqa: S608
_BURY_MISSING = f"""
INSERT OR IGNORE INTO tombstones ({_TOMBSTONE}) SELECT dimension, key, id, ? FROM published
WHERE id NOT IN (SELECT id FROM entries WHERE memberships != '[]')"""  # noqa: S608
_DROP_PUBLISHED = "DELETE FROM tombstones WHERE id IN (SELECT id FROM entries WHERE memberships != '[]')"
_DROP_OF = "DELETE FROM tombstones WHERE id IN (SELECT value FROM json_each(?)) RETURNING dimension, key"
_EXPIRE = "DELETE FROM tombstones WHERE deleted_at <= ? RETURNING dimension, key"
_ANY_UNTIL = "SELECT 1 FROM tombstones WHERE deleted_at <= ? LIMIT 1"
_OF_FEEDS = """
SELECT tombstones.dimension, tombstones.key, tombstones.id, deleted_at FROM json_each(?) AS names
CROSS JOIN tombstones
  ON dimension = json_extract(names.value, '$[0]') AND tombstones.key = json_extract(names.value, '$[1]')
ORDER BY names.key, deleted_at DESC, tombstones.id"""


class SqliteTombstones:
    """The repository of tombstones, over a transaction or a snapshot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def bury_missing(self, now: int) -> None:
        """Buries what was remembered as published and is not any more, and drops tombstones of published entries."""
        if SqlitePublished(self._sql).is_remembered():
            self._sql.execute(_BURY_MISSING, (now,))
        self._sql.execute(_DROP_PUBLISHED)

    def bury(self, rows: Iterable[TombstoneRow]) -> None:
        """Stores tombstones; one that exists keeps its time."""
        self._sql.executemany(_BURY, rows)

    def drop(self, entry_ids: Collection[str]) -> set[FeedName]:
        """Deletes the tombstones of entries that are published again; returns the feeds that had one."""
        return set(self._sql.execute(_DROP_OF, (json.dumps(list(entry_ids)),)).fetchall())

    def expire(self, until: int) -> set[FeedName]:
        """Deletes the tombstones of deletions up to a time; returns the feeds that had one."""
        return set(self._sql.execute(_EXPIRE, (until,)).fetchall())

    def any_until(self, until: int) -> bool:
        """Returns whether there are tombstones of deletions up to a time."""
        return self._sql.execute(_ANY_UNTIL, (until,)).fetchone() is not None

    def clear(self) -> None:
        """Deletes all tombstones."""
        self._sql.execute("DELETE FROM tombstones")

    def of_feeds(self, names: Sequence[FeedName]) -> list[TombstoneRow]:
        """Returns the tombstones of feeds, the feeds in the order given, the latest deletion of each first."""
        return [TombstoneRow._make(row) for row in self._sql.execute(_OF_FEEDS, (json.dumps(names),))]
