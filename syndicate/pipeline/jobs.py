"""The work that many files need, one file at a time: it runs in this process, or spread over a pool of others.

A `JobContext` is everything the work needs to know; it is handed to each process once.
"""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from hashlib import sha256
from heapq import heappush, heappushpop
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ..config import Config
from ..corpus import parse as read
from ..corpus.fields import Profile
from ..corpus.scan import shown_path
from ..errors import Problem
from ..feeds import rules as select
from ..feeds.identity import digest, path_id
from ..feeds.merge import merge_entries
from ..formats import content
from ..formats import get as get_format
from ..formats import names as format_names
from ..model import Entry, Site
from .executor import ChangedError

if TYPE_CHECKING:
    from ..formats.html.pages import Pages

# Some files pass each stage together, so that its code and data stay in the processor's caches: a third of the time.
_BATCH = 32

Reading = tuple[int, bytes, bytes | None, "NewestIndex | None"]
"""A file to read: its source, its path, the hash of what is known of it already, what is known of feeds."""


class ParsedFields(NamedTuple):
    """What a file says, as the index keeps it."""

    hidden: bool
    id: str
    stated: str | None
    url: str | None
    published: int | None
    updated: int | None
    expires: int | None
    figures: str | None
    digest: bytes | None
    problems: tuple[Problem, ...]


class Origin(NamedTuple):
    """A file that an entry is made from, as it was when it was chosen."""

    source: int
    path: bytes
    hash: bytes


class Fragments(NamedTuple):
    """One entry, rendered; a format that is not made is None, and so is the card of one that no page is to show."""

    rss: bytes | None
    atom: bytes | None
    json: bytes | None
    card: bytes | None
    title: str


class Outcome(NamedTuple):
    """What reading one file gave. Without a `hash` the file is gone; without `said` it says what it said before.

    `feed_keys` and `fragments` are there when filing was asked for, and an entry was found that feeds may show.
    """

    hash: bytes | None
    status: read.Status = (0, 0, 0)
    said: ParsedFields | None = None
    feed_keys: list[select.FeedKey] | None = None
    fragments: Fragments | None = None

    def packed(self) -> "Packed":
        """The same in plain tuples, which cost a third to send from one process to another."""
        said, feed_keys, fragments = self.said, self.feed_keys, self.fragments
        return (
            self.hash, self.status, said and tuple(said), feed_keys and [tuple(slot) for slot in feed_keys],
            fragments and tuple(fragments),
        )  # fmt: skip


Packed = tuple[Any, ...]
"""An outcome in plain tuples."""


def unpacked(packed: Packed) -> Outcome:
    """The outcome that was packed; its feed_keys and fragments stay plain."""
    hashed, status, said, feed_keys, fragments = packed
    return Outcome(hashed, status, said and ParsedFields._make(said), feed_keys, fragments)


class NewestIndex:
    """How old an entry may be to stand among the newest of a feed, as far as known."""

    def __init__(self, limit: int, oldest: dict[tuple[str, str], int] | None = None) -> None:
        self._limit = limit
        self._oldest = oldest or {}
        self._newest: dict[tuple[str, str], list[int]] = {}

    def likely(self, feed_keys: Sequence[select.FeedKey], published: int) -> bool:
        """Whether any of these feeds would show an entry of this time."""
        return any(published >= self._oldest.get(slot[:2], published) for slot in feed_keys)

    def note(self, feed_keys: Sequence[select.FeedKey], published: int) -> None:
        """An entry is filed under these feeds."""
        for dimension, key, _ in feed_keys:
            newest = self._newest.setdefault((dimension, key), [])
            if len(newest) < self._limit:
                heappush(newest, published)
            else:
                heappushpop(newest, published)

    def snapshot(self) -> "NewestIndex":
        """What is known by now, as small as it can be."""
        full = {feed: newest[0] for feed, newest in self._newest.items() if len(newest) == self._limit}
        return NewestIndex(self._limit, full)


