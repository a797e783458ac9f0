"""The interfaces of the repositories that a build works with, each named for what it holds.

base.py says how they are reached; outbox_repository.py and partner_repositories.py hold the others.

Repositories decide nothing. Their methods take and return batches of named rows, since a network may lie between: no
caller makes a call for each row. Methods that yield rows must be consumed before the transaction or snapshot ends.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from ..errors import Problem
from .rows import (
    AddressRow,
    DocumentRow,
    DocumentSetRow,
    EntryRow,
    FeedName,
    FeedRow,
    FileRow,
    FileStatus,
    KnownFile,
    LinkRow,
    Loss,
    MemberRow,
    Membership,
    MonthCount,
    PublishedEntry,
    PublishedFeed,
    RecordRow,
    RenderedRow,
    Span,
    TombstoneRow,
    UnrenderedRow,
)


class Corpus(Protocol):
    """Folders, files, records and problems of the corpus."""

    def folders(self) -> dict[tuple[int, bytes], int]:
        """Returns the id of each folder that holds files, by source and path."""

    def folders_at(self, places: Sequence[tuple[int, bytes]]) -> dict[tuple[int, bytes], int]:
        """Returns the ids of the folders at these sources and paths; unknown ones are left out."""

    def folders_below(self, source: int, path: bytes) -> dict[tuple[int, bytes], int]:
        """Returns the ids of the folder at a path, which ends in a slash, and of all within it, as `folders` does."""

    def last_folder_id(self) -> int:
        """Returns the highest folder id, 0 without folders."""

    def add_folders(self, rows: Iterable[tuple[int, int, bytes]]) -> None:
        """Stores new folders, given as folder id, source and path."""

    def file_statuses(self, folder_ids: Sequence[int]) -> list[FileStatus]:
        """Returns the files of these folders as the last scan saw them, ordered by folder id and name."""

    def known_files(self, names: Sequence[tuple[int, bytes]]) -> Iterator[KnownFile]:
        """Yields what is known of files, given by folder id and name; unknown ones are left out."""

    def known_files_of_folders(self, folder_ids: Sequence[int]) -> list[KnownFile]:
        """Returns what is known of all files in these folders."""

    def records_of_folders(self, folder_ids: Sequence[int]) -> list[int]:
        """Returns the record ids of all files in these folders."""

    def put_files(self, rows: Iterable[FileRow]) -> None:
        """Stores files as a scan saw them."""

    def drop_files(self, names: Iterable[tuple[int, bytes]]) -> None:
        """Deletes files, given by folder id and name."""

    def drop_folders(self, folder_ids: Sequence[int]) -> None:
        """Deletes folders, and their files."""

    def last_record_id(self) -> int:
        """Returns the highest record id, 0 without records."""

    def records(self, record_ids: Iterable[int]) -> dict[int, RecordRow]:
        """Returns records by id; unknown ones are left out."""

    def put_records(self, rows: Iterable[RecordRow]) -> None:
        """Stores records in place of what they said before."""

    def drop_records(self, record_ids: Sequence[int]) -> None:
        """Deletes records with their problems and fragments."""

    def create_indexes(self) -> None:
        """Creates the indexes of records and entries, once the first ones are stored."""

    def records_of_urls(self, urls: Sequence[str]) -> list[RecordRow]:
        """Returns the records of entries at these addresses."""

    def entry_records(self, batch: int) -> Iterator[list[RecordRow]]:
        """Yields all records that make entries, so many at once."""

    def shared_urls(self) -> list[str]:
        """Returns the addresses that several records have."""

    def urls_between(self, after: int, until: int) -> set[str]:
        """Returns the addresses of entries that appear or expire between two times (the first one excluded)."""

    def stated_ids(self) -> list[str]:
        """Returns all ids that records state themselves."""

    def claimants(self, ids: Sequence[str]) -> list[RecordRow]:
        """Returns the records that lead an entry and state one of these ids."""

    def leading_records_at(self, places: Sequence[tuple[int, bytes, bytes]]) -> dict[tuple[int, bytes, bytes], int]:
        """Returns the ids of records that lead an entry, by source, folder and file name."""

    def set_states(self, rows: Iterable[tuple[int, int]]) -> None:
        """Changes the state of records, given as state and record id."""

    def count_states(self) -> dict[int, int]:
        """Returns how many records are in each state."""

    def stopped_records(self) -> dict[tuple[int, bytes], tuple[bytes, Problem]]:
        """Returns the hash and the problem of each record that exceeded the limits, by source and path."""

    def problems(self) -> list[Problem]:
        """Returns all problems, in no order."""

    def put_problems(self, origin: int, problems: Mapping[int, Sequence[Problem]]) -> None:
        """Replaces the problems of records from one origin; an empty sequence deletes them."""

    def drop_problems(self, origin: int) -> None:
        """Deletes all problems from one origin."""


class Links(Protocol):
    """The references of records to other records, and the addresses of the records they may mean."""

    def any(self) -> bool:
        """Returns whether any record refers to another."""

    def put(self, record_ids: Sequence[int], rows: Iterable[LinkRow]) -> None:
        """Stores the references of records, in place of all that they had."""

    def of_records(self, record_ids: Iterable[int]) -> list[LinkRow]:
        """Returns the references of records, ordered by record and reference."""

    def urls_of_linking(self, names: Iterable[str] | None = None) -> set[str]:
        """Returns the addresses of the records that refer to one of these names, or to any record at all."""

    def addresses_at(self, places: Sequence[tuple[int, bytes, bytes]]) -> list[AddressRow]:
        """Returns the addresses of the records at these sources, folders and file names."""

    def addresses_named(self, names: Sequence[str]) -> list[AddressRow]:
        """Returns the addresses of the records whose files have one of these names, in any folder."""


class Feeds(Protocol):
    """Entries, feeds, and which entry is a member of which feed."""

    def entries(self, record_ids: Iterable[int]) -> dict[int, EntryRow]:
        """Returns entries by the id of their leading record; unknown ones are left out."""

    def put_entries(self, rows: Iterable[EntryRow]) -> None:
        """Stores entries."""

    def drop_entries(self, record_ids: Sequence[int]) -> None:
        """Deletes entries; their memberships are deleted by `drop_members`."""

    def clear(self) -> None:
        """Deletes all entries and memberships, so that all entries can be resolved again."""

    def count_members(self) -> tuple[int, int | None]:
        """Returns how many entries are in any feed, and when the newest of them was published."""

    def feed_ids(self) -> dict[FeedName, int]:
        """Returns the ids of all feeds by dimension and key."""

    def add_feeds(self, rows: Iterable[tuple[int, str, str]]) -> None:
        """Stores new feeds, given as feed id (above NO_FEED), dimension and key."""

    def feeds(self, feed_ids: Sequence[int]) -> list[FeedRow]:
        """Returns feeds, ordered by id."""

    def set_feeds(self, rows: Iterable[FeedRow]) -> None:
        """Changes path, header digest and catalogue object of feeds."""

    def set_index_html(self, rows: Sequence[tuple[int, bytes]]) -> bool:
        """Changes the lines of feeds on the index page, given by feed id; returns whether any is different."""

    def drop_feeds(self, feed_ids: Sequence[int]) -> None:
        """Deletes feeds with their document sets."""

    def count_feeds(self) -> int:
        """Returns how many feeds the lists of all feeds name: those with a catalogue object."""

    def listed(self) -> list[tuple[str, bytes | None]]:
        """Returns the catalogue object and the index page's line of every feed."""

    def add_members(self, rows: Sequence[Membership]) -> None:
        """Stores memberships, none of which is stored."""

    def drop_members(self, rows: Sequence[Membership]) -> None:
        """Deletes memberships."""

    def collect_members(self, rows: Sequence[Membership]) -> None:
        """Collects memberships, none of which is stored, until `store_collected_members` stores all at once."""

    def store_collected_members(self) -> None:
        """Stores the memberships that were collected."""

    def month_counts(self, feed_ids: Sequence[int]) -> list[MonthCount]:
        """Returns the members of feeds counted by month and name, ordered by feed, month and name."""

    def most_in_a_month(self, first_month: str) -> int:
        """Returns the most entries that any feed has in a month, from a first month on; 0 if there are none."""

    def newest_members(self, feed_ids: Sequence[int], limit: int) -> Iterator[MemberRow]:
        """Yields the newest members of feeds, and all that are as old as the last of them; in no order."""

    def members(self, spans: Sequence[Span]) -> Iterator[MemberRow]:
        """Yields the members of spans: the spans in the order given, the newest member of each first."""


