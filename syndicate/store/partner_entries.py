"""Entries and feeds for the partner API: the newest entries of a filter, rendered entries, the catalogue of feeds."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from .entry_filter import EntryFilter, attribute_conditions, conjunction, topic_conditions, topic_values

_MAX_MERGED_TOPICS = 20  # so many topics are read from their own index and merged; more are filtered by time

# The newest entries that meet conditions.
_NEWEST = """
SELECT f.published, f.id, f.file FROM facets AS f
WHERE {conditions} ORDER BY f.published DESC, f.id DESC LIMIT :limit"""

# The newest entries of one topic that meet conditions, read in the order of `topical`.
_NEWEST_OF_TOPIC = """
SELECT * FROM (
  SELECT f.published, f.id, f.file FROM topical AS d CROSS JOIN facets AS f ON f.file = d.file
  WHERE d.topic = :topic{number} AND {conditions} ORDER BY d.published DESC, d.id DESC LIMIT :limit
)"""

# The JSON Feed items of entries.
_ITEMS = "SELECT file, json FROM fragments WHERE file IN (SELECT value FROM json_each(:files))"

# A digest of the configuration and the code that decide what documents show.
_PRESENTATION = "SELECT value FROM meta WHERE name = 'showing'"

# The feeds of the catalogue.
_FEEDS = "SELECT dimension, key, path, card FROM feeds WHERE card IS NOT NULL"


class EntryRef(NamedTuple):
    """An entry in the order of time: newest first, by `published` (seconds since 1970), then `id`."""

    published: int
    id: str
    file: int


class CatalogFeed(NamedTuple):
    """A feed of the catalogue. `card` is its JSON object in `catalog.json`."""

    dimension: str
    key: str
    path: str
    card: str


class PartnerEntries:
    """Queries over the entries and feeds of a snapshot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def newest(self, entry_filter: EntryFilter, limit: int, after: tuple[int, str] | None) -> list[EntryRef]:
        """Return at most `limit` entries of a filter, newest first; only those after a (published, id), if given."""
        conditions, values = attribute_conditions(entry_filter)
        if after is not None:
            conditions.append("(f.published, f.id) < (:after_published, :after_id)")
            values |= {"after_published": after[0], "after_id": after[1]}
        values["limit"] = limit
        statement, topics = _newest_statement(entry_filter, conditions)
        return [EntryRef._make(row) for row in self._sql.execute(statement, values | topics)]

    def items(self, files: Sequence[int]) -> list[bytes]:
        """Return the JSON Feed items of entries, in the given order."""
        found: dict[int, bytes] = dict(self._sql.execute(_ITEMS, {"files": json.dumps(files)}).fetchall())
        return [found[file] for file in files]

    def presentation_digest(self) -> bytes | None:
        """Return the digest of all that decides how entries are shown; None before the first build."""
        row = self._sql.execute(_PRESENTATION).fetchone()
        return None if row is None else bytes(row[0])

    def feeds(self) -> list[CatalogFeed]:
        """Return the feeds of the catalogue, in no order."""
        return [CatalogFeed._make(row) for row in self._sql.execute(_FEEDS)]


def _newest_statement(entry_filter: EntryFilter, conditions: list[str]) -> tuple[str, dict[str, Any]]:
    """Return the statement for the newest entries, and the values that its topics bind."""
    topics = entry_filter.topics
    if topics is None:
        return _NEWEST.format(conditions=conjunction(conditions)), {}
    if not 0 < len(topics) <= _MAX_MERGED_TOPICS:
        more, values = topic_conditions(topics, match_all=False)
        return _NEWEST.format(conditions=conjunction([*conditions, *more])), values
    numbers = range(len(topics))
    if entry_filter.match_all_topics:
        # The first topic's entries are read in order, and checked for the other topics.
        conditions = [*conditions, *topic_conditions(topics, match_all=True, first=1)[0]]
        numbers = range(1)
    parts = [_NEWEST_OF_TOPIC.format(number=number, conditions=conjunction(conditions)) for number in numbers]
    return f"{' UNION '.join(parts)} ORDER BY 1 DESC, 2 DESC LIMIT :limit", topic_values(topics)
