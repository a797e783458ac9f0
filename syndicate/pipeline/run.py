"""One run: diff, parse, resolve, plan, render, write, commit.

Theory of operation. A run changes the store in one transaction, and commits it after the last document is in place:
killed at any instant, the next run finds the store as it was, and does the work again. Whether a feed changed is judged
against the store, never against the output. A file `unfinished` in the state folder exists while a run works: the next
run recognises by it that a run was killed, looks for documents that no store knows of, and treats documents that are
not published as the store says as changed, since hubs may have fetched them.

Fingerprints (fingerprints.py) determine which results of an earlier run are outdated although no file changed.
Modules that only a run with work to do needs are imported when there is work.
"""

import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..config import Config
from ..config.bucket import is_bucket
from ..errors import Problem
from ..formats import HTML_PAGE
from ..outputs.paths import is_document
from ..progress import Progress
from ..store.rows import (
    HIDDEN,
    MERGED,
    NO_FEED,
    NO_RECORD,
    SCANNING,
    SHOWN,
    WAITING,
    PublishedFeed,
    TombstoneRow,
)
from . import archive_period, fingerprints, guard, renames
from .diff import CorpusDiff, diff_corpus
from .reported import ScanMemory, diff_reported
from .second_look import Place, look_again
from .site_id import require_id
from .summaries import BuildOptions, CorpusSummary, OutputSummary, PublishedState
from .unfinished import RunMarker
from .unmatched import unmatched_names

if TYPE_CHECKING:
    from ..corpus.files import FileStatus
    from ..store.base import Transaction
    from .change_log import ChangeLogUpdate
    from .context import JobContext
    from .parse import RecordUpdate
    from .pool import Pool
    from .resolve import EntryResolver, TouchedFeeds
    from .write import DocumentWriter