class Fragments(Protocol):
    """Entries as rendered, one fragment an entry and format."""

    def unrendered(self, record_ids: Sequence[int], formats: Sequence[str]) -> list[UnrenderedRow]:
        """Returns the entries that are not rendered, as they are now, in all of these formats."""

    def put(self, rows: Sequence[RenderedRow]) -> None:
        """Stores entries as rendered, in place of all their fragments."""

    def contents(self, record_ids: Sequence[int], formats: Sequence[str]) -> dict[str, dict[int, bytes]]:
        """Returns the fragments of entries by format and record id."""

    def titles(self, record_ids: Sequence[int]) -> dict[int, str]:
        """Returns the titles of rendered entries, by record id."""

    def drop(self, record_ids: Sequence[int]) -> None:
        """Deletes all that is rendered of entries that are not shown any more."""

    def drop_unused(self) -> None:
        """Deletes all that is rendered of records that are no entries."""

    def drop_format(self, format_name: str) -> None:
        """Deletes all fragments of one format."""


class Documents(Protocol):
    """Document sets, published documents, and documents that are removed."""

    def sets(self, feed_ids: Sequence[int]) -> list[DocumentSetRow]:
        """Returns the document sets of feeds, ordered by feed and period."""

    def put_sets(self, rows: Iterable[DocumentSetRow]) -> None:
        """Stores document sets."""

    def drop_sets(self, sets: Iterable[tuple[int, str]]) -> None:
        """Deletes document sets, given by feed id and period; their documents are deleted by `drop`."""

    def all(self) -> Iterator[DocumentRow]:
        """Yields all published documents."""

    def versions(self) -> Iterator[tuple[str, str]]:
        """Yields path and version of all published documents."""

    def count(self) -> int:
        """Returns how many documents are published."""

    def at(self, paths: Sequence[str]) -> list[DocumentRow]:
        """Returns the documents at these paths; unknown ones are left out."""

    def paths_of_feeds(self, feed_ids: Sequence[int]) -> list[tuple[int, str, str]]:
        """Returns feed id, period and path of all documents of these feeds."""

    def paths_of_sets(self, sets: Sequence[tuple[int, str]]) -> list[tuple[int, str, str]]:
        """Returns feed id, period and path of all documents of these sets, given by feed id and period."""

    def put(self, rows: Iterable[DocumentRow]) -> None:
        """Stores published documents."""

    def drop(self, paths: Sequence[str]) -> None:
        """Deletes documents."""

    def record_removed(self, paths: Iterable[str], now: int) -> None:
        """Stores that documents are removed; forgets those that are published again, or were removed a year ago."""

    def removed(self) -> frozenset[str]:
        """Returns the paths of all removed documents."""


