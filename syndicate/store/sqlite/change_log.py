"""The change log that partners follow, and the values that they filter and search entries by.

Theory of operation. The log is kept only while `api` is configured. Every entry has one row in `changes`, at the
position (`seq`) of its last change: a partner who has read up to a position requests the rows above it. A deleted entry
keeps its row, without a state, until deletions are no longer listed. Positions belong to an epoch, a random text: a log
that begins anew has another epoch, so that a position of the old log is recognised as meaningless.

Within a run, triggers note each entry and record that the run inserts or deletes, so the log costs what changed and a
site without partners pays nothing. `start_run` creates them; once all entries are resolved, `touched` completes the
list by the entries that lead a touched record; once these are rendered, `clear_touched` deletes what partners filter
them by, and `put`, `append`, `move` and `append_deletions` store what is true now. An entry whose state is the same as
before keeps its position.

The log outlives a database that is built anew, but `partner_entries` does not: a run that finds no `change_log` in
`run_state` compares all entries with the log instead of the touched ones.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from ..packing import unpack
from ..rows import ChangeRow, PartnerEntryRow, PartnerTextRow, TouchedEntryRow
from .schema import FORMATS_MAX

_BATCH = 200
_IN_LINE = "change_log"  # in run_state: the log is in line with the entries of this database
_PARTNER_ENTRY = "record_id, id, published, provider, type, language, quality, heat, topics"

_TEXT = """
CREATE VIRTUAL TABLE IF NOT EXISTS main.partner_text
USING fts5(title, excerpt, tokenize = "unicode61 remove_diacritics 2")"""
# A deletion from a full text index only marks its words as deleted, until they are merged with the older ones. From
# SQLite 3.42 on, the index can delete them at once; before, merging all of it does so.
_HAS_SECURE_DELETE = sqlite3.sqlite_version_info >= (3, 42)
_DELETE_AT_ONCE = "INSERT INTO partner_text (partner_text, rank) VALUES ('secure-delete', 1)"
_MERGE_ALL = "INSERT INTO partner_text (partner_text) VALUES ('optimize')"
_TOUCHED = "CREATE TEMP TABLE IF NOT EXISTS touched (record_id INTEGER PRIMARY KEY)"
_TRIGGER = """
CREATE TEMP TRIGGER IF NOT EXISTS {table}_{event} AFTER {event} ON main.{table}
BEGIN INSERT OR IGNORE INTO touched VALUES ({row}.record_id); END"""
_TRIGGERS = (("entries", "INSERT", "new"), ("entries", "DELETE", "old"), ("records", "INSERT", "new"))

_TOUCH_ALL = """
INSERT OR IGNORE INTO touched SELECT record_id FROM entries UNION SELECT record_id FROM partner_entries"""

# A CROSS JOIN is joined in the order written: from the few rows that were touched. A touched record may be part of an
# entry that another record leads, and give that entry its quality.
_TOUCH_LEADING = """
INSERT OR IGNORE INTO touched
SELECT other.record_id FROM touched CROSS JOIN records AS one ON one.record_id = touched.record_id
CROSS JOIN records AS other ON other.url = one.url
CROSS JOIN entries ON entries.record_id = other.record_id WHERE entries.record_ids IS NOT NULL"""

_VISIBLE = """
SELECT record_id FROM touched CROSS JOIN entries USING (record_id)
WHERE memberships != '[]' ORDER BY entries.published, entries.id"""

_ENTRIES = f"""
SELECT entries.record_id, entries.id, entries.published, entries.record_ids, traits, title, content, changes.state,
  changes.topics
