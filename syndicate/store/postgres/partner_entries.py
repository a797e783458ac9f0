"""Entries and feeds for the partner API: the newest entries of a filter, rendered entries, the catalogue of feeds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ..packing import HEADER_BYTES, unpack, unpacked_size
from ..partner_rows import CatalogFeed, EntryFilter, EntryRef
from .entry_filter import attribute_conditions, conjunction, topic_conditions, topic_values
from .session import Session

_MAX_MERGED_TOPICS = 20  # so many topics are read from their own index and merged; more are filtered by time

# The newest entries that meet conditions.
_NEWEST = """
SELECT f.published, f.id, f.record_id FROM partner_entries AS f
WHERE {conditions} ORDER BY f.published DESC, f.id DESC LIMIT %(limit)s"""

# The newest entries of one topic that meet conditions, read in the order of `partner_topics`.
_NEWEST_OF_TOPIC = """
(SELECT f.published, f.id, f.record_id FROM partner_topics AS d
 JOIN partner_entries AS f ON f.record_id = d.record_id
 WHERE text_digest(d.topic) = text_digest(%(topic{number})s) AND d.topic = %(topic{number})s AND {conditions}
 ORDER BY d.published DESC, d.id DESC LIMIT %(limit)s)"""

_MERGED = "SELECT * FROM ({parts}) AS found ORDER BY published DESC, id DESC LIMIT %(limit)s"

# A value of each JSON Feed item of entries: its content, or the beginning of it, which states its size.
_ITEMS = """
SELECT record_id, {value} FROM fragments WHERE record_id = ANY(%(records)s::bigint[]) AND format = 'json'"""
_ITEM_CONTENTS = _ITEMS.format(value="content")
_ITEM_HEADS = _ITEMS.format(value=f"substring(content FROM 1 FOR {HEADER_BYTES})")

# A digest of the configuration and the code that decide what documents show.
_PRESENTATION = "SELECT bytes_value FROM run_state WHERE name = 'documents'"

# The feeds of the catalogue.
_FEEDS = "SELECT dimension, key, path, catalog_json FROM feeds WHERE catalog_json IS NOT NULL"

# Those of some topics that have a feed or an entry.
_KNOWN_TOPICS = """
SELECT key FROM feeds WHERE dimension = 'topics' AND key = ANY(%(keys)s::text[])
UNION SELECT topic FROM unnest(%(keys)s::text[]) AS given (topic) WHERE EXISTS (
  SELECT 1 FROM partner_topics AS t WHERE text_digest(t.topic) = text_digest(given.topic) AND t.topic = given.topic)"""
_TOPIC_OF_FEED = "SELECT key FROM feeds WHERE dimension = 'topics' AND path = %(path)s"


class PostgresPartnerEntries:
    """Queries over the entries and feeds of a snapshot."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def newest(self, entry_filter: EntryFilter, limit: int, after: tuple[int, str] | None) -> list[EntryRef]:
        """Return at most `limit` entries of a filter, newest first; only those after a (published, id), if given."""
        conditions, values = attribute_conditions(entry_filter)
        if after is not None:
            conditions.append("(f.published, f.id) < (%(after_published)s, %(after_id)s)")
            values |= {"after_published": after[0], "after_id": after[1]}
        values["limit"] = limit
        statement, topics = _newest_statement(entry_filter, conditions)
        return [EntryRef._make(row) for row in self._session.rows(statement, **values, **topics)]

    def item_sizes(self, record_ids: Sequence[int]) -> list[int]:
        """Return the sizes of the JSON Feed items of entries, in bytes, in the given order."""
        return [unpacked_size(head) for head in self._of_items(_ITEM_HEADS, record_ids)]

    def items(self, record_ids: Sequence[int]) -> list[bytes]:
        """Return the JSON Feed items of entries, in the given order."""
        return [unpack(content) for content in self._of_items(_ITEM_CONTENTS, record_ids)]

    def presentation_digest(self) -> bytes | None:
        """Return the digest of all that decides how entries are shown; None before the first build."""
        digest = self._session.value(_PRESENTATION)
        return None if digest is None else bytes(digest)

    def known_topics(self, keys: Collection[str]) -> set[str]:
        """Return those of these topics, given as keys, that a visible entry has, or had while there was a feed."""
        return {row[0] for row in self._session.rows(_KNOWN_TOPICS, keys=list(keys))}

    def topic_of_feed(self, path: str) -> str | None:
        """Return the key of the topic whose feed has this path; None if there is no such feed."""
        key: str | None = self._session.value(_TOPIC_OF_FEED, path=path)
        return key

    def feeds(self) -> list[CatalogFeed]:
        """Return the feeds of the catalogue, in no order."""
        return [CatalogFeed._make(row) for row in self._session.rows(_FEEDS)]

    def _of_items(self, statement: str, record_ids: Sequence[int]) -> list[Any]:
        found: dict[int, Any] = dict(self._session.rows(statement, records=list(record_ids)))
        return [found[record_id] for record_id in record_ids]


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
    return _MERGED.format(parts=" UNION ".join(parts)), topic_values(topics)
