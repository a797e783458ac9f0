"""The jobs of a run that many records or entries need: they run in a pool of other processes (executor.py).

A job is a function that gets the context of the run (context.py) and some tasks, and returns a result for each: a
`TaskFailure` for a record or entry that exceeds the limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import orjson

from ..corpus.files import read_ahead
from ..corpus.parse import parse_record
from ..corpus.record import ParsedRecord
from ..feeds.identity import digest
from ..feeds.rules import FeedKey, Traits
from ..model import Entry, Presentation
from ..store.rows import OriginRow
from .budget import TaskFailure
from .context import JobContext, Rendered
from .links import LinkAddresses
from .newest import NewestIndex

if TYPE_CHECKING:
    from ..corpus.explain import Explanation
    from ..corpus.hidden import HiddenFile
    from ..errors import Problem

    Explained = Explanation | Problem

# Some records pass each stage together, so that its code and data stay in the processor's caches: a third of the time.
_BATCH = 32


class ParseTask(NamedTuple):
    """A file to parse. `hash` is that of its known content; with `newest` its entry is resolved and rendered, too.

    `awaits_end` says that a file which is still being written is not to be parsed: another state of it is known.
    """

    source: int
    path: bytes
    hash: bytes | None
    newest: NewestIndex | None
    awaits_end: bool = False


class RenderTask(NamedTuple):
    """An entry to render under an id, from its records; `is_on_page` requests its HTML fragment as well.

    `links` are the addresses of the records that its body links to.
    """

    origins: Sequence[OriginRow]
    id: str
    is_on_page: bool
    links: LinkAddresses = ()


Rendering = tuple[str, tuple[tuple[str, bytes], ...]]
"""A `Rendered` in plain tuples."""

ParseResult = tuple[Any, list[FeedKey] | None, Rendering | None]
"""The packed record, or another result of parse_record; the feed keys of its entry; its fragments. All of it is
plain tuples, the feed keys, too, whatever their type says: they cost a third to send between processes."""

_Parsed = tuple[Any, list[FeedKey] | None, Entry | None, bool]
"""The result of parsing, the entry's feeds, the entry if it is to be rendered, and whether on a page."""


def parse_records(context: JobContext, tasks: Sequence[ParseTask]) -> list[ParseResult | TaskFailure]:
    """Parses files. An entry that a feed may show is rendered at once: parsing its record again costs as much."""
    results: list[ParseResult | TaskFailure] = []
    if len(tasks) >= _BATCH:
        for source, group in groupby(tasks, key=lambda task: task.source):
            read_ahead(context.config.sources[source], [task.path for task in group])
    for start in range(0, len(tasks), _BATCH):
        with context.budget.applied():
            parsed = [context.budget.call(_parse, context, task) for task in tasks[start : start + _BATCH]]
            entries = [(one[2], one[3]) for one in parsed if not isinstance(one, TaskFailure) and one[2]]
            rendered = iter(_render(context, entries))
            results += [one if isinstance(one, TaskFailure) else _parse_result(one, rendered) for one in parsed]
    return results


def render_entries(context: JobContext, tasks: Sequence[RenderTask]) -> list[Rendered | TaskFailure]:
    """Renders entries. Raises FileChangedError when a file has changed since it was parsed."""
    results: list[Rendered | TaskFailure] = []
    for start in range(0, len(tasks), _BATCH):
        with context.budget.applied():
            composed = [context.budget.call(_compose, context, task) for task in tasks[start : start + _BATCH]]
            rendered = iter(_render(context, [one for one in composed if not isinstance(one, TaskFailure)]))
            results += [one if isinstance(one, TaskFailure) else next(rendered) for one in composed]
    return results


def find_hidden_files(
    context: JobContext, tasks: Sequence[tuple[int, bytes, int]]
) -> list[HiddenFile | TaskFailure | None]:
    """Returns why files are not shown, given by source, path and a time; None for those that are."""
    from ..corpus.hidden import find_hidden

    with context.budget.applied():
        return [
            context.budget.call(find_hidden, context.config.sources[source], path, context.sources[source], now)
            for source, path, now in tasks
        ]


def explain_files(context: JobContext, tasks: Sequence[tuple[int, bytes, int]]) -> list[Explained | TaskFailure]:
    """Explains files, given by source, path and a time."""
    from ..corpus.explain import explain

    with context.budget.applied():
        return [
            context.budget.call(explain, context.config.sources[source], path, context.sources[source], now)
            for source, path, now in tasks
        ]


def entry_digest(entry: Entry, presentation: Presentation) -> bytes:
    """Returns the digest of all that feeds show of an entry, in 16 bytes."""
    return bytes.fromhex(digest(entry, presentation))


def traits_to_json(traits: Traits) -> str:
    """Returns traits as the store holds them."""
    return orjson.dumps(tuple(traits)).decode()


def traits_from_json(text: str) -> Traits:
    """Returns traits from their stored text."""
    return Traits._make(orjson.loads(text))


def _render(context: JobContext, entries: Sequence[tuple[Entry, bool]]) -> list[Rendered | TaskFailure]:
    """Renders entries together; if that fails, each alone, to find which of them is at fault."""
    together = context.budget.call(context.render, entries)
    if not isinstance(together, TaskFailure):
        return list(together)
    alone = [context.budget.call(context.render, [entry]) for entry in entries]
    return [one if isinstance(one, TaskFailure) else one[0] for one in alone]


def _compose(context: JobContext, task: RenderTask) -> tuple[Entry, bool]:
    return context.compose(task.origins, task.id, task.links), task.is_on_page


def _parse_result(parsed: _Parsed, rendered: Iterator[Rendered | TaskFailure]) -> ParseResult | TaskFailure:
    record, keys, entry, _ = parsed
    rendering = next(rendered) if entry else None
    if isinstance(rendering, TaskFailure):
        return rendering
    packed = record.pack() if isinstance(record, ParsedRecord) else record
    plain_keys = cast("list[FeedKey] | None", keys and [tuple(key) for key in keys])
    return packed, plain_keys, cast("Rendering", tuple(rendering)) if rendering else None


def _parse(context: JobContext, task: ParseTask) -> _Parsed:
    source, path, known_hash, newest, awaits_end = task
    record = parse_record(
        context.config.sources[source], path, context.sources[source], known_hash, awaits_end=awaits_end
    )
    if newest is None or not isinstance(record, ParsedRecord) or record.entry is None or record.traits is None:
        return record, None, None, False
    keys = context.rules.feed_keys(record.traits)
    may_be_newest = newest.may_be_shown(keys, record.published or 0)
    # Most feeds show all they have in archives, and partners get every entry that is in a feed.
    is_shown = bool(keys) and (context.config.selection.archive != "none" or context.config.api is not None)
    # The addresses of other records are known when all files are parsed.
    is_complete = not record.links
    return record, keys, record.entry if is_complete and (may_be_newest or is_shown) else None, may_be_newest
