"""Writes the documents of a plan: assembles and stages them, and stores them after they are published."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..config.bucket import is_bucket
from ..errors import OutputError
from ..feeds.archive import is_over
from ..formats import HTML_PAGE
from ..outputs.paths import is_document, plain_path
from ..progress import Progress
from ..store.outbox_rows import TopicDocument
from ..store.rows import NO_FEED, DocumentRow
from .assemble import AssembleTask, Page, StagedDocument, assemble_sets, stage
from .budget import TaskFailure
from .context import JobContext
from .lists import SiteLists
from .plan import DocumentSet, Plan
from .pool import Pool
from .topic_urls import topic_url

if TYPE_CHECKING:
    from ..store.base import Transaction

_BATCH_ENTRIES = 500
_BATCH_SETS = 2000
_PAGES_AT_ONCE = 3  # a chunk for a worker: documents and their fragments are large


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
        # Sending an entry's bytes to another process costs more than inserting them here; pages are rendered there.
        # Archives of one period show the same entries in many feeds: these are read and unpacked together.
        archives = sorted((one for one in sets if one.page is None), key=lambda one: one.links.period)
        with_pages = [one for one in sets if one.page is not None]
        index_html: list[tuple[int, bytes]] = []
        done = 0
        formats = len(self._context.config.selection.formats) + 1
        if self._pool.assembles:
            with_pages = [*archives, *with_pages]
            archives = []
        for batch in _batches(archives):
            for one in assemble_sets(self._context, list(self._tasks(batch))):
                done += 1
                self._add(one.documents)
                progress("writing", done, len(sets))
        for assembled in self._pool.map(
            assemble_sets, self._all_tasks(with_pages), len(with_pages) * formats, _PAGES_AT_ONCE, few_inline=True
        ):
            if isinstance(assembled, TaskFailure):
                raise OutputError(f"{self._context.config.output}: the HTML page of a feed {assembled.reason}")
            done += 1
            self._add(assembled.documents)
            if assembled.index_html is not None:
                index_html.append((assembled.documents[0].feed_id, assembled.index_html))
            progress("writing", done, len(sets))
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

    def _all_tasks(self, sets: Sequence[DocumentSet]) -> Iterator[AssembleTask]:
        for batch in _batches(sets):
            yield from self._tasks(batch)

    def _tasks(self, sets: Sequence[DocumentSet]) -> Iterator[AssembleTask]:
        """Yields the tasks of a batch of sets, and reads their fragments at once."""
        repository, config = self._transaction.fragments, self._context.config
        record_ids = sorted({record_id for one in sets for record_id in one.record_ids})
        contents = repository.contents(record_ids, config.selection.formats)
        on_pages = sorted({record_id for one in sets if one.page for record_id in one.record_ids})
        html = repository.contents(on_pages, [HTML_PAGE.name])[HTML_PAGE.name] if on_pages else {}
        titles = repository.titles([one.record_ids[0] for one in sets if one.page and one.record_ids])
        for one in sets:
            fragments = {name: [found[record_id] for record_id in one.record_ids] for name, found in contents.items()}
            page = None
            if one.page is not None:
                title = titles[one.record_ids[0]] if one.record_ids else ""
                page = Page(one.page, title, [html[record_id] for record_id in one.record_ids])
            yield AssembleTask(one.feed_id, one.feed, one.links, fragments, page)

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


def _batches(sets: Sequence[DocumentSet]) -> Iterator[list[DocumentSet]]:
    """Yields sets in groups with so many entries that reading their fragments together pays."""
    batch: list[DocumentSet] = []
    entries = 0
    for one in sets:
        batch.append(one)
        entries += len(one.record_ids) + 1
        if entries >= _BATCH_ENTRIES:
            yield batch
            batch, entries = [], 0
    if batch:
        yield batch
