"""What a store does, whatever database it is.

Theory of operation. A store holds what is known between runs: the corpus as it was parsed, entries and feeds,
fragments, published documents, tombstones, the change log and the outbox. One run at a time works on a store: it holds
the lock, and makes all its changes in one transaction, so that readers and the next run see all of a run or nothing
of it. Deliveries write short transactions of their own beside it, without the lock.

A transaction and a snapshot offer the same repositories (repositories.py), each named for what it holds, whose methods
take and return batches of named rows (rows.py, outbox_rows.py, partner_rows.py).

`version` is cheap, and differs after each run that committed: a reader asks it often, and reads again when it changed.

tests/store/contract.py states what every store must do.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from .dump_rows import Batch
from .outbox_repository import Outbox
from .partner_repositories import ChangeLog, PartnerChanges, PartnerEntries
from .repositories import Corpus, Documents, Feeds, Fragments, Links, Published, Tombstones


class SharedFragments(Protocol):
    """The fragments of a transaction that other processes of this machine can read; it can be sent to them."""

    def open(self) -> Fragments:
        """Returns the fragments, to be read while the transaction waits. Call it in each process."""


class Snapshot(Protocol):
    """The repositories over one consistent view of the store, which cannot be written to."""

    @property
    def corpus(self) -> Corpus:
        """Folders, files, records and problems."""

    @property
    def links(self) -> Links:
        """References of records to other records."""

    @property
    def feeds(self) -> Feeds:
        """Entries, feeds and memberships."""

    @property
    def fragments(self) -> Fragments:
        """Entries as rendered."""

    @property
    def documents(self) -> Documents:
        """Document sets and documents."""

    @property
    def tombstones(self) -> Tombstones:
        """Deletions that feeds list."""

    @property
    def published(self) -> Published:
        """What was published before a run, and what is kept of it."""

    @property
    def change_log(self) -> ChangeLog:
        """The changes that partners follow, to be written."""

    @property
    def outbox(self) -> Outbox:
        """The state of all deliveries."""

    @property
    def partner_entries(self) -> PartnerEntries:
        """Entries and feeds for partners."""

    @property
    def partner_changes(self) -> PartnerChanges:
        """The change log for partners."""

    def run_state(self) -> dict[str, Any]:
        """Returns what earlier runs recorded about themselves, by name."""

    def dump(self) -> Iterator[Batch]:
        """Yields all rows, as every store understands them."""


class Transaction(Snapshot, Protocol):
    """The repositories over one transaction."""

    def record_run_state(self, values: Mapping[str, str | int | bytes]) -> None:
        """Stores values for the next run."""

    def share_fragments(self) -> SharedFragments | None:
        """Returns what other processes of this machine can read fragments from; None if nothing but this one can.

        The transaction must change nothing while they do.
        """

    def clear_corpus(self) -> None:
        """Deletes everything but what outlives a store: tombstones, removed documents, published feeds, the state of
        the site, the change log and the outbox.
        """

    def load(self, batches: Iterable[Batch]) -> None:
        """Stores the rows of another store, in one that has none."""


class Store(Protocol):
    """The state between runs."""

    def lock(self) -> AbstractContextManager[None]:
        """Holds the store's lock for one run. Raises LockedError at once when another run has it."""

    def write(self) -> AbstractContextManager[Transaction]:
        """Yields the transaction of a run: all changes inside happen, or none. Creates a store that does not exist.

        Raises StoreUnusableError when the store is damaged or of another version, StoreError when it cannot be read or
        written now.
        """

    def update(self) -> AbstractContextManager[Transaction]:
        """Yields a short transaction in a store that exists, beside a run. A store that was replaced is opened again.

        Raises StoreMissingError, StoreUnusableError for another version, StoreError when it cannot be written now.
        """

    def read(self) -> AbstractContextManager[Snapshot]:
        """Yields a snapshot, from any thread; it never waits for a run.

        Raises StoreMissingError, StoreUnusableError for another version, StoreError when it cannot be read.
        """

    def version(self) -> object:
        """Returns a cheap token that changes with every commit."""

    def note(self, name: str) -> bytes | None:
        """Returns what was noted under a name, None for nothing."""

    def put_note(self, name: str, content: bytes | None) -> None:
        """Notes something at once, whatever becomes of a transaction; None removes the note.

        A run, which holds the lock, notes what the next one has to know if it is killed. Raises OutputError or
        StoreError when it cannot be noted.
        """

    def set_aside(self) -> str:
        """Moves a store that cannot be used out of the way; the next `write` builds a new one, which takes over what
        outlives a store. Returns the name under which the old one is kept.
        """

    def close(self) -> None:
        """Closes the store."""