FROM json_each(?) AS requested CROSS JOIN entries ON entries.record_id = requested.value
JOIN records USING (record_id) JOIN rendered USING (record_id)
JOIN fragments ON fragment_id = entries.record_id * {FORMATS_MAX} + (SELECT format_id FROM formats WHERE name = 'json')
LEFT JOIN changes ON changes.id = entries.id ORDER BY requested.key"""  # noqa: S608

_CLEAR_TOUCHED = (
    """
    DELETE FROM partner_topics WHERE (topic, published, id) IN (
      SELECT topic.value, published, partner_entries.id
      FROM touched JOIN partner_entries USING (record_id), json_each(partner_entries.topics) AS topic)""",
    "DELETE FROM partner_text WHERE rowid IN (SELECT record_id FROM touched)",
    "DELETE FROM partner_entries WHERE record_id IN (SELECT record_id FROM touched)",
)
_IDS_OF_TOUCHED = "SELECT id FROM touched CROSS JOIN partner_entries USING (record_id)"
_IDS_OF_ALL = "SELECT id FROM changes WHERE state IS NOT NULL"

_PUT_ENTRIES = f"INSERT INTO partner_entries ({_PARTNER_ENTRY}) VALUES (?,?,?,?,?,?,?,?,?)"  # noqa: S608
_PUT_TOPICS = "INSERT OR REPLACE INTO partner_topics (topic, published, id, record_id) VALUES (?, ?, ?, ?)"
_PUT_TEXT = "INSERT INTO partner_text (rowid, title, excerpt) VALUES (?, ?, ?)"
_APPEND = """
INSERT INTO changes (id, seq, changed_at, record_id, state, topics) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, changed_at = excluded.changed_at, record_id = excluded.record_id,
  state = excluded.state, topics = excluded.topics"""
_MOVE = "UPDATE changes SET record_id = ? WHERE id = ? AND record_id IS NOT ?"
_DELETED = """
SELECT id FROM changes WHERE id IN (SELECT value FROM json_each(?)) AND state IS NOT NULL
AND NOT EXISTS (
  SELECT 1 FROM partner_entries AS entry WHERE entry.record_id = changes.record_id AND entry.id = changes.id)
