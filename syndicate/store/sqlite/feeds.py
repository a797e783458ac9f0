"""Entries, feeds, and which entry is a member of which feed."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ...feeds.archive import month_of
from ..rows import EntryRow, FeedName, FeedRow, MemberRow, Membership, MonthCount, Span

_ENTRY = "record_id, id, published, updated, digest, record_ids, memberships"
_FEED = "feed_id, dimension, key, path, header_digest, catalog_json, index_html"
_MEMBER = "feed_id, record_id, entries.id, entries.published, updated, digest"

_ENTRIES = f"SELECT {_ENTRY} FROM entries WHERE record_id IN (SELECT value FROM json_each(?))"  # noqa: S608
_PUT_ENTRIES = f"INSERT OR REPLACE INTO entries ({_ENTRY}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_DROP_ENTRIES = "DELETE FROM entries WHERE record_id IN (SELECT value FROM json_each(?))"
# By the indexes alone, whatever the number of entries.
_COUNT_MEMBERS = """
SELECT (SELECT COUNT(*) FROM entries) - (SELECT COUNT(*) FROM entries WHERE memberships = '[]'),
  (SELECT published FROM entries WHERE memberships != '[]' ORDER BY published DESC LIMIT 1)"""

_NAMES = "SELECT dimension, key, feed_id FROM feeds"
_ADD_FEEDS = "INSERT INTO feeds (feed_id, dimension, key) VALUES (?, ?, ?)"
_FEEDS = f"SELECT {_FEED} FROM feeds WHERE feed_id IN (SELECT value FROM json_each(?)) ORDER BY feed_id"  # noqa: S608
_SET_FEEDS = "UPDATE feeds SET path = ?, header_digest = ?, catalog_json = ? WHERE feed_id = ?"
_SET_INDEX_HTML = "UPDATE feeds SET index_html = ? WHERE feed_id = ? AND index_html IS NOT ?"
_LISTED = "SELECT catalog_json, index_html FROM feeds WHERE catalog_json IS NOT NULL"
_DROP_FEEDS = tuple(
    f"DELETE FROM {table} WHERE feed_id IN (SELECT value FROM json_each(?))"  # noqa: S608
    for table in ("feeds", "document_sets")
)

_ADD_MEMBERS = "INSERT INTO {table} (feed_id, published, record_id, name) VALUES (?, ?, ?, ?)"
_DROP_MEMBERS = "DELETE FROM memberships WHERE feed_id = ? AND published = ? AND record_id = ?"
_COUNT_MORE = """
INSERT INTO month_counts (feed_id, month, name, entries) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET entries = entries + excluded.entries"""
_DROP_EMPTY_COUNTS = "DELETE FROM month_counts WHERE feed_id = ? AND month = ? AND name = ? AND entries <= 0"
_MONTH_COUNTS = """
SELECT feed_id, month, name, entries FROM month_counts
WHERE feed_id IN (SELECT value FROM json_each(?)) ORDER BY feed_id, month, name"""
_MOST_IN_A_MONTH = """
SELECT MAX(entries) FROM
(SELECT SUM(entries) AS entries FROM month_counts WHERE month >= ? GROUP BY feed_id, month)"""

# Stored in the order of their feeds at the end, memberships take a third of the time that they take one by one.
_PENDING = "CREATE TEMP TABLE pending_memberships (feed_id, published, record_id, name)"
_STORE_PENDING = """
INSERT INTO memberships (feed_id, published, record_id, name)
SELECT feed_id, published, record_id, name FROM pending_memberships ORDER BY feed_id, published, record_id"""

# A CROSS JOIN is joined in the order written: from the few feeds that are requested, by the index of their members.
_NEWEST = f"""
WITH oldest AS (
  SELECT requested.value AS feed_id, COALESCE((
    SELECT published FROM memberships WHERE feed_id = requested.value
    ORDER BY published DESC LIMIT 1 OFFSET :limit - 1), -9e15) AS published
  FROM json_each(:feeds) AS requested)
SELECT {_MEMBER.replace("feed_id", "memberships.feed_id")} FROM oldest
CROSS JOIN memberships ON memberships.feed_id = oldest.feed_id AND memberships.published >= oldest.published
CROSS JOIN entries USING (record_id)"""  # noqa: S608

_MEMBERS = f"""
SELECT {_MEMBER} FROM json_each(?) AS span
CROSS JOIN memberships ON feed_id = json_extract(span.value, '$[0]')
  AND memberships.published >= json_extract(span.value, '$[1]')
  AND memberships.published < json_extract(span.value, '$[2]')
