"""The interfaces of what partners are told: the change log that builds write, and what the partner API reads.

repositories.py says what all repositories have in common.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

from .partner_rows import CatalogFeed, ChangeLogPosition, EntryFilter, EntryRef, LoggedChange
from .rows import ChangeRow, PartnerEntryRow, PartnerTextRow, TouchedEntryRow


class ChangeLog(Protocol):
    """The changes that partners follow, as a run writes them, and what partners filter and search entries by."""

    def start_run(self, epoch: str) -> None:
        """Notes what the run touches from here on. A log that is new gets this epoch."""

    def touched(self) -> list[int]:
        """Returns the leading records of visible entries that the run touched, ordered by the entries' time."""

    def entries(self, record_ids: Iterable[int]) -> Iterator[list[TouchedEntryRow]]:
        """Yields batches of entries, in the order given; each is rendered as JSON."""

    def clear_touched(self) -> None:
        """Deletes what partners filter and search touched entries by."""

    def put(self, entries: Sequence[PartnerEntryRow], texts: Iterable[PartnerTextRow]) -> None:
        """Stores what partners filter and search entries by."""

    def append(self, changes: Sequence[ChangeRow], now: int) -> None:
        """Gives each change the next position."""

    def move(self, leading: Iterable[tuple[int, str]]) -> None:
        """Stores which record leads an unchanged entry, given as record id and entry id."""

    def append_deletions(self, now: int) -> None:
        """Gives each touched entry that is no longer visible the next position; the log is in line with the entries."""

    def expire(self, until: int) -> None:
        """Drops deletions up to a time. A partner who has not read them has to start again."""

    def clear(self) -> None:
        """Deletes the log and all that partners filter by. A later log has another epoch."""


class PartnerEntries(Protocol):
    """Entries and feeds as partners read them."""

    def newest(self, entry_filter: EntryFilter, limit: int, after: tuple[int, str] | None) -> list[EntryRef]:
        """Return at most `limit` entries of a filter, newest first; only those after a (published, id), if given."""

    def item_sizes(self, record_ids: Sequence[int]) -> list[int]:
        """Return the sizes of the JSON Feed items of entries, in bytes, in the given order."""

    def items(self, record_ids: Sequence[int]) -> list[bytes]:
        """Return the JSON Feed items of entries, in the given order."""

    def presentation_digest(self) -> bytes | None:
        """Return the digest of all that decides how entries are shown; None before the first build."""

    def known_topics(self, keys: Collection[str]) -> set[str]:
        """Return those of these topics, given as keys, that a visible entry has, or had while there was a feed."""

    def topic_of_feed(self, path: str) -> str | None:
        """Return the key of the topic whose feed has this path; None if there is no such feed."""

    def feeds(self) -> list[CatalogFeed]:
        """Return the feeds of the catalogue, in no order."""


class PartnerChanges(Protocol):
    """The change log as partners read it."""

    def position(self) -> ChangeLogPosition | None:
        """Return the end of the log; None when the last build wrote no log."""

    def after(self, entry_filter: EntryFilter, limit: int, seq: int, start: int) -> list[LoggedChange]:
        """Return at most `limit` changes after sequence number `seq`, in order.

        Changes of entries that do not match the filter are included after `start` only, and only if the entry ever
        had one of the filter's topics.
        """
