"""Under which feeds an entry is filed, and what a feed is: its place, its words, the entries that it shows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ..model import Entry, Feed, Selection, Site, TopicSettings, Where
from .identity import authority_date, feed_id
from .slugs import marked_slug, slug, topic_key

Terms = Mapping[str, Sequence[str]]


class Traits(NamedTuple):
    """What choosing needs to know of an entry; `terms` are its names in each dimension that has any."""

    quality: int | None
    heat: int | None
    type: str
    terms: Terms


class FeedKey(NamedTuple):
    """A feed that an entry is filed under, and how the entry spells its name."""

    dimension: str
    key: str
    name: str


class Shown(NamedTuple):
    """One entry in a feed."""

    published: datetime
    id: str
    updated: datetime


class TopicNames:
    """What the configuration says of topics: which names are one, which slug and words a topic has, what it is part of.

    A parent may be a topic of which nothing else is said: it goes by its name as the first of its children spells it.
    """

    def __init__(self, topics: Sequence[TopicSettings]) -> None:
        self._settings = {topic_key(topic.name): topic for topic in topics}
        self._canonical = {topic_key(alias): topic_key(topic.name) for topic in topics for alias in topic.aliases}
        self._taken = {topic.slug for topic in topics if topic.slug}
        with_parents = [topic for topic in topics if topic.parent]
        self._parents = {topic_key(topic.name): self.key(topic.parent) for topic in with_parents}
        self._names = {self.key(topic.parent): topic.parent for topic in reversed(with_parents)}
        self._names |= {key: topic.name for key, topic in self._settings.items()}

    def key(self, name: str) -> str:
        """What tells topics apart, with aliases resolved."""
        key = topic_key(name)
        return self._canonical.get(key, key)

    def settings(self, key: str) -> TopicSettings | None:
        """What the configuration says of a topic, if it says anything."""
        return self._settings.get(key)

    def parent(self, key: str) -> tuple[str, str] | None:
        """Key and name of the topic that a topic is part of, if it is part of any."""
        parent = self._parents.get(key)
        return None if parent is None else (parent, self._names[parent])

    def ancestors(self, key: str) -> Iterator[tuple[str, str]]:
        """Keys and names of the topics that a topic is part of, the nearest first; parents form no circle."""
        while (parent := self.parent(key)) is not None:
            yield parent
            key = parent[0]

    def slug(self, key: str) -> str:
        """The configured slug, else the name's own, else, when the configuration gave that to another, a marked one."""
        settings = self._settings.get(key)
        if settings and settings.slug:
            return settings.slug
        own = slug(key)
        if own in self._taken:
            own = marked_slug(key)
        return own if own not in self._taken else marked_slug(key, 26)  # a mark may be configured: an old slug kept


def figures(entry: Entry) -> Traits:
    """What choosing needs to know of an entry."""
    terms: dict[str, tuple[str, ...]] = {
        "topics": entry.topics,
        "provider": (entry.provider.name,) if entry.provider else (),
        "author": tuple(person.name for person in entry.authors),
        "category": (entry.category,) if entry.category else (),
        "type": (entry.type,) if entry.type else (),
        "language": (entry.language,) if entry.language else (),
        **dict(entry.terms),
    }
    return Traits(entry.quality, entry.heat, entry.type, {name: names for name, names in terms.items() if names})


