"""Renders the entries that documents show and whose fragments are missing or outdated."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from ..config import Config
from ..errors import RecordsStoppedError
from ..formats import HTML_PAGE
from ..progress import Progress
from ..store.rows import RenderedRow, UnrenderedRow
from .budget import TaskFailure
from .context import JobContext
from .jobs import RenderTask, render_entries
from .links import LinkAddresses, find_links
from .plan import DocumentSet
from .pool import Pool
from .second_look import Place

if TYPE_CHECKING:
    from ..store.base import Transaction

_BATCH = 64
_BATCH_READ = 2000


def render_missing(
    transaction: Transaction,
    sets: Sequence[DocumentSet],
    requested: Collection[int],
    context: JobContext,
    pool: Pool,
    progress: Progress,
) -> None:
    """Renders the missing fragments of these document sets and of the requested entries, and stores them.

    Raises FileChangedError when a file is no longer what it was, RecordsStoppedError when entries exceed the limits.
    """
    config = context.config
    formats = config.selection.formats
    on_pages = {record_id for one in sets if one.page for record_id in one.record_ids}
    others = {*requested, *(record_id for one in sets for record_id in one.record_ids)} - on_pages
    missing = [
        *_unrendered(transaction, sorted(on_pages), (*formats, HTML_PAGE.name)),
        *_unrendered(transaction, sorted(others), formats),
    ]
    if missing:
        context.import_renderers()
    links = _links(transaction, config, missing)
    tasks = [RenderTask(entry.origins, entry.id, entry.record_id in on_pages, links(entry)) for entry in missing]
    rendered: list[RenderedRow] = []
    stopped: list[tuple[RenderTask, TaskFailure]] = []
    results = pool.map(render_entries, tasks, len(tasks))
    for done, (entry, task, result) in enumerate(zip(missing, tasks, results, strict=True), 1):
        if isinstance(result, TaskFailure):
            stopped.append((task, result))
        else:
            rendered.append(RenderedRow(entry.record_id, entry.digest, result.title, result.fragments))
        if len(rendered) >= _BATCH or done == len(missing):
            transaction.fragments.put(rendered)
            rendered = []
        progress("rendering", done, len(missing))
    if stopped:
        raise RecordsStoppedError(_reasons(stopped, pool))


def _reasons(stopped: Sequence[tuple[RenderTask, TaskFailure]], pool: Pool) -> dict[Place, str]:
    """Returns the records at fault, and why: of a merged entry those that cannot be rendered alone, else all."""
    reasons: dict[Place, str] = {}
    for task, failure in stopped:
        alone = [task._replace(origins=[origin]) for origin in task.origins] if len(task.origins) > 1 else []
        results = pool.map(render_entries, alone, len(alone), 1)
        at_fault = [
            one.origins[0] for one, result in zip(alone, results, strict=True) if isinstance(result, TaskFailure)
        ]
        reasons |= {(origin.source, origin.path): failure.reason for origin in at_fault or task.origins}
    return reasons


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
