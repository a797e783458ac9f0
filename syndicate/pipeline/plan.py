"""Plans the documents of feeds: from the stored state and the changes to the documents to make and to remove. Pure.

Theory of operation. A feed has sets of documents: one set of its newest entries (the subscription documents) and, when
it has more entries than these show, one set for each archive (feeds/archive.py). A set is one document in each format.

A run touches a feed at times in its history. An entry's archive depends on its time, so only the archives of the
touched periods can hold other entries than before; an archive whose neighbour in the chain appears or disappears links
to another one. The planner therefore needs the members of these periods and no others: `FeedPlanner.spans`
names them, and `FeedPlanner.plan` gets them, newest first. It takes them as a stream, since a feed may have a million
members, and keeps of each archive only what its documents need.

Each set has a content digest over the feed's texts, the set's links and the digests of its entries. A set whose digest
is the stored one is not made again, unless its documents were altered.

A feed of a dimension begins when it has `min_entries`; until then it has a row and no documents.

A feed that was published goes on without entries, for those who follow it, until the configuration ends it. The lists
of all feeds do not name it: nobody should begin to follow it.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from operator import attrgetter
from typing import NamedTuple

from ..feeds import archive
from ..feeds.archive import ArchivedEntry
from ..feeds.rules import FeedItem, FeedKey, FeedRules, most_frequent_spelling
from ..formats import catalog, get
from ..formats.html.page_data import FeedPageData
from ..model import ArchiveLinks, ArchivePeriod, Feed, Selection, Site, Tombstone
from ..store.rows import DocumentSetRow, FeedName, FeedRow, MemberRow, MonthCount, PublishedFeed, Span

_ALWAYS = 2**62  # seconds: before and after any entry
_AFTER_ALL = "\uffff"  # sorts after every character of a period's name
_newest_first = attrgetter("published", "id")


class PlanSettings(NamedTuple):
    """The input of all plans beside the feeds. `fingerprint` changes when the bytes of any document may differ."""

    rules: FeedRules
    selection: Selection
    site: Site
    fingerprint: bytes


class KnownFeed(NamedTuple):
    """The stored state of a feed. `sets` are the content digests of its document sets by period.

    `published` is the feed as it was last published; it is kept for feeds of dimensions alone.
    """

    row: FeedRow
    month_counts: Sequence[MonthCount]
    sets: dict[str, bytes]
    newest: Sequence[MemberRow]
    tombstones: tuple[Tombstone, ...]
    published: PublishedFeed | None = None


class FeedChanges(NamedTuple):
    """When the entries were published that changed in a feed (None: any may have), and the periods of sets whose
    documents were altered.
    """

    times: Collection[int] | None
    altered: Collection[str] = ()


class DocumentSet(NamedTuple):
    """A set of documents to make: the feed as the documents show it, the records that lead its entries, newest first.

    The set of the newest entries has the data of the feed's HTML page, if the site has pages.
    """

    feed_id: int
    feed: Feed
    links: ArchiveLinks
    record_ids: Sequence[int]
    content_digest: bytes
    page: FeedPageData | None = None

    def row(self) -> DocumentSetRow:
        """Returns the row to store for the set."""
        return DocumentSetRow(self.feed_id, self.links.period, self.content_digest)


class FeedPlan(NamedTuple):
    """What to do for one feed. Without a `row` the feed is to be dropped, with all its documents.

    `is_listed_anew` says that the lists of all feeds change with it. `published` is what to keep of the feed if that
    changes, `ended` the feed's name if nothing is to be kept any more.
    """

    feed_id: int
    row: FeedRow | None
    sets: tuple[DocumentSet, ...] = ()
    dropped_periods: tuple[str, ...] = ()
    is_listed_anew: bool = True
    published: PublishedFeed | None = None
    ended: FeedName | None = None


class Plan(NamedTuple):
    """The plans of all feeds for one run."""

    feeds: tuple[FeedPlan, ...]

    def sets(self) -> list[DocumentSet]:
        """Returns all document sets to make."""
        return [one for feed in self.feeds for one in feed.sets]

    def dropped_feeds(self) -> list[int]:
        """Returns the ids of feeds that are no more."""
        return [feed.feed_id for feed in self.feeds if feed.row is None]

    def dropped_sets(self) -> list[tuple[int, str]]:
        """Returns feed id and period of document sets that are no more, of feeds that go on."""
        return [(feed.feed_id, period) for feed in self.feeds for period in feed.dropped_periods]

    def published_feeds(self) -> list[PublishedFeed]:
        """Returns what to keep of feeds as they are published now, where it changes."""
        return [feed.published for feed in self.feeds if feed.published is not None]

    def ended_feeds(self) -> list[FeedName]:
        """Returns the names of feeds of which nothing is to be kept any more."""
        return [feed.ended for feed in self.feeds if feed.ended is not None]

    def changes_lists(self) -> bool:
        """Returns whether the lists of all feeds change."""
        return any(feed.is_listed_anew for feed in self.feeds)


class FeedPlanner:
    """Plans one feed: `spans` names the members to read, and `plan` receives them."""

    def __init__(self, known: KnownFeed, changes: FeedChanges, settings: PlanSettings) -> None:
        self._known = known
        self._changes = changes
        self._settings = settings
        self._outline = None if _is_dropped(known, settings) else _Outline(known, settings)

    def spans(self) -> list[Span]:
        """Returns the parts of the feed's history whose members are needed, the newest part first."""
        outline, feed_id = self._outline, self._known.row.feed_id
        if outline is None or not outline.has_archives:
            return []
        periods = outline.periods_to_read(self._changes)
        if periods is None:
            return [Span(feed_id, -_ALWAYS, _ALWAYS)]
        return [Span(feed_id, *span) for span in reversed(_disjoint(map(archive.time_range, periods)))]

    def plan(self, members: Iterable[MemberRow]) -> FeedPlan:
        """Returns the plan of the feed; `members` are those of `spans`, newest first."""
        row, outline, settings = self._known.row, self._outline, self._settings
        if outline is None:
            return FeedPlan(row.feed_id, None, ended=(row.dimension, row.key))
        if _is_too_small(self._known, outline.total, settings):
            return FeedPlan(row.feed_id, row, is_listed_anew=False)
        archives = _Archives(outline, self._changes, members)
        sets = _planned_sets(self._known, outline, archives, self._changes, settings)
        formats, topic = settings.selection.formats, _topic(outline.key, settings.rules)
        is_permanent = _is_permanent(row, settings)
        is_listed = outline.total > 0 or is_permanent
        item = catalog.render_item(outline.feed, settings.site, formats, topic) if is_listed else None
        new_row = row._replace(path=outline.feed.path, header_digest=outline.header_digest, catalog_json=item)
        kept = None if is_permanent else outline.as_published()
        return FeedPlan(
            row.feed_id,
            new_row,
            tuple(sets),
            tuple(archives.dropped),
            item != row.catalog_json,
            kept if kept != self._known.published else None,
        )


