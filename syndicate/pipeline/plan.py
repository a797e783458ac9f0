"""TouchedFeeds feeds -> issues: which sets of documents are to be made anew, and which entries each shows."""

from array import array
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain
from typing import NamedTuple

from ..feeds import archive
from ..feeds.archive import ArchivedEntry
from ..feeds.rules import FeedItem, FeedKey, FeedRules, most_frequent_spelling
from ..formats import get as get_format
from ..formats.html.page_data import FeedPageData
from ..model import ArchiveLinks, Feed, Selection
from ..store.shelf import Held, Shelf
from ..store.tombstones import Tombstones


class Issue(NamedTuple):
    """A set of documents as it is to stand: a feed's newest entries, or one archive. `files` lead its entries.

    The newest entries have a page for people beside them, if there are pages.
    """

    number: int
    feed: Feed
    history: ArchiveLinks
    files: Sequence[int] = ()
    landing: FeedPageData | None = None


class Choice(NamedTuple):
    """A feed as it stands now: which issues are to be made, which archives are no more, what is the same in all."""

    feed: Feed
    words: bytes
    issues: list[Issue]
    gone: list[str]


class Planner:
    """Decides what is to be made, and keeps what each set of documents shows in the index."""

    def __init__(
        self,
        shelf: Shelf,
        tombstones: Tombstones,
        filing: FeedRules,
        selection: Selection,
        showing: bytes,
        *,
        has_pages: bool,
    ) -> None:
        self._shelf = shelf
        self._tombstones = tombstones
        self._filing = filing
        self._selection = selection
        self._showing = showing
        self._has_pages = has_pages
        self._lasting = {slot[:2] for slot in filing.permanent_feeds()}

    def choose(self, number: int, times: Collection[int] | None, damaged: Collection[str]) -> Choice | None:
        """What to make of a feed that changed at these times of its history (anywhere, if None); None if it is no more.

        The issues of `damaged` periods are made in any case.
        """
        dimension, key, _, _, words_before = self._shelf.feed(number)
        tallies = self._shelf.tallies(number)
        if not tallies and (dimension, key) not in self._lasting:
            return None
        slot = FeedKey(dimension, key, _name(tallies))
        limit, total = self._selection.limit, sum(count for *_, count in tallies)
        shown = _in_order(self._shelf.newest(number, limit))[:limit]
        feed = self._filing.feed(slot, total, [FeedItem(_moment(h.published), h.id, _moment(h.updated)) for h in shown])
        # The total stands in the catalogue only: it does not make the feed's documents others.
        words = sha256(repr((self._showing, feed.path, feed.title, feed.description, feed.id)).encode()).digest()[:16]
        history = _Archives(self._shelf, self._selection, number, tallies)
        if self._selection.archive == "none" or total <= limit:
            history.drop()
        else:
            history.renew(None if words != words_before else times)
        archives = (
            (Issue(number, feed, history.place(period)), history.holds(period))
            for period in sorted(history.touched | set(damaged) - {""} - set(history.gone))
        )
        newest = ArchiveLinks(prev_archive=history.newest(), tombstones=self._tombstones.of((dimension, key)))
        landing = self._landing(slot, feed, history) if self._has_pages else None
        drafts = chain(archives, [(Issue(number, feed, newest, landing=landing), shown)])
        issues = [issue for draft, held in drafts if (issue := self._fresh(draft, words, held, damaged)) is not None]
        return Choice(feed, words, issues, history.gone)

    def _fresh(self, draft: Issue, words: bytes, held: list[Held], damaged: Collection[str]) -> Issue | None:
        """An issue that shows these entries, unless it stands and shows the same as before."""
        number, feed, history, _, landing = draft
        seen = sha256(words + repr((history, landing, landing and feed.total)).encode())
        for one in held:
            seen.update(one.digest)
        fresh = seen.digest()[:16]
        if fresh == self._shelf.seen(number, history.period) and history.period not in damaged:
            return None
        self._shelf.put_issue(number, history.period, fresh)
        if history.period:
            updated = max((one.updated for one in held), default=archive.time_range(history.period)[0])
            newest = _moment(held[0].published) if held else None
            feed = feed._replace(updated=_moment(updated), newest=newest)
        return draft._replace(feed=feed._replace(entry_ids=()), files=array("q", (one.file for one in held)))

    def _landing(self, slot: FeedKey, feed: Feed, history: "_Archives") -> FeedPageData:
        format_ = get_format(self._selection.formats[0])
        return FeedPageData(
            months=tuple(sorted(history.months.items())),
            periods=tuple(
                (name, format_.path(feed.path, period))
                for name, period in reversed(archive.browsable_periods(history.names()))
            ),
            parent=self._filing.parent(slot),
            keywords=self._filing.keywords(slot),
        )


