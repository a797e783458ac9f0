"""Which feeds there are, and which entries each one shows, in what order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..model import CustomFeed, Entry, Feed, Selection, Site, TopicSettings, Where
from .identity import authority_date, feed_id
from .slugs import marked_slug, slug, topic_key


class TopicNames:
    """What the configuration says of topics: which names are one, which slug and words a topic has."""

    def __init__(self, topics: Sequence[TopicSettings]) -> None:
        self._settings = {topic_key(topic.name): topic for topic in topics}
        self._canonical = {topic_key(alias): topic_key(topic.name) for topic in topics for alias in topic.aliases}
        self._taken = {topic.slug for topic in topics if topic.slug}

    def key(self, name: str) -> str:
        """What tells topics apart, with aliases resolved."""
        key = topic_key(name)
        return self._canonical.get(key, key)

    def settings(self, key: str) -> TopicSettings | None:
        """What the configuration says of a topic, if it says anything."""
        return self._settings.get(key)

    def slug(self, key: str) -> str:
        """The configured slug, else the name's own, else, when the configuration gave that to another, a marked one."""
        settings = self._settings.get(key)
        if settings and settings.slug:
            return settings.slug
        own = slug(key)
        if own in self._taken:
            own = marked_slug(key)
        return own if own not in self._taken else marked_slug(key, 26)  # a mark may be configured: an old slug kept


class _Subject(NamedTuple):
    """What a feed is about."""

    dimension: str
    key: str
    name: str
    slug: str
    path: str
    title: str
    description: str


def newest_first(entries: Iterable[Entry]) -> list[Entry]:
    """The order of every feed: by (published, id), descending."""
    return sorted(entries, key=lambda entry: (entry.published, entry.id), reverse=True)


def plan(entries: Iterable[Entry], selection: Selection, site: Site) -> tuple[Feed, ...]:
    """All feeds of a corpus, `all` first, then by dimension and slug, then the custom ones."""
    names = TopicNames(selection.topics)
    chosen = [entry for entry in newest_first(entries) if matches(entry, selection.where, names)]
    feeds: list[Feed] = []
    if selection.all:
        subject = _Subject("all", "all", site.title, "all", "all", site.title, site.description)
        feeds.append(_feed(subject, chosen, selection.limit, site))
    for dimension in selection.by:
        feeds += _cut(dimension, chosen, selection, site, names)
    for custom in selection.custom:
        shown = [entry for entry in chosen if matches(entry, custom.where, names)]
        feeds.append(_feed(_custom_subject(custom, site), shown, selection.limit, site))
    return tuple(feeds)


def matches(entry: Entry, where: Where, names: TopicNames) -> bool:
    """Whether an entry meets every condition; one without the figure fails a minimum."""
    return (
        _at_least(entry.quality, where.min_quality)
        and _at_least(entry.heat, where.min_heat)
        and (not where.types or entry.type.casefold() in {kind.casefold() for kind in where.types})
        and (not where.topics or bool({names.key(n) for n in entry.topics} & {names.key(n) for n in where.topics}))
    )


def values(entry: Entry, dimension: str) -> tuple[str, ...]:
    """The names under which an entry is filed in a dimension."""
    match dimension:
        case "topics":
            return entry.topics
        case "provider":
            return (entry.provider.name,) if entry.provider else ()
        case "author":
            return tuple(person.name for person in entry.authors)
        case "category" | "type" | "language":
            value: str = getattr(entry, dimension)
            return (value,) if value else ()
        case _:
            return dict(entry.terms).get(dimension, ())


def _cut(
    dimension: str, entries: Sequence[Entry], selection: Selection, site: Site, names: TopicNames
) -> list[Feed]:
    """One feed for each value of a dimension that at least one entry has."""
    if dimension != "topics":
        names = TopicNames(())
    members: dict[str, list[Entry]] = defaultdict(list)
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        for key, name in {names.key(name): name for name in values(entry, dimension)}.items():
            members[key].append(entry)
            spellings[key][name] += 1
    subjects = [_subject(dimension, key, _label(key, spellings[key], names), site, names) for key in members]
    return [
        _feed(subject, members[subject.key], selection.limit, site)
        for subject in sorted(subjects, key=lambda subject: subject.slug)
    ]


def _label(key: str, spellings: Counter[str], names: TopicNames) -> str:
    """The configured name, else the most frequent spelling, else the first by code points."""
    settings = names.settings(key)
    return settings.name if settings else min(spellings, key=lambda name: (-spellings[name], name))


def _subject(dimension: str, key: str, label: str, site: Site, names: TopicNames) -> _Subject:
    settings = names.settings(key)
    own = names.slug(key)
    return _Subject(
        dimension=dimension,
        key=key,
        name=label,
        slug=own,
        path=f"{dimension}/{own}",
        title=(settings and settings.title) or f"{label} – {site.title}",
        description=(settings and settings.description) or f"{label}: the newest from {site.title}",
    )


def _custom_subject(custom: CustomFeed, site: Site) -> _Subject:
    return _Subject(
        dimension="custom",
        key=custom.slug,
        name=custom.title,
        slug=custom.slug,
        path=f"custom/{custom.slug}",
        title=custom.title,
        description=custom.description or f"{custom.title}: the newest from {site.title}",
    )


def _feed(subject: _Subject, entries: Sequence[Entry], limit: int, site: Site) -> Feed:
    shown = entries[:limit]
    return Feed(
        dimension=subject.dimension,
        name=subject.name,
        slug=subject.slug,
        path=subject.path,
        id=feed_id(site.authority, subject.dimension, subject.key),
        title=subject.title,
        description=subject.description or subject.title,
        updated=max((entry.updated for entry in shown), default=authority_date(site.authority)),
        newest=shown[0].published if shown else None,
        total=len(entries),
        entry_ids=tuple(entry.id for entry in shown),
    )


def _at_least(figure: int | None, minimum: int | None) -> bool:
    return minimum is None or (figure is not None and figure >= minimum)
