"""Permanent redirects of feeds whose slugs changed."""

from ..config import Config
from ..feeds.rules import TopicNames
from ..feeds.slugs import topic_key


def moved_folders(config: Config) -> dict[str, str]:
    """Return the folders of feeds that moved: the old path to the new one, both relative to the output tree."""
    topics = config.selection.topics
    names = TopicNames(topics, config.selection.slugs or "unicode")
    return {
        f"topics/{old}": f"topics/{names.slug(topic_key(topic.name))}" for topic in topics for old in topic.moved_from
    }
