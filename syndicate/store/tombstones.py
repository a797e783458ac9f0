"""Entries that were published once and are not any more, by the feeds that held them. They outlive an index.

What was published before a run is either told one by one, or, when a run files everything anew, remembered as a whole
and compared at its end.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime

from ..model import Tombstone

Place = tuple[str, str]
"""A feed: its dimension and key."""

_REMEMBER = """
CREATE TEMP TABLE published AS
SELECT entries.id, feeds.dimension, feeds.key
FROM {database}.entries, json_each(entries.filed) AS filed
JOIN {database}.feeds ON feeds.feed = json_extract(filed.value, '$[0]')"""

_BURY_MISSING = """
INSERT OR IGNORE INTO tombstones SELECT dimension, key, id, ? FROM published
WHERE id NOT IN (SELECT id FROM entries WHERE filed != '[]')"""

_RAISE_PRESENT = "DELETE FROM tombstones WHERE id IN (SELECT id FROM entries WHERE filed != '[]')"


class Tombstones:
    """The tombstones, over an open database. Times are seconds since 1970."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def remember(self, database: str = "main") -> None:
        """Keep what is published now, or what an attached index knew, until `settle`; the first to be kept stays."""
        if not self._remembers():
            self._sql.execute(_REMEMBER.format(database=database))

    def settle(self, now: int) -> None:
        """After everything was filed anew: bury what was published and is not any more."""
        if self._remembers():
            self._sql.execute(_BURY_MISSING, (now,))
            self._sql.execute("DROP TABLE published")
        self._sql.execute(_RAISE_PRESENT)

    def bury(self, entry_id: str, places: Iterable[Place], now: int) -> None:
        """An entry is not published any more."""
        sql = "INSERT OR IGNORE INTO tombstones VALUES (?, ?, ?, ?)"
        self._sql.executemany(sql, ((*place, entry_id, now) for place in places))

    def raise_(self, entry_ids: Collection[str]) -> set[Place]:
        """Entries are published again; the feeds that told of their deletion."""
        sql = "DELETE FROM tombstones WHERE id IN (SELECT value FROM json_each(?)) RETURNING dimension, key"
        return set(self._sql.execute(sql, (json.dumps(list(entry_ids)),)).fetchall()) if self._any() else set()

    def expire(self, until: int) -> set[Place]:
        """Forget what was deleted until a time; the feeds that told of it."""
        sql = "DELETE FROM tombstones WHERE deleted_at <= ? RETURNING dimension, key"
        return set(self._sql.execute(sql, (until,)).fetchall())

    def any_until(self, until: int) -> bool:
        """Whether anything was deleted until a time."""
        return (
            self._sql.execute("SELECT 1 FROM tombstones WHERE deleted_at <= ? LIMIT 1", (until,)).fetchone() is not None
        )

    def forget(self) -> None:
        """Forget all of them, and what was remembered: other ids are made from now on."""
        self._sql.execute("DELETE FROM tombstones")
        self._sql.execute("DROP TABLE IF EXISTS temp.published")

    def of(self, place: Place) -> tuple[Tombstone, ...]:
        """What was deleted from a feed, the latest first."""
        sql = "SELECT id, deleted_at FROM tombstones WHERE dimension = ? AND key = ? ORDER BY deleted_at DESC, id"
        rows: Iterator[tuple[str, int]] = self._sql.execute(sql, place)
        return tuple(Tombstone(entry_id, datetime.fromtimestamp(at, UTC)) for entry_id, at in rows)

    def _any(self) -> bool:
        return self._sql.execute("SELECT 1 FROM tombstones LIMIT 1").fetchone() is not None

    def _remembers(self) -> bool:
        return self._sql.execute("SELECT 1 FROM sqlite_temp_master WHERE name = 'published'").fetchone() is not None