class JobContext:
    """Everything the work needs to know."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def __reduce__(self) -> "tuple[type[JobContext], tuple[Config]]":
        return JobContext, (self.config,)  # what was made of it is made again where it goes

    @cached_property
    def profiles(self) -> list[Profile]:
        """How the files of each source are read."""
        return [read.profile(self.config, source) for source in self.config.sources]

    def read(self, tasks: Sequence[Reading]) -> list[Packed]:
        """Read files; what that gave is packed.

        With `prospects` entries are filed, and rendered at once when some feed is likely to show them: reading them
        again for that costs as much.
        """
        outcomes: list[Packed] = []
        for start in range(0, len(tasks), _BATCH):
            read = [self._read(*task) for task in tasks[start : start + _BATCH]]
            fragments = iter(self._rendered([(entry, likely) for _, entry, likely in read if entry]))
            for outcome, entry, _ in read:
                outcomes.append((outcome._replace(fragments=next(fragments)) if entry else outcome).packed())
        return outcomes

    def _read(
        self, source: int, path: bytes, known: bytes | None, prospects: NewestIndex | None
    ) -> tuple[Outcome, Entry | None, bool]:
        """What reading one file gives; the entry if it is to be rendered at once, and whether among the newest."""
        where = self.config.sources[source]
        try:
            found = read.load(where, path)
        except FileNotFoundError:
            return Outcome(None), None, False
        except read.UnreadableError as error:
            said = _parsed_fields(read.unreadable(where, path, error), self.config)
            return Outcome(b"", read.status(where, path), said), None, False
        hashed = sha256(found.data).digest()[:16]
        if hashed == known:
            return Outcome(hashed, found[1:]), None, False
        record = read.understand(found, where, path, self.profiles[source])
        figures = select.traits_of(record.entry) if record.entry else None
        said = _parsed_fields(record, self.config, figures)
        if prospects is None or record.entry is None or figures is None:
            return Outcome(hashed, found[1:], said), None, False
        feed_keys = self.filing.feed_keys(figures)
        likely = prospects.likely(feed_keys, said.published or 0)
        shows_all = self.config.selection.archive != "none" or self.config.api is not None
        archived = bool(feed_keys) and shows_all  # most feeds show all they have, partners get all there is
        return Outcome(hashed, found[1:], said, feed_keys), record.entry if likely or archived else None, likely

    def compose(self, origins: Sequence[Origin], entry_id: str | None) -> Entry:
        """The entry that files make together, under another id when one is given.

        Raises ChangedError when a file is not what it was.
        """
        entry = merge_entries([self._entry(origin) for origin in origins])
        return entry if entry_id in (None, entry.id) else entry._replace(id=entry_id)

    def render(self, tasks: Sequence[tuple[Sequence[Origin], str, bool]]) -> list[Fragments]:
        """Render entries, each from its origins and under its id, in every format that is made, some as cards, too."""
        fragments: list[Fragments] = []
        for start in range(0, len(tasks), _BATCH):
            batch = tasks[start : start + _BATCH]
            fragments += self._rendered([(self.compose(origins, known_as), card) for origins, known_as, card in batch])
        return fragments

    def _rendered(self, entries: Sequence[tuple[Entry, bool]]) -> list[Fragments]:
        prepared = [self._prepared(entry) for entry, _ in entries]
        columns = [list(map(render, prepared)) if render else [None] * len(entries) for render in self._renderers]
        pages = self.pages
        cards = [
            pages.render_entry(one) if pages and shown else None
            for one, (_, shown) in zip(prepared, entries, strict=True)
        ]
        titles = [entry.title for entry, _ in entries]
        return [Fragments(*row) for row in zip(*columns, cards, titles, strict=True)]

    def _prepared(self, entry: Entry) -> content.Prepared:
        body_html = summary = ""
        if entry.body:
            from ..corpus import markdown

            body_html = markdown.to_html(entry.body, entry.url)
            summary = "" if entry.summary else markdown.first_paragraph(body_html)
        return content.prepare(entry, self.config.presentation, body_html, summary)

    def warm_up(self) -> None:
        """Import all that rendering needs, before processes are forked that would each import it."""
        _ = self._renderers, self.pages

    @property
    def pages(self) -> "Pages | None":
        """The pages for people, if they are made. Raises ConfigError when a template of the site cannot be used."""
        config = self.config
        if not config.site.pages:
            return None
        selection = config.selection
        opml = selection.opml is not None
        return _pages(
            config.site, selection.formats, config.templates, config.state, topics=config.push.pages, opml=opml
        )

    @cached_property
    def filing(self) -> select.FeedRules:
        """Under which feeds entries are filed."""
        return select.FeedRules(self.config.selection, self.config.site)

    @cached_property
    def _renderers(self) -> list[Callable[[content.Prepared], bytes] | None]:
        made = self.config.selection.formats
        return [get_format(name).load().render_entry if name in made else None for name in format_names()]

    def _entry(self, origin: Origin) -> Entry:
        where = self.config.sources[origin.source]
        try:
            found = read.load(where, origin.path)
        except (FileNotFoundError, read.UnreadableError):
            raise ChangedError(shown_path(where, origin.path)) from None
        if sha256(found.data).digest()[:16] != origin.hash:
            raise ChangedError(shown_path(where, origin.path))
        entry = read.understand(found, where, origin.path, self.profiles[origin.source]).entry
        if entry is None:
            raise ChangedError(shown_path(where, origin.path))
        return entry


@lru_cache(maxsize=1)
def _pages(
    site: Site,
    formats: tuple[str, ...],
    templates: tuple[tuple[str, str], ...],
    state: str,
    *,
    topics: bool,
    opml: bool,
) -> "Pages":
    """Made once in each process."""
    from jinja2 import FileSystemBytecodeCache

    from ..formats.html.pages import Pages

    # To compile the templates takes half as long as a run that finds one record changed.
    compiled = FileSystemBytecodeCache(state, "%s.template") if os.path.isdir(state) else None
    return Pages(site, formats, dict(templates), are_topics=topics, has_opml=opml, bytecode_cache=compiled)


def traits_as_text(figures: select.Traits) -> str:
    """Traits as the index keeps them."""
    return orjson.dumps(tuple(figures)).decode()


def traits_from_text(text: str) -> select.Traits:
    """Traits as the index kept them."""
    return select.Traits._make(orjson.loads(text))


def epoch(moment: datetime) -> int:
    """Whole seconds since 1970."""
    return int(moment.timestamp())


def _parsed_fields(record: read.Record, config: Config, figures: select.Traits | None = None) -> ParsedFields:
    entry = record.entry
    if entry is None or figures is None:
        return ParsedFields(record.hidden, "", None, None, None, None, None, None, None, record.problems)
    return ParsedFields(
        hidden=False,
        id=entry.id,
        stated=entry.id if entry.id != path_id(config.site.authority, entry.path) else None,
        url=entry.url,
        published=epoch(entry.published),
        updated=epoch(entry.updated),
        expires=epoch(record.expires) if record.expires else None,
        figures=traits_as_text(figures),
        digest=bytes.fromhex(digest(entry, config.presentation)),
        problems=record.problems,
    )
