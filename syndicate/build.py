"""The build: read the corpus, choose, render, write."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from .config import Config, Source
from .corpus import read, scan
from .errors import Problem
from .feeds import catalog, content, merge, select
from .model import Document, Entry, Feed, Format, Presentation
from .outputs.tree import Tree
from .store.lock import lock


class Progress(Protocol):
    """Is told how far a stage of the run is: `total` is 0 when it is not known."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def silent(stage: str, done: int, total: int) -> None:
    """No progress, for programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a corpus holds at a time: the entries to show, and every problem, in the order of the files."""

    entries: tuple[Entry, ...]
    hidden: int
    merged: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a build did. `hidden` and `merged` count files, `written` to `removed` documents."""

    entries: int
    hidden: int
    merged: int
    problems: tuple[Problem, ...] = field(repr=False)
    feeds: int
    written: int
    unchanged: int
    removed: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The figures alone, for machines."""
        return {**asdict(self), "problems": len(self.problems)}


def build(config: Config, now: datetime, progress: Progress = silent) -> Summary:
    """Bring the output tree in line with the corpus at a time.

    Raises LockedError when another run is at work, OutputError when the tree cannot or must not be written.
    """
    started = time.perf_counter()
    with lock(config.state):
        tree = Tree(config.output, config.site.authority)
        tree.claim()
        survey = look(config, now, progress)
        feeds = select.plan(survey.entries, config.selection, config.site)
        wanted: set[str] = set()
        written = 0
        for document in documents(feeds, survey.entries, config, progress):
            wanted.add(document.path)
            written += tree.write(document)
        removed = tree.remove_all_but(wanted)
    return Summary(
        entries=len(survey.entries),
        hidden=survey.hidden,
        merged=survey.merged,
        problems=survey.problems,
        feeds=len(feeds),
        written=written,
        unchanged=len(wanted) - written,
        removed=removed,
        seconds=round(time.perf_counter() - started, 3),
    )


def look(config: Config, now: datetime, progress: Progress = silent) -> Survey:
    """Read the whole corpus."""
    problems: list[Problem] = []
    visible: list[Entry] = []
    places: dict[str, tuple[Source, str]] = {}
    hidden = 0
    for source, record in _records(config, problems, progress):
        problems += record.problems
        if record.entry is not None and record.is_visible(now):
            visible.append(record.entry)
            places[record.entry.path] = source, record.path
        elif record.entry is not None or record.hidden:
            hidden += 1
    merged = merge.merge(visible, config.site.authority)
    problems += [_same_id(entry, owner, places) for entry, owner in merged.renamed]
    return Survey(entries=merged.entries, hidden=hidden, merged=merged.merged, problems=tuple(problems))


def documents(
    feeds: tuple[Feed, ...], entries: Iterable[Entry], config: Config, progress: Progress = silent
) -> Iterator[Document]:
    """Every document of the tree: each entry is rendered once, however many feeds show it."""
    by_id = {entry.id: entry for entry in entries}
    shown = {entry_id: None for feed in feeds for entry_id in feed.entry_ids}
    formats = _renderers(config.selection.formats)
    fragments: dict[str, dict[Format, bytes]] = {}
    for done, entry_id in enumerate(shown, 1):
        fragments[entry_id] = _fragments(by_id[entry_id], config.presentation, formats)
        progress("rendering", done, len(shown))
    for feed in feeds:
        for name, renderer in formats.items():
            parts = [fragments[entry_id][name] for entry_id in feed.entry_ids]
            yield Document(path=f"{feed.path}/{renderer.NAME}", content=renderer.render_feed(feed, config.site, parts))
    yield Document(path=catalog.NAME, content=catalog.render(feeds, config.site, config.selection.formats))


def _renderers(formats: tuple[Format, ...]) -> Mapping[Format, Any]:
    from .feeds import atom, jsonfeed, rss

    known: dict[Format, Any] = {"rss": rss, "atom": atom, "json": jsonfeed}
    return {name: known[name] for name in formats}


def _fragments(entry: Entry, presentation: Presentation, formats: Mapping[Format, Any]) -> dict[Format, bytes]:
    body_html = summary = ""
    if entry.body:
        from .corpus import markdown

        body_html = markdown.to_html(entry.body, entry.url)
        summary = "" if entry.summary else markdown.first_paragraph(body_html)
    prepared = content.prepare(entry, presentation, body_html, summary)
    return {name: renderer.render_entry(prepared) for name, renderer in formats.items()}


def _records(config: Config, problems: list[Problem], progress: Progress) -> Iterator[tuple[Source, read.Record]]:
    for source in config.sources:
        how = read.profile(config, source)
        paths = list(scan.scan(source, problems))
        for done, path in enumerate(paths, 1):
            yield source, read.read(source, path, how)
            progress("reading", done, len(paths))


def _same_id(entry: Entry, owner: Entry, places: Mapping[str, tuple[Source, str]]) -> Problem:
    source, path = places[entry.path]
    line, column = read.locate(source, path, ("id",))
    message = f"{owner.id!r} is the id of {owner.path} already: this entry goes by its path"
    return Problem(f"{source.path}/{path}", line, column, "id", message, "warning")
