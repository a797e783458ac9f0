"""The conditions by which partners select entries, as SQL over the tables of the change log."""

import json
from collections.abc import Sequence
from typing import Any

from ..partner_rows import EntryFilter

_EXISTS_TOPIC = """
EXISTS (SELECT 1 FROM partner_topics AS t WHERE t.topic {condition} AND t.published = f.published AND t.id = f.id)"""

ANY_TOPIC = _EXISTS_TOPIC.format(condition="IN (SELECT value FROM json_each(:topics))")
"""Holds for an entry `f` of any topic in the JSON list `:topics`."""


def attribute_conditions(entry_filter: EntryFilter) -> tuple[list[str], dict[str, Any]]:
    """Return the conditions on a partner entry `f`, without those on its topics, and the bound values."""
    conditions: list[str] = []
    values: dict[str, Any] = {}

    def add(condition: str, name: str, value: Any) -> None:
        if value is not None:
            conditions.append(condition)
            values[name] = value

    add("f.provider = :provider", "provider", entry_filter.provider)
    add("f.type = :type", "type", entry_filter.type)
    add("f.quality >= :min_quality", "min_quality", entry_filter.min_quality)
    add("f.heat >= :min_heat", "min_heat", entry_filter.min_heat)
    add("f.published > :published_after", "published_after", entry_filter.published_after)
    add("f.published < :published_before", "published_before", entry_filter.published_before)
    add("f.record_id IN (SELECT rowid FROM partner_text WHERE partner_text MATCH :words)", "words", entry_filter.words)
    if entry_filter.language is not None:
        # A language range includes its subtags: `en` matches `en-GB` (RFC 4647 §3.3.1).
        conditions.append("(COALESCE(NULLIF(f.language, ''), :site_language) || '-') LIKE :language")
        values |= {"language": f"{entry_filter.language}-%", "site_language": entry_filter.site_language}
    return conditions, values


def topic_conditions(topics: Sequence[str], *, match_all: bool, first: int = 0) -> tuple[list[str], dict[str, Any]]:
    """Return the conditions for entries of all topics from number `first` on, or of any topic, and the bound values."""
    if not match_all:
        return [ANY_TOPIC], {"topics": json.dumps(topics)}
    conditions = [_EXISTS_TOPIC.format(condition=f"= :topic{number}") for number in range(first, len(topics))]
    return conditions, topic_values(topics)


def topic_values(topics: Sequence[str]) -> dict[str, Any]:
    """Return topics as values to bind: `topic0`, `topic1` and so on."""
    return {f"topic{number}": topic for number, topic in enumerate(topics)}


def conjunction(conditions: Sequence[str]) -> str:
    """Return the SQL condition that all these conditions hold."""
    return " AND ".join(conditions) or "1"
