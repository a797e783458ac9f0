"""What the configuration says of feeds and topics: which there are, and how they show entries."""

import os
import re
from collections.abc import Sequence
from typing import NamedTuple, TypeGuard

from ..errors import Problem
from ..feeds.slugs import is_safe_slug
from ..formats import SITE_FILES
from ..formats import names as format_names
from ..model import (
    ARCHIVE_PERIODS,
    ArchivePeriod,
    CustomFeed,
    LinkChoice,
    Presentation,
    Selection,
    TopicSettings,
    Where,
)
from ..values.keys import DIMENSIONS, is_private
from .sections import Section
from .topics import Lineage, TopicFile, circle, joined, keywords, topic_files

_DIMENSION = re.compile(r"[A-Za-z][\w.-]{0,62}", re.ASCII)
_RESERVED_DIMENSIONS = frozenset({"all", "custom", *(file.file_name for file in SITE_FILES)})
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


def presentation(feeds: Section, amp: Section) -> Presentation:
    """How entries are shown."""
    stated = feeds.text("link", "canonical")
    link: LinkChoice = stated if _is_link_choice(stated) else "canonical"
    if link != stated:
        feeds.fault("link", f"expected canonical, amp or cdn, got {stated!r}")
    cache = amp.text("cache", "cdn.ampproject.org")
    if not _HOST.fullmatch(cache):
        amp.fault("cache", f"expected a host such as 'cdn.ampproject.org', got {cache!r}")
    amp_links = amp.flag("links", default=True)
    amp.close()
    if link == "cdn" and not amp_links:
        feeds.fault("link", "cdn needs amp.links")
    related_limit = feeds.integer("related", 5, minimum=0)
    return Presentation(link=link, related_limit=related_limit, amp_cache=cache, amp_links=amp_links)


def selection(feeds: Section, topics: tuple[TopicSettings, ...]) -> Selection:
    """Which feeds there are, and what each shows."""
    formats = _formats(feeds)
    selection = Selection(
        limit=feeds.integer("limit", 50, minimum=1),
        by=tuple(dict.fromkeys(feeds.names("by", ("topics",)))),
        all=feeds.flag("all", default=True),
        formats=formats,
        archive=_archive_period(feeds),
        deleted_days=feeds.integer("deleted_days", Selection().deleted_days, minimum=0),
        where=_where(feeds.section("where")),
        custom=tuple(_custom(slug, section) for slug, section in feeds.mapping("custom")),
        topics=topics,
        include_children=feeds.flag("include_children", default=False),
        opml=_opml(feeds, formats),
    )
    for index, name in enumerate(selection.by):
        if is_private(name):
            feeds.fault("by", f"{name!r} is private and never published", name)
        elif not _DIMENSION.fullmatch(name) or not is_safe_slug(name.lower()) or name.lower() in _RESERVED_DIMENSIONS:
            feeds.fault("by", f"{name!r} cannot name a folder of feeds", name)
        elif name not in DIMENSIONS and name.lower() in DIMENSIONS:
            feeds.fault("by", f"{name!r} is written {name.lower()!r}", name)
        elif name.lower() in {other.lower() for other in selection.by[:index]}:
            feeds.fault("by", f"{name!r} differs from a name before it in case only", name)
    feeds.close()
    return selection


def _formats(feeds: Section) -> tuple[str, ...]:
    known = format_names()
    names = feeds.names("formats", known)
    for name in names:
        if name not in known:
            expected = " or ".join(filter(None, (", ".join(known[:-1]), known[-1])))
            feeds.fault("formats", f"expected {expected}, got {name!r}", name)
    if not names:
        feeds.fault("formats", "at least one format is needed")
    return tuple(name for name in known if name in names)


def _archive_period(feeds: Section) -> ArchivePeriod:
    stated = feeds.text("archive", ARCHIVE_PERIODS[0])
    for period in ARCHIVE_PERIODS:
        if stated == period:
            return period
    feeds.fault("archive", f"expected month, year, day or none, got {stated!r}")
    return ARCHIVE_PERIODS[0]


