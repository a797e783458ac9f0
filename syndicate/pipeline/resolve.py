"""Records -> entries, filed under their feeds: what is visible, what is one story, whose id is whose."""

from __future__ import annotations

import os
from collections.abc import Iterable
from urllib.parse import unquote

import orjson

from ..corpus import parse as read
from ..corpus.scan import shown_path
from ..errors import Problem
from ..feeds.identity import digest, path_id
from ..feeds.rules import FeedKey, Traits, traits_of
from ..store.index import MERGED, SETTLING, SHOWN, WAITING, EntryRow, Index, RecordRow
from ..store.shelf import Member, Shelf
from .jobs import JobContext, Origin, epoch, traits_from_text

_BATCH = 512


class TouchedFeeds:
    """The feeds that a run touched, and the times in their histories at which it did."""

    def __init__(self) -> None:
        self._times: dict[int, set[int]] = {}
        self._wholly: set[int] = set()

    def touch(self, feeds: Iterable[int], published: int) -> None:
        """Feeds gained, lost or changed an entry that was published at a time."""
        for feed in feeds:
            self._times.setdefault(feed, set()).add(published)

    def add(self, feed: int) -> None:
        """A feed is to be looked at."""
        self._times.setdefault(feed, set())

    def add_wholly(self, feeds: Iterable[int]) -> None:
        """All of what these feeds hold may have changed."""
        self._wholly.update(feeds)

    def feeds(self) -> set[int]:
        """Every feed that was touched."""
        return self._wholly | self._times.keys()

    def times(self, feed: int) -> set[int] | None:
        """When the entries were published that changed in a feed; None for any."""
        return None if feed in self._wholly else self._times.get(feed, set())


