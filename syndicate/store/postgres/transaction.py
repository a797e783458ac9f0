"""The repositories over one transaction or snapshot of a PostgreSQL database.

A run that finds nothing changed needs few of them: each is imported when it is used first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .session import Session
from .tables import CORPUS, RUN_STATE
from .values import put_values, read_values

if TYPE_CHECKING:
    from ..dump_rows import Batch
    from .change_log import PostgresChangeLog
    from .corpus import PostgresCorpus
    from .documents import PostgresDocuments
    from .feeds import PostgresFeeds
    from .fragments import PostgresFragments
    from .links import PostgresLinks
    from .outbox import PostgresOutbox
    from .partner_changes import PostgresPartnerChanges
    from .partner_entries import PostgresPartnerEntries
    from .published import PostgresPublished
    from .tombstones import PostgresTombstones


class PostgresTransaction:
    """The repositories, and what a run records about itself, over one transaction or snapshot."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @cached_property
    def corpus(self) -> PostgresCorpus:
        """Folders, files, records and problems."""
        from .corpus import PostgresCorpus

        return PostgresCorpus(self._session)

    @cached_property
    def links(self) -> PostgresLinks:
        """References of records to other records."""
        from .links import PostgresLinks

        return PostgresLinks(self._session)

    @cached_property
    def feeds(self) -> PostgresFeeds:
        """Entries, feeds and memberships."""
        from .feeds import PostgresFeeds

        return PostgresFeeds(self._session)

    @cached_property
    def fragments(self) -> PostgresFragments:
        """Entries as rendered."""
        from .fragments import PostgresFragments

        return PostgresFragments(self._session)

    @cached_property
    def documents(self) -> PostgresDocuments:
        """Document sets and documents."""
        from .documents import PostgresDocuments

        return PostgresDocuments(self._session)

    @cached_property
    def tombstones(self) -> PostgresTombstones:
        """Deletions that feeds report."""
        from .tombstones import PostgresTombstones

        return PostgresTombstones(self._session)

    @cached_property
    def published(self) -> PostgresPublished:
        """What was published before a run, and what is kept of it."""
        from .published import PostgresPublished

        return PostgresPublished(self._session)

    @cached_property
    def change_log(self) -> PostgresChangeLog:
        """The changes that partners follow, to be written."""
        from .change_log import PostgresChangeLog

        return PostgresChangeLog(self._session)

    @cached_property
    def outbox(self) -> PostgresOutbox:
        """The state of all deliveries."""
        from .outbox import PostgresOutbox

        return PostgresOutbox(self._session)

    @cached_property
    def partner_entries(self) -> PostgresPartnerEntries:
        """Entries and feeds for partners."""
        from .partner_entries import PostgresPartnerEntries

        return PostgresPartnerEntries(self._session)

    @cached_property
    def partner_changes(self) -> PostgresPartnerChanges:
        """The change log for partners."""
        from .partner_changes import PostgresPartnerChanges

        return PostgresPartnerChanges(self._session)

    def run_state(self) -> dict[str, Any]:
        """Returns what earlier runs recorded about themselves, by name."""
        return read_values(self._session, RUN_STATE)

    def record_run_state(self, values: Mapping[str, str | int | bytes]) -> None:
        """Stores values for the next run."""
        put_values(self._session, RUN_STATE, values)

    def share_fragments(self) -> None:
        """Returns None: other processes see nothing of a transaction."""

    def clear_corpus(self) -> None:
        """Deletes everything but the tables that outlive a state.

        Readers go on while it does, as TRUNCATE would not let them.
        """
        self._session.execute("; ".join(f"DELETE FROM {table}" for table in CORPUS))  # noqa: S608 - names of ours

    def dump(self) -> Iterator[Batch]:
        """Yields all rows, as every store understands them."""
        from .dump import dump

        return dump(self._session)

    def load(self, batches: Iterable[Batch]) -> None:
        """Stores the rows of another store, in one that has none."""
        from .dump import load

        load(self._session, batches)
