"""What partners ask for: entries by what they are chosen by, the words in them, and the order of all changes.

Kept only while `api` is configured. What a run touches is noted by triggers, so the ledger costs what changed, and a
site without partners nothing.

The log outlives an index. It is of one epoch: a number in it means nothing in a log that was begun anew.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

_AT_ONCE = 200
_KEPT = "kept"  # in meta: the ledger is in line with the entries of this index

_WORDS = """
CREATE VIRTUAL TABLE IF NOT EXISTS main.words
USING fts5(title, excerpt, tokenize = "unicode61 remove_diacritics 2")"""

_TOUCHED = "CREATE TEMP TABLE IF NOT EXISTS touched (file INTEGER PRIMARY KEY)"

_WATCH = """
CREATE TEMP TRIGGER IF NOT EXISTS {table}_{event} AFTER {event} ON main.{table}
BEGIN INSERT OR IGNORE INTO touched VALUES ({row}.file); END"""

_TOUCH_ALL = "INSERT OR IGNORE INTO touched SELECT file FROM entries UNION SELECT file FROM facets"

# What is joined by CROSS JOIN is joined in the order written: from the few that were touched, not from all there are.
# A file may be part of an entry that another leads, and give it its quality.
_TOUCH_LEADERS = """
INSERT OR IGNORE INTO touched
SELECT other.file FROM touched CROSS JOIN records AS one ON one.file = touched.file
CROSS JOIN records AS other ON other.url = one.url
CROSS JOIN entries ON entries.file = other.file WHERE entries.files IS NOT NULL"""

_VISIBLE = """
SELECT file FROM touched CROSS JOIN entries USING (file) WHERE filed != '[]' ORDER BY entries.published, entries.id"""

_FOUND = """
SELECT entries.file, entries.id, entries.published, entries.files, figures, title, json, log.state, log.topics
FROM entries JOIN records USING (file) JOIN fragments USING (file) LEFT JOIN log USING (id)
WHERE entries.file IN ({marks}) ORDER BY entries.published, entries.id"""

_FORGET_TOUCHED = (
    """
    DELETE FROM topical WHERE (topic, published, id) IN (
      SELECT topic.value, published, facets.id
      FROM touched JOIN facets USING (file), json_each(facets.topics) AS topic)""",
    "DELETE FROM words WHERE rowid IN (SELECT file FROM touched)",
    "DELETE FROM facets WHERE file IN (SELECT file FROM touched)",
)

_LOG = """
INSERT INTO log VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
SET seq = excluded.seq, at = excluded.at, file = excluded.file, state = excluded.state, topics = excluded.topics"""

_GONE = """
SELECT id FROM log WHERE id IN (SELECT value FROM json_each(?)) AND state IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM facets WHERE facets.file = log.file AND facets.id = log.id) ORDER BY seq"""

_ALL_LOGGED = "SELECT id FROM log WHERE state IS NOT NULL"


class Found(NamedTuple):
    """A visible entry that a run touched, rendered; and how the log has it, if it does."""

    file: int
    id: str
    published: int
    files: str | None
    figures: str
    title: str
    json: bytes
    state: bytes | None
    topics: str | None


class Facets(NamedTuple):
    """What partners choose an entry by. An absent text is empty; `topics` are keys (JSON)."""

    file: int
    id: str
    published: int
    provider: str
    type: str
    language: str
    quality: int | None
    heat: int | None
    topics: str


class Change(NamedTuple):
    """An entry that is new, or not what it was. `topics` are all that it ever had."""

    file: int
    id: str
    state: bytes
    topics: str


class ChangeLog:
    """The ledger, over an open database. Times are seconds since 1970."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._anew = False
        self._left: list[str] = []

    # -------------------------------------------------------------------------------------------------------- a run

    def watch(self) -> None:
        """From here on note what a run touches; everything, when the ledger is not in line with this index."""
        for sql in (_WORDS, _TOUCHED, "DELETE FROM touched"):
            self._sql.execute(sql)
        for table, event, row in (
            ("entries", "INSERT", "new"),
            ("entries", "DELETE", "old"),
            ("records", "INSERT", "new"),
        ):
            self._sql.execute(_WATCH.format(table=table, event=event, row=row))
        self._anew = self._sql.execute("SELECT 1 FROM meta WHERE name = ?", (_KEPT,)).fetchone() is None

    def touched(self) -> list[int]:
        """The files that lead a visible entry which this run touched, by the entries' time."""
        self._sql.execute(_TOUCH_ALL if self._anew else _TOUCH_LEADERS)
        return [row[0] for row in self._sql.execute(_VISIBLE)]

    def found(self, files: Iterable[int]) -> Iterator[list[Found]]:
        """What is known of these entries, some at once, in the same order."""
        remaining = iter(files)
        while numbers := list(islice(remaining, _AT_ONCE)):
            sql = _FOUND.format(marks=",".join("?" * len(numbers)))
            yield [Found._make(row) for row in self._sql.execute(sql, numbers).fetchall()]

    def clear_touched(self) -> None:
        """Forget what touched entries were chosen by, to put down what they are chosen by now."""
        if self._anew:
            self._left = [row[0] for row in self._sql.execute(_ALL_LOGGED)]
            for table in ("topical", "words", "facets"):
                self._sql.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
            return
        self._left = [row[0] for row in self._sql.execute("SELECT id FROM touched CROSS JOIN facets USING (file)")]
        for sql in _FORGET_TOUCHED:
            self._sql.execute(sql)

    def put(self, facets: Sequence[Facets], words: Iterable[tuple[int, str, str]]) -> None:
        """What entries are chosen by; `words` are file, title and excerpt."""
        self._sql.executemany("INSERT INTO facets VALUES (?,?,?,?,?,?,?,?,?)", facets)
        topical = [(topic, one.published, one.id, one.file) for one in facets for topic in json.loads(one.topics)]
        self._sql.executemany("INSERT OR REPLACE INTO topical VALUES (?, ?, ?, ?)", topical)
        self._sql.executemany("INSERT INTO words (rowid, title, excerpt) VALUES (?, ?, ?)", words)

    def log(self, changes: Sequence[Change], now: int) -> None:
        """Give each change the next number."""
        seq = self._last()
        rows = [(one.id, number, now, one.file, one.state, one.topics) for number, one in enumerate(changes, seq + 1)]
        self._sql.executemany(_LOG, rows)
        self._remember("seq", seq + len(rows))

    def move(self, places: Iterable[tuple[int, str]]) -> None:
        """Other files lead these entries (file, id), which are what they were."""
        self._sql.executemany("UPDATE log SET file = ? WHERE id = ? AND file IS NOT ?", ((f, i, f) for f, i in places))

    def bury(self, now: int) -> None:
        """Log as gone whatever was touched and is visible no more; afterwards the ledger is in line with the index."""
        gone = self._sql.execute(_GONE, (json.dumps(self._left),)).fetchall()
        seq = self._last()
        sql = "UPDATE log SET seq = ?, at = ?, state = NULL, file = NULL WHERE id = ?"
        self._sql.executemany(sql, ((number, now, one) for number, (one,) in enumerate(gone, seq + 1)))
        self._remember("seq", seq + len(gone))
        self._sql.execute("INSERT OR REPLACE INTO meta VALUES (?, 1)", (_KEPT,))
        self._sql.execute("DELETE FROM touched")

    def drop(self, until: int) -> None:
        """Forget deletions until a time. Whoever did not hear of them has to start anew."""
        sql = "DELETE FROM log WHERE state IS NULL AND at <= ? RETURNING seq"
        dropped = [row[0] for row in self._sql.execute(sql, (until,))]
        if dropped:
            self._remember("dropped", max(dropped))

    def end(self) -> None:
        """Nobody is to ask: forget all of it. A later ledger is of another epoch."""
        if self._sql.execute("SELECT 1 FROM ledger LIMIT 1").fetchone():
            for table in ("topical", "facets", "log", "ledger"):
                self._sql.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
            self._sql.execute("DROP TABLE IF EXISTS words")
            self._sql.execute("DELETE FROM meta WHERE name = ?", (_KEPT,))

    # ------------------------------------------------------------------------------------------------------ its state

    def begin(self) -> None:
        """Give a log that is new its epoch."""
        import secrets

        self._sql.execute("INSERT OR IGNORE INTO ledger VALUES ('epoch', ?)", (secrets.token_hex(4),))

    def _last(self) -> int:
        row = self._sql.execute("SELECT value FROM ledger WHERE name = 'seq'").fetchone()
        return int(row[0]) if row else 0

    def _remember(self, name: str, value: int) -> None:
        self._sql.execute("INSERT OR REPLACE INTO ledger VALUES (?, ?)", (name, value))
