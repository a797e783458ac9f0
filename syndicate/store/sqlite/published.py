"""What subscribers were given: the entries that were published before a run, and the feeds that ever were.

A run that resolves all entries again, or starts from nothing, remembers first what is published (`remember`), in
temporary tables, and compares with it afterwards: which entries are lost, and why. `check` fills the same tables from
another store (`load`). The feeds that were published, and what is known of the site itself, outlive a database.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..rows import FeedName, Loss, PublishedEntry, PublishedFeed

_COLUMNS = "dimension, key, name, path, entries, updated"
_FEED = f"published_feeds.{_COLUMNS.replace(', ', ', published_feeds.')}"  # json_each has some of these names, too

_MEMBERSHIPS = """
CREATE TEMP TABLE published AS
SELECT entries.id, feeds.dimension, feeds.key
FROM {database}.entries, json_each(entries.{memberships}) AS membership
JOIN {database}.feeds ON feeds.{feed_id} = json_extract(membership.value, '$[0]')"""
_ENTRIES = """
CREATE TEMP TABLE published_entries AS
SELECT id, source, path FROM {database}.entries LEFT JOIN {database}.records USING (record_id)
WHERE memberships != '[]'"""
_ENTRIES_OF_FIRST_RELEASE = """
CREATE TEMP TABLE published_entries AS
SELECT id, NULL AS source, NULL AS path FROM {database}.entries WHERE filed != '[]'"""
_EMPTY = (
    "CREATE TEMP TABLE published (id, dimension, key)",
    "CREATE TEMP TABLE published_entries (id, source, path)",
)
_DROP = ("DROP TABLE IF EXISTS temp.published", "DROP TABLE IF EXISTS temp.published_entries")
_IS_REMEMBERED = "SELECT 1 FROM sqlite_temp_master WHERE name = 'published_entries'"

_PUBLISHED_ENTRIES = """
SELECT id, source, path, memberships FROM entries JOIN records USING (record_id) WHERE memberships != '[]'"""
_FEED_NAMES = "SELECT feed_id, dimension, key FROM feeds"

# Entries that expire as planned, within a span of time, are not lost. The record of an entry is found by its path.
_LOSSES = """
WITH lost AS MATERIALIZED (
  SELECT * FROM published_entries WHERE id NOT IN (SELECT id FROM entries WHERE memberships != '[]'))
SELECT lost.source, state, COUNT(*) FROM lost
LEFT JOIN records ON records.source = lost.source AND records.path = lost.path
WHERE NOT COALESCE(expires > :after AND expires <= :until, 0)
GROUP BY lost.source, state ORDER BY lost.source, state"""

_GONE_PATHS = """
SELECT source, path FROM published_entries WHERE source IS NOT NULL AND (source, path) NOT IN (
  SELECT source, path FROM records)"""

# Feeds of the same dimension that now hold entries which a feed held before, and which they did not hold.
_GAINED = """
SELECT MAX(json_extract(membership.value, '$[1]')) AS name, COUNT(*) AS gained FROM published
JOIN entries ON entries.id = published.id, json_each(entries.memberships) AS membership
JOIN feeds ON feeds.feed_id = json_extract(membership.value, '$[0]') AND feeds.dimension = published.dimension
WHERE published.dimension = :dimension AND published.key = :key AND NOT EXISTS (
  SELECT 1 FROM published AS before
  WHERE before.id = entries.id AND before.dimension = feeds.dimension AND before.key = feeds.key)
GROUP BY feeds.key ORDER BY gained DESC, name"""

_COUNT_OF_SOURCES = "SELECT source, COUNT(*) FROM folders JOIN files USING (folder_id) GROUP BY source"
_HAS_PUBLISHED = """
SELECT 1 FROM records CROSS JOIN entries USING (record_id) WHERE source = ? AND memberships != '[]' LIMIT 1"""

_FEEDS = f"SELECT {_FEED} FROM published_feeds ORDER BY dimension, published_feeds.key"  # noqa: S608
_FEEDS_NAMED = f"""
SELECT {_FEED} FROM json_each(?) AS names
CROSS JOIN published_feeds ON dimension = json_extract(names.value, '$[0]')
  AND published_feeds.key = json_extract(names.value, '$[1]')"""  # noqa: S608
_PUT_FEEDS = f"INSERT OR REPLACE INTO published_feeds ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608
_DROP_FEEDS = "DELETE FROM published_feeds WHERE dimension = ? AND key = ?"
_EMPTIED = f"""
SELECT {_FEED} FROM published_feeds WHERE entries > ? AND NOT EXISTS (
  SELECT 1 FROM feeds JOIN memberships USING (feed_id)
  WHERE feeds.dimension = published_feeds.dimension AND feeds.key = published_feeds.key)
