"""What feeds hold and show: members, archives, rendered entries, documents; in the index's database."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from ..feeds.archive import month_of
from .index import EntryRow

CATALOG = 0
"""The number under which documents of no single feed are kept."""

_AT_ONCE = 100
_AFTER_ALL = "\uffff"  # sorts after every character of a period


class DocumentRow(NamedTuple):
    """One document in the output tree."""

    path: str
    feed: int
    period: str
    digest: bytes
    size_bytes: int
    mtime_ns: int


Member = tuple[int, int, int, str]
"""An entry in a feed: the feed, when the entry was published, the file that leads it, how it spells the feed's name."""


class Held(NamedTuple):
    """An entry that a feed holds."""

    file: int
    id: str
    published: int
    updated: int
    digest: bytes


FragmentsRow = tuple[int, bytes, bytes | None, bytes | None, bytes | None, bytes | None, str]
"""A file's number, the digest of its entry as rendered, the entry in RSS, Atom, JSON and as a card, its title."""


class Shelf:
    """Feeds and documents, over an open database. Its methods are single questions and changes; who asks decides."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._gathered: Counter[tuple[int, str, str]] = Counter()

    # --------------------------------------------------------------------------------------------------------- feeds

    def feed_numbers(self) -> dict[tuple[str, str], int]:
        """All feeds by (dimension, key)."""
        return {(row[0], row[1]): row[2] for row in self._sql.execute("SELECT dimension, key, feed FROM feeds")}

    def add_feed(self, dimension: str, key: str) -> int:
        """A new feed's number; CATALOG is none."""
        cursor = self._sql.execute("INSERT INTO feeds (dimension, key) VALUES (?, ?)", (dimension, key))
        return int(cursor.lastrowid or 0)

    def feed(self, feed: int) -> tuple[str, str, str | None, str | None, bytes | None]:
        """Dimension, key, path, card and the digest of a feed's words."""
        sql = "SELECT dimension, key, path, card, words FROM feeds WHERE feed = ?"
        row: tuple[str, str, str | None, str | None, bytes | None] = self._sql.execute(sql, (feed,)).fetchone()
        return row

    def set_feed(self, feed: int, path: str, card: str, words: bytes) -> None:
        """What a feed is now."""
        self._sql.execute("UPDATE feeds SET path = ?, card = ?, words = ? WHERE feed = ?", (path, card, words, feed))

    def drop_feed(self, feed: int) -> None:
        """Forget a feed."""
        for table in ("feeds", "issues"):
            self._sql.execute(f"DELETE FROM {table} WHERE feed = ?", (feed,))  # noqa: S608 - names of ours

    def count_feeds(self) -> int:
        """How many feeds there are."""
        return int(self._sql.execute("SELECT COUNT(*) FROM feeds").fetchone()[0])

    def set_row(self, feed: int, row: bytes) -> bool:
        """How the index of pages shows a feed; whether that is another way than before."""
        sql = "UPDATE feeds SET row = ? WHERE feed = ? AND row IS NOT ?"
        return self._sql.execute(sql, (row, feed, row)).rowcount > 0

    def listed(self) -> list[tuple[str, str, bytes | None]]:
        """Dimension, card and row of every feed."""
        return self._sql.execute("SELECT dimension, card, row FROM feeds WHERE card IS NOT NULL").fetchall()

    def shown(self) -> tuple[int, int | None]:
        """How many entries feeds hold, and when the newest was published."""
        count, newest = self._sql.execute("SELECT COUNT(*), MAX(published) FROM entries WHERE filed != '[]'").fetchone()
        return int(count), newest

    def add_members(self, rows: Sequence[Member]) -> None:
        """File members, none of which is filed."""
        self._sql.executemany("INSERT INTO members VALUES (?, ?, ?, ?)", rows)
        self._tally(_tallied(rows), 1)

    def gather_members(self, rows: Sequence[Member]) -> None:
        """File members among many, none of which is filed yet, until `file_members`.

        Made in the order of their feeds at the end, a table takes a third of the time of one made record by record.
        """
        self._sql.execute("CREATE TEMP TABLE IF NOT EXISTS gathered (feed, published, file, name)")
        self._sql.executemany("INSERT INTO gathered VALUES (?, ?, ?, ?)", rows)
        self._gathered.update(_tallied(rows))

    def file_members(self) -> None:
        """File all that were gathered."""
        self._sql.execute("CREATE TEMP TABLE IF NOT EXISTS gathered (feed, published, file, name)")
        self._sql.execute("INSERT INTO members SELECT * FROM gathered ORDER BY feed, published, file")
        self._sql.execute("DROP TABLE gathered")
        self._tally(self._gathered, 1)
        self._gathered = Counter()

    def drop_members(self, rows: Sequence[Member]) -> None:
        """Take members out."""
        keys = [row[:3] for row in rows]
        self._sql.executemany("DELETE FROM members WHERE feed = ? AND published = ? AND file = ?", keys)
        self._tally(_tallied(rows), -1)

    def _tally(self, counts: Counter[tuple[int, str, str]], sign: int) -> None:
        sql = """
            INSERT INTO tallies VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET entries = entries + excluded.entries"""
        self._sql.executemany(sql, ((*key, sign * count) for key, count in sorted(counts.items())))
        if sign < 0:
            sql = "DELETE FROM tallies WHERE feed = ? AND month = ? AND name = ? AND entries = 0"
            self._sql.executemany(sql, counts)

    def tallies(self, feed: int) -> list[tuple[str, str, int]]:
        """How many members a feed has in each month, by how they spell its name; empty for a feed without members."""
        sql = "SELECT month, name, entries FROM tallies WHERE feed = ? ORDER BY month, name"
        return self._sql.execute(sql, (feed,)).fetchall()

    def forget_members(self) -> None:
        """Forget who is filed where, to file all anew."""
        for table in ("members", "tallies"):
            self._sql.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours

    def newest(self, feed: int, limit: int) -> list[Held]:
        """The newest members of a feed, and all that are as old as the last of them; in no order."""
        sql = "SELECT published FROM members WHERE feed = ? ORDER BY published DESC LIMIT 1 OFFSET ?"
        oldest = self._sql.execute(sql, (feed, limit - 1)).fetchone()
        return self.between(feed, oldest[0] if oldest else -(2**62), 2**62)

    def between(self, feed: int, start: int, end: int) -> list[Held]:
        """The members of a feed that were published from a time to before another; in no order."""
        sql = """
            SELECT file, id, entries.published, updated, digest FROM members JOIN entries USING (file)
            WHERE feed = ? AND members.published >= ? AND members.published < ?"""
        return [Held._make(row) for row in self._sql.execute(sql, (feed, start, end))]

    def times(self, feed: int) -> Iterator[int]:
        """When each member of a feed was published."""
        return (row[0] for row in self._sql.execute("SELECT published FROM members WHERE feed = ?", (feed,)))

    def count_between(self, feed: int, start: int, end: int) -> int:
        """How many members of a feed were published from a time to before another."""
        sql = "SELECT COUNT(*) FROM members WHERE feed = ? AND published >= ? AND published < ?"
        return int(self._sql.execute(sql, (feed, start, end)).fetchone()[0])

    # -------------------------------------------------------------------------------------------------------- issues

    def periods(self, feed: int, within: str = "") -> list[str]:
        """The archives of a feed, oldest first; those of a period and its parts, if one is given."""
        sql = "SELECT period FROM issues WHERE feed = ? AND period > '' AND period >= ? AND period < ? ORDER BY period"
        return [row[0] for row in self._sql.execute(sql, (feed, within, within + _AFTER_ALL))]

    def neighbours(self, feed: int, period: str) -> tuple[str, str]:
        """The archives before and after one, in the order of time; an empty name for none."""
        before = "SELECT MAX(period) FROM issues WHERE feed = ? AND period > '' AND period < ?"
        after = "SELECT MIN(period) FROM issues WHERE feed = ? AND period > ?"
        answers = (self._sql.execute(sql, (feed, period)).fetchone()[0] or "" for sql in (before, after))
        return next(answers), next(answers)

    def seen(self, feed: int, period: str) -> bytes | None:
        """What a set of documents last showed."""
        row = self._sql.execute("SELECT seen FROM issues WHERE feed = ? AND period = ?", (feed, period)).fetchone()
        return bytes(row[0]) if row and row[0] else None

    def put_issue(self, feed: int, period: str, seen: bytes | None = None) -> None:
        """A set of documents shows this now."""
        self._sql.execute("INSERT OR REPLACE INTO issues VALUES (?, ?, ?)", (feed, period, seen))

    def drop_issue(self, feed: int, period: str) -> None:
        """Forget a set of documents."""
        self._sql.execute("DELETE FROM issues WHERE feed = ? AND period = ?", (feed, period))

    # ----------------------------------------------------------------------------------------------------- fragments

    def unrendered(self, files: Iterable[int], parts: Sequence[str]) -> Iterator[EntryRow]:
        """Those of these entries that are not rendered, as they are now, in all of these ways."""
        lacks = " OR ".join(["fragments.digest IS NOT entries.digest", *(f"{name} IS NULL" for name in parts)])
        for marks, numbers in _portions(files):
            sql = (
                f"SELECT entries.* FROM entries LEFT JOIN fragments USING (file) WHERE file IN ({marks}) AND ({lacks})"  # noqa: S608
            )
            yield from map(EntryRow._make, self._sql.execute(sql, numbers).fetchall())

    def put_fragments(self, rows: Iterable[FragmentsRow]) -> None:
        """Keep entries as they are rendered."""
        self._sql.executemany("INSERT OR REPLACE INTO fragments VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def fragments(self, files: Sequence[int]) -> list[tuple[bytes, bytes, bytes]]:
        """RSS, Atom and JSON of entries, in the order asked for."""
        found: dict[int, tuple[bytes, bytes, bytes]] = {}
        for marks, numbers in _portions(files):
            sql = f"SELECT file, rss, atom, json FROM fragments WHERE file IN ({marks})"  # noqa: S608 - marks alone
            found.update((row[0], row[1:]) for row in self._sql.execute(sql, numbers))
        return [found[number] for number in files]

    def cards(self, files: Sequence[int]) -> list[bytes]:
        """Entries as pages show them, in the order asked for."""
        found: dict[int, bytes] = {}
        for marks, numbers in _portions(files):
            found.update(self._sql.execute(f"SELECT file, card FROM fragments WHERE file IN ({marks})", numbers))  # noqa: S608
        return [found[number] for number in files]

    def title(self, file: int) -> str:
        """The title of a rendered entry."""
        return str(self._sql.execute("SELECT title FROM fragments WHERE file = ?", (file,)).fetchone()[0])

    def forget_cards(self) -> None:
        """Pages show entries in another way from now on."""
        self._sql.execute("UPDATE fragments SET card = NULL")

    # ----------------------------------------------------------------------------------------------------- documents

    def documents(self) -> list[DocumentRow]:
        """Every document that stands in the tree."""
        return [DocumentRow._make(row) for row in self._sql.execute("SELECT * FROM documents")]

    def statuses(self) -> Iterator[tuple[str, int, int]]:
        """Path, size and modification time of every document that stands in the tree."""
        return self._sql.execute("SELECT path, size_bytes, mtime_ns FROM documents")

    def count_documents(self) -> int:
        """How many documents stand in the tree."""
        return int(self._sql.execute("SELECT COUNT(*) FROM documents").fetchone()[0])

    def document(self, path: str) -> DocumentRow | None:
        """One document."""
        row = self._sql.execute("SELECT * FROM documents WHERE path = ?", (path,)).fetchone()
        return row and DocumentRow._make(row)

    def put_document(self, row: DocumentRow) -> None:
        """Remember a document as it stands."""
        self._sql.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?)", row)

    def drop_document(self, path: str) -> None:
        """Forget a document."""
        self._sql.execute("DELETE FROM documents WHERE path = ?", (path,))

    def documents_of(self, feed: int, period: str | None = None) -> list[str]:
        """The paths of a feed's documents, or of one set of them."""
        sql = "SELECT path FROM documents WHERE feed = ? AND period = COALESCE(?, period)"
        return [row[0] for row in self._sql.execute(sql, (feed, period))]


def _tallied(members: Sequence[Member]) -> Counter[tuple[int, str, str]]:
    return Counter([(feed, month_of(published), name) for feed, published, _, name in members])


def _portions(files: Iterable[int]) -> Iterator[tuple[str, list[int]]]:
    """Numbers, and the marks that stand for them in a statement, so many at once."""
    remaining = iter(files)
    while numbers := list(islice(remaining, _AT_ONCE)):
        yield ",".join("?" * len(numbers)), numbers
