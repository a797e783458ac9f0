"""Words of the configuration that match nothing in the corpus: most are misspelt."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from ..config.locate import locate
from ..errors import Problem
from ..values.keys import DIMENSIONS

if TYPE_CHECKING:
    from ..store.base import Transaction
    from .context import JobContext

_SAMPLE = 50  # records whose keys are compared with a dimension that none of them has


def unmatched_dimensions(transaction: Transaction, context: JobContext, entries: int) -> list[Problem]:
    """Returns a problem for each dimension of `feeds.by` that no entry has a value of."""
    config = context.config
    names = [name for name in config.selection.by if name not in DIMENSIONS]
    if not names or not entries:
        return []
    known = {dimension for dimension, _ in transaction.feeds.feed_ids()}
    problems: list[Problem] = []
    for name in names:
        if name in known:
            continue
        keys = dict.fromkeys((*sorted(DIMENSIONS), *_keys(context)))
        if name.lower() in {key.lower() for key in keys}:
            continue  # no entry that is shown now has a value of it
        close = get_close_matches(name, keys, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        line, column = locate(config.path, ("feeds", "by", config.selection.by.index(name)))
        message = f"no record has the key {name!r}{hint}"
        problems.append(Problem(config.path, line, column, "feeds.by", message, "warning"))
    return problems


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