class Run:
    """One run for a given time, within one transaction."""

    def __init__(self, transaction: "Transaction", context: "JobContext", pool: "Pool", now: int) -> None:
        self._transaction = transaction
        self._context = context
        self._config: Config = context.config
        self._pool = pool
        self._now = now
        self._state = transaction.run_state()
        self._before: int | None = self._state.get("built")
        self._built = self._before  # unlike `_before`, a run from nothing keeps it
        self._site = transaction.published.site()
        self._losses = guard.Losses(0, ())
        self._read: list[tuple[int, bytes, FileStatus]] = []
        self._allow_shrink = False
        self._warnings: list[Problem] = []
        self._fingerprints = fingerprints.of(self._config)
        self._stale: set[str] = set()
        self._scanned_ns = 0
        self._stopped: Mapping[Place, str] = {}
        self._known_stopped: Mapping[Place, tuple[bytes, Problem]] = {}
        self._unread: list[Place] = []
        self._awaits_end = True
        self.memory = ScanMemory()

    def check(self, published: PublishedState, progress: Progress) -> CorpusSummary:
        """Parses and resolves the whole corpus in a new store; publishes nothing.

        `published` is what the site has published: the problems say, too, what a build would refuse.
        """
        self._stale = {"parsing"}
        self._awaits_end = False  # nothing is published that an incomplete file could harm
        diff = diff_corpus(self._transaction, self._config, 0, parse_all=True)
        self._transaction.published.load(published.entries)
        self._transaction.published.put_feeds(published.feeds)
        self._built = published.built
        self._known_stopped = published.stopped
        diff.emptied.update((source, published.files.get(source)) for source in diff.emptied)
        diff.problems.extend(published.problems)
        self._resolve(diff, progress)
        diff.problems.extend([*guard.refusal_problems(self._refusals(diff), self._config), *self._warnings])
        return self._summary(diff, set())

    def build(
        self,
        progress: Progress,
        options: BuildOptions,
        unfinished: RunMarker,
        held: frozenset[Place] = frozenset(),
        stopped: Mapping[Place, str] = MappingProxyType({}),
        memory: ScanMemory | None = None,
    ) -> tuple[CorpusSummary, OutputSummary]:
        """Updates store and output from the corpus. `self.memory` is then what to remember once the run has committed.

        `unfinished` is set before the first document is published.

        Files of `held` keep their known state, unless the run starts from nothing. Records of `stopped` are left out,
        for the reason given: their entries exceed the limits.
        Raises FileChangedError when files change meanwhile, RecordsStoppedError when more entries exceed the limits,
        ShrinkError or SiteIdError when the run would do harm to subscribers that `options` does not allow.
        """
        self._stopped = stopped
        self.memory = memory.copy() if memory else ScanMemory()
        full, self._allow_shrink = options.full, options.allow_shrink
        require_id(self._transaction, self._config, accept_new_id=options.accept_new_id)
        files_before = self._transaction.published.count_files() if full else {}
        self._forget(full=full)
        self._stale = {name for name, value in self._fingerprints.items() if self._state.get(name) != value}
        known_problems = set(self._transaction.corpus.problems())
        diff, is_full_scan = self._diff(options, held, is_certain=not unfinished.exists())
        if full:
            diff.emptied.update((source, files_before.get(source)) for source in diff.emptied)
        altered = self._altered(verify=options.verify or unfinished.exists()) if is_full_scan else {}
        written: dict[str, str] = {}
        removed: list[str] = []
        looks_for_strays = self._before is None or unfinished.exists() or options.verify
        if diff.any() or self._stale or altered or looks_for_strays or self._time_matters():
            written, removed = self._publish(diff, altered, progress, unfinished, strays=looks_for_strays)
        state: dict[str, str | int | bytes] = {name: self._fingerprints[name] for name in self._stale}
        state |= {"built": self._now, "built_ns": time.time_ns(), "scanned_ns": self._scanned_ns}
        self._transaction.record_run_state(state)
        self.memory.again = {*held, *self._unread}
        self._record_site()
        summary = self._summary(diff, known_problems)
        unchanged = self._transaction.documents.count() - len(written)
        return summary, OutputSummary(self._transaction.feeds.count_feeds(), len(written), unchanged, len(removed))

    # ---------------------------------------------------------------------------------------------------- the stages

    def _record_site(self) -> None:
        """Stores what later runs must know of the site, whatever their configuration states."""
        known = {"authority": self._config.site.authority}
        if (archive := self._config.selection.archive) not in {None, "none"}:
            known[archive_period.NAME] = str(archive)
        if any(self._site.get(name) != value for name, value in known.items()):
            self._transaction.published.record_site(known)

    def _diff(self, options: BuildOptions, held: frozenset[Place], *, is_certain: bool) -> tuple[CorpusDiff, bool]:
        """Compares the corpus with the store; returns whether that took a full scan, and not reported changes alone.

        The time of the last full scan stays in the store: a file that was written to in the same instant as it was read
        is read again by the next full scan.
        """
        memory, self._scanned_ns = self.memory, self._state.get("scanned_ns", 0)
        held = frozenset() if options.full else held
        relies_on_reports = (
            options.changed is not None
            and memory.scanned_ns == self._scanned_ns > 0
            and is_certain
            and not any(is_bucket(source.root) for source in self._config.sources)
            and not (options.full or options.verify or self._stale or self._clock_went_back())
        )
        if relies_on_reports and options.changed is not None:
            reported = diff_reported(
                self._transaction, self._config, memory, options.changed, held=held, stopped=self._stopped
            )
            if reported is not None:
                return reported, False
        last_scan_ns, self._scanned_ns = self._scanned_ns, time.time_ns()
        diff = diff_corpus(
            self._transaction,
            self._config,
            last_scan_ns,
            parse_all="parsing" in self._stale,
            held=held,
            stopped=self._stopped,
        )
        memory.scanned(diff, self._scanned_ns)
        return diff, True

    def _publish(
        self,
        diff: CorpusDiff,
        altered: dict[int, set[str]],
        progress: Progress,
        unfinished: "RunMarker",
        *,
        strays: bool,
    ) -> tuple[dict[str, str], list[str]]:
        """Returns the versions of the documents that were written, and the paths of those that were removed."""
        from .known import plan_feeds
        from .plan import PlanSettings
        from .render import render_missing
        from .write import DocumentWriter

        config, transaction = self._config, self._transaction
        change_log = self._change_log()
        touched = self._resolve(diff, progress)
        if not self._allow_shrink:
            guard.refuse(self._refusals(diff), self._losses)
        was_killed = unfinished.exists()
        unfinished.create()
        settings = PlanSettings(self._context.rules, config.selection, config.site, self._fingerprints["documents"])
        if not (touched.feed_ids() or altered or self._stale or strays or change_log):
            return {}, []
        altered_lists = bool(altered.pop(NO_FEED, None))
        plan = plan_feeds(transaction, touched, altered, settings)
        sets = plan.sets()
        requested = change_log.touched() if change_log else ()
        render_missing(transaction, sets, requested, self._context, self._pool, progress)
        writer = DocumentWriter(transaction, self._context, self._pool)
        writer.apply(plan)
        changes_index = writer.stage_sets(sets, progress)
        writer.stage_lists(renew=altered_lists or plan.changes_lists() or changes_index or "documents" in self._stale)
        writer.drop_unchanged()
        look_again(config, diff.missing, self._read)
        written = self._context.output.publish()
        uncertain = (altered.keys() if self._before is not None else None) if was_killed else ()
        writer.store(written, time.time(), uncertain)
        if change_log:
            change_log.store(self._expired())
        return written, self._remove(writer, strays=strays or self._pool.lost_workers)

    def _resolve(self, diff: CorpusDiff, progress: Progress) -> "TouchedFeeds":
        """Parses the changed files and resolves the entries they touch; returns the touched feeds."""
        from .resolve import EntryResolver

        transaction, context = self._transaction, self._context
        resolver = EntryResolver(transaction, context, self._now)
        all_again = "rules" in self._stale or self._clock_went_back()
        former_sources: dict[int, int] = {}
        if "parsing" in self._stale:
            transaction.published.remember()
            resolver.clear()
            update = self._record_update(resolver)
            update.run(diff, self._pool, progress, awaits_end=self._awaits_end)
            resolver.resolve_shared()
            all_again = True
            if self._before is None:
                diff.missing.extend(transaction.published.gone_paths() if transaction.published.is_remembered() else ())
        else:
            update = self._record_update(None)
            changed = update.run(diff, self._pool, progress)
            former_sources = changed.sources
            if "html" in self._stale:
                transaction.fragments.drop_format(HTML_PAGE.name)
            if all_again:
                transaction.published.remember()
                resolver.clear()
                resolver.resolve_all()
            else:
                urls = changed.urls | self._urls_that_turn() | resolver.urls_of_linking(changed.names)
                resolver.resolve(urls, changed.ids, changed.record_ids)
        self._read, self._unread = update.read, update.unread
        after = self._built if self._built is not None else self._now
        if all_again:
            transaction.fragments.drop_unused()
            self._losses = guard.measure(transaction, after, self._now)
        else:
            self._losses = guard.measure_changes(transaction, resolver, former_sources, after, self._now)
        self._warn_of_renames(resolver, all_again=all_again)
        # A store from nothing knows of feeds without entries by what outlives a store alone.
        resolver.add_feeds_without_entries(self._published_feeds() if self._before is None else ())
        self._update_tombstones(resolver, compare_all=all_again)
        if "documents" in self._stale:
            resolver.touched.add_whole(transaction.feeds.feed_ids().values())
        return resolver.touched

    def _record_update(self, resolver: "EntryResolver | None") -> "RecordUpdate":
        from .parse import RecordUpdate

        return RecordUpdate(
            self._transaction, self._context, self._now, resolver, stopped=self._stopped, known=self._known_stopped
        )

    def _update_tombstones(self, resolver: "EntryResolver", *, compare_all: bool) -> None:
        """Stores the entries that are no longer published; touches the feeds whose tombstones change."""
        tombstones = self._transaction.tombstones
        feed_ids = self._transaction.feeds.feed_ids()
        changed: set[tuple[str, str]] = set()
        if compare_all:
            tombstones.bury_missing(self._now)
            self._transaction.published.forget()
        else:
            names = {feed_id: name for name, feed_id in feed_ids.items()}
            unpublished = [(entry_id, feed_id) for entry_id, ids in resolver.unpublished().items() for feed_id in ids]
            if unpublished:
                tombstones.bury(
                    [TombstoneRow(*names[feed_id], entry_id, self._now) for entry_id, feed_id in unpublished]
                )
            if published := resolver.published_ids():
                changed = tombstones.drop(published)
        changed |= tombstones.expire(self._expired())
        for name in changed & feed_ids.keys():
            resolver.touched.add(feed_ids[name])

    def _warn_of_renames(self, resolver: "EntryResolver", *, all_again: bool) -> None:
        published = self._transaction.published
        if self._stale:
            self._warnings += renames.moved_without_redirect(published.feeds(), self._config)
        emptied = [
            feed
            for feed in published.emptied(renames.MOST_EMPTIED)
            if self._context.rules.goes_on(feed.dimension, feed.key, feed.path)
        ]

        def gained(feed: PublishedFeed) -> Sequence[tuple[str, int]]:
            if not all_again:
                return resolver.gained((feed.dimension, feed.key))
            return published.gained(feed.dimension, feed.key) if published.is_remembered() else ()

        self._warnings += renames.emptied_at_once(emptied, gained, self._config)

    def _published_feeds(self) -> list[PublishedFeed]:
        """Returns the feeds that were published and go on, whether they have entries or not; forgets the others."""
        published = self._transaction.published
        feeds, rules = published.feeds(), self._context.rules
        going_on = [feed for feed in feeds if rules.goes_on(feed.dimension, feed.key, feed.path)]
        published.drop_feeds([(feed.dimension, feed.key) for feed in set(feeds).difference(going_on)])
        return going_on

    def _refusals(self, diff: CorpusDiff) -> list[guard.Refusal]:
        return guard.refusals(self._losses, self._transaction, self._config, diff.emptied)

    def _change_log(self) -> "ChangeLogUpdate | None":
        """Starts to update the change log, if the site has partners; else deletes it."""
        if self._config.api is None:
            self._transaction.change_log.clear()
            return None
        from .change_log import ChangeLogUpdate

        return ChangeLogUpdate(self._transaction, self._context, self._now)

    def _remove(self, writer: "DocumentWriter", *, strays: bool) -> list[str]:
        """Removes the documents that no feed has any more; returns their paths."""
        output, documents = self._context.output, self._transaction.documents
        removed = writer.removed()
        if strays:
            known = {path for path, _ in documents.versions()}
            removed += output.strays(known.union(removed))
        output.remove(removed)
        documents.record_removed(filter(is_document, removed), self._now)
        return removed

    # -------------------------------------------------------------------------------------------- what is out of date

    def _forget(self, *, full: bool) -> None:
        published, site_id = self._transaction.published, self._config.site.authority
        if self._site.get("authority", site_id) != site_id:
            self._transaction.tombstones.clear()  # they name ids that nobody knows, or is to know any more
            published.load(())  # nothing is compared with these ids
        if "pinged_at" not in self._site and self._transaction.outbox.has_pinged():
            published.record_site({"pinged_at": self._now})
        if full:
            self._transaction.published.remember()
            self._transaction.clear_corpus()
            self._state = {}
            self._before = None

    def _altered(self, *, verify: bool) -> dict[int, set[str]]:
        """Returns feed id and period of document sets whose documents are not published as the store says."""
        documents = self._transaction.documents
        paths = list(self._context.output.altered(documents.versions(), verify=verify))
        altered: dict[int, set[str]] = {}
        for row in documents.at(paths) if paths else ():
            altered.setdefault(row.feed_id, set()).add(row.period)
        return altered

    def _time_matters(self) -> bool:
        """Returns whether an entry appears or expires, or a tombstone expires, between the last run and this one."""
        return (
            self._clock_went_back()
            or bool(self._urls_that_turn())
            or self._transaction.tombstones.any_until(self._expired())
        )

    def _clock_went_back(self) -> bool:
        return self._before is not None and self._before > self._now

    def _urls_that_turn(self) -> set[str]:
        """Returns the addresses of entries that appear or expire between the last run and this one."""
        if self._before is None:
            return set()
        return self._transaction.corpus.urls_between(self._before, self._now)

    def _expired(self) -> int:
        """Returns the time up to which deletions are no longer listed."""
        return self._now - self._config.selection.deleted_days * 86400

    def _summary(self, diff: CorpusDiff, known_problems: set[Problem]) -> CorpusSummary:
        corpus = self._transaction.corpus
        unmatched = guard.unmatched_sources(self._config, diff.emptied)
        states = corpus.count_states()
        unmatched += unmatched_names(self._transaction, self._context, states.get(SHOWN, 0))
        corpus.put_problems(SCANNING, {NO_RECORD: [*self._config.problems, *diff.problems, *unmatched]})
        problems = tuple(sorted(corpus.problems()))
        return CorpusSummary(
            entries=states.get(SHOWN, 0),
            hidden=states.get(HIDDEN, 0) + states.get(WAITING, 0),
            merged=states.get(MERGED, 0),
            problems=problems,
            new_problems=tuple(problem for problem in problems if problem not in known_problems),
            warnings=tuple(self._warnings),
        )