class EntryResolver:
    """Files entries for one configuration at one time, and remembers which feeds that touched."""

    def __init__(self, index: Index, bench: JobContext, now: int) -> None:
        self._index = index
        self._bench = bench
        self._now = now
        self._authority = bench.config.site.authority
        self._filing = bench.filing
        self._shelf = Shelf(index.sql)
        self._feeds = self._shelf.feed_numbers()
        self.dirty = TouchedFeeds()
        self._came: set[tuple[int, str]] = set()
        self._went: dict[str, set[int]] = {}

    def came(self) -> set[str]:
        """The ids of entries that were filed one by one, and are in feeds now."""
        return {entry_id for _, entry_id in self._came}

    def went(self) -> dict[str, set[int]]:
        """The ids of entries that were in feeds before this run and are in none now; and these feeds.

        Only where entries were filed one by one: after `forget` everything was filed in this run.
        """
        came = self.came()
        return {entry_id: feeds for entry_id, feeds in self._went.items() if feeds and entry_id not in came}

    def forget(self) -> None:
        """Take every entry out of the feeds, to file all anew."""
        self.dirty.add_wholly(self._feeds.values())
        self._index.forget_entries()
        self._shelf.forget_members()
        self._index.sql.execute("DELETE FROM problems WHERE aspect = ?", (SETTLING,))

    def refile(self) -> None:
        """File all entries, none of which is filed yet, by what the index knows of them."""
        index = self._index
        shown = []
        states = []
        cursor = index.sql.cursor().execute("SELECT * FROM records WHERE url IS NOT NULL")
        while fetched := cursor.fetchmany(_BATCH):
            for row in map(RecordRow._make, fetched):
                visible = self._is_visible(row)
                states.append((SHOWN if visible else WAITING, row.file))
                if visible:
                    feed_keys = self._filing.feed_keys(traits_from_text(row.figures or ""))
                    shown.append((row, row.stated or self._path_id(row), feed_keys))
            self.file_singles(shown)
            shown.clear()
        index.set_states(states)
        self.unite()

    def unite(self) -> None:
        """After all entries were filed as if each stood alone: unite those of one address, settle whose id is whose."""
        self._shelf.file_members()
        self.addresses(self._index.shared_urls())
        self._distinguish(self._index.stated_ids())

    def addresses(self, urls: Iterable[str], ids: Iterable[str] = (), leaders: Iterable[int] = ()) -> None:
        """File anew the entries at these addresses, then settle who has these ids. `leaders` may lead no more."""
        touched_ids = set(ids)
        led: set[int] = set()
        for url in sorted(urls):
            group = self._index.records_of_url(url)
            for record in group:
                touched_ids |= {record.stated or "", self._path_id(record)}
                self._index.put_problems(record.file, SETTLING, ())  # told again where it still holds
            lead = self._lead(group)
            if lead is not None:
                led.add(lead)
        for file in leaders:
            self._index.put_problems(file, SETTLING, ())
            said = self._index.record(file)
            if file not in led and (said is None or said.state != SHOWN):
                self._unfile(file)
        self._distinguish(touched_ids - {""})

    # ------------------------------------------------------------------------------------------------------- filing

    def file_singles(self, rows: Iterable[tuple[RecordRow, str, list[FeedKey]]]) -> None:
        """File visible entries of one file each, none of which is filed yet: what they say, their ids, their feeds."""
        members: list[Member] = []
        entries: list[EntryRow] = []
        for row, entry_id, feed_keys in rows:
            filed = [(self._feed(dim, key), name) for dim, key, name in feed_keys]
            published = row.published or 0
            members += ((feed, published, row.file, name) for feed, name in filed)
            entries.append(_entry_row(row, entry_id, filed))
        self._shelf.gather_members(members)
        self._index.put_entries(entries)

    def _lead(self, group: list[RecordRow]) -> int | None:
        """File the entry that the records of one address make; the file that leads it, if any is visible."""
        visible = sorted((r for r in group if self._is_visible(r)), key=lambda r: (r.published or 0, self._path(r)))
        first = visible[0] if visible else None
        states = []
        for record in group:
            shown = SHOWN if record is first else MERGED if record in visible else WAITING
            if shown != record.state:
                states.append((shown, record.file))
            if record is not first:
                self._unfile(record.file)
        self._index.set_states(states)
        if first is None:
            return None
        if len(visible) == 1:
            known = traits_from_text(first.figures or "")
            self._refile(first, None, first.updated or 0, first.digest or b"", known)
        else:
            self._refile_composed(visible, None)
        return first.file

    def _refile_composed(self, records: list[RecordRow], entry_id: str | None) -> None:
        entry = self._bench.compose([origin(record) for record in records], entry_id)
        digested = bytes.fromhex(digest(entry, self._bench.config.presentation))
        first = records[0]._replace(stated=entry.id)
        files = orjson.dumps([record.file for record in records]).decode() if len(records) > 1 else None
        self._refile(first, files, epoch(entry.updated), digested, traits_of(entry))

    def _refile(self, record: RecordRow, files: str | None, updated: int, digested: bytes, known: Traits) -> None:
        filed = [(self._feed(dim, key), name) for dim, key, name in self._filing.feed_keys(known)]
        entry_id = record.stated or self._path_id(record)
        row = _entry_row(record, entry_id, filed)._replace(files=files, updated=updated, digest=digested)
        if self._index.entry(record.file) == row:
            return  # nothing that any feed shows has changed
        self._unfile(record.file)
        self._shelf.add_members([(feed, row.published, row.file, name) for feed, name in filed])
        self._index.put_entries([row])
        if filed:
            self._came.add((record.file, entry_id))
        self.dirty.touch((feed for feed, _ in filed), row.published)

    def _unfile(self, file: int) -> None:
        entry = self._index.entry(file)
        if entry is None:
            return
        filed = orjson.loads(entry.filed)
        self._shelf.drop_members([(feed, entry.published, file, name) for feed, name in filed])
        self._index.drop_entry(file)
        if (file, entry.id) in self._came:
            self._came.remove((file, entry.id))  # filed in this run, perhaps under an id that was not to stay
        else:
            self._went.setdefault(entry.id, set()).update(feed for feed, _ in filed)
        self.dirty.touch((feed for feed, _ in filed), entry.published)

    def _feed(self, dimension: str, key: str) -> int:
        feed = self._feeds.get((dimension, key))
        if feed is None:
            feed = self._feeds[dimension, key] = self._shelf.add_feed(dimension, key)
            self.dirty.add(feed)
        return feed

    def _is_visible(self, record: RecordRow) -> bool:
        published, expires = record.published, record.expires
        return published is not None and published <= self._now and (expires is None or self._now < expires)

    # -------------------------------------------------------------------------------------------------------- identity

    def _distinguish(self, ids: Iterable[str]) -> None:
        """A path belongs to its file, a stated id to the earliest entry that states it; others go by their paths."""
        index = self._index
        for stated in sorted(set(ids)):
            claimants = [r for r in map(index.record, index.leaders_stating(stated)) if r is not None]
            claimants.sort(key=lambda r: (r.published or 0, self._path(r)))
            owner = self._owner_of_path(stated) or (claimants[0] if claimants else None)
            for record in claimants:
                keeps = owner is not None and record.file == owner.file
                wanted = stated if keeps else self._path_id(record)
                entry = index.entry(record.file)
                if entry is not None and entry.id != wanted:
                    files = orjson.loads(entry.files) if entry.files else [record.file]
                    group = [r for r in map(index.record, files) if r is not None]
                    self._refile_composed(group, wanted)
                problems = [] if keeps or owner is None else [self._not_its_id(record, owner)]
                index.put_problems(record.file, SETTLING, problems)

    def _owner_of_path(self, stated: str) -> RecordRow | None:
        """The leading file whose path makes this id."""
        own = f"tag:{self._authority}:"
        if not stated.startswith(own):
            return None
        path = os.fsencode(unquote(stated.removeprefix(own), errors="surrogateescape"))
        for number, source in enumerate(self._bench.config.sources):
            prefix = os.fsencode(source.prefix)
            if path.startswith(prefix) and path.startswith(b"/") == prefix.startswith(b"/"):
                folder, slash, name = path.removeprefix(prefix).rpartition(b"/")
                file = self._index.file_at(number, folder + slash, name)
                if file is not None and self._index.entry(file) is not None:
                    return self._index.record(file)
        return None

    def _not_its_id(self, record: RecordRow, owner: RecordRow) -> Problem:
        source = self._bench.config.sources[record.source]
        line, column = read.locate(source, record.path, ("id",))
        message = f"{record.stated!r} is the id of {self._path(owner)} already: this entry goes by its path"
        return Problem(shown_path(source, record.path), line, column, "id", message, "warning")

    def _path_id(self, record: RecordRow) -> str:
        return path_id(self._authority, self._path(record))

    def _path(self, record: RecordRow) -> str:
        return self._prefix(record.source) + os.fsdecode(record.path)

    def _prefix(self, source: int) -> str:
        return self._bench.config.sources[source].prefix


def _entry_row(record: RecordRow, entry_id: str, filed: list[tuple[int, str]]) -> EntryRow:
    return EntryRow(
        record.file, entry_id, record.published or 0, record.updated or 0,
        record.digest or b"", None, orjson.dumps(filed).decode(),
    )  # fmt: skip


def origin(record: RecordRow) -> Origin:
    """Where a record's entry can be read again."""
    return Origin(record.source, record.path, record.hash)
