"""Files that tell one story become one entry: they share a canonical address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from ..model import Entry
from .identity import path_id, stated_id
from .slugs import topic_key


class Merged(NamedTuple):
    """Entries with distinct ids; how many files went into others; whose stated id was another's already."""

    entries: tuple[Entry, ...]
    merged: int
    renamed: tuple[tuple[Entry, Entry], ...]


def merge(entries: Iterable[Entry], authority: str) -> Merged:
    """One entry for each canonical address, one address for each id; a function of the set, not of its order."""
    by_url: dict[str, list[Entry]] = defaultdict(list)
    count = 0
    for entry in entries:
        by_url[entry.url].append(entry)
        count += 1
    distinct, renamed = _with_distinct_ids([combine(group) for group in by_url.values()], authority)
    return Merged(tuple(distinct), count - len(by_url), tuple(renamed))


def combine(group: list[Entry]) -> Entry:
    """The earliest one's identity and date, the latest one's text, all their topics, the earliest one's first."""
    if len(group) == 1:
        return group[0]
    group = sorted(group, key=lambda entry: (entry.published, entry.path))
    first, last = group[0], max(group, key=lambda entry: (entry.updated, entry.path))
    return replace(
        last,
        id=first.id,
        path=first.path,
        published=first.published,
        topics=_union(entry.topics for entry in group),
        terms=tuple(
            (name, _union(dict(entry.terms)[name] for entry in group)) for name, _ in first.terms
        ),
    )


def _union(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for name in (name for group in names for name in group):
        found.setdefault(topic_key(name), name)
    return tuple(found.values())


def _with_distinct_ids(entries: list[Entry], authority: str) -> tuple[list[Entry], list[tuple[Entry, Entry]]]:
    """A path belongs to its file; a stated id to the earliest entry that states it. The others go by their paths.

    Two corpus folders may hold one path (`b/x.md` in the first, `x.md` in another `b`): the later goes by its address.
    """
    ordered = sorted(entries, key=lambda entry: (entry.published, entry.path, entry.url))
    owners: dict[str, Entry] = {}
    for entry in ordered:
        owners.setdefault(path_id(authority, entry.path), entry)
    if len(owners) == len(entries) and all(owners.get(entry.id) is entry for entry in entries):
        return entries, []
    renamed: list[tuple[Entry, Entry]] = []
    distinct: list[Entry] = []
    for entry in ordered:
        owner = owners.setdefault(entry.id, entry)
        if owner is entry:
            distinct.append(entry)
            continue
        renamed.append((entry, owner))
        own = path_id(authority, entry.path)
        if owners[own] is not entry:
            own = stated_id(authority, entry.url)
        distinct.append(replace(entry, id=own))
    return distinct, renamed