def _is_permanent(row: FeedRow, settings: PlanSettings) -> bool:
    """Returns whether a feed is one of those that are configured by address."""
    return (row.dimension, row.key) in {(key.dimension, key.key) for key in settings.rules.permanent_feeds()}


def _is_dropped(known: KnownFeed, settings: PlanSettings) -> bool:
    """Returns whether a feed is no more: without entries, not configured by address, and ended or never published."""
    if known.month_counts or _is_permanent(known.row, settings):
        return False
    published = known.published
    return published is None or not settings.rules.goes_on(known.row.dimension, known.row.key, published.path)


def _is_too_small(known: KnownFeed, total: int, settings: PlanSettings) -> bool:
    """Returns whether a feed has too few entries to begin with. One that was published goes on."""
    is_new = known.published is None and not _is_permanent(known.row, settings)
    return is_new and total < settings.selection.min_entries


class _Outline:
    """A feed as its newest entries and its counts describe it."""

    def __init__(self, known: KnownFeed, settings: PlanSettings) -> None:
        self._known = known
        row, counts, before = known.row, known.month_counts, known.published
        self.key = FeedKey(row.dimension, row.key, _name(counts) or (before.name if before else ""))
        self.months = Counter[str]()
        for count in counts:
            self.months[count.month] += count.entries
        self.total = self.months.total()
        limit = settings.selection.limit
        self.newest = sorted(known.newest, key=_newest_first, reverse=True)[:limit]
        items = [FeedItem(_time(one.published), one.id, _time(one.updated)) for one in self.newest]
        last_updated = _time(before.updated) if before else None
        self.feed = settings.rules.feed(self.key, self.total, items, last_updated)._replace(entry_ids=())
        self.length: ArchivePeriod = settings.selection.archive or "auto"
        self.has_archives = self.length != "none" and self.total > limit
        # The total is in the catalogue only: it does not change the feed's documents.
        texts = settings.fingerprint, self.feed.path, self.feed.title, self.feed.description, self.feed.id
        self.header_digest = sha256(repr(texts).encode()).digest()[:16]
        self.names = sorted(period for period in known.sets if period)
        self._divided_years = self._years_to_divide() if archive.divides_years(self.length) else frozenset()

    def as_published(self) -> PublishedFeed:
        """Returns what to keep of the feed as it is published now."""
        updated = int(self.feed.updated.timestamp())
        return PublishedFeed(*self.key, path=self.feed.path, entries=self.total, updated=updated)

    def is_planned_whole(self, changes: FeedChanges) -> bool:
        """Returns whether any archive may have changed."""
        return changes.times is None or not self.names or self.header_digest != self._known.row.header_digest

    def periods_to_read(self, changes: FeedChanges) -> set[str] | None:
        """Returns the periods whose members are needed; None for all."""
        if self.is_planned_whole(changes):
            return None
        years = self.divided_years(changes)
        periods = self.touched_periods(changes)
        needed = set(periods) | {name for name in changes.altered if name}
        for period in periods:
            first, last = self._within(period)
            # The neighbours link to the archives of this period. These stay the same where a period has some entries
            # before and after, and few enough for one document.
            is_one = 0 < self._count(period) <= archive.MAX_ENTRIES
            if not is_one or self.names[first:last] != [period]:
                needed.update(self.names[max(first - 1, 0) : first])
                needed.update(self.names[last : last + 1])
        return needed - years  # the document of a divided year has no entries

    def divided_years(self, changes: FeedChanges) -> frozenset[str]:
        """Returns the years whose months are planned one by one: those that are divided before and after the run.

        The feed of everything may have a hundred thousand entries a year.
        """
        if self.is_planned_whole(changes):
            return self._divided_years
        return frozenset(year for year in self._divided_years if len(self.names[slice(*self._within(f"{year}-"))]))

    def touched_periods(self, changes: FeedChanges) -> list[str]:
        """Returns the periods of the entries that changed; oldest first."""
        years = self.divided_years(changes)
        return sorted({archive.period_of(self.length, time, years) for time in changes.times or ()})

    def _years_to_divide(self) -> frozenset[str]:
        years = Counter[str]()
        for month, entries in self.months.items():
            years[archive.year_of(month)] += entries
        return frozenset(year for year, entries in years.items() if entries > archive.MAX_ENTRIES)

    def _count(self, period: str) -> int:
        """Returns how many entries a year or a month has; of a shorter period, 0."""
        return sum(entries for month, entries in self.months.items() if month.startswith(period))

    def _within(self, period: str) -> tuple[int, int]:
        return bisect_left(self.names, period), bisect_left(self.names, period + _AFTER_ALL)


