"""The rows that repositories take and return: named tuples, whatever database holds them.

Times are whole seconds since 1970, UTC; `_ns` are nanoseconds as the file system gives them. Paths and file names are
bytes, since file names need not be text. A feed is named by its dimension and key (`FeedName`) or by its `feed_id`, a
record by its `record_id`; both ids are the store's own and mean nothing to another store.
"""

from collections.abc import Sequence
from typing import NamedTuple

FAULTY, HIDDEN, WAITING, SHOWN, MERGED, STOPPED = range(6)
"""States of a record: its metadata is faulty; hidden by its owner; an entry whose time has not come or is over; an
entry that is shown; part of an entry that another record leads; reading or rendering it was stopped, since it exceeded
the limits."""

PARSING, RESOLVING, SCANNING, WRITING = range(4)
"""Sources of problems: a record by itself; a record beside others; the last scan of the corpus; the output."""

NO_RECORD = 0
"""The record id of problems that concern no single record."""

NO_FEED = 0
"""The feed id of documents that list all feeds."""

FeedName = tuple[str, str]
"""A feed's dimension and key, such as `("topics", "ibm ai")`."""


class FileRow(NamedTuple):
    """A corpus file as the last scan saw it."""

    folder_id: int
    name: bytes
    record_id: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int


FileStatus = tuple[int, bytes, int, int, int]
"""Folder id, name, size, modification and change time of a file: compared by the thousand at each run."""


class KnownFile(NamedTuple):
    """The record of a file, and the hash of the content that was last parsed."""

    folder_id: int
    name: bytes
    record_id: int
    hash: bytes | None


class RecordRow(NamedTuple):
    """What one record says, as far as choosing entries needs it. Only a record that makes an entry has a `url`.

    `stated_id` is set when the record states an id of its own, `states_url` when it states its address; `traits` is
    JSON (feeds/rules.py).
    """

    record_id: int
    source: int
    path: bytes
    hash: bytes
    state: int
    stated_id: str | None = None
    url: str | None = None
    published: int | None = None
    updated: int | None = None
    expires: int | None = None
    traits: str | None = None
    digest: bytes | None = None
    language: str = ""
    states_url: bool = False


class LinkRow(NamedTuple):
    """A reference of a record to another one, as its body makes it, and the name that it states (sites/references.py).

    `has_fallback` is true if the text gives an address for a record that is not known.
    """

    record_id: int
    source: int
    reference: str
    name: str
    has_fallback: bool


class AddressRow(NamedTuple):
    """The address of a record at a path within a source."""

    source: int
    path: bytes
    url: str


class EntryRow(NamedTuple):
    """An entry that feeds may show. `record_id` gives it its identity; `record_ids` lists all records of a merged one.

    `memberships` are its feeds: each feed id, and how the entry spells the feed's name.
    """

    record_id: int
    id: str
    published: int
    updated: int
    digest: bytes
    record_ids: tuple[int, ...] = ()
    memberships: tuple[tuple[int, str], ...] = ()


class FeedRow(NamedTuple):
    """A feed. `header_digest` covers the texts that all its documents show; `catalog_json` is its object in the
    catalogue, `index_html` its line on the page of all feeds.
    """

    feed_id: int
    dimension: str
    key: str
    path: str | None = None
    header_digest: bytes | None = None
    catalog_json: str | None = None
    index_html: bytes | None = None


Membership = tuple[int, int, int, str]
"""An entry in a feed: feed id, time of publication, record id, and how the entry spells the feed's name. A plain tuple,
since a build from nothing makes several for each entry."""


class MemberRow(NamedTuple):
    """An entry that a feed holds."""

    feed_id: int
    record_id: int
    id: str
    published: int
    updated: int
    digest: bytes


class MonthCount(NamedTuple):
    """How many members of a feed are of a month (`2020-06`) and spell the feed's name so."""

    feed_id: int
    month: str
    name: str
    entries: int


class Span(NamedTuple):
    """The members of a feed from a time up to, and without, another."""

    feed_id: int
    start: int
    stop: int


class DocumentSetRow(NamedTuple):
    """What the documents of a feed and period last showed; the period of the newest entries is empty."""

    feed_id: int
    period: str
    content_digest: bytes


class RenderedRow(NamedTuple):
    """An entry as rendered: the digest that it had then, its title, and its fragments as pairs of format and bytes.

    The bytes are packed (packing.py). Whatever reads fragments returns them unpacked.
    """

    record_id: int
    digest: bytes
    title: str
    fragments: Sequence[tuple[str, bytes]]


class OriginRow(NamedTuple):
    """A record that an entry is made of, and its content's hash when the entry was resolved."""

    record_id: int
    source: int
    path: bytes
    hash: bytes


class UnrenderedRow(NamedTuple):
    """An entry whose fragments are missing or out of date, and the records to parse for it, the leading one first."""

    record_id: int
    id: str
    digest: bytes
    origins: Sequence[OriginRow]


class DocumentRow(NamedTuple):
    """A published document. `version` is the output's own (outputs/base.py).

    `modified_at` is the time of the run that wrote it.
    """

    path: str
    feed_id: int
    period: str
    digest: bytes
    size_bytes: int
    version: str
    modified_at: int


class TombstoneRow(NamedTuple):
    """An entry that a feed published once and does not any more."""

    dimension: str
    key: str
    id: str
    deleted_at: int


class PublishedEntry(NamedTuple):
    """An entry that is published: the source and path of the record that leads it, and its feeds."""

    id: str
    source: int
    path: bytes
    feeds: tuple[FeedName, ...]


class Loss(NamedTuple):
    """How many entries of a source are not published any more, and the state of their records now.

    The source is None where it is not known, the state where the file is gone.
    """

    source: int | None
    state: int | None
    entries: int


class PublishedFeed(NamedTuple):
    """A feed of a dimension as it was last published, with or without entries.

    `name` is how entries spelled its name, `updated` the time of the latest update among the entries that it listed.
    """

    dimension: str
    key: str
    name: str
    path: str
    entries: int
    updated: int


class PartnerEntryRow(NamedTuple):
    """The values that partners filter an entry by. An absent text is empty; `topics` are keys (JSON)."""

    record_id: int
    id: str
    published: int
    provider: str
    type: str
    language: str
    quality: int | None
    heat: int | None
    topics: str


class PartnerTextRow(NamedTuple):
    """The text of an entry that partners search."""

    record_id: int
    title: str
    excerpt: str


class TouchedEntryRow(NamedTuple):
    """A visible entry that a run touched, rendered, with its state and topics in the change log, if it has any.

    `record_ids` lists all records of a merged entry; `traits` are those of the leading record (JSON).
    """

    record_id: int
    id: str
    published: int
    record_ids: tuple[int, ...]
    traits: str
    title: str
    content: bytes
    state: bytes | None
    topics: str | None


class ChangeRow(NamedTuple):
    """An entry that is new or changed. `topics` are the keys of all topics that it ever had (JSON)."""

    record_id: int
    id: str
    state: bytes
    topics: str
