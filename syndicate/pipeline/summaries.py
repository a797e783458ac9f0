"""What a run is asked for, and what it reports."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple

from ..errors import Problem
from ..store.rows import PublishedEntry, PublishedFeed


class CorpusSummary(NamedTuple):
    """The state of a corpus at a time. `hidden` and `merged` count files; `new_problems` are not in earlier runs.

    `warnings` are about the change from the last run to this one, and are reported once.
    """

    entries: int
    hidden: int
    merged: int
    problems: tuple[Problem, ...]
    new_problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()


class BuildOptions(NamedTuple):
    """What the operator asks a build for. `full` deletes all stored data of the corpus first.

    `verify` compares every published document with the store, also where that takes requests to a service.
    `allow_shrink` lets it take away any share of what was published, `accept_new_id` lets it change the site's id.
    `changed` are the only paths at which files may have changed since the last build that used the same memory; None if
    any may have.
    """

    full: bool = False
    allow_shrink: bool = False
    accept_new_id: bool = False
    verify: bool = False
    changed: Collection[str] | None = None


class PublishedState(NamedTuple):
    """What a site has published, for `check`: its feeds and entries, the number of files of each source, the time of
    the last build, and the problems of comparing it with the configuration. `stopped` are hash and problem of the
    records that exceeded the limits which still apply, by source and path.
    """

    feeds: tuple[PublishedFeed, ...] = ()
    entries: tuple[PublishedEntry, ...] = ()
    files: Mapping[int, int] = MappingProxyType({})
    built: int | None = None
    problems: tuple[Problem, ...] = ()
    stopped: Mapping[tuple[int, bytes], tuple[bytes, Problem]] = MappingProxyType({})


class OutputSummary(NamedTuple):
    """The changes of a run to the output: counts of feeds and documents."""

    feeds: int
    written: int
    unchanged: int
    removed: int