def _opml(feeds: Section, formats: tuple[str, ...]) -> str | None:
    """The format that feeds.opml names; the first that is made, unless another is stated, or none."""
    usual = formats[0] if formats else None
    stated = feeds.text("opml", usual or "none")
    if stated == "none":
        return None
    for name in formats:
        if name == stated:
            return name
    feeds.fault("opml", f"expected one of the formats ({', '.join(formats)}) or none, got {stated!r}")
    return usual


def _where(section: Section) -> Where:
    where = Where(
        min_quality=section.optional_integer("min_quality"),
        min_heat=section.optional_integer("min_heat"),
        types=section.names("types"),
        topics=section.names("topics"),
    )
    section.close()
    return where


def _custom(slug: str, section: Section) -> CustomFeed:
    if not is_safe_slug(slug):
        section.fault("", f"{slug!r} cannot name a folder: use a-z, 0-9, '.', '_' and '-'")
    custom = CustomFeed(
        slug=slug,
        title=section.text("title", required=True),
        description=section.text("description", "") or None,
        where=_where(section.section("where")),
    )
    section.close()
    return custom


class Topics(NamedTuple):
    """What the configuration and the folders that it points to say of topics; `folders` as it wrote them."""

    topics: tuple[TopicSettings, ...]
    folders: tuple[str, ...]
    problems: tuple[Problem, ...]


def topics(section: Section, folder: str) -> Topics:
    """What is said of topics, here and in the folders that `from` names."""
    # A mapping would be what is said of a topic that is called "from".
    folders = () if section.is_mapping("from") else tuple(dict.fromkeys(section.names("from")))
    lineage = Lineage()
    own: list[TopicSettings] = []
    slugs: dict[str, str] = {}
    sections = list(section.mapping())
    for name, part in sections:
        topic = _topic(name, part)
        for spelling in (name, *topic.aliases):
            if (other := lineage.name(spelling, name)) != name:
                part.fault("", f"{spelling!r} is also {other!r}")
        if topic.slug and slugs.setdefault(topic.slug, name) != name:
            part.fault("slug", f"{topic.slug!r} is also the slug of {slugs[topic.slug]!r}")
        own.append(topic)
    _moves(own, sections)
    for topic, (_, part) in zip(own, sections, strict=True):
        if topic.parent and not lineage.descend(topic.name, topic.parent):
            part.fault("parent", circle(topic))
    problems: list[Problem] = []
    files: list[TopicFile] = []
    for path in folders:
        try:
            files += topic_files(os.path.join(folder, path), path, problems)
        except OSError as error:
            section.fault("from", f"cannot be read: {path!r}: {error.strerror}", path)
    topics = joined(own, files, lineage, problems)
    return Topics(topics, folders, tuple(problems))


def _moves(topics: Sequence[TopicSettings], sections: Sequence[tuple[str, Section]]) -> None:
    """A place that a topic left leads to one other: its own, or another's, is a fault."""
    taken = {topic.slug: topic.name for topic in topics if topic.slug}
    for topic, (_, part) in zip(topics, sections, strict=True):
        for old in topic.moved_from:
            if not is_safe_slug(old):
                part.fault("moved_from", f"{old!r} never named a folder", old)
            elif old in taken:
                part.fault("moved_from", f"{old!r} is the slug of {taken[old]!r}", old)
            else:
                taken[old] = topic.name


def _topic(name: str, section: Section) -> TopicSettings:
    slug = section.text("slug", "") or None
    if slug and not is_safe_slug(slug):
        section.fault("slug", f"{slug!r} cannot name a folder: use a-z, 0-9, '.', '_' and '-'")
    topic = TopicSettings(
        name=name,
        slug=slug,
        title=section.text("title", "") or None,
        description=section.text("description", "") or None,
        aliases=section.names("aliases"),
        shortname=section.text("shortname"),
        parent=section.text("parent"),
        keywords=keywords(section),
        moved_from=section.names("moved_from"),
    )
    section.close()
    return topic


def _is_link_choice(value: str) -> TypeGuard[LinkChoice]:
    return value in {"canonical", "amp", "cdn"}