ORDER BY seq"""
_APPEND_DELETIONS = "UPDATE changes SET seq = ?, changed_at = ?, state = NULL, record_id = NULL WHERE id = ?"
_EXPIRE = "DELETE FROM changes WHERE state IS NULL AND changed_at <= ? RETURNING seq"


class SqliteChangeLog:
    """The change log, over a transaction or a snapshot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._compares_all = False
        self._before: list[str] = []

    # ---------------------------------------------------------------------------------------------------------- a run

    def start_run(self, epoch: str) -> None:
        """Notes what the run touches from here on. A log that is new gets this epoch."""
        self._sql.execute("INSERT OR IGNORE INTO change_log_state (name, value) VALUES ('epoch', ?)", (epoch,))
        create_text_index(self._sql)
        for sql in (_TOUCHED, "DELETE FROM touched"):
            self._sql.execute(sql)
        for table, event, row in _TRIGGERS:
            self._sql.execute(_TRIGGER.format(table=table, event=event, row=row))
        in_line = self._sql.execute("SELECT 1 FROM run_state WHERE name = ?", (_IN_LINE,)).fetchone()
        self._compares_all = in_line is None

    def touched(self) -> list[int]:
        """Returns the leading records of visible entries that the run touched, ordered by the entries' time."""
        self._sql.execute(_TOUCH_ALL if self._compares_all else _TOUCH_LEADING)
        return [row[0] for row in self._sql.execute(_VISIBLE)]

    def entries(self, record_ids: Iterable[int]) -> Iterator[list[TouchedEntryRow]]:
        """Yields batches of entries, in the order given; each is rendered as JSON."""
        remaining = iter(record_ids)
        while batch := list(islice(remaining, _BATCH)):
            yield [_touched_entry(row) for row in self._sql.execute(_ENTRIES, (json.dumps(batch),)).fetchall()]

    def clear_touched(self) -> None:
        """Deletes what partners filter and search touched entries by."""
        before = _IDS_OF_ALL if self._compares_all else _IDS_OF_TOUCHED
        self._before = [row[0] for row in self._sql.execute(before)]
        if self._compares_all:
            for table in ("partner_topics", "partner_text", "partner_entries"):
                self._sql.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
            return
        for sql in _CLEAR_TOUCHED:
            self._sql.execute(sql)

    def put(self, entries: Sequence[PartnerEntryRow], texts: Iterable[PartnerTextRow]) -> None:
        """Stores what partners filter and search entries by."""
        self._sql.executemany(_PUT_ENTRIES, entries)
        topics = [(topic, one.published, one.id, one.record_id) for one in entries for topic in json.loads(one.topics)]
        self._sql.executemany(_PUT_TOPICS, topics)
        self._sql.executemany(_PUT_TEXT, texts)

    def append(self, changes: Sequence[ChangeRow], now: int) -> None:
        """Gives each change the next position."""
        seq = self._last_seq()
        rows = [(one.id, seq + n, now, one.record_id, one.state, one.topics) for n, one in enumerate(changes, 1)]
        self._sql.executemany(_APPEND, rows)
        self._set("seq", seq + len(rows))

    def move(self, leading: Iterable[tuple[int, str]]) -> None:
        """Stores which record leads an unchanged entry, given as record id and entry id."""
        self._sql.executemany(_MOVE, [(record_id, entry_id, record_id) for record_id, entry_id in leading])

    def append_deletions(self, now: int) -> None:
        """Gives each touched entry that is no longer visible the next position; the log is in line with the entries."""
        deleted = self._sql.execute(_DELETED, (json.dumps(self._before),)).fetchall()
        seq = self._last_seq()
        self._sql.executemany(_APPEND_DELETIONS, [(seq + n, now, entry_id) for n, (entry_id,) in enumerate(deleted, 1)])
        self._set("seq", seq + len(deleted))
        if deleted and not _HAS_SECURE_DELETE:
            self._sql.execute(_MERGE_ALL)
        self._sql.execute("INSERT OR REPLACE INTO run_state (name, value) VALUES (?, 1)", (_IN_LINE,))
        self._sql.execute("DELETE FROM touched")

    def expire(self, until: int) -> None:
        """Drops deletions up to a time. A partner who has not read them has to start again."""
        dropped = [row[0] for row in self._sql.execute(_EXPIRE, (until,))]
        if dropped:
            self._set("dropped", max(dropped))

    def clear(self) -> None:
        """Deletes the log and all that partners filter by. A later log has another epoch."""
        if self._sql.execute("SELECT 1 FROM change_log_state LIMIT 1").fetchone():
            for table in ("partner_topics", "partner_entries", "changes", "change_log_state"):
                self._sql.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
            self._sql.execute("DROP TABLE IF EXISTS partner_text")
            self._sql.execute("DELETE FROM run_state WHERE name = ?", (_IN_LINE,))

    def _last_seq(self) -> int:
        row = self._sql.execute("SELECT value FROM change_log_state WHERE name = 'seq'").fetchone()
        return int(row[0]) if row else 0

    def _set(self, name: str, value: int) -> None:
        self._sql.execute("INSERT OR REPLACE INTO change_log_state (name, value) VALUES (?, ?)", (name, value))


def create_text_index(connection: sqlite3.Connection) -> None:
    """Creates the full text index, unless it exists."""
    connection.execute(_TEXT)
    if _HAS_SECURE_DELETE:
        connection.execute(_DELETE_AT_ONCE)


def _touched_entry(row: tuple[int, str, int, str | None, str, str, bytes, bytes | None, str | None]) -> TouchedEntryRow:
    record_id, entry_id, published, record_ids, traits, title, content, state, topics = row
    merged = tuple(json.loads(record_ids or "[]"))
    return TouchedEntryRow(record_id, entry_id, published, merged, traits, title, unpack(content), state, topics)
