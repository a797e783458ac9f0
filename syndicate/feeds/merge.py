"""Files that tell one story become one entry: they share a canonical address."""

from __future__ import annotations

from collections.abc import Iterable

from ..model import Entry
from .slugs import topic_key


def combine(group: list[Entry]) -> Entry:
    """The earliest one's identity and date, the latest one's text, all their topics, the earliest one's first."""
    if len(group) == 1:
        return group[0]
    group = sorted(group, key=lambda entry: (entry.published, entry.path))
    first, last = group[0], max(group, key=lambda entry: (entry.updated, entry.path))
    return last._replace(
        id=first.id,
        path=first.path,
        published=first.published,
        topics=_union(entry.topics for entry in group),
        terms=tuple((name, _union(dict(entry.terms)[name] for entry in group)) for name, _ in first.terms),
    )


def _union(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for name in (name for group in names for name in group):
        found.setdefault(topic_key(name), name)
    return tuple(found.values())
