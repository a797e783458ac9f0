"""The conditions by which partners select entries, as SQL over the tables of the change log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..partner_rows import EntryFilter

_EXISTS_TOPIC = """
EXISTS (SELECT 1 FROM partner_topics AS t WHERE t.record_id = f.record_id AND t.topic {condition})"""

_ANY_TOPIC = _EXISTS_TOPIC.format(condition="= ANY(%(topics)s::text[])")


def attribute_conditions(entry_filter: EntryFilter) -> tuple[list[str], dict[str, Any]]:
    """Return the conditions on a partner entry `f`, without those on its topics, and the bound values."""
    conditions: list[str] = []
    values: dict[str, Any] = {}

    def add(condition: str, name: str, value: Any) -> None:
        if value is not None:
            conditions.append(condition)
            values[name] = value

    add("f.provider = %(provider)s", "provider", entry_filter.provider)
    add("f.type = %(type)s", "type", entry_filter.type)
    add("f.quality >= %(min_quality)s", "min_quality", entry_filter.min_quality)
    add("f.heat >= %(min_heat)s", "min_heat", entry_filter.min_heat)
    add("f.published > %(published_after)s", "published_after", entry_filter.published_after)
    add("f.published < %(published_before)s", "published_before", entry_filter.published_before)
    if entry_filter.words is not None:
        from .words import query_of

        query = query_of(entry_filter.words)
        conditions.append(
            "false"
            if query is None
            else "f.record_id IN (SELECT record_id FROM partner_text WHERE words @@ %(words)s::tsquery)"
        )
        values["words"] = query
    if entry_filter.language is not None:
        # A language range includes its subtags: `en` matches `en-GB` (RFC 4647 §3.3.1).
        conditions.append(
            "starts_with(lower(COALESCE(NULLIF(f.language, ''), %(site_language)s)) || '-', %(language)s)"
        )
        values |= {"language": f"{entry_filter.language}-".lower(), "site_language": entry_filter.site_language}
    return conditions, values


def topic_conditions(topics: Sequence[str], *, match_all: bool, first: int = 0) -> tuple[list[str], dict[str, Any]]:
    """Return the conditions for entries of all topics from number `first` on, or of any topic, and the bound values."""
    if not match_all:
        return [_ANY_TOPIC], {"topics": list(topics)}
    conditions = [_EXISTS_TOPIC.format(condition=f"= %(topic{number})s") for number in range(first, len(topics))]
    return conditions, topic_values(topics)


def topic_values(topics: Sequence[str]) -> dict[str, Any]:
    """Return topics as values to bind: `topic0`, `topic1` and so on."""
    return {f"topic{number}": topic for number, topic in enumerate(topics)}


def conjunction(conditions: Sequence[str]) -> str:
    """Return the SQL condition that all these conditions hold."""
    return " AND ".join(conditions) or "true"
