"""The topics that partners name: by name, alias or slug."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from ..config import Config
from ..feeds.rules import TopicNames
from ..feeds.slugs import slug, topic_key
from ..store.base import Snapshot

_DIMENSION = "topics"


class UnknownTopicError(Exception):
    """A topic that no entry has or had. Its text says so, and names a similar topic."""


class TopicLookup:
    """Finds topics for one configuration."""

    def __init__(self, config: Config) -> None:
        topics = config.selection.topics
        self._names = TopicNames(topics)
        self._configured = {topic_key(name) for topic in topics for name in (topic.name, topic.parent) if name}
        self._configured_slugs = {topic.slug: topic_key(topic.name) for topic in topics if topic.slug}

    def keys(self, names: Iterable[str]) -> frozenset[str]:
        """Returns the keys of topics given by name, with aliases resolved."""
        return frozenset(map(self._names.key, names))

    def find(self, snapshot: Snapshot, texts: Sequence[str]) -> dict[str, str]:
        """Returns the key of each topic that is known, by the text that names it; a name goes before a slug.

        Entries have or had a known topic, or the configuration names it.
        """
        by_name = {text: self._names.key(text) for text in texts}
        by_slug = {text: key for text in texts if (key := self._key_of_plain_slug(text)) is not None}
        known = self._configured | snapshot.partner_entries.known_topics({*by_name.values(), *by_slug.values()})
        found: dict[str, str] = {}
        for text in texts:
            key = by_name[text] if by_name[text] in known else by_slug.get(text)
            if key is None or key not in known:
                key = snapshot.partner_entries.topic_of_feed(f"{_DIMENSION}/{text}")
            if key is not None:
                found[text] = key
        return found

    def require(self, snapshot: Snapshot, texts: Sequence[str]) -> dict[str, str]:
        """Returns the key of each topic, like `find`. Raises UnknownTopicError for the first that is not known."""
        found = self.find(snapshot, texts)
        for text in texts:
            if text not in found:
                raise UnknownTopicError(f"no entry has the topic {text!r}{self._hint(snapshot, text)}")
        return found

    def _key_of_plain_slug(self, text: str) -> str | None:
        """Returns the key whose slug a text is, unless the slug contains a hash."""
        if text in self._configured_slugs:
            return self._configured_slugs[text]
        key = "-".join(part.replace("-", " ") for part in text.split("--"))
        return self._names.key(key) if slug(key) == text else None

    def _hint(self, snapshot: Snapshot, text: str) -> str:
        topics = {key for dimension, key in snapshot.feeds.feed_ids() if dimension == _DIMENSION} | self._configured
        close = get_close_matches(topic_key(text), sorted(topics), 1, 0.75)
        return f"; did you mean {close[0]!r}?" if close else ""
