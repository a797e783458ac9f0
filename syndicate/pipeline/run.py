"""One run: what changed, what that means, what is written; then the index is committed.

What only a run with work to do needs is imported when there is work.
"""

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from ..config import Config
from ..errors import Problem
from ..outputs.paths import is_document
from ..progress import Progress
from ..store.gone import Gone
from ..store.index import HIDDEN, MERGED, NO_FILE, SCANNING, SHOWN, WAITING, Index
from ..store.shelf import Shelf
from ..store.tombstones import Tombstones
from . import fingerprints
from .diff import Changes, find
from .executor import WorkerPool

if TYPE_CHECKING:
    from ..outputs.base import Output
    from .change_log import ChangeLogWriter
    from .resolve import EntryResolver, TouchedFeeds
    from .write import Publisher


class Survey(NamedTuple):
    """What a corpus holds at a time. `hidden` and `merged` count files; `news` are the problems not told before."""

    entries: int
    hidden: int
    merged: int
    problems: tuple[Problem, ...]
    news: tuple[Problem, ...]


class Written(NamedTuple):
    """What a run did to the output tree: counts of feeds and documents."""

    feeds: int
    written: int
    unchanged: int
    removed: int


class Run:
    """One pass at a time of the world, over an open index."""

    def __init__(self, index: Index, config: Config, now: int, pool: WorkerPool, progress: Progress) -> None:
        self._index = index
        self._shelf = Shelf(index.sql)
        self._tombstones = Tombstones(index.sql)
        self._config = config
        self._now = now
        self._crew = pool
        self._progress = progress
        self._before: int | None = index.meta("built")
        self._marks = fingerprints.of(config)
        self._stale: set[str] = set()

    def look(self) -> Survey:
        """Read the whole corpus into an index that is new."""
        self._stale = {"reading"}
        changes = find(self._index, self._config, anew=True)
        self._bring_in_line(changes)
        return self._survey(changes, set())

    def build(self, output: "Output", *, full: bool = False) -> tuple[Survey, Written]:
        """Bring index and tree in line with the corpus, in one transaction that ends after the last file stands.

        `full` forgets first what is known of the corpus.
        """
        index, config = self._index, self._config
        unfinished = os.path.join(config.state, "unfinished")
        written: dict[str, str] = {}
        removed: list[str] = []
        with index.transaction():
            scanned_ns = time.time_ns()
            if index.meta("authority") not in (None, config.site.authority):
                self._tombstones.forget()  # they tell of ids of another site
            if full:
                self._tombstones.remember()
                index.forget_corpus()
                self._before = None
            self._stale = {name for name, mark in self._marks.items() if index.meta(name) != mark}
            told = set(index.problems())
            changes = find(index, config, anew="reading" in self._stale)
            damaged = self._damaged(output)
            interrupted = os.path.lexists(unfinished)
            swept = self._before is None or interrupted
            if changes.any() or self._stale or damaged or swept or self._time_matters():
                _touch(unfinished)
                clerk = self._clerk()
                dirty = self._bring_in_line(changes)
                publisher = self._publish(output, dirty, damaged, clerk)
                written = output.publish()
                if interrupted:
                    publisher.doubt(damaged.keys() if self._before is not None else None)
                publisher.settle(time.time(), written)
                if clerk:
                    clerk.settle(self._forgotten())
                removed = self._clear(output, publisher, swept=swept)
            for name in self._stale:
                index.remember(name, self._marks[name])
            index.remember("authority", config.site.authority)
            index.remember("built", self._now)
            index.remember("scanned_ns", scanned_ns)
            survey = self._survey(changes, told)
            kept = self._shelf.count_documents() - len(written)
            result = Written(self._shelf.count_feeds(), len(written), kept, len(removed))
        if os.path.lexists(unfinished):
            os.unlink(unfinished)
        return survey, result

    def _damaged(self, output: "Output") -> dict[int, set[str]]:
        """The issues, by feed and period, whose documents do not stand as we left them."""
        damaged: dict[int, set[str]] = {}
        recorded = ((path, f"{size_bytes}-{mtime_ns}") for path, size_bytes, mtime_ns in self._shelf.statuses())
        for path in output.altered(recorded):
            if (row := self._shelf.document(path)) is not None:
                damaged.setdefault(row.feed, set()).add(row.period)
        return damaged

    def _time_matters(self) -> bool:
        """Whether an entry begins or ceases to be shown between the last run and this one."""
        return self._went_back() or bool(self._turned()) or self._tombstones.any_until(self._forgotten())

    def _forgotten(self) -> int:
        """The time until which deletions are not told any more."""
        return self._now - self._config.selection.deleted_days * 86400

    def _went_back(self) -> bool:
        return self._before is not None and self._before > self._now

    def _turned(self) -> set[str]:
        return self._index.urls_that_turn(self._before, self._now) if self._before is not None else set()

    def _bring_in_line(self, changes: Changes) -> "TouchedFeeds":
        """Files, records and entries as the corpus has them at this time; the feeds that this touched."""
        from .jobs import JobContext
        from .parse import Update
        from .resolve import EntryResolver

        bench = JobContext(self._config)
        resolver = EntryResolver(self._index, bench, self._now)
        if "reading" in self._stale:
            self._tombstones.remember()
            resolver.forget()
            Update(self._index, bench, self._now, resolver).run(changes, self._crew, self._progress)
            resolver.unite()
            self._mark_graves(resolver, anew=True)
            return resolver.dirty
        touched = Update(self._index, bench, self._now, None).run(changes, self._crew, self._progress)
        if "cards" in self._stale:
            self._shelf.forget_cards()
        anew = "filing" in self._stale or self._went_back()
        if anew:
            self._tombstones.remember()
            resolver.forget()
            resolver.refile()
        else:
            resolver.addresses(touched.urls | self._turned(), touched.ids, touched.leaders)
        self._mark_graves(resolver, anew=anew)
        if "showing" in self._stale:
            resolver.dirty.add_wholly(self._shelf.feed_numbers().values())
        return resolver.dirty

    def _mark_graves(self, resolver: "EntryResolver", *, anew: bool) -> None:
        """Keep which entries were published and are not any more; `anew` when everything was filed anew."""
        numbers = self._shelf.feed_numbers()
        places = {number: place for place, number in numbers.items()}
        changed: set[tuple[str, str]] = set()
        if anew:
            self._tombstones.settle(self._now)
        else:
            for entry_id, feeds in resolver.went().items():
                self._tombstones.bury(entry_id, (places[feed] for feed in feeds), self._now)
            changed = self._tombstones.raise_(resolver.came())
        changed |= self._tombstones.expire(self._forgotten())
        for place in changed & numbers.keys():
            resolver.dirty.add(numbers[place])

    def _clerk(self) -> "ChangeLogWriter | None":
        """Who keeps the ledger for partners, if there are any to be."""
        if self._config.api is None:
            from ..store.ledger import ChangeLog

            ChangeLog(self._index.sql).end()
            return None
        from .change_log import ChangeLogWriter
        from .jobs import JobContext

        return ChangeLogWriter(self._index, JobContext(self._config), self._now)

    def _publish(
        self, output: "Output", dirty: "TouchedFeeds", damaged: dict[int, set[str]], clerk: "ChangeLogWriter | None"
    ) -> "Publisher":
        """Stage what dirty feeds show now."""
        from .jobs import JobContext
        from .write import Publisher

        publisher = Publisher(self._index, JobContext(self._config), self._crew, output, self._marks["showing"])
        publisher.publish(dirty, damaged, self._progress, clerk.touched() if clerk else ())
        return publisher

    def _clear(self, output: "Output", publisher: "Publisher", *, swept: bool) -> list[str]:
        """Remove what no feed makes any more; the paths."""
        removed = publisher.gone()
        if swept:
            known = {row.path for row in self._shelf.documents()}
            known.update(removed)
            removed += output.strays(known)
        output.remove(removed)
        Gone(self._index.sql).settle(filter(is_document, removed), self._now)
        return removed

    def _survey(self, changes: Changes, told: set[Problem]) -> Survey:
        self._index.put_problems(NO_FILE, SCANNING, (*self._config.problems, *changes.problems))
        states = self._index.count_states()
        problems = tuple(sorted(self._index.problems()))
        return Survey(
            entries=states.get(SHOWN, 0),
            hidden=states.get(HIDDEN, 0) + states.get(WAITING, 0),
            merged=states.get(MERGED, 0),
            problems=problems,
            news=tuple(problem for problem in problems if problem not in told),
        )


def _touch(path: str) -> None:
    with open(path, "wb"):
        pass
