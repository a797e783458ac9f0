"""The change log that partners follow, and the values that they filter and search entries by.

`store/sqlite/change_log.py` explains the log. Here, triggers note once a statement which entries and records it is
about, in a temporary table. They are part of the tables, and do nothing in a session without that table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from ..packing import unpack
from ..rows import ChangeRow, PartnerEntryRow, PartnerTextRow, TouchedEntryRow
from .session import Row, Session
from .tables import CHANGE_LOG_STATE, CHANGES, PARTNER_ENTRIES, PARTNER_TEXT, PARTNER_TOPICS, RUN_STATE
from .values import put_values, read_values

_BATCH = 200
_IN_LINE = "change_log"  # in run_state: the log is in line with the entries of this state

_EPOCH = """
INSERT INTO change_log_state (name, text_value) VALUES ('epoch', %(epoch)s) ON CONFLICT (name) DO NOTHING"""
_HAS_TOUCHED = "SELECT to_regclass('pg_temp.touched') IS NOT NULL"
_CREATE_TOUCHED = "CREATE TEMP TABLE touched (record_id bigint PRIMARY KEY) ON COMMIT DROP"
_TOUCH_ALL = """
INSERT INTO touched SELECT record_id FROM entries UNION SELECT record_id FROM partner_entries
ON CONFLICT (record_id) DO NOTHING"""
# A touched record may be part of an entry that another record leads, and give that entry its quality.
_TOUCH_LEADING = """
INSERT INTO touched
SELECT other.record_id FROM touched JOIN records AS one USING (record_id) JOIN records AS other ON other.url = one.url
JOIN entries ON entries.record_id = other.record_id WHERE entries.record_ids != '{}'
ON CONFLICT (record_id) DO NOTHING"""
_VISIBLE = """
SELECT record_id FROM touched JOIN entries USING (record_id)
WHERE feed_ids != '{}' ORDER BY entries.published, entries.id"""

_ENTRIES = """
SELECT entries.record_id, entries.id, entries.published, entries.record_ids, traits, title, content, changes.state,
  changes.topics
FROM unnest(%(records)s::bigint[]) WITH ORDINALITY AS requested (record_id, position)
JOIN entries ON entries.record_id = requested.record_id
JOIN records ON records.record_id = entries.record_id
JOIN rendered ON rendered.record_id = entries.record_id
JOIN fragments ON fragments.record_id = entries.record_id AND format = 'json'
LEFT JOIN changes ON changes.id = entries.id ORDER BY requested.position"""

_CLEAR_TOUCHED = """
WITH topics AS (DELETE FROM partner_topics WHERE record_id IN (SELECT record_id FROM touched)),
  texts AS (DELETE FROM partner_text WHERE record_id IN (SELECT record_id FROM touched))
DELETE FROM partner_entries WHERE record_id IN (SELECT record_id FROM touched)"""
_CLEAR_ALL = """
WITH topics AS (DELETE FROM partner_topics), texts AS (DELETE FROM partner_text) DELETE FROM partner_entries"""
_IDS_OF_TOUCHED = "SELECT id FROM touched JOIN partner_entries USING (record_id)"
_IDS_OF_ALL = "SELECT id FROM changes WHERE state IS NOT NULL"

_PUT_TOPICS = f"INSERT INTO partner_topics ({', '.join(PARTNER_TOPICS.columns)}) SELECT * FROM {{rows}}"  # noqa: S608
_APPEND = """
INSERT INTO changes (id, seq, changed_at, record_id, state, topics, topic_keys)
SELECT id, seq, changed_at, record_id, state, topics, ARRAY(SELECT json_array_elements_text(keys::json)) FROM {rows}
ON CONFLICT (text_digest(id)) DO UPDATE SET seq = excluded.seq, changed_at = excluded.changed_at,
  record_id = excluded.record_id, state = excluded.state, topics = excluded.topics, topic_keys = excluded.topic_keys"""
_MOVE = """
UPDATE changes SET record_id = r.record_id FROM {rows}
WHERE changes.id = r.id AND changes.record_id IS DISTINCT FROM r.record_id"""
_DELETED = """
SELECT id FROM changes WHERE id = ANY(%(ids)s::text[]) AND state IS NOT NULL
AND NOT EXISTS (
  SELECT 1 FROM partner_entries AS entry WHERE entry.record_id = changes.record_id AND entry.id = changes.id)
ORDER BY seq"""
_APPEND_DELETIONS = """
UPDATE changes SET seq = r.seq, changed_at = %(now)s, state = NULL, record_id = NULL FROM {rows}
WHERE changes.id = r.id"""
_EXPIRE = "DELETE FROM changes WHERE state IS NULL AND changed_at <= %(until)s RETURNING seq"
_CLEAR = """
WITH entries AS (DELETE FROM partner_entries), topics AS (DELETE FROM partner_topics),
  texts AS (DELETE FROM partner_text), changes AS (DELETE FROM changes),
  line AS (DELETE FROM run_state WHERE name = 'change_log')
