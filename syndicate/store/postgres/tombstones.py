"""Tombstones: entries that were published once and are not any more, by the feeds that held them (RFC 6721)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ..rows import FeedName, TombstoneRow
from .published import PostgresPublished
from .session import Session
from .tables import TOMBSTONES

_BURY_MISSING = """
INSERT INTO tombstones (dimension, key, id, deleted_at) SELECT dimension, key, id, %(now)s FROM published
WHERE NOT EXISTS (SELECT 1 FROM entries WHERE entries.id = published.id AND feed_ids != '{}')
ON CONFLICT (dimension, text_digest(key), text_digest(id)) DO NOTHING"""
_DROP_PUBLISHED = "DELETE FROM tombstones WHERE id IN (SELECT id FROM entries WHERE feed_ids != '{}')"
_DROP_OF = "DELETE FROM tombstones WHERE id = ANY(%(ids)s::text[]) RETURNING dimension, key"
_EXPIRE = "DELETE FROM tombstones WHERE deleted_at <= %(until)s RETURNING dimension, key"
_ANY_UNTIL = "SELECT EXISTS (SELECT 1 FROM tombstones WHERE deleted_at <= %(until)s)"
_OF_FEEDS = """
SELECT t.dimension, t.key, t.id, t.deleted_at
FROM unnest(%(dimensions)s::text[], %(keys)s::text[]) WITH ORDINALITY AS names (dimension, key, position)
JOIN tombstones AS t ON t.dimension = names.dimension AND text_digest(t.key) = text_digest(names.key)
  AND t.key = names.key
ORDER BY names.position, t.deleted_at DESC, t.id"""


class PostgresTombstones:
    """The repository of tombstones, over a transaction or a snapshot."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def bury_missing(self, now: int) -> None:
        """Buries what was remembered as published and is not any more, and drops tombstones of published entries."""
        if PostgresPublished(self._session).is_remembered():
            self._session.execute(_BURY_MISSING, now=now)
        self._session.execute(_DROP_PUBLISHED)

    def bury(self, rows: Iterable[TombstoneRow]) -> None:
        """Stores tombstones; one that exists keeps its time."""
        self._session.insert_missing(TOMBSTONES, rows)

    def drop(self, entry_ids: Collection[str]) -> set[FeedName]:
        """Deletes the tombstones of entries that are published again; returns the feeds that had one."""
        return {(row[0], row[1]) for row in self._session.rows(_DROP_OF, ids=list(entry_ids))}

    def expire(self, until: int) -> set[FeedName]:
        """Deletes the tombstones of deletions up to a time; returns the feeds that had one."""
        return {(row[0], row[1]) for row in self._session.rows(_EXPIRE, until=until)}

    def any_until(self, until: int) -> bool:
        """Returns whether there are tombstones of deletions up to a time."""
        return bool(self._session.value(_ANY_UNTIL, until=until))

    def clear(self) -> None:
        """Deletes all tombstones."""
        self._session.execute("DELETE FROM tombstones")

    def of_feeds(self, names: Sequence[FeedName]) -> list[TombstoneRow]:
        """Returns the tombstones of feeds, the feeds in the order given, the latest deletion of each first."""
        values = {"dimensions": [name[0] for name in names], "keys": [name[1] for name in names]}
        return [TombstoneRow._make(row) for row in self._session.rows(_OF_FEEDS, **values)]