class Tombstones(Protocol):
    """Entries that were published once and are not any more (RFC 6721)."""

    def bury_missing(self, now: int) -> None:
        """Buries what `Published` remembers and is not published any more; drops tombstones of published entries."""

    def bury(self, rows: Iterable[TombstoneRow]) -> None:
        """Stores tombstones; one that exists keeps its time."""

    def drop(self, entry_ids: Collection[str]) -> set[FeedName]:
        """Deletes the tombstones of entries that are published again; returns the feeds that had one."""

    def expire(self, until: int) -> set[FeedName]:
        """Deletes the tombstones of deletions up to a time; returns the feeds that had one."""

    def any_until(self, until: int) -> bool:
        """Returns whether there are tombstones of deletions up to a time."""

    def clear(self) -> None:
        """Deletes all tombstones."""

    def of_feeds(self, names: Sequence[FeedName]) -> list[TombstoneRow]:
        """Returns the tombstones of feeds, the feeds in the order given, the latest deletion of each first."""


class Published(Protocol):
    """What subscribers were given: the entries published before a run, the feeds that ever were, and their site."""

    def remember(self) -> None:
        """Remembers what is published now until `forget`; does nothing when something is remembered already."""

    def load(self, entries: Iterable[PublishedEntry]) -> None:
        """Remembers entries of another store as what was published."""

    def forget(self) -> None:
        """Forgets what is remembered as published before the run."""

    def is_remembered(self) -> bool:
        """Returns whether it is remembered what was published before the run."""

    def entries(self) -> Iterator[PublishedEntry]:
        """Yields the entries that are published now."""

    def count(self) -> int:
        """Returns how many entries are remembered."""

    def losses(self, after: int, until: int) -> list[Loss]:
        """Returns how many of the remembered entries are not published any more, by source and state of their record.

        Entries whose expiry lies between two times (the first one excluded) are not counted.
        """

    def gone_paths(self) -> list[tuple[int, bytes]]:
        """Returns source and path of the records whose entries are remembered, and which do not exist any more."""

    def gained(self, dimension: str, key: str) -> list[tuple[str, int]]:
        """Returns the names of feeds that gained entries which this one held before, and how many, the most first."""

    def count_files(self) -> dict[int, int]:
        """Returns how many files each source has."""

    def publishes(self, source: int) -> bool:
        """Returns whether any entry of a source is published now."""

    def feeds(self) -> list[PublishedFeed]:
        """Returns all feeds that were published, ordered by dimension and key."""

    def feeds_named(self, names: Sequence[FeedName]) -> dict[FeedName, PublishedFeed]:
        """Returns those of these feeds that were published."""

    def emptied(self, more_than: int) -> list[PublishedFeed]:
        """Returns the feeds that had more than so many entries when they were published last, and have none now."""

    def put_feeds(self, rows: Iterable[PublishedFeed]) -> None:
        """Stores feeds as they are published now."""

    def drop_feeds(self, names: Iterable[FeedName]) -> None:
        """Deletes feeds that the configuration ended."""

    def site(self) -> dict[str, Any]:
        """Returns what is known of the site itself, by name."""

    def record_site(self, values: Mapping[str, str | int]) -> None:
        """Stores what is known of the site itself."""