DELETE FROM change_log_state"""


class PostgresChangeLog:
    """The change log, over a transaction or a snapshot."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._compares_all = False
        self._before: list[str] = []

    # ---------------------------------------------------------------------------------------------------------- a run

    def start_run(self, epoch: str) -> None:
        """Notes what the run touches from here on. A log that is new gets this epoch."""
        self._session.execute(_EPOCH, epoch=epoch)
        if self._session.value(_HAS_TOUCHED):
            self._session.execute("DELETE FROM touched")
        else:
            self._session.execute(_CREATE_TOUCHED)
        self._compares_all = _IN_LINE not in read_values(self._session, RUN_STATE)

    def touched(self) -> list[int]:
        """Returns the leading records of visible entries that the run touched, ordered by the entries' time."""
        self._session.execute(_TOUCH_ALL if self._compares_all else _TOUCH_LEADING)
        return [row[0] for row in self._session.rows(_VISIBLE)]

    def entries(self, record_ids: Iterable[int]) -> Iterator[list[TouchedEntryRow]]:
        """Yields batches of entries, in the order given; each is rendered as JSON."""
        remaining = iter(record_ids)
        while batch := list(islice(remaining, _BATCH)):
            yield [_touched_entry(row) for row in self._session.rows(_ENTRIES, records=batch)]

    def clear_touched(self) -> None:
        """Deletes what partners filter and search touched entries by."""
        before = _IDS_OF_ALL if self._compares_all else _IDS_OF_TOUCHED
        self._before = [row[0] for row in self._session.rows(before)]
        self._session.execute(_CLEAR_ALL if self._compares_all else _CLEAR_TOUCHED)

    def put(self, entries: Sequence[PartnerEntryRow], texts: Iterable[PartnerTextRow]) -> None:
        """Stores what partners filter and search entries by."""
        from .words import index_of

        self._session.upsert(PARTNER_ENTRIES, entries)
        topics = [
            (topic, one.published, one.id, one.record_id) for one in entries for topic in set(json.loads(one.topics))
        ]
        self._session.write(_PUT_TOPICS, PARTNER_TOPICS.columns, topics)
        rows = list(texts)
        indexes = index_of((row.title, row.excerpt) for row in rows)
        self._session.upsert(PARTNER_TEXT, [(*row, index) for row, index in zip(rows, indexes, strict=True)])

    def append(self, changes: Sequence[ChangeRow], now: int) -> None:
        """Gives each change the next position."""
        if not changes:
            return
        seq = self._last_seq()
        rows = [
            (one.id, seq + n, now, one.record_id, one.state, one.topics, _keys(one.topics))
            for n, one in enumerate(changes, 1)
        ]
        self._session.write(_APPEND, {**CHANGES.columns, "keys": "text"}, rows)
        put_values(self._session, CHANGE_LOG_STATE, {"seq": seq + len(rows)})

    def move(self, leading: Iterable[tuple[int, str]]) -> None:
        """Stores which record leads an unchanged entry, given as record id and entry id."""
        self._session.write(_MOVE, {"record_id": "bigint", "id": "text"}, leading)

    def append_deletions(self, now: int) -> None:
        """Gives each touched entry that is no longer visible the next position; the log is in line with the entries."""
        deleted = [row[0] for row in self._session.rows(_DELETED, ids=self._before)]
        if deleted:
            seq = self._last_seq()
            rows = [(entry_id, seq + n) for n, entry_id in enumerate(deleted, 1)]
            self._session.write(_APPEND_DELETIONS, {"id": "text", "seq": "bigint"}, rows, now=now)
            put_values(self._session, CHANGE_LOG_STATE, {"seq": seq + len(deleted)})
        put_values(self._session, RUN_STATE, {_IN_LINE: 1})
        self._session.execute("DELETE FROM touched")

    def expire(self, until: int) -> None:
        """Drops deletions up to a time. A partner who has not read them has to start again."""
        dropped = [row[0] for row in self._session.rows(_EXPIRE, until=until)]
        if dropped:
            put_values(self._session, CHANGE_LOG_STATE, {"dropped": max(dropped)})

    def clear(self) -> None:
        """Deletes the log and all that partners filter by. A later log has another epoch."""
        if self._session.value("SELECT EXISTS (SELECT 1 FROM change_log_state)"):
            self._session.execute(_CLEAR)

    def _last_seq(self) -> int:
        return int(self._session.value("SELECT integer_value FROM change_log_state WHERE name = 'seq'") or 0)


def _keys(topics: str) -> str:
    """Returns a list of keys (JSON) as PostgreSQL can read it."""
    return json.dumps([key.replace("\0", "\N{REPLACEMENT CHARACTER}") for key in json.loads(topics)])


def _touched_entry(row: Row) -> TouchedEntryRow:
    record_id, entry_id, published, record_ids, traits, title, content, state, topics = row
    return TouchedEntryRow(
        record_id, entry_id, published, tuple(record_ids), traits, title, unpack(content), state, topics
    )
