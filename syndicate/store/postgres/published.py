"""What subscribers were given: the entries that were published before a run, and the feeds that ever were.

A run that resolves all entries again, or starts from nothing, remembers first what is published (`remember`), in
temporary tables of its transaction, and compares with it afterwards: which entries are lost, and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..rows import FeedName, Loss, PublishedEntry, PublishedFeed
from .session import Session
from .tables import PUBLISHED_FEEDS, SITE_STATE
from .values import put_values, read_values

_COLUMNS = ", ".join(PUBLISHED_FEEDS.columns)
_FEED = "f.dimension, f.key, f.name, f.path, f.entries, f.updated"

_TABLES = """
CREATE TEMP TABLE published (id text COLLATE "C", dimension text COLLATE "C", key text COLLATE "C") ON COMMIT DROP;
CREATE TEMP TABLE published_entries (id text COLLATE "C", source bigint, path bytea) ON COMMIT DROP"""
_MEMBERSHIPS = """
INSERT INTO published SELECT entries.id, feeds.dimension, feeds.key
FROM {schema}entries CROSS JOIN LATERAL unnest(entries.feed_ids) AS membership (feed_id)
JOIN {schema}feeds USING (feed_id)"""
_ENTRIES = """
INSERT INTO published_entries
SELECT id, source, path FROM {schema}entries LEFT JOIN {schema}records USING (record_id) WHERE feed_ids != '{{}}'"""
_DROP = "DROP TABLE IF EXISTS pg_temp.published, pg_temp.published_entries"
_IS_REMEMBERED = "SELECT to_regclass('pg_temp.published_entries') IS NOT NULL"

_PUBLISHED_ENTRIES = """
SELECT id, source, path, feed_ids FROM entries JOIN records USING (record_id) WHERE feed_ids != '{}'
ORDER BY record_id"""
_FEED_NAMES = "SELECT feed_id, dimension, key FROM feeds"

# Entries that expire as planned, within a span of time, are not lost. The record of an entry is found by its path.
_LOSSES = """
WITH lost AS MATERIALIZED (
  SELECT * FROM published_entries AS p
  WHERE NOT EXISTS (SELECT 1 FROM entries WHERE entries.id = p.id AND feed_ids != '{}'))
SELECT lost.source, state, count(*) FROM lost
LEFT JOIN records ON records.source = lost.source AND records.path = lost.path
WHERE NOT COALESCE(expires > %(after)s AND expires <= %(until)s, false)
GROUP BY lost.source, state ORDER BY lost.source NULLS FIRST, state NULLS FIRST"""

_GONE_PATHS = """
SELECT source, path FROM published_entries WHERE source IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM records WHERE records.source = published_entries.source AND records.path = published_entries.path)"""

# Feeds of the same dimension that now hold entries which a feed held before, and which they did not hold.
_GAINED = """
SELECT max(membership.name COLLATE "C") AS name, count(*) AS gained FROM published
JOIN entries ON entries.id = published.id
CROSS JOIN LATERAL unnest(entries.feed_ids, entries.feed_names) AS membership (feed_id, name)
JOIN feeds ON feeds.feed_id = membership.feed_id AND feeds.dimension = published.dimension
WHERE published.dimension = %(dimension)s AND published.key = %(key)s AND NOT EXISTS (
  SELECT 1 FROM published AS before
  WHERE before.id = entries.id AND before.dimension = feeds.dimension AND before.key = feeds.key)
GROUP BY feeds.key ORDER BY gained DESC, name"""

_COUNT_OF_SOURCES = "SELECT source, count(*) FROM folders JOIN files USING (folder_id) GROUP BY source"
_HAS_PUBLISHED = """
SELECT EXISTS (
  SELECT 1 FROM records JOIN entries USING (record_id) WHERE source = %(source)s AND feed_ids != '{}')"""

_FEEDS = f"SELECT {_FEED} FROM published_feeds AS f ORDER BY f.dimension, f.key"  # noqa: S608
_FEEDS_NAMED = f"""
SELECT {_FEED} FROM unnest(%(dimensions)s::text[], %(keys)s::text[]) AS names (dimension, key)
JOIN published_feeds AS f ON f.dimension = names.dimension AND text_digest(f.key) = text_digest(names.key)
  AND f.key = names.key"""  # noqa: S608
_DROP_FEEDS = """
DELETE FROM published_feeds AS f USING {rows}
WHERE f.dimension = r.dimension AND text_digest(f.key) = text_digest(r.key) AND f.key = r.key"""
_EMPTIED = f"""
SELECT {_FEED} FROM published_feeds AS f WHERE f.entries > %(more_than)s AND NOT EXISTS (
  SELECT 1 FROM feeds JOIN memberships USING (feed_id) WHERE feeds.dimension = f.dimension AND feeds.key = f.key)
