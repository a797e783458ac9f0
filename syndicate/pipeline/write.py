"""Touched feeds -> documents: choose what each shows, render what is not rendered yet, splice, stage."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import orjson

from ..errors import Problem
from ..feeds.rules import FeedKey
from ..formats import CATALOG_FILE, HTML_PAGE, OPML_FILE, STYLESHEET_FILE, catalog, opml
from ..formats import names as format_names
from ..formats.html.page_data import group_feeds
from ..model import Document
from ..outputs.local import Tree, plain_path
from ..progress import Progress
from ..store.index import NO_FILE, PUBLISHING, EntryRow, Index
from ..store.outbox import Outbox, Topic
from ..store.shelf import CATALOG, DocumentRow, FragmentsRow, Shelf
from ..store.tombstones import Tombstones
from .assemble import Assembler, Page, Staged, Task
from .executor import WorkerPool
from .jobs import JobContext
from .plan import Issue, Planner
from .resolve import TouchedFeeds, origin

_BATCH = 64
_INDEX, _STYLESHEET = HTML_PAGE.file_name, STYLESHEET_FILE.file_name


class Publisher:
    """Stages the documents of feeds, and keeps the index in line with them."""

    def __init__(self, index: Index, bench: JobContext, pool: WorkerPool, tree: Tree, showing: bytes) -> None:
        config = bench.config
        self._index = index
        self._shelf = Shelf(index.sql)
        self._bench = bench
        self._crew = pool
        self._tree = tree
        self._press = Assembler(bench, tree)
        self._showing = showing
        self._filing = bench.filing
        self._chooser = Planner(
            self._shelf, Tombstones(index.sql), bench.filing, config.selection, showing, has_pages=config.site.pages
        )
        self._staged: dict[str, Staged] = {}
        self._gone: list[str] = []

    def publish(
        self,
        dirty: TouchedFeeds,
        damaged: Mapping[int, Collection[str]],
        progress: Progress,
        asked_for: Collection[int] = (),
    ) -> None:
        """Stage what dirty feeds show now; what is gone is listed by `gone`.

        Entries that are `asked_for` are rendered, too, whether a feed shows them or not.
        """
        known = self._shelf.feed_numbers()
        for slot in self._filing.permanent_feeds():
            if (slot.dimension, slot.key) not in known:
                dirty.add(self._shelf.add_feed(slot.dimension, slot.key))
        issues: list[Issue] = []
        catalogued = CATALOG in damaged
        for number in sorted(dirty.feeds() | (damaged.keys() - {CATALOG})):
            catalogued |= self._choose(number, dirty, damaged.get(number, ()), issues)
        self._render(issues, asked_for, progress)
        catalogued |= self._lay_out(issues, progress)
        self._list(renewed=catalogued or self._index.meta("showing") != self._showing)

    def gone(self) -> list[str]:
        """The documents that no feed makes any more. One feed's old place may be another's new one."""
        return [path for path in self._gone if path not in self._staged]

    def doubt(self, feeds: Collection[int] | None) -> None:
        """A killed run left other bytes in the places of these feeds (all, if None), and hubs may have fetched them."""
        doubted = [staged for staged in self._staged.values() if feeds is None or staged.feed in feeds]
        Outbox(self._index.sql).doubt(url for staged in doubted if (url := self._topic_url(staged)) is not None)

    def settle(self, now_s: float) -> None:
        """Remember how the documents stand, now that they are in place, and that hubs are to be told of them."""
        site = self._bench.config.site
        topics: list[Topic] = []
        for path, staged in self._staged.items():
            status = self._tree.status(path)
            if status is not None:
                self._shelf.put_document(DocumentRow(path, staged.feed, staged.period, staged.digest, *status))
                if (topic_url := self._topic_url(staged)) is not None:
                    topics.append(Topic(topic_url, path, staged.digest, status.size_bytes))
        outbox = Outbox(self._index.sql)
        outbox.want(topics, site.hubs, now_s)
        outbox.keep(site.url, site.hubs, pages=self._bench.config.push.pages)

    def _topic_url(self, staged: Staged) -> str | None:
        """The address under which hubs are told of a document, if they are: of archives and lists they are not."""
        if plain_path(staged.path) != staged.path:
            return None
        url = f"{self._bench.config.site.url}{staged.path}"
        if url.endswith(f"/{_INDEX}"):
            return url.removesuffix(_INDEX) if self._bench.config.push.pages else None
        return url if staged.feed != CATALOG and not staged.period else None

    # -------------------------------------------------------------------------------------------------------- choosing

    def _choose(self, number: int, dirty: TouchedFeeds, damaged: Collection[str], issues: list[Issue]) -> bool:
        """Add the issues of a feed that are to be made; whether the catalogue changes with it."""
        choice = self._chooser.choose(number, dirty.times(number), damaged)
        if choice is None:
            self._drop_documents(number)
            self._shelf.drop_feed(number)
            return True
        config = self._bench.config
        dimension, key, _, card, words = self._shelf.feed(number)
        topic = self._topic(FeedKey(dimension, key, ""))
        fresh = catalog.render_item(choice.feed, config.site, config.selection.formats, topic)
        if card != fresh or words != choice.words:
            self._shelf.set_feed(number, choice.feed.path, fresh, choice.words)
        for period in choice.gone:
            self._drop_documents(number, period)
        issues.extend(choice.issues)
        return card != fresh

    def _topic(self, slot: FeedKey) -> catalog.Topic:
        _, parent = self._filing.parent(slot) or ("", "")
        return catalog.Topic(self._filing.shortname(slot), parent.removeprefix("topics/"), self._filing.keywords(slot))

    def _drop_documents(self, number: int, period: str | None = None) -> None:
        for path in self._shelf.documents_of(number, period):
            self._shelf.drop_document(path)
            self._gone.append(path)

    # ------------------------------------------------------------------------------------------------------- rendering

    def _render(self, issues: Sequence[Issue], asked_for: Collection[int], progress: Progress) -> None:
        """Render the entries of these issues, and those asked for, that are not rendered as they are now."""
        formats = self._bench.config.selection.formats
        on_pages = {file for issue in issues if issue.landing for file in issue.files}
        others = {*asked_for, *(file for issue in issues for file in issue.files)} - on_pages
        missing = [
            *self._shelf.unrendered(sorted(on_pages), (*formats, "card")),
            *self._shelf.unrendered(sorted(others), formats),
        ]
        tasks = [(self._origins(entry), entry.id, entry.file in on_pages) for entry in missing]
        rows: list[FragmentsRow] = []
        results = self._crew.map(self._bench.render, tasks, len(tasks))
        for done, (entry, fragments) in enumerate(zip(missing, results, strict=True), 1):
            rows.append((entry.file, entry.digest, *fragments))
            if len(rows) >= _BATCH:
                self._shelf.put_fragments(rows)
                rows.clear()
            progress("rendering", done, len(missing))
        self._shelf.put_fragments(rows)

    def _origins(self, entry: EntryRow) -> list[Any]:
        files = orjson.loads(entry.files) if entry.files else [entry.file]
        return [origin(record) for record in map(self._index.record, files) if record is not None]

    # -------------------------------------------------------------------------------------------------------- splicing

    def _lay_out(self, issues: Sequence[Issue], progress: Progress) -> bool:
        """Stage the documents of these issues; whether a feed looks different in the index of pages."""
        listed = False
        # To send an entry's bytes to another process costs more than to splice them here; pages are made, not spliced.
        spliced = [issue for issue in issues if issue.landing is None]
        paged = [issue for issue in issues if issue.landing is not None]
        results = chain(
            (self._press.print([self._task(issue)])[0] for issue in spliced),
            # A few at once: documents are large, and what they are made of is in memory.
            self._crew.map(
                self._press.print, map(self._task, paged), len(paged) * (len(format_names()) + 1), at_once=3
            ),
        )
        for done, (issue, printed) in enumerate(zip(chain(spliced, paged), results, strict=True), 1):
            for staged in printed.documents:
                self._keep(staged)
            if printed.row is not None:
                listed |= self._shelf.set_row(issue.number, printed.row)
            made = {staged.path for staged in printed.documents}
            for path in self._shelf.documents_of(issue.number, issue.history.period):
                if path not in made:
                    self._shelf.drop_document(path)
                    self._gone.append(path)
            progress("writing", done, len(issues))
        return listed

    def _task(self, issue: Issue) -> Task:
        page = None
        if issue.landing is not None:
            title = self._shelf.title(issue.files[0]) if issue.files else ""
            page = Page(issue.landing, title, self._shelf.cards(issue.files))
        return Task(issue.number, issue.feed, issue.history, self._shelf.fragments(issue.files), page)

    def _keep(self, staged: Staged) -> None:
        self._staged[staged.path] = staged
        if staged.written:
            self._tree.expect(staged.path)

    # ----------------------------------------------------------------------------------------------------------- lists

    def _list(self, *, renewed: bool) -> None:
        """Stage the lists of all feeds, and drop those that are not made any more."""
        config = self._bench.config
        wanted = {CATALOG_FILE.file_name}
        if config.selection.opml is not None:
            wanted.add(OPML_FILE.file_name)
        if config.site.pages:
            wanted |= {_INDEX, _STYLESHEET}
        stand = set(self._shelf.documents_of(CATALOG))
        if _INDEX in wanted - stand and self._tree.holds_another(_INDEX, config.site.url):
            wanted.remove(_INDEX)
        problems = [self._in_the_way()] if config.site.pages and _INDEX not in wanted else []
        self._index.put_problems(NO_FILE, PUBLISHING, problems)
        left = {path for path in stand if plain_path(path) not in wanted}
        if renewed or not wanted <= stand:
            listed = [document for document in self._lists() if document.path in wanted]
            made = [staged for document in listed for staged in self._press.stage(document, CATALOG)]
            for staged in made:
                self._keep(staged)
            left = stand - {staged.path for staged in made}
        for path in left:
            self._shelf.drop_document(path)
            self._gone.append(path)

    def _in_the_way(self) -> Problem:
        place = f"{os.path.basename(self._bench.config.output)}/{_INDEX}"
        message = "is a file of your own: the index of all feeds is not written"
        return Problem(place, 1, 1, "pages", message, "warning")

    def _lists(self) -> Iterator[Document]:
        config = self._bench.config
        feeds = [(orjson.loads(card), card, row or b"") for _, card, row in self._shelf.listed()]
        feeds.sort(key=lambda feed: self._filing.sort_key(feed[0]["dimension"], feed[0]["slug"]))
        yield Document(path=CATALOG_FILE.file_name, content=catalog.render([card for _, card, _ in feeds]))
        if config.selection.opml is not None:
            outlines = [opml.outline(facts, config.selection.opml, config.site) for facts, *_ in feeds]
            yield Document(path=OPML_FILE.file_name, content=opml.render(config.site, outlines))
        if (pages := self._bench.pages) is not None:
            from ..formats.html.environment import stylesheet

            count, newest = self._shelf.shown()
            groups = group_feeds([(facts, row) for facts, _, row in feeds])
            moment = None if newest is None else datetime.fromtimestamp(newest, UTC)
            yield Document(path=_INDEX, content=pages.render_index(groups, count, moment))
            yield Document(path=_STYLESHEET, content=stylesheet(config.site, dict(config.templates)))
