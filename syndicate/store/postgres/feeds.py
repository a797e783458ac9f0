"""Entries, feeds, and which entry is a member of which feed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...feeds.archive import month_of
from ..rows import EntryRow, FeedName, FeedRow, MemberRow, Membership, MonthCount, Span
from .session import Session
from .tables import ENTRIES, FEEDS, MEMBERSHIPS, MONTH_COUNTS

_ENTRY = "record_id, id, published, updated, digest, record_ids, feed_ids, feed_names"
_FEED = "feed_id, dimension, key, path, header_digest, catalog_json, index_html"
_MEMBER = "m.feed_id, m.record_id, entries.id, entries.published, updated, digest"

_ENTRIES = f"SELECT {_ENTRY} FROM entries WHERE record_id = ANY(%(records)s::bigint[])"  # noqa: S608
# The arrays of a row are passed as texts, as an array of arrays has rows of one length.
_PUT_ENTRIES = f"""
INSERT INTO entries ({_ENTRY})
SELECT record_id, id, published, updated, digest, record_ids::bigint[], feed_ids::bigint[],
  ARRAY(SELECT value FROM json_array_elements_text(feed_names::json) WITH ORDINALITY AS names (value, n) ORDER BY n)
FROM {{rows}} ON CONFLICT (record_id) DO UPDATE SET id = excluded.id, published = excluded.published,
  updated = excluded.updated, digest = excluded.digest, record_ids = excluded.record_ids,
  feed_ids = excluded.feed_ids, feed_names = excluded.feed_names"""  # noqa: S608
_ENTRY_TYPES = {**ENTRIES.columns, "record_ids": "text", "feed_ids": "text", "feed_names": "text"}
_DROP_ENTRIES = "DELETE FROM entries WHERE record_id = ANY(%(records)s::bigint[])"
_COUNT_MEMBERS = "SELECT count(*), max(published) FROM entries WHERE feed_ids != '{}'"
_CLEAR = "WITH m AS (DELETE FROM memberships), c AS (DELETE FROM month_counts) DELETE FROM entries"

_NAMES = "SELECT dimension, key, feed_id FROM feeds"
_ADD_FEEDS = "INSERT INTO feeds (feed_id, dimension, key) SELECT * FROM {rows}"
_FEEDS = f"SELECT {_FEED} FROM feeds WHERE feed_id = ANY(%(feeds)s::bigint[]) ORDER BY feed_id"  # noqa: S608
_SET_FEEDS = """
UPDATE feeds SET path = r.path, header_digest = r.header_digest, catalog_json = r.catalog_json
FROM {rows} WHERE feeds.feed_id = r.feed_id"""
_SETTINGS = {"feed_id": "bigint", "path": "text", "header_digest": "bytea", "catalog_json": "text"}
_SET_INDEX_HTML = """
UPDATE feeds SET index_html = r.html FROM {rows}
WHERE feeds.feed_id = r.feed_id AND feeds.index_html IS DISTINCT FROM r.html"""
_LISTED = "SELECT catalog_json, index_html FROM feeds WHERE catalog_json IS NOT NULL"
_DROP_FEEDS = """
WITH dropped AS (DELETE FROM document_sets WHERE feed_id = ANY(%(feeds)s::bigint[]))
DELETE FROM feeds WHERE feed_id = ANY(%(feeds)s::bigint[])"""

_ADD_MEMBERS = "INSERT INTO memberships (feed_id, published, record_id, name) SELECT * FROM {rows}"
_DROP_MEMBERS = """
DELETE FROM memberships AS m USING {rows}
WHERE m.feed_id = r.feed_id AND m.published = r.published AND m.record_id = r.record_id"""
_COUNT_MORE = """
INSERT INTO month_counts AS c (feed_id, month, name, entries) SELECT * FROM {rows}
ON CONFLICT (feed_id, month, text_digest(name)) DO UPDATE SET entries = c.entries + excluded.entries"""
_DROP_EMPTY_COUNTS = "DELETE FROM month_counts WHERE feed_id = ANY(%(feeds)s::bigint[]) AND entries <= 0"
_MONTH_COUNTS = """
SELECT feed_id, month, name, entries FROM month_counts
WHERE feed_id = ANY(%(feeds)s::bigint[]) ORDER BY feed_id, month, name"""

_MOST_IN_A_MONTH = """
SELECT max(entries) FROM
(SELECT sum(entries) AS entries FROM month_counts WHERE month >= %(first)s GROUP BY feed_id, month) AS months"""

_PENDING = """
CREATE TEMP TABLE pending_memberships (feed_id bigint, published bigint, record_id bigint, name text COLLATE "C")
ON COMMIT DROP"""
# Memberships are stored in the order of their feeds, and counted for the planner.
_STORE_PENDING = """
INSERT INTO memberships (feed_id, published, record_id, name)
SELECT feed_id, published, record_id, name FROM pending_memberships ORDER BY feed_id, published, record_id"""

_NEWEST = f"""
SELECT {_MEMBER} FROM unnest(%(feeds)s::bigint[]) AS requested (feed_id)
CROSS JOIN LATERAL (SELECT COALESCE((
  SELECT published FROM memberships WHERE memberships.feed_id = requested.feed_id
  ORDER BY published DESC LIMIT 1 OFFSET %(limit)s - 1), -9e15::bigint) AS published) AS oldest
