"""Decides to which feeds an entry belongs, and computes the metadata of a feed.

Theory of operation
-------------------

Feeds are defined by dimensions. A dimension is a property of entries (`topics`, `provider`, `author`, any configured
term), and each distinct value of a configured dimension has a feed of its own. In addition there may be one feed of all
entries (dimension `all`) and any number of custom feeds, each defined by a filter (dimension `custom`).

A feed is identified by a `FeedKey`: dimension, key, and the name as one entry spells it. Keys compare names without
regard to case, white space and canonical equivalence (`slugs.topic_key`); for topics, configured aliases resolve to the
key of their topic. Every entry of a feed may spell its name differently: the feed carries the configured name, else the
most frequent spelling, and ties go to the first by code points, so the name does not depend on the order in which
records are read.

`FeedRules.feed_keys` is the only place that decides membership. It needs the `Traits` of an entry and nothing else, so
the store keeps the traits of each record, and a changed configuration is applied without parsing the corpus again. The
filter `where` of the selection applies to every feed; a custom feed applies its own in addition. With
`include_children` an entry of a topic belongs to the feeds of all ancestors of the topic, too.

Slugs are addresses and never change by themselves: a slug is configured or computed from the name alone. If the
computed slug of a topic is configured for another topic, the topic gets a slug with a hash instead, so no two feeds
share a path.

A feed of a dimension begins with its first entry, or with its `min_entries`th. When its last entry is withdrawn it goes
on, empty, for those who follow it. Only the configuration ends it (`goes_on`).

Everything here is a pure function of the configuration and its arguments.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ..model import Entry, Feed, Selection, Site, SlugStyle, TopicSettings, Where
from ..words import words_in
from .identity import authority_date, feed_id
from .slugs import marked_slug, slug, topic_key

Terms = Mapping[str, Sequence[str]]


class Traits(NamedTuple):
    """The properties of an entry that decide its feeds. `terms` maps each dimension with any values to its names."""

    quality: int | None
    heat: int | None
    type: str
    terms: Terms


class FeedKey(NamedTuple):
    """The identity of a feed, with its name as an entry spells it."""

    dimension: str
    key: str
    name: str


class FeedItem(NamedTuple):
    """One entry listed in a feed."""

    published: datetime
    id: str
    updated: datetime


class TopicNames:
    """Resolves topic names: aliases to topics, topics to settings, slugs and parents.

    A parent may be a topic without settings of its own. It is named as its first child in the configuration spells it.
    """

    def __init__(self, topics: Sequence[TopicSettings], slugs: SlugStyle = "unicode") -> None:
        self._slugs = slugs
        self._settings = {topic_key(topic.name): topic for topic in topics}
        self._canonical = {topic_key(alias): topic_key(topic.name) for topic in topics for alias in topic.aliases}
        self._configured_slugs = {topic.slug for topic in topics if topic.slug}
        self._former_slugs = {slug for topic in topics for slug in topic.moved_from}
        with_parents = [topic for topic in topics if topic.parent]
        self._parents = {topic_key(topic.name): self.key(topic.parent) for topic in with_parents}
        self._names = {self.key(topic.parent): topic.parent for topic in reversed(with_parents)}
        self._names |= {key: topic.name for key, topic in self._settings.items()}

    def key(self, name: str) -> str:
        """Returns the key of a topic, with aliases resolved."""
        key = topic_key(name)
        return self._canonical.get(key, key)

    def settings(self, key: str) -> TopicSettings | None:
        """Returns the settings of a topic, or None if it has none."""
        return self._settings.get(key)

    def parent(self, key: str) -> tuple[str, str] | None:
        """Returns key and name of the parent of a topic, or None if it has none."""
        parent = self._parents.get(key)
        return None if parent is None else (parent, self._names[parent])

    def ancestors(self, key: str) -> Iterator[tuple[str, str]]:
        """Yields keys and names of the ancestors of a topic, nearest first. The configuration rejects cycles."""
        while (parent := self.parent(key)) is not None:
            yield parent
            key = parent[0]

    def slug(self, key: str) -> str:
        """Returns the configured slug, else the slug of the name, with a hash if another topic has that one."""
        settings = self._settings.get(key)
        if settings and settings.slug:
            return settings.slug
        own = slug(key, self._slugs)
        if own in self._configured_slugs:
            own = marked_slug(key)
        # A slug with a hash may be configured, too, to keep an old address.
        return own if own not in self._configured_slugs else marked_slug(key, 26)

    def is_configured_slug(self, slug: str) -> bool:
        """Returns whether the configuration gives a slug to a topic."""
        return slug in self._configured_slugs

    def is_former_slug(self, slug: str) -> bool:
        """Returns whether a topic has moved from a slug to another one."""
        return slug in self._former_slugs


def traits_of(entry: Entry) -> Traits:
    """Returns the traits of an entry."""
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
    """The rules of one configuration: which feeds an entry belongs to, and the metadata of each feed."""

    def __init__(self, selection: Selection, site: Site) -> None:
        self._selection = selection
        self._site = site
        self._topics = TopicNames(selection.topics, selection.slugs or "unicode")
        self._no_topics = TopicNames((), selection.slugs or "unicode")
        self._custom = {custom.slug: custom for custom in selection.custom}

    def feed_keys(self, traits: Traits) -> list[FeedKey]:
        """Returns the keys of all feeds that an entry belongs to, each once."""
        selection = self._selection
        if not self._matches(traits, selection.where):
            return []
        feed_keys = [FeedKey("all", "all", "")] if selection.all else []
        for dimension in selection.by:
            names = self._names(dimension)
            keyed = {names.key(name): name for name in reversed(traits.terms.get(dimension, ()))}
            if selection.include_children and dimension == "topics":
                keyed = {key: name for own in keyed for key, name in names.ancestors(own)} | keyed
            feed_keys += [FeedKey(dimension, key, name) for key, name in keyed.items()]
        feed_keys += [FeedKey("custom", c.slug, "") for c in selection.custom if self._matches(traits, c.where)]
        return feed_keys

    def permanent_feeds(self) -> list[FeedKey]:
        """Returns the feeds that exist even without entries: their addresses are configured."""
        feed_keys = [FeedKey("all", "all", "")] if self._selection.all else []
        return feed_keys + [FeedKey("custom", custom.slug, "") for custom in self._selection.custom]

    def goes_on(self, dimension: str, key: str, path: str) -> bool:
        """Returns whether a feed that was published at a path goes on there although it has no entries any more.

        It does not if its dimension is not configured, if its topic is now an alias of another, or if it moved.
        """
        if dimension not in self._selection.by:
            return False
        names = self._names(dimension)
        own_slug = names.slug(key)
        return names.key(key) == key and path == f"{dimension}/{own_slug}" and not names.is_former_slug(own_slug)

    def feed(
        self, feed_key: FeedKey, total: int, items: Sequence[FeedItem], last_updated: datetime | None = None
    ) -> Feed:
        """Returns the feed of a key, listing these of its `total` entries, newest first.

        The name of the key is the most frequent spelling among the entries. `last_updated` is when the feed was updated
        last, for one that has no entries any more: without it, `updated` would go back.
        """
        name, own_slug, title, description = self._metadata(feed_key)
        return Feed(
            dimension=feed_key.dimension,
            name=name,
            slug=own_slug,
            path=feed_key.dimension if feed_key.dimension == "all" else f"{feed_key.dimension}/{own_slug}",
            id=feed_id(self._site.authority, feed_key.dimension, feed_key.key),
            title=title,
            description=description or title,
            updated=max((item.updated for item in items), default=last_updated or authority_date(self._site.authority)),
            newest=items[0].published if items else None,
            total=total,
            entry_ids=tuple(item.id for item in items),
            language=self._language(feed_key),
        )

    def parent(self, feed_key: FeedKey) -> tuple[str, str] | None:
        """Returns name and path of the feed of the parent topic. That feed exists only if it has entries."""
        parent = self._names(feed_key.dimension).parent(feed_key.key)
        return parent and (parent[1], f"{feed_key.dimension}/{self._topics.slug(parent[0])}")

    def shortname(self, feed_key: FeedKey) -> str:
        """Returns the short name of the topic of a feed, empty if it has none."""
        settings = self._names(feed_key.dimension).settings(feed_key.key)
        return settings.shortname if settings else ""

    def keywords(self, feed_key: FeedKey) -> tuple[str, ...]:
        """Returns the keywords of the topic of a feed."""
        settings = self._names(feed_key.dimension).settings(feed_key.key)
        return settings.keywords if settings else ()

    def sort_key(self, dimension: str, slug: str) -> tuple[int, int, str]:
        """Returns the sort key of a feed in listings: `all`, then dimensions as configured, then custom feeds."""
        if dimension == "all":
            return 0, 0, slug
        if dimension == "custom":
            return 2, list(self._custom).index(slug), slug
        return 1, self._selection.by.index(dimension), slug

    def _names(self, dimension: str) -> TopicNames:
        """Returns the names of a dimension. The settings of topics apply to no other dimension."""
        return self._topics if dimension == "topics" else self._no_topics

    def _metadata(self, feed_key: FeedKey) -> tuple[str, str, str, str]:
        """Returns name, slug, title and description."""
        site = self._site
        if feed_key.dimension == "all":
            return site.title, "all", site.title, site.description
        if feed_key.dimension == "custom":
            custom = self._custom[feed_key.key]
            description = custom.description or self._describe(feed_key, custom.title)
            return custom.title, custom.slug, custom.title, description
        names = self._names(feed_key.dimension)
        settings = names.settings(feed_key.key)
        name = settings.name if settings else feed_key.name
        title = (settings and settings.title) or f"{name} – {site.title}"
        description = (settings and settings.description) or self._describe(feed_key, name)
        return name, names.slug(feed_key.key), title, description

    def _describe(self, feed_key: FeedKey, name: str) -> str:
        """Returns the description of a feed without one, in its language."""
        words = words_in(self._language(feed_key), self._site.language)
        return words.gettext("{name}: the newest from {site}", name=name, site=self._site.title)

    def _language(self, feed_key: FeedKey) -> str:
        return feed_key.name if feed_key.dimension == "language" else self._site.language

    def _matches(self, traits: Traits, where: Where) -> bool:
        """Returns whether an entry meets every condition of a filter."""
        if where == _NO_FILTER:
            return True
        topics = {self._topics.key(name) for name in traits.terms.get("topics", ())}
        return (
            _at_least(traits.quality, where.min_quality)
            and _at_least(traits.heat, where.min_heat)
            and (not where.types or traits.type.casefold() in {kind.casefold() for kind in where.types})
            and (not where.topics or not topics.isdisjoint(map(self._topics.key, where.topics)))
        )


def most_frequent_spelling(spellings: Iterable[tuple[str, int]]) -> str:
    """Returns the most frequent of the spellings, given with their counts. Ties go to the first by code points."""
    return min(spellings, key=lambda spelling: (-spelling[1], spelling[0]))[0]


def _at_least(value: int | None, minimum: int | None) -> bool:
    return minimum is None or (value is not None and value >= minimum)


_NO_FILTER = Where()
