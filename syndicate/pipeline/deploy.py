"""Copies a site that was built to a folder to a bucket: only what differs, in the order of links.

The folder must be as the last build left it, since hubs and caches are told of the documents that the store knows. What
differs in the bucket is requested again from the outbox: a bucket may have been left alone for several builds, and a
machine that builds from an empty state knows nothing of what was public before.

A deployment that is killed has sent a part, which the next one finds unchanged. So the changes are noted in the state
folder before the first is sent, until purges and pings are requested for all of them.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from ..config import Config
from ..config.bucket import is_bucket
from ..errors import OutputError
from ..feeds.archive import is_over
from ..model import Document
from ..outputs import open_bucket, open_output
from ..outputs.paths import is_document
from ..progress import Progress, silent
from ..store import open_store
from ..store.outbox_rows import TopicDocument
from .site_id import claim
from .topic_urls import topic_url

if TYPE_CHECKING:
    from ..outputs.bucket import BucketOutput, Comparison
    from ..store.base import Store
    from ..store.rows import DocumentRow

_BATCH = 200


class PlannedChange(NamedTuple):
    """A document that a deployment sends or removes: `new`, `changed` or `removed`."""

    path: str
    change: str
    size_bytes: int


class DeploySummary(NamedTuple):
    """The result of a deployment, in documents. `removed` ones are deleted later, `deleted` were removed before."""

    changes: tuple[PlannedChange, ...]
    unchanged: int
    deleted: int
    seconds: float

    def count(self, change: str) -> int:
        """Returns the number of documents with a change."""
        return sum(one.change == change for one in self.changes)


def deploy(config: Config, url: str, progress: Progress = silent, *, dry_run: bool = False) -> DeploySummary:
    """Copies the documents of the output folder to a bucket; with `dry_run`, only finds out what that would do.

    Raises LockedError while a build or another machine works, OutputError when a document is not as it was built or
    the bucket cannot be used, and StoreError when nothing was built.
    """
    if is_bucket(config.output):
        raise OutputError(f"{config.output}: the output is a bucket already: 'syndicate build' publishes to it")
    started = time.perf_counter()
    bucket = open_bucket(config, url)
    with closing(open_store(config.state)) as store, store.lock():
        with store.read() as snapshot:
            rows = [row for row in snapshot.documents.all() if is_document(row.path)]
        if dry_run:
            bucket.check()
        else:
            claim(bucket, store, config, accept_new_id=False)
        try:
            for done, batch in enumerate(_documents(config, rows), 1):
                progress("reading", min(done * _BATCH, len(rows)), len(rows))
                bucket.stage(batch)
            comparison = bucket.compare(_final(config, rows))
            removed = sorted(bucket.strays({row.path for row in rows}))
            deleted = 0 if dry_run else _publish(bucket, store, config, comparison, removed)
        finally:
            bucket.discard()
            bucket.release()
    return DeploySummary(
        tuple(_changes(rows, comparison, removed)),
        len(comparison.unchanged),
        deleted,
        round(time.perf_counter() - started, 3),
    )


def _publish(bucket: BucketOutput, store: Store, config: Config, comparison: Comparison, removed: Sequence[str]) -> int:
    """Publishes what is staged, and requests purges and pings; returns the number of documents that were deleted."""
    noted = _NotedChanges(store)
    changed = noted.read().union(comparison.changed)
    noted.write(changed)
    bucket.drop(comparison)
    bucket.publish()
    bucket.remove(removed)
    with store.update() as transaction:
        rows = transaction.documents.at(sorted(changed))
        known = [(topic_url(config, row.path, row.feed_id, row.period), row) for row in rows]
        topics = [_topic(config, url, row) for url, row in known if url is not None]
        others = [_topic(config, None, row) for url, row in known if url is None]
        cached = [cdn.target for cdn in config.cdns]
        outbox = transaction.outbox
        outbox.invalidate_digests([one.topic_url for one in [*topics, *(others if cached else [])]])
        outbox.request_deliveries(topics, [*config.site.hubs, *cached], time.time())
        if cached:
            outbox.request_deliveries(others, cached, time.time())
    noted.write(())

    def published(paths: Sequence[str]) -> set[str]:
        with store.read() as snapshot:
            return {row.path for row in snapshot.documents.at(paths)}

    return len(bucket.sweep(published))


class _NotedChanges:
    """The paths of documents that a deployment changes, as long as it works; those of a killed one remain."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self) -> set[str]:
        return set((self._store.note("deploying") or b"").decode("utf-8", "replace").splitlines())

    def write(self, paths: Collection[str]) -> None:
        self._store.put_note("deploying", "\n".join(sorted(paths)).encode() if paths else None)


def _topic(config: Config, url: str | None, row: DocumentRow) -> TopicDocument:
    return TopicDocument(url or config.site.address(row.path), row.path, row.digest, row.size_bytes)


def _documents(config: Config, rows: Sequence[DocumentRow]) -> Iterator[list[Document]]:
    """Yields the documents of the folder in batches. Raises OutputError for one that is not as it was built."""
    folder = open_output(config)
    for start in range(0, len(rows), _BATCH):
        batch: list[Document] = []
        for row in rows[start : start + _BATCH]:
            found = folder.read(row.path)
            if found is None or sha256(found.content).digest() != row.digest:
                raise OutputError(f"{config.output}/{row.path}: is not as it was built: run syndicate build")
            batch.append(Document(path=row.path, content=found.content))
        yield batch


def _final(config: Config, rows: Sequence[DocumentRow]) -> frozenset[str]:
    """Returns the archives of periods that are over."""
    newest: dict[int, str] = {}
    for row in rows:
        newest[row.feed_id] = max(row.period, newest.get(row.feed_id, ""))
    length = config.selection.archive
    return frozenset(row.path for row in rows if row.period and is_over(length, row.period, newest[row.feed_id]))


def _changes(rows: Sequence[DocumentRow], comparison: Comparison, removed: Sequence[str]) -> Iterator[PlannedChange]:
    sizes = {row.path: row.size_bytes for row in rows}
    for path in comparison.new:
        yield PlannedChange(path, "new", sizes[path])
    for path in comparison.changed:
        yield PlannedChange(path, "changed", sizes[path])
    for path in removed:
        yield PlannedChange(path, "removed", 0)
