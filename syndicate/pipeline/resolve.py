"""Resolves records to entries: which are visible, which make one entry together, and which entry has which id.

Theory of operation. A visible record makes an entry. Records with the same address (`url`) make one entry together,
except translations that do not state it: the earliest one leads the entry and gives it its id and date; the text is
that of the latest one, the topics are all of theirs (feeds/merge.py). The others are merged.

An entry's id is that of its leading record's path, or the id that the record states. Two entries must not have the same
id. The path's own id always belongs to the record at that path; an id that several records state belongs to the
earliest of them. Every other claimant falls back to the id of its own path, with a warning, until the owner is gone.

An entry is a member of the feeds that the rules (feeds/rules.py) choose by its traits. Whatever a run changes of an
entry touches these feeds, before and after, at the time in their history at which the entry was published: the
planner examines nothing else.

A run resolves either the addresses and ids that changed records touch (`resolve`), or all entries (`resolve_all`, and
`add_single` while all records are parsed). Both work in batches: read the rows of a batch, change them in memory, and
store the differences.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, TypeVar
from unicodedata import normalize
from urllib.parse import unquote

from ..corpus.parse import locate_value
from ..corpus.scan import display_path
from ..errors import Problem
from ..feeds.identity import path_id
from ..feeds.merge import group_by_story
from ..feeds.rules import FeedKey, Traits, traits_of
from ..store.rows import (
    MERGED,
    RESOLVING,
    SHOWN,
    WAITING,
    EntryRow,
    FeedName,
    Membership,
    OriginRow,
    PublishedFeed,
    RecordRow,
)
from ..values.dates import epoch_seconds
from .context import JobContext
from .jobs import entry_digest, traits_from_json
from .links import LinkAddresses, find_links, linked_digest

if TYPE_CHECKING:
    from ..store.base import Transaction

_BATCH = 256
_BATCH_ALL = 512
_Item = TypeVar("_Item")


class TouchedFeeds:
    """The feeds that a run touched, and the times in their history at which it did."""

    def __init__(self) -> None:
        self._times: dict[int, set[int]] = {}
        self._whole: set[int] = set()

    def touch(self, feed_ids: Iterable[int], published: int) -> None:
        """Marks feeds that gained, lost or changed an entry which was published at a time."""
        for feed_id in feed_ids:
            self._times.setdefault(feed_id, set()).add(published)

    def add(self, feed_id: int) -> None:
        """Marks a feed whose newest documents may change, for another reason than its entries."""
        self._times.setdefault(feed_id, set())

    def add_whole(self, feed_ids: Iterable[int]) -> None:
        """Marks feeds in which any document may change."""
        self._whole.update(feed_ids)

    def feed_ids(self) -> set[int]:
        """Returns all feeds that were touched."""
        return self._whole | self._times.keys()

    def times(self, feed_id: int) -> set[int] | None:
        """Returns when the entries were published that changed in a feed; None when any may have."""
        return None if feed_id in self._whole else self._times.get(feed_id, set())


class EntryResolver:
    """Resolves entries for one configuration at one time, and collects the feeds that this touches."""

    def __init__(self, transaction: Transaction, context: JobContext, now: int) -> None:
        self._corpus = transaction.corpus
        self._feeds = transaction.feeds
        self._fragments = transaction.fragments
        self._links = transaction.links
        self._context = context
        self._now = now
        self._authority = context.config.site.authority
        self._feed_ids = transaction.feeds.feed_ids()
        self._last_feed_id = max(self._feed_ids.values(), default=0)
        self._new_feeds: list[tuple[int, str, str]] = []
        # The data of the batch: entries as stored and as resolved, states and problems to store, addresses of links.
        self._stored: dict[int, EntryRow | None] = {}
        self._current: dict[int, EntryRow | None] = {}
        self._states: list[tuple[int, int]] = []
        self._problems: dict[int, list[Problem]] = {}
        self._addresses: dict[int, LinkAddresses] = {}
        # Entries before this run, of those that it resolved one by one; None of new ones.
        self._before: dict[int, EntryRow | None] = {}
        self._after: dict[int, EntryRow | None] = {}
        self.touched = TouchedFeeds()

    # -------------------------------------------------------------------------------------------------------- results

    def published_ids(self) -> set[str]:
        """Returns the ids of entries that the run resolved one by one, changed, and left in a feed."""
        return {
            entry.id
            for record_id, entry in self._after.items()
            if entry and entry.memberships and entry != self._before[record_id]
        }

    def unpublished(self) -> dict[str, list[int]]:
        """Returns the ids of entries that were in feeds before this run and are in none now, with these feeds.

        After `clear` it is empty: everything is resolved in this run then.
        """
        published = {entry.id for entry in self._after.values() if entry and entry.memberships}
        return {
            entry.id: [feed_id for feed_id, _ in entry.memberships]
            for entry in self._before.values()
            if entry and entry.memberships and entry.id not in published
        }

    def newly_published(self) -> set[str]:
        """Returns the ids of entries that were in no feed before this run, and are in one now."""
        before = {entry.id for entry in self._before.values() if entry and entry.memberships}
        return {entry.id for entry in self._after.values() if entry and entry.memberships} - before

    def gained(self, feed_name: FeedName) -> list[tuple[str, int]]:
        """Returns the names of feeds of the same dimension that gained entries which a feed had before this run, and
        how many, the most first.
        """
        feed_id = self._feed_ids[feed_name]
        dimension = {id_ for (name, _), id_ in self._feed_ids.items() if name == feed_name[0]}
        names: dict[int, str] = {}
        counts = Counter[int]()
        for record_id, before in self._before.items():
            former = dict(before.memberships) if before else {}
            after = self._after[record_id]
            if feed_id in former and after is not None:
                gained = {one: name for one, name in after.memberships if one in dimension and one not in former}
                counts.update(gained.keys())
                names |= gained
        return sorted(((names[one], count) for one, count in counts.items()), key=lambda pair: (-pair[1], pair[0]))

    def leading_records(self, entry_ids: Container[str]) -> list[int]:
        """Returns the records that led these entries before this run."""
        return [record_id for record_id, entry in self._before.items() if entry and entry.id in entry_ids]

    # ---------------------------------------------------------------------------------------------------- all entries

    def clear(self) -> None:
        """Deletes all entries, to resolve all again."""
        self.touched.add_whole(self._feed_ids.values())
        self._feeds.clear()
        self._corpus.drop_problems(RESOLVING)

    def resolve_all(self) -> None:
        """Resolves all entries from their stored records. Call `clear` first."""
        states: list[tuple[int, int]] = []
        for records in self._corpus.entry_records(_BATCH_ALL):
            states += self._add_records(records)
        self._corpus.set_states(states)
        self.resolve_shared()

    def add_stored(self, record_ids: Sequence[int]) -> None:
        """Stores the entries of records as they are stored, while all others are parsed again."""
        records = self._corpus.records(record_ids).values()
        self._corpus.set_states(self._add_records(record for record in records if record.url is not None))

    def _add_records(self, records: Iterable[RecordRow]) -> list[tuple[int, int]]:
        """Stores the entries of records, each by itself; returns the states of records that change."""
        states: list[tuple[int, int]] = []
        visible: list[tuple[RecordRow, str, list[FeedKey]]] = []
        for record in records:
            is_visible = self._is_visible(record)
            state = SHOWN if is_visible else WAITING
            if state != record.state:
                states.append((state, record.record_id))
            if is_visible:
                keys = self._context.rules.feed_keys(traits_from_json(record.traits or ""))
                visible.append((record, record.stated_id or self._path_id(record), keys))
        self.add_single(visible)
        return states

    def add_single(self, rows: Iterable[tuple[RecordRow, str, list[FeedKey]]]) -> None:
        """Stores the entries of visible records, none of which has one: each by itself, with its id and its feeds."""
        members: list[Membership] = []
        entries: list[EntryRow] = []
        for record, entry_id, keys in rows:
            memberships = self._memberships(keys)
            entry = _entry_of(record, entry_id, memberships)
            members += [(feed_id, entry.published, record.record_id, name) for feed_id, name in memberships]
            entries.append(entry)
        self._store_new_feeds()
        self._feeds.collect_members(members)
        self._feeds.put_entries(entries)

    def resolve_shared(self) -> None:
        """Resolves the entries that more than one record decides on, after all were added by themselves: those of
        shared addresses and ids, and those that link to other records.
        """
        self._feeds.store_collected_members()
        linking = self._links.urls_of_linking() if self._has_links else ()
        self._resolve_urls({*self._corpus.shared_urls(), *linking}, set(), set())
        self._decide_ids(self._corpus.stated_ids())

    # ---------------------------------------------------------------------------------------------- entries one by one

    @cached_property
    def _has_links(self) -> bool:
        """Whether a record refers to another, once the changed files of the run are stored."""
        return self._links.any()

    def urls_of_linking(self, names: Collection[str]) -> set[str]:
        """Returns the addresses of entries that link to a record whose file has one of these names."""
        return self._links.urls_of_linking(names) if names and self._has_links else set()

    def resolve(self, urls: Iterable[str], ids: Iterable[str], record_ids: Iterable[int]) -> None:
        """Resolves these addresses, then the owners of these ids. The records may no longer lead an entry."""
        touched_ids = set(ids)
        decided: set[int] = set()
        self._resolve_urls(urls, touched_ids, decided)
        for batch in _batches(sorted(set(record_ids) - decided), _BATCH):
            records = self._corpus.records(batch)
            self._read_entries(batch)
            for record_id in batch:
                self._problems.setdefault(record_id, [])
                record = records.get(record_id)
                if record is None or record.state != SHOWN:
                    self._set(record_id, None)
            self._store()
        self._decide_ids(touched_ids - {""})
        self._drop_unchanged()

    def _resolve_urls(self, urls: Iterable[str], touched_ids: set[str], decided: set[int]) -> None:
        """Resolves the entries at these addresses; adds the ids they may have, and all records of these addresses."""
        for batch in _batches(sorted(urls), _BATCH):
            groups: dict[str, list[RecordRow]] = {}
            for record in self._corpus.records_of_urls(batch):
                groups.setdefault(record.url or "", []).append(record)
                touched_ids.update((record.stated_id or "", self._path_id(record)))
                self._problems[record.record_id] = []  # reported again where it is still true
            record_ids = [record.record_id for group in groups.values() for record in group]
            self._read_entries(record_ids)
            self._read_addresses(record_ids, groups)
            decided.update(record_ids)
            for group in groups.values():
                self._lead(group)
            self._store()

    def _lead(self, group: list[RecordRow]) -> None:
        """Resolves the entries that the records of one address make."""
        visible = sorted((r for r in group if self._is_visible(r)), key=lambda r: (r.published or 0, self._path(r)))
        stories = group_by_story(visible, self._context.config.site.language) if len(visible) > 1 else [visible]
        first_records = [story[0].record_id for story in stories if story]
        for record in group:
            leads = record.record_id in first_records
            state = SHOWN if leads else MERGED if record in visible else WAITING
            if state != record.state:
                self._states.append((state, record.record_id))
            if not leads:
                self._set(record.record_id, None)
        for story in filter(None, stories):
            first, *others = story
            if not others:
                traits = traits_from_json(first.traits or "")
                self._set(first.record_id, self._entry(first, first.stated_id or self._path_id(first), traits))
                continue
            self._set_composed(story, None)
            for record in others:
                if not (first.states_url and record.states_url):
                    self._problems[record.record_id].append(self._merged(record, first))

    def _set_composed(self, records: Sequence[RecordRow], entry_id: str | None) -> None:
        """Resolves the entry that several records make, or one record under another id than its own."""
        composed = self._context.compose([origin_of(record) for record in records], entry_id)
        digest = entry_digest(composed, self._context.config.presentation)
        record = records[0]._replace(updated=epoch_seconds(composed.updated), digest=digest)
        addresses = sorted({one for record in records for one in self._addresses.get(record.record_id, ())})
        entry = self._entry(record, composed.id, traits_of(composed), tuple(addresses))
        record_ids = tuple(one.record_id for one in records) if len(records) > 1 else ()
        self._set(record.record_id, entry._replace(record_ids=record_ids))

    # ------------------------------------------------------------------------------------------------------------ ids

    def _decide_ids(self, ids: Iterable[str]) -> None:
        """Gives each id to its owner, and every other claimant the id of its path."""
        for batch in _batches(sorted(ids), _BATCH):
            claimants: dict[str, list[RecordRow]] = {}
            for record in self._corpus.claimants(batch):
                claimants.setdefault(record.stated_id or "", []).append(record)
            owners = self._owners_by_path(batch)
            rows = [record for group in claimants.values() for record in group]
            self._read_entries(record.record_id for record in rows)
            merged = {part for one in rows if (entry := self._current[one.record_id]) for part in entry.record_ids}
            records = self._corpus.records(merged) if merged else {}
            self._read_addresses([*merged, *(record.record_id for record in rows)])
            for stated_id, group in claimants.items():
                group.sort(key=lambda record: (record.published or 0, self._path(record)))
                self._decide_id(owners.get(stated_id, group[0]), group, records)
            self._store()

    def _decide_id(self, owner: RecordRow, claimants: Sequence[RecordRow], merged: dict[int, RecordRow]) -> None:
        for record in claimants:
            is_owner = record.record_id == owner.record_id
            wanted = record.stated_id if is_owner else self._path_id(record)
            entry = self._current[record.record_id]
            if entry is not None and entry.id != wanted:
                self._set_composed([merged[part] for part in entry.record_ids] or [record], wanted)
            self._problems[record.record_id] = [] if is_owner else [self._id_taken(record, owner)]

    def _owners_by_path(self, ids: Sequence[str]) -> dict[str, RecordRow]:
        """Returns the records that lead an entry and whose path makes one of these ids."""
        own = f"tag:{self._authority}:"
        places: list[tuple[str, tuple[int, bytes, bytes]]] = []
        for entry_id in ids:
            if entry_id.startswith(own):
                path = unquote(entry_id.removeprefix(own), errors="surrogateescape")
                # The file may have a decomposed name, which its id does not.
                paths = [os.fsencode(form) for form in dict.fromkeys((path, normalize("NFD", path)))]
                places += [(entry_id, place) for form in paths for place in self._places(form)]
        found = self._corpus.leading_records_at([place for _, place in places]) if places else {}
        records = self._corpus.records(found.values()) if found else {}
        owners: dict[str, RecordRow] = {}
        for entry_id, place in places:
            if place in found:
                owners.setdefault(entry_id, records[found[place]])
        return owners

    def _places(self, path: bytes) -> Iterator[tuple[int, bytes, bytes]]:
        """Yields the source, folder and name of files that a path in an id may mean."""
        for number, source in enumerate(self._context.config.sources):
            prefix = os.fsencode(source.prefix)
            if path.startswith(prefix) and path.startswith(b"/") == prefix.startswith(b"/"):
                folder, slash, name = path.removeprefix(prefix).rpartition(b"/")
                yield number, folder + slash, name

    def _merged(self, record: RecordRow, first: RecordRow) -> Problem:
        source = self._context.config.sources[record.source]
        path = display_path(self._context.config.sources[first.source], first.path)
        message = f"{record.url} is also the address of {path}: both are published as one entry"
        return Problem(display_path(source, record.path), 1, 1, "url", message, "warning")

    def _id_taken(self, record: RecordRow, owner: RecordRow) -> Problem:
        source = self._context.config.sources[record.source]
        line, column = locate_value(source, record.path, ("id",))
        message = f"{record.stated_id!r} is already the id of {self._path(owner)}: the id of the path is used instead"
        return Problem(display_path(source, record.path), line, column, "id", message, "warning")

    # -------------------------------------------------------------------------------------------------------- a batch

    def _read_entries(self, record_ids: Iterable[int]) -> None:
        missing = [record_id for record_id in record_ids if record_id not in self._current]
        found = self._feeds.entries(missing) if missing else {}
        for record_id in missing:
            self._stored[record_id] = self._current[record_id] = found.get(record_id)

    def _read_addresses(self, record_ids: Collection[int], groups: Mapping[str, list[RecordRow]] = {}) -> None:
        """Reads the addresses that links of these records have, if any record of the corpus has links.

        Reports links of the records in `groups` that have none.
        """
        if not (self._has_links and record_ids):
            return
        found = find_links(self._links, self._context.config, record_ids)
        self._addresses |= found.addresses
        for record in (record for group in groups.values() for record in group if record.record_id in found.broken):
            path = display_path(self._context.config.sources[record.source], record.path)
            self._problems[record.record_id] += [
                Problem(path, 1, 1, "body", f"links to {name!r}, which is no record: only its text is shown", "warning")
                for name in found.broken[record.record_id]
            ]

    def _set(self, record_id: int, entry: EntryRow | None) -> None:
        """Changes the entry that a record leads. An entry that is the same touches no feed."""
        current = self._current[record_id]
        if entry == current:
            return
        for one in (current, entry):
            if one is not None:
                self.touched.touch([feed_id for feed_id, _ in one.memberships], one.published)
        self._current[record_id] = entry

    def _store(self) -> None:
        """Stores the changes of the batch."""
        changed = {
            record_id: (self._stored[record_id], entry)
            for record_id, entry in self._current.items()
            if entry != self._stored[record_id]
        }
        self._store_new_feeds()
        if changed:
            before = [old for old, _ in changed.values() if old is not None]
            after = [new for _, new in changed.values() if new is not None]
            self._feeds.drop_members([member for entry in before for member in _members(entry)])
            dropped = [record_id for record_id, (_, new) in changed.items() if new is None]
            self._feeds.drop_entries(dropped)
            if dropped:
                self._fragments.drop(dropped)
            self._feeds.put_entries(after)
            self._feeds.add_members([member for entry in after for member in _members(entry)])
        if self._states:
            self._corpus.set_states(self._states)
        if self._problems:
            self._corpus.put_problems(RESOLVING, self._problems)
        for record_id, (old, new) in changed.items():
            self._before.setdefault(record_id, old)
            self._after[record_id] = new
        self._stored, self._current, self._states, self._problems, self._addresses = {}, {}, [], {}, {}

    def _drop_unchanged(self) -> None:
        """Removes the results that are the same after all batches as before the run."""
        for record_id in [one for one, entry in self._after.items() if entry == self._before[one]]:
            del self._before[record_id], self._after[record_id]

    def _store_new_feeds(self) -> None:
        if self._new_feeds:
            self._feeds.add_feeds(self._new_feeds)
            self._new_feeds = []

    def _memberships(self, keys: Iterable[FeedKey]) -> tuple[tuple[int, str], ...]:
        return tuple([(self.feed_id(dimension, key), name) for dimension, key, name in keys])

    def feed_id(self, dimension: str, key: str) -> int:
        """Returns the id of a feed; a new feed is stored with the next batch."""
        feed_id = self._feed_ids.get((dimension, key))
        if feed_id is None:
            self._last_feed_id += 1
            feed_id = self._feed_ids[dimension, key] = self._last_feed_id
            self._new_feeds.append((feed_id, dimension, key))
            self.touched.add(feed_id)
        return feed_id

    def add_feeds_without_entries(self, published: Iterable[PublishedFeed]) -> None:
        """Stores the feeds that exist without entries, too: those configured by address, and published ones."""
        for key in self._context.rules.permanent_feeds():
            self.feed_id(key.dimension, key.key)
        for feed in published:
            self.feed_id(feed.dimension, feed.key)
        self._store_new_feeds()

    # --------------------------------------------------------------------------------------------------------- values

    def _entry(
        self, record: RecordRow, entry_id: str, traits: Traits, addresses: LinkAddresses | None = None
    ) -> EntryRow:
        """Returns the entry that a record leads; the addresses of its links are by default those of the record's."""
        entry = _entry_of(record, entry_id, self._memberships(self._context.rules.feed_keys(traits)))
        if addresses is None:
            addresses = self._addresses.get(record.record_id, ())
        return entry._replace(digest=linked_digest(entry.digest, addresses)) if addresses else entry

    def _is_visible(self, record: RecordRow) -> bool:
        published, expires = record.published, record.expires
        return published is not None and published <= self._now and (expires is None or self._now < expires)

    def _path_id(self, record: RecordRow) -> str:
        return path_id(self._authority, self._path(record))

    def _path(self, record: RecordRow) -> str:
        """Returns the path of a record's entry, which orders the records of one address."""
        path = self._context.config.sources[record.source].prefix + os.fsdecode(record.path)
        return path if path.isascii() else normalize("NFC", path)


def origin_of(record: RecordRow) -> OriginRow:
    """Returns where a record's entry can be parsed again."""
    return OriginRow(record.record_id, record.source, record.path, record.hash)


def _entry_of(record: RecordRow, entry_id: str, memberships: tuple[tuple[int, str], ...]) -> EntryRow:
    published, updated = record.published or 0, record.updated or 0
    return EntryRow(record.record_id, entry_id, published, updated, record.digest or b"", (), memberships)


def _members(entry: EntryRow) -> list[Membership]:
    return [(feed_id, entry.published, entry.record_id, name) for feed_id, name in entry.memberships]


def _batches(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