ORDER BY f.dimension, f.key"""  # noqa: S608


class PostgresPublished:
    """The repository of what was published, over a transaction or a snapshot."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # -------------------------------------------------------------------------------------------------------- entries

    def remember(self) -> None:
        """Remembers what is published now until `forget`; does nothing when something is remembered already."""
        remember(self._session, "")

    def load(self, entries: Iterable[PublishedEntry]) -> None:
        """Remembers entries of another store as what was published."""
        self.forget()
        self._session.execute(_TABLES)
        rows = list(entries)
        self._session.copy("published_entries", ("id", "source", "path"), [row[:3] for row in rows])
        names = [(row.id, *name) for row in rows for name in row.feeds]
        self._session.copy("published", ("id", "dimension", "key"), names)

    def forget(self) -> None:
        """Forgets what is remembered as published before the run."""
        self._session.execute(_DROP)

    def is_remembered(self) -> bool:
        """Returns whether it is remembered what was published before the run."""
        return bool(self._session.value(_IS_REMEMBERED))

    def entries(self) -> Iterator[PublishedEntry]:
        """Yields the entries that are published now."""
        names = {feed_id: (dimension, key) for feed_id, dimension, key in self._session.rows(_FEED_NAMES)}
        for rows in self._session.stream(_PUBLISHED_ENTRIES):
            for entry_id, source, path, feed_ids in rows:
                yield PublishedEntry(entry_id, source, path, tuple(names[feed_id] for feed_id in feed_ids))

    def count(self) -> int:
        """Returns how many entries are remembered."""
        return int(self._session.value("SELECT count(*) FROM published_entries"))

    def losses(self, after: int, until: int) -> list[Loss]:
        """Returns how many of the remembered entries are not published any more, by source and state of their record.

        Entries whose expiry lies between two times (the first one excluded) are not counted.
        """
        return [Loss._make(row) for row in self._session.rows(_LOSSES, after=after, until=until)]

    def gone_paths(self) -> list[tuple[int, bytes]]:
        """Returns source and path of the records whose entries are remembered, and which do not exist any more."""
        return self._session.rows(_GONE_PATHS)

    def gained(self, dimension: str, key: str) -> list[tuple[str, int]]:
        """Returns the names of feeds that gained entries which this one held before, and how many, the most first."""
        return self._session.rows(_GAINED, dimension=dimension, key=key)

    # -------------------------------------------------------------------------------------------------------- sources

    def count_files(self) -> dict[int, int]:
        """Returns how many files each source has."""
        return dict(self._session.rows(_COUNT_OF_SOURCES))

    def publishes(self, source: int) -> bool:
        """Returns whether any entry of a source is published now."""
        return bool(self._session.value(_HAS_PUBLISHED, source=source))

    # ---------------------------------------------------------------------------------------------------------- feeds

    def feeds(self) -> list[PublishedFeed]:
        """Returns all feeds that were published, ordered by dimension and key."""
        return [PublishedFeed._make(row) for row in self._session.rows(_FEEDS)]

    def feeds_named(self, names: Sequence[FeedName]) -> dict[FeedName, PublishedFeed]:
        """Returns those of these feeds that were published."""
        values = {"dimensions": [name[0] for name in names], "keys": [name[1] for name in names]}
        rows = map(PublishedFeed._make, self._session.rows(_FEEDS_NAMED, **values))
        return {(row.dimension, row.key): row for row in rows}

    def emptied(self, more_than: int) -> list[PublishedFeed]:
        """Returns the feeds that had more than so many entries when they were published last, and have none now."""
        return [PublishedFeed._make(row) for row in self._session.rows(_EMPTIED, more_than=more_than)]

    def put_feeds(self, rows: Iterable[PublishedFeed]) -> None:
        """Stores feeds as they are published now."""
        self._session.upsert(PUBLISHED_FEEDS, rows)

    def drop_feeds(self, names: Iterable[FeedName]) -> None:
        """Deletes feeds that the configuration ended."""
        self._session.write(_DROP_FEEDS, {"dimension": "text", "key": "text"}, names)

    # ----------------------------------------------------------------------------------------------------------- site

    def site(self) -> dict[str, Any]:
        """Returns what is known of the site itself, by name."""
        return read_values(self._session, SITE_STATE)

    def record_site(self, values: Mapping[str, str | int]) -> None:
        """Stores what is known of the site itself."""
        put_values(self._session, SITE_STATE, values)


def remember(session: Session, schema: str) -> None:
    """Remembers what is published according to the tables of a schema; an empty one is that of the session."""
    if session.value(_IS_REMEMBERED):
        return
    session.execute(_TABLES)
    prefix = f"{schema}." if schema else ""
    session.execute(_MEMBERSHIPS.format(schema=prefix))
    session.execute(_ENTRIES.format(schema=prefix))
    session.execute("ANALYZE published, published_entries")