class _Content(NamedTuple):
    """The members of an archive, as far as its documents need them."""

    record_ids: Sequence[int]
    digest: bytes
    updated: int
    newest: int | None


class _Archives:
    """The archives of a feed: their names as a chain, those that may have changed, and the contents of these."""

    def __init__(self, outline: _Outline, changes: FeedChanges, members: Iterable[MemberRow]) -> None:
        self._length = outline.length
        self._divided_years = outline.divided_years(changes)
        self.names: list[str] = []
        self.touched: set[str] = set()
        self.contents: dict[str, _Content] = {}
        self.dropped: list[str] = []
        before = outline.names
        if not outline.has_archives:
            self.dropped = before
            return
        if outline.is_planned_whole(changes):
            for year in self._divided_years:
                self.contents[year] = _content(year, [])
            for period, group in self._by_period(members):
                self._add(period, group)
            self.names = sorted(self.contents)
            self.touched = set(self.names)
        else:
            groups = dict(self._by_period(members))
            self._plan_touched(before, outline.touched_periods(changes), groups)
            self.touched |= set(changes.altered).intersection(self.names)
            self._read_rest(groups)
        self.dropped = sorted(set(before).difference(self.names))

    def links(self, name: str, tombstones: tuple[Tombstone, ...] = ()) -> ArchiveLinks:
        """Returns the links of an archive, or with an empty name of the newest entries' documents."""
        if not name:
            return ArchiveLinks(prev_archive=self.names[-1] if self.names else "", tombstones=tombstones)
        position = bisect_left(self.names, name)
        before = self.names[position - 1] if position else ""
        after = self.names[position + 1] if position + 1 < len(self.names) else ""
        return ArchiveLinks(name, before, after)

    def _period_of(self, time: int) -> str:
        return archive.period_of(self._length, time, self._divided_years)

    def _by_period(self, members: Iterable[MemberRow]) -> Iterator[tuple[str, list[MemberRow]]]:
        """Yields members by period, each group newest first."""
        group: list[MemberRow] = []
        period = ""
        for member in members:
            name = self._period_of(member.published)
            if name != period and group:
                yield period, sorted(group, key=_newest_first, reverse=True)
                group = []
            period = name
            group.append(member)
        if group:
            yield period, sorted(group, key=_newest_first, reverse=True)

    def _plan_touched(self, before: list[str], periods: list[str], groups: dict[str, list[MemberRow]]) -> None:
        """Renews the names of touched periods; where they change, the neighbours in the chain are touched, too."""
        self.names = list(before)
        ends: list[tuple[str, str]] = []
        for period in periods:
            first = bisect_left(self.names, period)
            last = bisect_left(self.names, period + _AFTER_ALL)
            old = self.names[first:last]
            group = groups.get(period, [])
            new = archive.split_period(period, [ArchivedEntry(m.published, m.id) for m in group]) if group else []
            self.names[first:last] = sorted(new)
            self.touched.update(new)
            if sorted(new) != old:
                ends.append((min([*old, *new]), max([*old, *new])))
        for start, end in ends:
            self.touched.update(self.names[max(bisect_left(self.names, start) - 1, 0) : bisect_left(self.names, start)])
            self.touched.update(self.names[bisect_right(self.names, end) : bisect_right(self.names, end) + 1])

    def _read_rest(self, groups: dict[str, list[MemberRow]]) -> None:
        for name in self.touched:
            position = bisect_left(self.names, name)
            is_split = position + 1 < len(self.names) and self.names[position + 1].startswith(name)
            group = groups.get(self._period_of(archive.time_range(name)[0]), [])
            self.contents[name] = _content(name, [] if is_split else group)

    def _add(self, period: str, group: list[MemberRow]) -> None:
        names = archive.split_period(period, [ArchivedEntry(m.published, m.id) for m in group])
        for name, after in zip(names, [*names[1:], ""], strict=True):
            self.contents[name] = _content(name, [] if after.startswith(name) else group)


