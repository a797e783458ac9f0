"""The repositories over one transaction or snapshot of a SQLite database.

A run that finds nothing changed needs few of them: each is imported when it is used first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from . import schema

if TYPE_CHECKING:
    from ..dump_rows import Batch
    from .change_log import SqliteChangeLog
    from .corpus import SqliteCorpus
    from .documents import SqliteDocuments
    from .feeds import SqliteFeeds
    from .fragments import SqliteFragments
    from .links import SqliteLinks
    from .outbox import SqliteOutbox
    from .partner_changes import SqlitePartnerChanges
    from .partner_entries import SqlitePartnerEntries
    from .published import SqlitePublished
    from .shared_fragments import SharedFragmentFile
    from .tombstones import SqliteTombstones


class SqliteTransaction:
    """The repositories, and what a run records about itself, over one transaction or snapshot.

    `new_file` is the file of a database that nobody else opens before the transaction ends. `is_shared` is set when a
    part of the transaction is in it.
    """

    def __init__(self, connection: sqlite3.Connection, new_file: str | None = None) -> None:
        self._sql = connection
        self._new_file = new_file
        self.is_shared = False

    @cached_property
    def corpus(self) -> SqliteCorpus:
        """Folders, files, records and problems."""
        from .corpus import SqliteCorpus

        return SqliteCorpus(self._sql)

    @cached_property
    def links(self) -> SqliteLinks:
        """References of records to other records."""
        from .links import SqliteLinks

        return SqliteLinks(self._sql)

    @cached_property
    def feeds(self) -> SqliteFeeds:
        """Entries, feeds and memberships."""
        from .feeds import SqliteFeeds

        return SqliteFeeds(self._sql)

    @cached_property
    def fragments(self) -> SqliteFragments:
        """Entries as rendered."""
        from .fragments import SqliteFragments

        return SqliteFragments(self._sql)

    @cached_property
    def documents(self) -> SqliteDocuments:
        """Document sets and documents."""
        from .documents import SqliteDocuments

        return SqliteDocuments(self._sql)

    @cached_property
    def tombstones(self) -> SqliteTombstones:
        """Deletions that feeds report."""
        from .tombstones import SqliteTombstones

        return SqliteTombstones(self._sql)

    @cached_property
    def published(self) -> SqlitePublished:
        """What was published before a run, and what is kept of it."""
        from .published import SqlitePublished

        return SqlitePublished(self._sql)

    @cached_property
    def change_log(self) -> SqliteChangeLog:
        """The changes that partners follow, to be written."""
        from .change_log import SqliteChangeLog

        return SqliteChangeLog(self._sql)

    @cached_property
    def outbox(self) -> SqliteOutbox:
        """The state of all deliveries."""
        from .outbox import SqliteOutbox

        return SqliteOutbox(self._sql)

    @cached_property
    def partner_entries(self) -> SqlitePartnerEntries:
        """Entries and feeds for partners."""
        from .partner_entries import SqlitePartnerEntries

        return SqlitePartnerEntries(self._sql)

    @cached_property
    def partner_changes(self) -> SqlitePartnerChanges:
        """The change log for partners."""
        from .partner_changes import SqlitePartnerChanges

        return SqlitePartnerChanges(self._sql)

    def run_state(self) -> dict[str, Any]:
        """Returns what earlier runs recorded about themselves, by name."""
        return dict(self._sql.execute("SELECT name, value FROM run_state"))

    def record_run_state(self, values: Mapping[str, str | int | bytes]) -> None:
        """Stores values for the next run."""
        self._sql.executemany("INSERT OR REPLACE INTO run_state (name, value) VALUES (?, ?)", list(values.items()))

    def share_fragments(self) -> SharedFragmentFile | None:
        """Returns the file of a new database, with all that was stored so far; None for any other database."""
        if self._new_file is None:
            return None
        from .shared_fragments import SharedFragmentFile

        self.is_shared = True
        self._sql.execute("COMMIT")
        self._sql.execute("BEGIN IMMEDIATE")
        return SharedFragmentFile(self._new_file)

    def clear_corpus(self) -> None:
        """Deletes everything but the tables that outlive a database."""
        self._sql.execute("DROP TABLE IF EXISTS partner_text")  # with the tables that FTS5 keeps for it
        for (table,) in self._sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table not in schema.LASTING:
                self._sql.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours

    def dump(self) -> Iterator[Batch]:
        """Yields all rows, as every store understands them."""
        from .dump import dump

        return dump(self._sql)

    def load(self, batches: Iterable[Batch]) -> None:
        """Stores the rows of another store, in one that has none."""
        from .dump import load

        load(self._sql, batches)