CROSS JOIN entries USING (record_id)
ORDER BY span.key, memberships.published DESC"""  # noqa: S608


class SqliteFeeds:
    """The repository of entries and feeds, over a transaction or a snapshot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._has_pending = False
        self._pending_counts: Counter[tuple[int, str, str]] = Counter()

    # -------------------------------------------------------------------------------------------------------- entries

    def entries(self, record_ids: Iterable[int]) -> dict[int, EntryRow]:
        """Returns entries by the id of their leading record; unknown ones are left out."""
        rows = self._sql.execute(_ENTRIES, (json.dumps(list(record_ids)),))
        return {row[0]: _entry(row) for row in rows}

    def put_entries(self, rows: Iterable[EntryRow]) -> None:
        """Stores entries."""
        from orjson import dumps  # three times as fast as json, where every entry is stored

        self._sql.executemany(
            _PUT_ENTRIES,
            [
                (*row[:5], json.dumps(row.record_ids) if row.record_ids else None, dumps(row.memberships).decode())
                for row in rows
            ],
        )

    def drop_entries(self, record_ids: Sequence[int]) -> None:
        """Deletes entries; their memberships are deleted by `drop_members`."""
        self._sql.execute(_DROP_ENTRIES, (json.dumps(record_ids),))

    def clear(self) -> None:
        """Deletes all entries and memberships, so that all entries can be resolved again."""
        for table in ("entries", "memberships", "month_counts"):
            self._sql.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours

    def count_members(self) -> tuple[int, int | None]:
        """Returns how many entries are in any feed, and when the newest of them was published."""
        count, newest = self._sql.execute(_COUNT_MEMBERS).fetchone()
        return int(count), newest

    # ---------------------------------------------------------------------------------------------------------- feeds

    def feed_ids(self) -> dict[FeedName, int]:
        """Returns the ids of all feeds by dimension and key."""
        return {(row[0], row[1]): row[2] for row in self._sql.execute(_NAMES)}

    def add_feeds(self, rows: Iterable[tuple[int, str, str]]) -> None:
        """Stores new feeds, given as feed id (above NO_FEED), dimension and key."""
        self._sql.executemany(_ADD_FEEDS, rows)

    def feeds(self, feed_ids: Sequence[int]) -> list[FeedRow]:
        """Returns feeds, ordered by id."""
        return [FeedRow._make(row) for row in self._sql.execute(_FEEDS, (json.dumps(feed_ids),))]

    def set_feeds(self, rows: Iterable[FeedRow]) -> None:
        """Changes path, header digest and catalogue object of feeds."""
        self._sql.executemany(
            _SET_FEEDS, [(row.path, row.header_digest, row.catalog_json, row.feed_id) for row in rows]
        )

    def set_index_html(self, rows: Sequence[tuple[int, bytes]]) -> bool:
        """Changes the lines of feeds on the index page, given by feed id; returns whether any is different."""
        cursor = self._sql.executemany(_SET_INDEX_HTML, [(html, feed_id, html) for feed_id, html in rows])
        return cursor.rowcount > 0

    def drop_feeds(self, feed_ids: Sequence[int]) -> None:
        """Deletes feeds with their document sets."""
        for sql in _DROP_FEEDS:
            self._sql.execute(sql, (json.dumps(feed_ids),))

    def count_feeds(self) -> int:
        """Returns how many feeds the lists of all feeds name."""
        return int(self._sql.execute("SELECT COUNT(*) FROM feeds WHERE catalog_json IS NOT NULL").fetchone()[0])

    def listed(self) -> list[tuple[str, bytes | None]]:
        """Returns the catalogue object and the index page's line of every feed."""
        return self._sql.execute(_LISTED).fetchall()

    # ---------------------------------------------------------------------------------------------------- memberships

    def add_members(self, rows: Sequence[Membership]) -> None:
        """Stores memberships, none of which is stored."""
        self._sql.executemany(_ADD_MEMBERS.format(table="memberships"), rows)
        self._count(_counted(rows), 1)

    def drop_members(self, rows: Sequence[Membership]) -> None:
        """Deletes memberships."""
        self._sql.executemany(_DROP_MEMBERS, [row[:3] for row in rows])
        self._count(_counted(rows), -1)

    def collect_members(self, rows: Sequence[Membership]) -> None:
        """Collects memberships, none of which is stored, until `store_collected_members` stores all at once."""
        if not self._has_pending:
            self._sql.execute(_PENDING)
            self._has_pending = True
        self._sql.executemany(_ADD_MEMBERS.format(table="pending_memberships"), rows)
        self._pending_counts.update(_counted(rows))

    def store_collected_members(self) -> None:
        """Stores the memberships that were collected."""
        if self._has_pending:
            self._sql.execute(_STORE_PENDING)
            self._sql.execute("DROP TABLE pending_memberships")
            self._count(self._pending_counts, 1)
            self._pending_counts, self._has_pending = Counter(), False

    def month_counts(self, feed_ids: Sequence[int]) -> list[MonthCount]:
        """Returns the members of feeds counted by month and name, ordered by feed, month and name."""
        return [MonthCount._make(row) for row in self._sql.execute(_MONTH_COUNTS, (json.dumps(feed_ids),))]

    def most_in_a_month(self, first_month: str) -> int:
        """Returns the most entries that any feed has in a month, from a first month on; 0 if there are none."""
        return int(self._sql.execute(_MOST_IN_A_MONTH, (first_month,)).fetchone()[0] or 0)

    def newest_members(self, feed_ids: Sequence[int], limit: int) -> Iterator[MemberRow]:
        """Yields the newest members of feeds, and all that are as old as the last of them; in no order."""
        return map(MemberRow._make, self._sql.execute(_NEWEST, {"feeds": json.dumps(feed_ids), "limit": limit}))

    def members(self, spans: Sequence[Span]) -> Iterator[MemberRow]:
        """Yields the members of spans: the spans in the order given, the newest member of each first."""
        return map(MemberRow._make, self._sql.cursor().execute(_MEMBERS, (json.dumps(spans),)))

    def _count(self, counts: Counter[tuple[int, str, str]], sign: int) -> None:
        self._sql.executemany(_COUNT_MORE, [(*key, sign * count) for key, count in sorted(counts.items())])
        if sign < 0:
            self._sql.executemany(_DROP_EMPTY_COUNTS, list(counts))


def _counted(rows: Sequence[Membership]) -> Counter[tuple[int, str, str]]:
    return Counter([(feed_id, month_of(published), name) for feed_id, published, _, name in rows])


def _entry(row: tuple[int, str, int, int, bytes, str | None, str]) -> EntryRow:
    record_id, entry_id, published, updated, digest, record_ids, memberships = row
    return EntryRow(
        record_id,
        entry_id,
        published,
        updated,
        digest,
        tuple(json.loads(record_ids)) if record_ids else (),
        tuple((feed_id, name) for feed_id, name in json.loads(memberships)),
    )