ORDER BY dimension, published_feeds.key"""  # noqa: S608

# The feeds of a database that did not remember them; most feeds have one spelling of their name.
_ADOPT_FEEDS = f"""
INSERT INTO main.published_feeds ({_COLUMNS})
SELECT dimension, key, MAX(name), path, COUNT(*), MAX(updated)
FROM aside.feeds JOIN aside.memberships USING (feed_id) JOIN aside.entries USING (record_id)
WHERE path IS NOT NULL AND dimension NOT IN ('all', 'custom') GROUP BY feed_id"""  # noqa: S608
_ADOPT_AUTHORITY = """
INSERT INTO main.site_state (name, value) SELECT name, value FROM aside.{table} WHERE name = 'authority'"""


class SqlitePublished:
    """The repository of what was published, over a transaction or a snapshot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    # -------------------------------------------------------------------------------------------------------- entries

    def remember(self) -> None:
        """Remembers what is published now until `forget`; does nothing when something is remembered already."""
        remember(self._sql, "main")

    def load(self, entries: Iterable[PublishedEntry]) -> None:
        """Remembers entries of another store as what was published."""
        self.forget()
        for sql in _EMPTY:
            self._sql.execute(sql)
        rows = list(entries)
        self._sql.executemany("INSERT INTO published_entries VALUES (?, ?, ?)", [row[:3] for row in rows])
        names = [(row.id, *name) for row in rows for name in row.feeds]
        self._sql.executemany("INSERT INTO published VALUES (?, ?, ?)", names)

    def forget(self) -> None:
        """Forgets what is remembered as published before the run."""
        for sql in _DROP:
            self._sql.execute(sql)

    def is_remembered(self) -> bool:
        """Returns whether it is remembered what was published before the run."""
        return self._sql.execute(_IS_REMEMBERED).fetchone() is not None

    def entries(self) -> Iterator[PublishedEntry]:
        """Yields the entries that are published now."""
        names = {row[0]: (row[1], row[2]) for row in self._sql.execute(_FEED_NAMES)}
        for entry_id, source, path, memberships in self._sql.execute(_PUBLISHED_ENTRIES):
            feeds = tuple(names[feed_id] for feed_id, _ in json.loads(memberships))
            yield PublishedEntry(entry_id, source, path, feeds)

    def count(self) -> int:
        """Returns how many entries are remembered."""
        return int(self._sql.execute("SELECT COUNT(*) FROM published_entries").fetchone()[0])

    def losses(self, after: int, until: int) -> list[Loss]:
        """Returns how many of the remembered entries are not published any more, by source and state of their record.

        Entries whose expiry lies between two times (the first one excluded) are not counted.
        """
        return [Loss._make(row) for row in self._sql.execute(_LOSSES, {"after": after, "until": until})]

    def gone_paths(self) -> list[tuple[int, bytes]]:
        """Returns source and path of the records whose entries are remembered, and which do not exist any more."""
        return self._sql.execute(_GONE_PATHS).fetchall()

    def gained(self, dimension: str, key: str) -> list[tuple[str, int]]:
        """Returns the names of feeds that gained entries which this one held before, and how many, the most first."""
        return self._sql.execute(_GAINED, {"dimension": dimension, "key": key}).fetchall()

    # -------------------------------------------------------------------------------------------------------- sources

    def count_files(self) -> dict[int, int]:
        """Returns how many files each source has."""
        return dict(self._sql.execute(_COUNT_OF_SOURCES).fetchall())

    def publishes(self, source: int) -> bool:
        """Returns whether any entry of a source is published now."""
        return self._sql.execute(_HAS_PUBLISHED, (source,)).fetchone() is not None

    # ---------------------------------------------------------------------------------------------------------- feeds

    def feeds(self) -> list[PublishedFeed]:
        """Returns all feeds that were published, ordered by dimension and key."""
        return [PublishedFeed._make(row) for row in self._sql.execute(_FEEDS)]

    def feeds_named(self, names: Sequence[FeedName]) -> dict[FeedName, PublishedFeed]:
        """Returns those of these feeds that were published."""
        rows = map(PublishedFeed._make, self._sql.execute(_FEEDS_NAMED, (json.dumps(names),)))
        return {(row.dimension, row.key): row for row in rows}

    def emptied(self, more_than: int) -> list[PublishedFeed]:
        """Returns the feeds that had more than so many entries when they were published last, and have none now."""
        return [PublishedFeed._make(row) for row in self._sql.execute(_EMPTIED, (more_than,))]

    def put_feeds(self, rows: Iterable[PublishedFeed]) -> None:
        """Stores feeds as they are published now."""
        self._sql.executemany(_PUT_FEEDS, rows)

    def drop_feeds(self, names: Iterable[FeedName]) -> None:
        """Deletes feeds that the configuration ended."""
        self._sql.executemany(_DROP_FEEDS, names)

    # ----------------------------------------------------------------------------------------------------------- site

    def site(self) -> dict[str, Any]:
        """Returns what is known of the site itself, by name."""
        return dict(self._sql.execute("SELECT name, value FROM site_state"))

    def record_site(self, values: Mapping[str, str | int]) -> None:
        """Stores what is known of the site itself."""
        self._sql.executemany("INSERT OR REPLACE INTO site_state (name, value) VALUES (?, ?)", list(values.items()))


def remember(connection: sqlite3.Connection, database: str) -> None:
    """Remembers what a database, `main` or an attached one, has as published.

    An attached database may be of the first release, which had other names for some columns.
    """
    if connection.execute(_IS_REMEMBERED).fetchone() is not None:
        return
    columns = {row[1] for row in connection.execute(f"PRAGMA {database}.table_info(entries)")}
    is_current = "memberships" in columns
    connection.execute(
        _MEMBERSHIPS.format(
            database=database,
            memberships="memberships" if is_current else "filed",
            feed_id="feed_id" if is_current else "feed",
        )
    )
    connection.execute((_ENTRIES if is_current else _ENTRIES_OF_FIRST_RELEASE).format(database=database))


def adopt(connection: sqlite3.Connection, known: set[str]) -> None:
    """Takes over from an attached database `aside`, with these tables, what it published."""
    remember(connection, "aside")
    with suppress(sqlite3.DatabaseError):
        if "published_feeds" not in known and "memberships" in known:
            connection.execute(_ADOPT_FEEDS)
        if "site_state" not in known:
            connection.execute(_ADOPT_AUTHORITY.format(table="run_state" if "run_state" in known else "meta"))