def _content(name: str, group: Sequence[MemberRow]) -> _Content:
    """Returns the contents of an archive from the members of its period, given newest first."""
    start, stop = archive.time_range(name)
    held = [
        member
        for member in group
        if start <= member.published < stop and archive.contains(name, ArchivedEntry(member.published, member.id))
    ]
    return _Content(
        array("q", [member.record_id for member in held]),
        _digest_of(held),
        max((member.updated for member in held), default=start),
        held[0].published if held else None,
    )


def _planned_sets(
    known: KnownFeed, outline: _Outline, archives: _Archives, changes: FeedChanges, settings: PlanSettings
) -> Iterator[DocumentSet]:
    feed_id, feed = known.row.feed_id, outline.feed

    def is_needed(period: str, digest: bytes) -> bool:
        return known.sets.get(period) != digest or period in changes.altered

    for name in sorted(archives.touched):
        content, links = archives.contents[name], archives.links(name)
        digest = _set_digest(outline.header_digest, links, None, content.digest)
        if is_needed(name, digest):
            newest = _time(content.newest) if content.newest is not None else None
            shown = feed._replace(updated=_time(content.updated), newest=newest)
            yield DocumentSet(feed_id, shown, links, content.record_ids, digest)
    links = archives.links("", known.tombstones)
    page = _page_data(outline, archives, settings) if settings.site.pages else None
    digest = _set_digest(outline.header_digest, links, page and (page, outline.total), _digest_of(outline.newest))
    if is_needed("", digest):
        yield DocumentSet(feed_id, feed, links, array("q", [one.record_id for one in outline.newest]), digest, page)


def _page_data(outline: _Outline, archives: _Archives, settings: PlanSettings) -> FeedPageData:
    first_format = get(settings.selection.formats[0])
    return FeedPageData(
        months=tuple(sorted(outline.months.items())),
        periods=tuple(
            (name, first_format.path(outline.feed.path, period))
            for name, period in reversed(archive.browsable_periods(archives.names))
        ),
        parent=settings.rules.parent(outline.key),
        keywords=settings.rules.keywords(outline.key),
    )


def _topic(key: FeedKey, rules: FeedRules) -> catalog.Topic:
    _, parent = rules.parent(key) or ("", "")
    return catalog.Topic(rules.shortname(key), parent.removeprefix("topics/"), rules.keywords(key))


def _name(counts: Sequence[MonthCount]) -> str:
    """Returns the most frequent spelling of a feed's name."""
    spellings = Counter[str]()
    for count in counts:
        spellings[count.name] += count.entries
    return most_frequent_spelling(spellings.items()) if spellings else ""


def _set_digest(header: bytes, links: ArchiveLinks, page: object, entries: bytes) -> bytes:
    return sha256(header + repr((links, page)).encode() + entries).digest()[:16]


def _digest_of(members: Iterable[MemberRow]) -> bytes:
    hashed = sha256()
    for member in members:
        hashed.update(member.digest)
    return hashed.digest()


def _disjoint(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Returns ranges in order of time, without those that lie within another one. None overlap otherwise."""
    found: list[tuple[int, int]] = []
    for start, stop in sorted(ranges, key=lambda one: (one[0], -one[1])):
        if not found or stop > found[-1][1]:
            found.append((start, stop))
    return found


def _time(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
