"""Warns of topics that were renamed without the settings that keep their readers.

A name or slug that changes gives a topic's feed another address. `aliases` lets two names mean one topic, `moved_from`
redirects readers of the former address. These are warnings about a change: the run that makes it reports them, and
`check` reports them beforehand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..config.locate import locate
from ..errors import Problem
from ..feeds.rules import TopicNames

if TYPE_CHECKING:
    from ..config import Config
    from ..store.rows import PublishedFeed

MOST_EMPTIED = 10
"""A feed of more entries that becomes empty at once is worth a warning."""

Gained = Callable[["PublishedFeed"], Sequence[tuple[str, int]]]
"""Returns the names of feeds that gained entries of a feed in this run, and how many, the most first."""


def moved_without_redirect(published: Iterable[PublishedFeed], config: Config) -> Iterator[Problem]:
    """Yields a warning for each topic whose feed has another address than before, and whose readers lose it."""
    names = TopicNames(config.selection.topics, config.selection.slugs or "unicode")
    if "topics" not in config.selection.by:
        return
    for feed in published:
        if feed.dimension != "topics":
            continue
        key = names.key(feed.key)
        former, slug = feed.path.removeprefix("topics/"), names.slug(key)
        if former == slug or names.is_former_slug(former):
            continue
        settings = names.settings(key)
        name = settings.name if settings else feed.name
        if names.is_configured_slug(former):
            found = f"is now the feed of another topic, so its readers get that topic; that of {feed.name!r} moves to"
            message = f"{feed.path} {found} topics/{slug}: give the other topic another slug"
        else:
            found = f"the feed of {feed.name!r} moves from {feed.path} to topics/{slug}, without a redirect"
            message = f"{found}: add {_line(name, f'moved_from: [{former}]')}"
        yield _warning(config, name, message)


def emptied_at_once(emptied: Iterable[PublishedFeed], gained: Gained, config: Config) -> Iterator[Problem]:
    """Yields a warning for each of these feeds, which lost all of their many entries in one run."""
    for feed in emptied:
        found = f"all {feed.entries} entries of {feed.name!r} left {feed.path} at once: the feed stays, empty"
        if feed.dimension != "topics":
            yield _warning(config, feed.name, found)
            continue
        settings = f"aliases: [{_quoted(feed.name)}], moved_from: [{feed.path.removeprefix('topics/')}]"
        candidates = gained(feed)
        if candidates and candidates[0][1] * 2 >= feed.entries:
            name, count = candidates[0]
            advice = f"{name!r} gained {count} of them; if the topic was renamed, add {_line(name, settings)}"
        else:
            advice = f"if its topic was renamed, add {_line('NEW NAME', settings)}"
        yield _warning(config, feed.name, f"{found}; {advice}")


def _line(name: str, settings: str) -> str:
    return f"'topics: {{{_quoted(name)}: {{{settings}}}}}'"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _warning(config: Config, name: str, message: str) -> Problem:
    return Problem(config.path, *locate(config.path, ("topics", name)), f"topics.{name}", message, "warning")
