"""Writes the documents of a plan: assembles and stages them, and stores them after they are published."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from ..config.bucket import is_bucket
from ..errors import OutputError
from ..feeds.archive import is_over
from ..formats import HTML_PAGE
from ..outputs.paths import is_document, plain_path
from ..progress import Progress
from ..store.outbox_rows import TopicDocument
from ..store.rows import NO_FEED, DocumentRow
from .assemble import (
    Assembled,
    Part,
    SentFragments,
    StagedDocument,
    assemble_documents,
    assemble_pages,
    assemble_parts,
    page_tasks,
    send_fragments,
    stage,
)
from .budget import TaskFailure
from .context import JobContext
from .lists import SiteLists
from .plan import DocumentSet, Plan
from .pool import Pool
from .topic_urls import topic_url

if TYPE_CHECKING:
    from ..store.base import Transaction

_PART_ENTRIES = 1000  # fragments in memory at once, in each process
_PAGE_ENTRIES = 400
_SENT_ENTRIES = 200  # whose fragments are sent with a part to another machine
_BATCH_SETS = 2000
_PAGES_AT_ONCE = 3  # a chunk for a worker: pages and their fragments are large


class DocumentWriter:
    """Writes the documents of one run. `removed` are the documents that no feed has any more, once all are staged."""

    def __init__(self, transaction: Transaction, context: JobContext, pool: Pool) -> None:
        self._transaction = transaction
        self._context = context
        self._pool = pool
        self._staged: dict[str, StagedDocument] = {}
        self._dropped: list[str] = []

    # -------------------------------------------------------------------------------------------------------- staging

    def apply(self, plan: Plan) -> None:
        """Stores the feeds of the plan, and drops the documents of obsolete feeds and sets."""
        feeds, documents = self._transaction.feeds, self._transaction.documents
        dropped_feeds, dropped_sets = plan.dropped_feeds(), plan.dropped_sets()
        if dropped_feeds:
            self._drop([path for *_, path in documents.paths_of_feeds(dropped_feeds)])
            feeds.drop_feeds(dropped_feeds)
        if dropped_sets:
            self._drop([path for *_, path in documents.paths_of_sets(dropped_sets)])
            documents.drop_sets(dropped_sets)
        published = self._transaction.published
        if ended := plan.ended_feeds():
            published.drop_feeds(ended)
        if kept := plan.published_feeds():
            published.put_feeds(kept)
        if rows := [feed.row for feed in plan.feeds if feed.row is not None]:
            feeds.set_feeds(rows)
        if sets := plan.sets():
            documents.put_sets([one.row() for one in sets])

    def stage_sets(self, sets: Sequence[DocumentSet], progress: Progress) -> bool:
        """Stages the documents of these sets; returns whether a feed's line on the index page changes."""
        with_pages = [one for one in sets if one.page is not None]
        count = len(sets) * len(self._context.config.selection.formats) + len(with_pages)
        index_html: list[tuple[int, bytes]] = []
        done = 0
        for assembled in self._assembled(sets, with_pages, count):
            done += len(assembled.documents)
            self._add(assembled.documents)
            index_html += assembled.index_html
            progress("writing", min(done, count), count)  # compressed variants are documents, too
        self._drop_others(sets)
        return self._transaction.feeds.set_index_html(index_html) if index_html else False

    def stage_lists(self, *, renew: bool) -> None:
        """Stages the lists of all feeds where they change or are missing, and drops those that are not wanted."""
        published = {path for *_, path in self._transaction.documents.paths_of_feeds([NO_FEED])}
        lists = SiteLists(self._transaction, self._context)
        wanted = lists.wanted(published)
        obsolete = {path for path in published if plain_path(path) not in wanted}
        if renew or not wanted <= published:
            documents = [document for document in lists.render() if document.path in wanted]
            staged = stage(self._context, documents, NO_FEED)
            self._add(staged)
            obsolete = published - {one.path for one in staged}
        self._drop(sorted(obsolete))

    def drop_unchanged(self) -> None:
        """Discards the staged documents that turn out to be published with the same bytes."""
        for path, version in self._context.output.drop_unchanged(self._final()).items():
            self._staged[path] = self._staged[path]._replace(version=version)

    def removed(self) -> list[str]:
        """Returns the documents that no feed has any more. A feed's former path may be another's new one."""
        return [path for path in self._dropped if path not in self._staged]

    # ------------------------------------------------------------------------------------------------------- storing

    def store(self, versions: Mapping[str, str], now_s: float, uncertain: Collection[int] | None = ()) -> None:
        """Stores the documents that are now in place, and enqueues deliveries of those that changed.

        `versions` are those of the documents that this run published. A killed run may have published other bytes of
        the documents of `uncertain` feeds (all, if None), which hubs may have fetched: these count as changed.
        """
        documents, outbox = self._transaction.documents, self._transaction.outbox
        known = self._known(set(self._staged).difference(versions))
        rows: list[DocumentRow] = []
        topics: list[TopicDocument] = []
        others: list[TopicDocument] = []  # no hub knows them, but caches keep them
        doubtful: list[str] = []
        site, cached = self._context.config.site, [cdn.target for cdn in self._context.config.cdns]
        for path, one in self._staged.items():
            version = versions.get(path) or one.version or ""
            modified_at = int(now_s) if path in versions else known.get(path, int(now_s))
            rows.append(DocumentRow(path, one.feed_id, one.period, one.digest, one.size_bytes, version, modified_at))
            url = topic_url(self._context.config, path, one.feed_id, one.period)
            if url is None and not (cached and is_document(path)):
                continue
            document = TopicDocument(url or site.address(path), path, one.digest, one.size_bytes)
            (topics if url is not None else others).append(document)
            if uncertain is None or one.feed_id in uncertain:
                doubtful.append(document.topic_url)
        if rows:
            documents.put(rows)
        # No cache has a document that was never published before.
        known_topics = outbox.known_topics([one.topic_url for one in (*topics, *others)]) if cached else set()
        outbox.invalidate_digests(doubtful)
        outbox.request_deliveries([one for one in topics if one.topic_url not in known_topics], site.hubs, now_s)
        if cached:
            changed = [one for one in topics if one.topic_url in known_topics]
            outbox.request_deliveries(changed, [*site.hubs, *cached], now_s)
            outbox.request_deliveries([one for one in others if one.topic_url not in known_topics], [], now_s)
            outbox.request_deliveries([one for one in others if one.topic_url in known_topics], cached, now_s)
        outbox.prune(site.url, [*site.hubs, *cached], has_pages=self._context.config.push.pages)

    def _known(self, paths: Collection[str]) -> dict[str, int]:
        """Returns when documents were modified that this run found published with the same bytes."""
        known = {row.path: row.modified_at for row in self._transaction.documents.at(sorted(paths))} if paths else {}
        for path in set(paths).difference(known):  # a new store
            published = self._context.output.read(path)
            if published is not None:
                known[path] = published.modified_s
        return known

    # --------------------------------------------------------------------------------------------------------- parts

    def _final(self) -> frozenset[str]:
        """Returns the staged archives of periods that are over, for an output that states how long to cache them."""
        config = self._context.config
        archives = [one for one in self._staged.values() if one.period]
        if not archives or not is_bucket(config.output):
            return frozenset()
        newest: dict[int, str] = {}
        stored = self._transaction.documents.paths_of_feeds(sorted({one.feed_id for one in archives}))
        for feed_id, period in [
            *((row[0], row[1]) for row in stored),
            *((one.feed_id, one.period) for one in archives),
        ]:
            newest[feed_id] = max(period, newest.get(feed_id, ""))
        length = config.selection.archive
        return frozenset(one.path for one in archives if is_over(length, one.period, newest[one.feed_id]))

    def _assembled(
        self, sets: Sequence[DocumentSet], with_pages: Sequence[DocumentSet], count: int
    ) -> Iterator[Assembled]:
        """Yields the documents of sets as they are staged."""
        parts = self._parts(sets)
        shared = self._transaction.share_fragments() if self._pool.spreads(count) else None
        if shared is not None:
            # Workers that have parsed thousands of records hold much that documents do not need.
            self._pool.end_workers()
            pages = (Part((HTML_PAGE.name,), group) for group in _groups(with_pages, _PAGE_ENTRIES))
            tasks = ((shared, part) for part in chain(parts, pages))
            yield from self._checked(self._pool.map(assemble_parts, tasks, count, 1))
            self._pool.end_workers()
            return
        if self._pool.assembles:
            sent = self._sent_parts(sets, with_pages)
            yield from self._checked(self._pool.map(assemble_parts, sent, count, 1, few_inline=True))
            return
        # Sending an entry's bytes to another process costs more than inserting them here; pages are rendered there.
        fragments = self._transaction.fragments
        for part in parts:
            yield Assembled(assemble_documents(self._context, part, fragments), [])
        pages_of = (task for group in _groups(with_pages, _PAGE_ENTRIES) for task in page_tasks(group, fragments))
        results = self._pool.map(assemble_pages, pages_of, len(with_pages), _PAGES_AT_ONCE, few_inline=True)
        yield from self._checked(results)

    def _checked(self, results: Iterable[Assembled | TaskFailure]) -> Iterator[Assembled]:
        """Yields results. Raises OutputError for a document that cannot be made."""
        for one in results:
            if isinstance(one, TaskFailure):
                raise OutputError(f"{self._context.config.output}: a document of a feed {one.reason}")
            yield one

    def _sent_parts(
        self, sets: Sequence[DocumentSet], with_pages: Sequence[DocumentSet]
    ) -> Iterator[tuple[SentFragments, Part]]:
        """Yields parts with their fragments, for processes that cannot read the store."""
        pages = (Part((HTML_PAGE.name,), group) for group in _groups(with_pages, _SENT_ENTRIES))
        for part in chain(self._parts(sets, _SENT_ENTRIES), pages):
            yield send_fragments(part, self._transaction.fragments), part

    def _parts(self, sets: Sequence[DocumentSet], most: int = _PART_ENTRIES) -> Iterator[Part]:
        """Yields the documents of sets in parts whose fragments are read and unpacked together.

        Archives of one period show the same entries in many feeds. Parts with many entries have one format, so that
        three times as many entries take as much memory.
        """
        formats = self._context.config.selection.formats
        by_period = sorted((one._replace(page=None) for one in sets), key=lambda one: one.links.period)
        for group in _groups(by_period, most):
            is_small = sum(len(one.record_ids) for one in group) <= most // len(formats)
            for names in [formats] if is_small else [(name,) for name in formats]:
                yield Part(names, group)

    def _add(self, staged: Sequence[StagedDocument]) -> None:
        self._staged.update((one.path, one) for one in staged)
        self._context.output.adopt([one.path for one in staged if one.version is None])

    def _drop_others(self, sets: Sequence[DocumentSet]) -> None:
        """Drops the documents of sets that were not made again: of a format or a path that is no more."""
        made = {(one.feed_id, one.period, one.path) for one in self._staged.values()}
        for start in range(0, len(sets), _BATCH_SETS):
            names = [(one.feed_id, one.links.period) for one in sets[start : start + _BATCH_SETS]]
            self._drop([row[2] for row in self._transaction.documents.paths_of_sets(names) if row not in made])

    def _drop(self, paths: Sequence[str]) -> None:
        if paths:
            self._transaction.documents.drop(paths)
            self._dropped += paths


def _groups(sets: Sequence[DocumentSet], most: int) -> Iterator[list[DocumentSet]]:
    """Yields sets in groups with about so many different entries."""
    group: list[DocumentSet] = []
    entries: set[int] = set()
    for one in sets:
        group.append(one)
        entries.update(one.record_ids)
        if len(entries) >= most or len(group) >= most:
            yield group
            group, entries = [], set()
    if group:
        yield group