JOIN memberships AS m ON m.feed_id = requested.feed_id AND m.published >= oldest.published
JOIN entries USING (record_id)"""  # noqa: S608
_MEMBERS = f"""
SELECT {_MEMBER}
FROM unnest(%(feeds)s::bigint[], %(starts)s::bigint[], %(stops)s::bigint[]) WITH ORDINALITY
  AS span (feed_id, start, stop, position)
JOIN memberships AS m ON m.feed_id = span.feed_id AND m.published >= span.start AND m.published < span.stop
JOIN entries USING (record_id)
ORDER BY span.position, m.published DESC"""  # noqa: S608


class PostgresFeeds:
    """The repository of entries and feeds, over a transaction or a snapshot."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._has_pending = False
        self._pending_counts: Counter[tuple[int, str, str]] = Counter()

    # -------------------------------------------------------------------------------------------------------- entries

    def entries(self, record_ids: Iterable[int]) -> dict[int, EntryRow]:
        """Returns entries by the id of their leading record; unknown ones are left out."""
        return {row[0]: _entry(row) for row in self._session.rows(_ENTRIES, records=list(record_ids))}

    def put_entries(self, rows: Iterable[EntryRow]) -> None:
        """Stores entries."""
        from orjson import dumps

        latest = {row.record_id: row for row in rows}
        values = [
            (
                *row[:5],
                _array(row.record_ids),
                _array([feed_id for feed_id, _ in row.memberships]),
                dumps([name.replace("\0", "\N{REPLACEMENT CHARACTER}") for _, name in row.memberships]).decode(),
            )
            for row in latest.values()
        ]
        self._session.write(_PUT_ENTRIES, _ENTRY_TYPES, values)

    def drop_entries(self, record_ids: Sequence[int]) -> None:
        """Deletes entries; their memberships are deleted by `drop_members`."""
        self._session.execute(_DROP_ENTRIES, records=list(record_ids))

    def clear(self) -> None:
        """Deletes all entries and memberships, so that all entries can be resolved again."""
        self._session.execute(_CLEAR)

    def count_members(self) -> tuple[int, int | None]:
        """Returns how many entries are in any feed, and when the newest of them was published."""
        ((count, newest),) = self._session.rows(_COUNT_MEMBERS)
        return int(count), newest

    # ---------------------------------------------------------------------------------------------------------- feeds

    def feed_ids(self) -> dict[FeedName, int]:
        """Returns the ids of all feeds by dimension and key."""
        return {(dimension, key): feed_id for dimension, key, feed_id in self._session.rows(_NAMES)}

    def add_feeds(self, rows: Iterable[tuple[int, str, str]]) -> None:
        """Stores new feeds, given as feed id (above NO_FEED), dimension and key."""
        self._session.write(_ADD_FEEDS, FEEDS.columns, rows)

    def feeds(self, feed_ids: Sequence[int]) -> list[FeedRow]:
        """Returns feeds, ordered by id."""
        return [FeedRow._make(row) for row in self._session.rows(_FEEDS, feeds=list(feed_ids))]

    def set_feeds(self, rows: Iterable[FeedRow]) -> None:
        """Changes path, header digest and catalogue object of feeds."""
        latest = {row.feed_id: (row.feed_id, row.path, row.header_digest, row.catalog_json) for row in rows}
        self._session.write(_SET_FEEDS, _SETTINGS, latest.values())

    def set_index_html(self, rows: Sequence[tuple[int, bytes]]) -> bool:
        """Changes the lines of feeds on the index page, given by feed id; returns whether any is different."""
        return self._session.write(_SET_INDEX_HTML, {"feed_id": "bigint", "html": "bytea"}, dict(rows).items()) > 0

    def drop_feeds(self, feed_ids: Sequence[int]) -> None:
        """Deletes feeds with their document sets."""
        self._session.execute(_DROP_FEEDS, feeds=list(feed_ids))

    def count_feeds(self) -> int:
        """Returns how many feeds the lists of all feeds name."""
        return int(self._session.value("SELECT count(*) FROM feeds WHERE catalog_json IS NOT NULL"))

    def listed(self) -> list[tuple[str, bytes | None]]:
        """Returns the catalogue object and the index page's line of every feed."""
        return self._session.rows(_LISTED)

    # ---------------------------------------------------------------------------------------------------- memberships

    def add_members(self, rows: Sequence[Membership]) -> None:
        """Stores memberships, none of which is stored."""
        self._session.write(_ADD_MEMBERS, MEMBERSHIPS.columns, rows)
        self._count(_counted(rows), 1)

    def drop_members(self, rows: Sequence[Membership]) -> None:
        """Deletes memberships."""
        self._session.write(_DROP_MEMBERS, MEMBERSHIPS.columns, rows)
        self._count(_counted(rows), -1)

    def collect_members(self, rows: Sequence[Membership]) -> None:
        """Collects memberships, none of which is stored, until `store_collected_members` stores all at once."""
        if not self._has_pending:
            self._session.execute(_PENDING)
            self._has_pending = True
        self._session.copy("pending_memberships", list(MEMBERSHIPS.columns), rows)
        self._pending_counts.update(_counted(rows))

    def store_collected_members(self) -> None:
        """Stores the memberships that were collected."""
        if self._has_pending:
            self._session.execute(_STORE_PENDING)
            self._session.execute("DROP TABLE pending_memberships")
            self._count(self._pending_counts, 1)
            self._session.execute("ANALYZE entries, memberships, month_counts")
            self._pending_counts, self._has_pending = Counter(), False

    def month_counts(self, feed_ids: Sequence[int]) -> list[MonthCount]:
        """Returns the members of feeds counted by month and name, ordered by feed, month and name."""
        return [MonthCount._make(row) for row in self._session.rows(_MONTH_COUNTS, feeds=list(feed_ids))]

    def most_in_a_month(self, first_month: str) -> int:
        """Returns the most entries that any feed has in a month, from a first month on; 0 if there are none."""
        return int(self._session.value(_MOST_IN_A_MONTH, first=first_month) or 0)

    def newest_members(self, feed_ids: Sequence[int], limit: int) -> Iterator[MemberRow]:
        """Yields the newest members of feeds, and all that are as old as the last of them; in no order."""
        return map(MemberRow._make, self._session.rows(_NEWEST, feeds=list(feed_ids), limit=limit))

    def members(self, spans: Sequence[Span]) -> Iterator[MemberRow]:
        """Yields the members of spans: the spans in the order given, the newest member of each first."""
        feeds, starts, stops = (list(column) for column in zip(*spans, strict=True)) if spans else ([], [], [])
        for rows in self._session.stream(_MEMBERS, feeds=feeds, starts=starts, stops=stops):
            yield from map(MemberRow._make, rows)

    def _count(self, counts: Counter[tuple[int, str, str]], sign: int) -> None:
        rows = [(*key, sign * count) for key, count in sorted(counts.items())]
        self._session.write(_COUNT_MORE, MONTH_COUNTS.columns, rows)
        if sign < 0 and counts:
            self._session.execute(_DROP_EMPTY_COUNTS, feeds=list({feed_id for feed_id, _, _ in counts}))


def _counted(rows: Sequence[Membership]) -> Counter[tuple[int, str, str]]:
    return Counter([(feed_id, month_of(published), name) for feed_id, published, _, name in rows])


def _array(numbers: Iterable[int]) -> str:
    return f"{{{','.join(map(str, numbers))}}}"


def _entry(row: tuple[Any, ...]) -> EntryRow:
    record_id, entry_id, published, updated, digest, record_ids, feed_ids, names = row
    memberships = tuple(zip(feed_ids, names, strict=True))
    return EntryRow(record_id, entry_id, published, updated, digest, tuple(record_ids), memberships)
