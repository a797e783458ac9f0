"""Names in the configuration that match nothing in the corpus: most are misspelt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from ..config.locate import locate
from ..errors import Problem
from ..feeds.rules import TopicNames
from ..feeds.slugs import topic_key
from ..values.keys import DIMENSIONS

if TYPE_CHECKING:
    from ..config import Config
    from ..model import Where
    from ..store.base import Transaction
    from .context import JobContext

Place = tuple[str | int, ...]

_SAMPLE = 50  # records whose keys are compared with a dimension that none of them has


def unmatched_names(transaction: Transaction, context: JobContext, entries: int) -> list[Problem]:
    """Returns a problem for each dimension and each topic of the configuration that no entry has."""
    selection = context.config.selection
    filters = (selection.where, *(custom.where for custom in selection.custom))
    names_topics = bool(selection.topics) or any(where.topics for where in filters)
    if not entries or not (names_topics or not DIMENSIONS.issuperset(selection.by)):
        return []
    known = transaction.feeds.feed_ids()
    problems = _unmatched_dimensions(context, {dimension for dimension, _ in known})
    if names_topics and "topics" in selection.by:
        problems += _unmatched_topics(context.config, {key for dimension, key in known if dimension == "topics"})
    return problems


def _unmatched_dimensions(context: JobContext, known: AbstractSet[str]) -> list[Problem]:
    by = context.config.selection.by
    problems: list[Problem] = []
    for number, name in enumerate(by):
        if name in DIMENSIONS or name in known:
            continue
        keys = dict.fromkeys((*sorted(DIMENSIONS), *_keys(context)))
        if name.lower() in {key.lower() for key in keys}:
            continue  # no entry that is shown now has a value of it
        message = f"no record has the key {name!r}{_hint(name, keys)}"
        problems.append(_problem(context.config, ("feeds", "by", number), message, "warning"))
    return problems


def _unmatched_topics(config: Config, known: AbstractSet[str]) -> list[Problem]:
    """Returns a problem for each topic that a filter names and nobody else does, and a warning for each that has
    settings and a name like that of a topic of entries. Settings may be there before the first entry."""
    selection = config.selection
    names = TopicNames(selection.topics)
    configured = {names.key(name) for topic in selection.topics for name in (topic.name, topic.parent) if name}
    filters: list[tuple[Place, Where]] = [(("feeds", "where"), selection.where)]
    filters += [(("feeds", "custom", custom.slug, "where"), custom.where) for custom in selection.custom]
    problems: list[Problem] = []
    for place, where in filters:
        for number, name in enumerate(where.topics):
            if names.key(name) not in known | configured:
                message = f"no entry has the topic {name!r}{_hint(topic_key(name), known | configured)}"
                problems.append(_problem(config, (*place, "topics", number), message, "error"))
    for topic in selection.topics:
        key = names.key(topic.name)
        hint = _hint(key, known - configured)
        if key not in known and hint:
            message = f"no entry has the topic {topic.name!r}{hint}"
            problems.append(_problem(config, ("topics", topic.name), message, "warning"))
    return problems


def _hint(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, sorted(known), 1, 0.75)
    return f"; did you mean {close[0]!r}?" if close else ""


def _problem(config: Config, place: Place, message: str, severity: str) -> Problem:
    line, column = locate(config.path, place)
    field = ".".join(str(part) for part in place if isinstance(part, str))
    return Problem(config.path, line, column, field, message, severity)


def _keys(context: JobContext) -> Iterator[str]:
    """Yields the keys of some records of each source."""
    from ..corpus.fields import FieldReader
    from ..corpus.files import FileContent, read_file
    from ..corpus.parse import open_record
    from ..corpus.scan import scan

    for source, settings in zip(context.config.sources, context.sources, strict=True):
        paths = (folder + name for folder, names in scan(source, []) for name in names)
        for path in islice(paths, _SAMPLE):
            content = read_file(source, path)
            reader = open_record(content, source, path, settings) if isinstance(content, FileContent) else None
            if isinstance(reader, FieldReader):
                yield from (key for key in reader.metadata if isinstance(key, str))
