"""The section `topics` -> TopicSettings, completed by the folders of topic files that its key `from` names."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import Problem
from ..feeds.slugs import SLUG_RULE, is_safe_slug, topic_key
from ..model import TopicSettings
from .models import TopicOptions, TopicsOptions
from .sections import ConfigSection
from .topic_files import FILE_KEYS, TopicFile, read_topic_files, split_keywords


class Topics(NamedTuple):
    """Settings of topics, the folders as the configuration wrote them, and the faults of files in these folders."""

    topics: tuple[TopicSettings, ...]
    folders: tuple[str, ...]
    problems: tuple[Problem, ...]


class TopicHierarchy:
    """Names, aliases and parents of topics. Names are compared by their topic key."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._parents: dict[str, str] = {}

    def register(self, spelling: str, name: str) -> str:
        """Register a spelling of a topic's name. Returns the name of the topic that it was first registered for."""
        return self._names.setdefault(topic_key(spelling), name)

    def key(self, name: str) -> str:
        """Returns the topic key of a name or alias."""
        key = topic_key(name)
        return topic_key(self._names.get(key, name))

    def set_parent(self, name: str, parent: str) -> bool:
        """Make a topic the child of another. Returns False, without a change, if it is an ancestor of that other."""
        child = self.key(name)
        ancestor: str | None = self.key(parent)
        while ancestor is not None:
            if ancestor == child:
                return False
            ancestor = self._parents.get(ancestor)
        self._parents[child] = self.key(parent)
        return True


def read_topics(options: TopicsOptions, section: ConfigSection, folder: str) -> Topics:
    """Returns the settings of all topics; the folders of `from` are relative to `folder`."""
    sections = {name: section.section(name) for name in options.topics}
    configured = [_topic(name, topic, sections[name]) for name, topic in options.topics.items()]
    hierarchy = TopicHierarchy()
    _check_names(configured, sections, hierarchy)
    _check_former_slugs(configured, sections)
    for topic in configured:
        if topic.parent and not hierarchy.set_parent(topic.name, topic.parent):
            sections[topic.name].report("parent", _cycle(topic))
    problems: list[Problem] = []
    files: list[TopicFile] = []
    folders = tuple(dict.fromkeys(options.folders))
    for path in folders:
        try:
            files += read_topic_files(os.path.join(folder, path), path, problems)
        except OSError as error:
            section.report("from", f"cannot be read: {path!r}: {error.strerror}", path)
    topics = merge_topics(configured, files, hierarchy, problems)
    return Topics(topics, folders, tuple(problems))


def merge_topics(
    configured: Sequence[TopicSettings],
    files: Sequence[TopicFile],
    hierarchy: TopicHierarchy,
    problems: list[Problem],
) -> tuple[TopicSettings, ...]:
    """Returns the configured topics, completed key by key from the files, then the topics that only files name.

    A parent that would close a cycle is dropped, with a warning; a second file about the same topic is ignored, with an
    error.
    """
    topics = {hierarchy.key(topic.name): topic for topic in configured}
    described_by: dict[str, str] = {}
    for topic, section, file_problems in files:
        key = hierarchy.key(topic.name)
        known = topics.get(key, TopicSettings(topic.name))
        if key in described_by:
            section.report("name", f"{topic.name!r} is described by {described_by[key]} already")
        else:
            described_by[key] = section.path
            if topic.parent and not known.parent and not hierarchy.set_parent(topic.name, topic.parent):
                section.report("parent", f"{_cycle(topic)}: it is left out")
                file_problems[-1] = file_problems[-1]._replace(severity="warning")
                topic = topic._replace(parent="")  # noqa: PLW2901 - as if the file did not have the key
            added = {name: getattr(topic, name) for name in FILE_KEYS if not getattr(known, name)}
            topics[key] = known._replace(**added)
        problems += file_problems
    return tuple(topics.values())


def _topic(name: str, options: TopicOptions, section: ConfigSection) -> TopicSettings:
    if options.slug and not is_safe_slug(options.slug):
        section.report("slug", f"{options.slug!r} cannot name a folder: {SLUG_RULE}")
    return TopicSettings(
        name=name,
        slug=options.slug or None,
        title=options.title or None,
        description=options.description or None,
        aliases=options.aliases,
        shortname=options.shortname,
        parent=options.parent,
        keywords=split_keywords(options.keywords),
        moved_from=options.moved_from,
    )


def _check_names(
    topics: Sequence[TopicSettings], sections: dict[str, ConfigSection], hierarchy: TopicHierarchy
) -> None:
    """Register all names and aliases; report names, aliases and slugs that two topics share."""
    slugs: dict[str, str] = {}
    for topic in topics:
        for spelling in (topic.name, *topic.aliases):
            if (other := hierarchy.register(spelling, topic.name)) != topic.name:
                sections[topic.name].report("", f"{spelling!r} is also {other!r}")
        if topic.slug and (other := slugs.setdefault(topic.slug, topic.name)) != topic.name:
            sections[topic.name].report("slug", f"{topic.slug!r} is also the slug of {other!r}")


def _check_former_slugs(topics: Sequence[TopicSettings], sections: dict[str, ConfigSection]) -> None:
    """Report former slugs that are no slugs, or that are the present or former slug of another topic."""
    owners = {topic.slug: topic.name for topic in topics if topic.slug}
    for topic in topics:
        for slug in topic.moved_from:
            if not is_safe_slug(slug):
                sections[topic.name].report("moved_from", f"{slug!r} never named a folder", slug)
            elif slug in owners:
                sections[topic.name].report("moved_from", f"{slug!r} is the slug of {owners[slug]!r}", slug)
            else:
                owners[slug] = topic.name


def _cycle(topic: TopicSettings) -> str:
    """Returns the message for a parent that is a descendant of its own child."""
    return f"{topic.parent!r} is part of {topic.name!r} itself"
