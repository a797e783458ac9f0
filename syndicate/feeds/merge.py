"""Merges entries with the same stated canonical address into one.

Theory of operation
-------------------

A corpus often contains one story several times: an early notice and the full text, or a copy for each section. Feeds
must show the story once. Records with the same address describe the same story, and no other rule merges records:
similar titles or texts prove nothing. A translation is a story of its own, unless it states the same address: an
address that is only derived from a path may lack the language (`group_by_story`).

The earliest record gives the merged entry its identity and publication date, so a copy that arrives later never
resurfaces the story in feed readers. The record with the latest update gives it its text and every other field. The
topics and terms are the union of all records, those of the earliest first, so the story appears in every feed in which
any record belongs. Ties are broken by path. The result is a function of the set of records: neither their order nor the
order of the builds that read them matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from ..model import Entry
from .slugs import topic_key


class AddressedRecord(Protocol):
    """A record with an address: whether it states it, and the tag of its language, empty if it has none."""

    @property
    def states_url(self) -> bool: ...

    @property
    def language(self) -> str: ...


_Record = TypeVar("_Record", bound=AddressedRecord)


def group_by_story(records: Sequence[_Record], default_language: str) -> list[list[_Record]]:
    """Returns the records of one address by story, in their order.

    Those that state the address are one story, whatever their languages. Any other belongs to the story that has a
    record of its language. Records without a language have the default one.
    """
    stating = [record for record in records if record.states_url]
    stories: list[list[_Record]] = [stating] if stating else []
    languages: list[set[str]] = [{one.language or default_language for one in stating}] if stating else []
    for record in records:
        if record.states_url:
            continue
        language = record.language or default_language
        found = next((number for number, known in enumerate(languages) if language in known), None)
        if found is None:
            stories.append([record])
            languages.append({language})
        else:
            stories[found].append(record)
    places = {id(record): number for number, record in enumerate(records)}
    return [sorted(story, key=lambda record: places[id(record)]) for story in stories]


def merge_entries(entries: list[Entry]) -> Entry:
    """Returns one entry with the earliest identity and date, the latest text and the union of all topics and terms."""
    if len(entries) == 1:
        return entries[0]
    entries = sorted(entries, key=lambda entry: (entry.published, entry.path))
    first, last = entries[0], max(entries, key=lambda entry: (entry.updated, entry.path))
    return last._replace(
        id=first.id,
        path=first.path,
        published=first.published,
        topics=_union(entry.topics for entry in entries),
        terms=tuple((name, _union(dict(entry.terms)[name] for entry in entries)) for name, _ in first.terms),
    )


def _union(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Returns the distinct names of all groups in their first spelling."""
    found: dict[str, str] = {}
    for name in (name for group in groups for name in group):
        found.setdefault(topic_key(name), name)
    return tuple(found.values())
