"""Renders the entries that documents show and whose fragments are missing or outdated."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from ..config import Config
from ..formats import HTML_PAGE
from ..progress import Progress
from ..store.rows import RenderedRow, UnrenderedRow
from .executor import WorkerPool
from .jobs import RenderTask, render_entries
from .links import LinkAddresses, find_links
from .plan import DocumentSet

if TYPE_CHECKING:
    from ..store.base import Transaction

_BATCH = 64
_BATCH_READ = 2000


def render_missing(
    transaction: Transaction,
    sets: Sequence[DocumentSet],
    requested: Collection[int],
    config: Config,
    pool: WorkerPool,
    progress: Progress,
) -> None:
    """Renders the missing fragments of these document sets and of the requested entries, and stores them.

    Raises FileChangedError when a file is no longer what it was.
    """
    formats = config.selection.formats
    on_pages = {record_id for one in sets if one.page for record_id in one.record_ids}
    others = {*requested, *(record_id for one in sets for record_id in one.record_ids)} - on_pages
    missing = [
        *_unrendered(transaction, sorted(on_pages), (*formats, HTML_PAGE.name)),
        *_unrendered(transaction, sorted(others), formats),
    ]
    links = _links(transaction, config, missing)
    tasks = [RenderTask(entry.origins, entry.id, entry.record_id in on_pages, links(entry)) for entry in missing]
    rendered: list[RenderedRow] = []
    results = pool.map(render_entries, tasks, len(tasks))
    for done, (entry, (title, contents)) in enumerate(zip(missing, results, strict=True), 1):
        rendered.append(RenderedRow(entry.record_id, entry.digest, title, contents))
        if len(rendered) >= _BATCH or done == len(missing):
            transaction.fragments.put(rendered)
            rendered = []
        progress("rendering", done, len(missing))


def _links(
    transaction: Transaction, config: Config, entries: Sequence[UnrenderedRow]
) -> Callable[[UnrenderedRow], LinkAddresses]:
    """Returns a function that gives the addresses of the records that the body of an entry links to."""
    if not entries or not transaction.links.any():
        return lambda _: ()
    found: dict[int, LinkAddresses] = {}
    for start in range(0, len(entries), _BATCH_READ):
        record_ids = [origin.record_id for entry in entries[start : start + _BATCH_READ] for origin in entry.origins]
        found |= find_links(transaction.links, config, record_ids).addresses
    return lambda entry: tuple(sorted({one for origin in entry.origins for one in found.get(origin.record_id, ())}))


def _unrendered(transaction: Transaction, record_ids: Sequence[int], formats: Sequence[str]) -> Iterator[UnrenderedRow]:
    for start in range(0, len(record_ids), _BATCH_READ):
        yield from transaction.fragments.unrendered(record_ids[start : start + _BATCH_READ], formats)