class _Archives:
    """The archives of one feed: which there are, in the index, and what they hold."""

    def __init__(
        self, shelf: Shelf, selection: Selection, number: int, tallies: Sequence[tuple[str, str, int]]
    ) -> None:
        self._shelf = shelf
        self._cut = selection.archive
        self._number = number
        self.months = Counter[str]()
        for month, _, count in tallies:
            self.months[month] += count
        self.touched: set[str] = set()
        self.gone: list[str] = []

    def drop(self) -> None:
        """There are none, or no more."""
        for period in self._shelf.periods(self._number):
            self._drop(period)

    def renew(self, times: Collection[int] | None) -> None:
        """Bring the names in line with the members, for the periods of these times, or for all of them."""
        if times is None or not self.newest():
            names = {name for period in self._all_periods() for name in self._names(period)}
            self._become(set(self._shelf.periods(self._number)), names)
            self.touched = names
            return
        for period in sorted({archive.period_of(self._cut, time) for time in times}):
            names = set(self._names(period))
            before = set(self._shelf.periods(self._number, period))
            self.touched |= names
            if names != before:
                self._become(before, names)
                ends = min(names | before), max(names | before)
                self.touched |= {self._shelf.neighbours(self._number, ends[0])[0]}
                self.touched |= {self._shelf.neighbours(self._number, ends[1])[1]}
        self.touched.discard("")

    def newest(self) -> str:
        """The newest archive, or nothing."""
        return self._shelf.neighbours(self._number, "~")[0]

    def names(self) -> list[str]:
        """All archives, oldest first."""
        return self._shelf.periods(self._number)

    def place(self, period: str) -> ArchiveLinks:
        """Where an archive stands among the others."""
        return ArchiveLinks(period, *self._shelf.neighbours(self._number, period))

    def holds(self, period: str) -> list[Held]:
        """The entries of an archive, newest first."""
        if self._shelf.neighbours(self._number, period)[1].startswith(period):
            return []  # it was split: its parts follow it
        held = self._shelf.between(self._number, *archive.time_range(period))
        return _in_order([one for one in held if archive.contains(period, ArchivedEntry(one.published, one.id))])

    def _become(self, before: set[str], names: set[str]) -> None:
        for period in sorted(before - names):
            self._drop(period)
        for period in sorted(names - before):
            self._shelf.put_issue(self._number, period)

    def _drop(self, period: str) -> None:
        self._shelf.drop_issue(self._number, period)
        self.gone.append(period)

    def _all_periods(self) -> set[str]:
        if self._cut == "day":
            return {archive.period_of("day", time) for time in self._shelf.times(self._number)}
        return {month[:4] if self._cut == "year" else month for month in self.months}

    def _names(self, period: str) -> list[str]:
        """The archives of a period and its parts, as its members ask for."""
        start, end = archive.time_range(period)
        count = self.months[period] if self._cut == "month" else self._shelf.count_between(self._number, start, end)
        if count <= archive.MAX_ENTRIES:
            return [period] if count else []
        return archive.split_period(
            period, [ArchivedEntry(h.published, h.id) for h in self._shelf.between(self._number, start, end)]
        )


def _name(tallies: Sequence[tuple[str, str, int]]) -> str:
    """The most frequent spelling of a feed's name."""
    spellings = Counter[str]()
    for _, name, count in tallies:
        spellings[name] += count
    return most_frequent_spelling(spellings.items()) if spellings else ""


def _in_order(held: list[Held]) -> list[Held]:
    return sorted(held, key=lambda one: (one.published, one.id), reverse=True)


def _moment(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