class FeedRules:
    """How entries are filed under feeds, for one configuration."""

    def __init__(self, selection: Selection, site: Site) -> None:
        self._selection = selection
        self._site = site
        self._topics = TopicNames(selection.topics)
        self._plain = TopicNames(())
        self._custom = {custom.slug: custom for custom in selection.custom}

    def feed_keys(self, figures: Traits) -> list[FeedKey]:
        """Every feed that an entry belongs to; each once."""
        selection = self._selection
        if not self._matches(figures, selection.where):
            return []
        feed_keys = [FeedKey("all", "all", "")] if selection.all else []
        for dimension in selection.by:
            names = self._names(dimension)
            keyed = {names.key(name): name for name in reversed(figures.terms.get(dimension, ()))}
            if selection.include_children and dimension == "topics":
                keyed = {key: name for own in keyed for key, name in names.ancestors(own)} | keyed
            feed_keys += [FeedKey(dimension, key, name) for key, name in keyed.items()]
        feed_keys += [FeedKey("custom", c.slug, "") for c in selection.custom if self._matches(figures, c.where)]
        return feed_keys

    def lasting(self) -> list[FeedKey]:
        """The feeds that are there even when they are empty: their addresses were given by a person."""
        feed_keys = [FeedKey("all", "all", "")] if self._selection.all else []
        return feed_keys + [FeedKey("custom", custom.slug, "") for custom in self._selection.custom]

    def feed(self, slot: FeedKey, total: int, newest_first: Sequence[Shown]) -> Feed:
        """The feed of a slot, whose `name` is the most frequent spelling, showing these entries of `total`."""
        name, own_slug, title, description = self._words(slot)
        return Feed(
            dimension=slot.dimension,
            name=name,
            slug=own_slug,
            path=slot.dimension if slot.dimension == "all" else f"{slot.dimension}/{own_slug}",
            id=feed_id(self._site.authority, slot.dimension, slot.key),
            title=title,
            description=description or title,
            updated=max((entry.updated for entry in newest_first), default=authority_date(self._site.authority)),
            newest=newest_first[0].published if newest_first else None,
            total=total,
            entry_ids=tuple(entry.id for entry in newest_first),
        )

    def parent(self, slot: FeedKey) -> tuple[str, str] | None:
        """Name and path of the feed of the topic that a feed's topic is part of; it exists if any entry is in it."""
        parent = self._names(slot.dimension).parent(slot.key)
        return parent and (parent[1], f"{slot.dimension}/{self._topics.slug(parent[0])}")

    def shortname(self, slot: FeedKey) -> str:
        """A short name of a feed's topic, if it has one."""
        settings = self._names(slot.dimension).settings(slot.key)
        return settings.shortname if settings else ""

    def keywords(self, slot: FeedKey) -> tuple[str, ...]:
        """The keywords of a feed's topic."""
        settings = self._names(slot.dimension).settings(slot.key)
        return settings.keywords if settings else ()

    def rank(self, dimension: str, slug: str) -> tuple[int, int, str]:
        """Where a feed stands in lists: `all`, the dimensions as configured, custom feeds as configured."""
        if dimension == "all":
            return 0, 0, slug
        if dimension == "custom":
            return 2, list(self._custom).index(slug), slug
        return 1, self._selection.by.index(dimension), slug

    def _names(self, dimension: str) -> TopicNames:
        return self._topics if dimension == "topics" else self._plain

    def _words(self, slot: FeedKey) -> tuple[str, str, str, str]:
        """Name, slug, title and description."""
        site = self._site
        if slot.dimension == "all":
            return site.title, "all", site.title, site.description
        if slot.dimension == "custom":
            custom = self._custom[slot.key]
            description = custom.description or f"{custom.title}: the newest from {site.title}"
            return custom.title, custom.slug, custom.title, description
        names = self._names(slot.dimension)
        settings = names.settings(slot.key)
        name = settings.name if settings else slot.name
        title = (settings and settings.title) or f"{name} – {site.title}"
        description = (settings and settings.description) or f"{name}: the newest from {site.title}"
        return name, names.slug(slot.key), title, description

    def _matches(self, figures: Traits, where: Where) -> bool:
        """Whether an entry meets every condition; one without the figure fails a minimum."""
        if where == _EVERYTHING:
            return True
        topics = {self._topics.key(name) for name in figures.terms.get("topics", ())}
        return (
            _at_least(figures.quality, where.min_quality)
            and _at_least(figures.heat, where.min_heat)
            and (not where.types or figures.type.casefold() in {kind.casefold() for kind in where.types})
            and (not where.topics or not topics.isdisjoint(map(self._topics.key, where.topics)))
        )


def label(spellings: Iterable[tuple[str, int]]) -> str:
    """The most frequent spelling of a name, given with their counts; of equals the first by code points."""
    return min(spellings, key=lambda spelling: (-spelling[1], spelling[0]))[0]


def _at_least(figure: int | None, minimum: int | None) -> bool:
    return minimum is None or (figure is not None and figure >= minimum)


_EVERYTHING = Where()
