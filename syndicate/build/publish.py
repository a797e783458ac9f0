"""Dirty feeds -> documents in the tree: choose what each shows, render what is not rendered yet, splice, stage."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import orjson

from ..feeds import catalog, opml
from ..feeds.select import Slot
from ..model import Document
from ..outputs.tree import Tree
from ..progress import Progress
from ..store.index import EntryRow, Index
from ..store.outbox import Outbox, Topic
from ..store.shelf import CATALOG, DocumentRow, FragmentsRow, Shelf
from ..store.tombstones import Tombstones
from .choose import Chooser, Issue
from .crew import Crew
from .press import Press, Staged
from .settle import Dirty, origin
from .work import Bench

_BATCH = 64


class Publisher:
    """Stages the documents of feeds, and keeps the index in line with them."""

    def __init__(self, index: Index, bench: Bench, crew: Crew, tree: Tree, showing: bytes) -> None:
        config = bench.config
        self._index = index
        self._shelf = Shelf(index.sql)
        self._bench = bench
        self._crew = crew
        self._tree = tree
        self._press = Press(config.site, config.selection.formats, tree)
        self._showing = showing
        self._filing = bench.filing
        self._chooser = Chooser(self._shelf, Tombstones(index.sql), bench.filing, config.selection, showing)
        self._staged: dict[str, Staged] = {}
        self._gone: list[str] = []

    def publish(self, dirty: Dirty, damaged: Mapping[int, Collection[str]], progress: Progress) -> None:
        """Stage what dirty feeds show now; what is gone is listed by `gone`."""
        known = self._shelf.feed_numbers()
        for slot in self._filing.lasting():
            if (slot.dimension, slot.key) not in known:
                dirty.add(self._shelf.add_feed(slot.dimension, slot.key))
        issues: list[Issue] = []
        catalogued = CATALOG in damaged
        for number in sorted(dirty.feeds() | (damaged.keys() - {CATALOG})):
            catalogued |= self._choose(number, dirty, damaged.get(number, ()), issues)
        self._render(issues, progress)
        self._lay_out(issues, progress)
        self._list(renewed=catalogued or self._index.meta("showing") != self._showing)

    def gone(self) -> list[str]:
        """The documents that no feed makes any more. One feed's old place may be another's new one."""
        return [path for path in self._gone if path not in self._staged]

    def doubt(self, feeds: Collection[int] | None) -> None:
        """A killed run left other bytes in the places of these feeds (all, if None), and hubs may have fetched them."""
        site = self._bench.config.site
        paths = [path for path, staged in self._staged.items() if feeds is None or staged.feed in feeds]
        Outbox(self._index.sql).doubt(f"{site.url}{path}" for path in paths)

    def settle(self, now_s: float) -> None:
        """Remember how the documents stand, now that they are in place, and that hubs are to be told of them."""
        site = self._bench.config.site
        topics: list[Topic] = []
        for path, staged in self._staged.items():
            status = self._tree.status(path)
            if status is not None:
                self._shelf.put_document(DocumentRow(path, staged.feed, staged.period, staged.digest, *status))
                if staged.feed != CATALOG and not staged.period:
                    topics.append(Topic(f"{site.url}{path}", path, staged.digest, status.size_bytes))
        outbox = Outbox(self._index.sql)
        outbox.want(topics, site.hubs, now_s)
        outbox.keep(site.url, site.hubs)

    # -------------------------------------------------------------------------------------------------------- choosing

    def _choose(self, number: int, dirty: Dirty, damaged: Collection[str], issues: list[Issue]) -> bool:
        """Add the issues of a feed that are to be made; whether the catalogue changes with it."""
        choice = self._chooser.choose(number, dirty.times(number), damaged)
        if choice is None:
            self._drop_documents(number)
            self._shelf.drop_feed(number)
            return True
        config = self._bench.config
        dimension, key, _, card, words = self._shelf.feed(number)
        topic = self._topic(Slot(dimension, key, ""))
        fresh = catalog.card(choice.feed, config.site, config.selection.formats, topic)
        if card != fresh or words != choice.words:
            self._shelf.set_feed(number, choice.feed.path, fresh, choice.words)
        for period in choice.gone:
            self._drop_documents(number, period)
        issues.extend(choice.issues)
        return card != fresh

    def _topic(self, slot: Slot) -> catalog.Topic:
        _, parent = self._filing.parent(slot) or ("", "")
        return catalog.Topic(self._filing.shortname(slot), parent.removeprefix("topics/"), self._filing.keywords(slot))

    def _drop_documents(self, number: int, period: str | None = None) -> None:
        for path in self._shelf.documents_of(number, period):
            self._shelf.drop_document(path)
            self._gone.append(path)

    # ------------------------------------------------------------------------------------------------------- rendering

    def _render(self, issues: Sequence[Issue], progress: Progress) -> None:
        """Render the entries of these issues that are not rendered as they are now."""
        wanted = {file for issue in issues for file in issue.files}
        missing = list(self._shelf.unrendered(sorted(wanted), self._bench.config.selection.formats))
        tasks = [(self._origins(entry), entry.id) for entry in missing]
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

    def _lay_out(self, issues: Sequence[Issue], progress: Progress) -> None:
        """Stage the documents of these issues."""
        tasks = ((issue.number, issue.feed, issue.history, self._shelf.fragments(issue.files)) for issue in issues)
        # A few at once: documents are large, and what they are made of is in memory.
        results = self._crew.map(self._press.print, tasks, len(issues) * len(self._press.formats), at_once=3)
        for done, (issue, documents) in enumerate(zip(issues, results, strict=True), 1):
            for staged in documents:
                self._keep(staged)
            made = {staged.path for staged in documents}
            for path in self._shelf.documents_of(issue.number, issue.history.period):
                if path not in made:
                    self._shelf.drop_document(path)
                    self._gone.append(path)
            progress("writing", done, len(issues))

    def _keep(self, staged: Staged) -> None:
        self._staged[staged.path] = staged
        if staged.written:
            self._tree.expect(staged.path)

    # ----------------------------------------------------------------------------------------------------------- lists

    def _list(self, *, renewed: bool) -> None:
        """Stage the lists of all feeds, and drop those that are not made any more."""
        wanted = {catalog.NAME}
        if self._bench.config.selection.opml is not None:
            wanted.add(opml.NAME)
        stand = set(self._shelf.documents_of(CATALOG))
        if renewed or not wanted <= stand:
            for document in self._lists():
                self._keep(self._press.stage(document, CATALOG))
        for path in stand - wanted:
            self._shelf.drop_document(path)
            self._gone.append(path)

    def _lists(self) -> Iterator[Document]:
        config = self._bench.config
        ranked = [(self._filing.rank(dim, orjson.loads(card)["slug"]), card) for dim, card in self._shelf.cards()]
        cards = [card for _, card in sorted(ranked)]
        yield Document(path=catalog.NAME, content=catalog.render(cards))
        if config.selection.opml is not None:
            outlines = [opml.outline(card, config.selection.opml, config.site.home) for card in cards]
            yield Document(path=opml.NAME, content=opml.render(config.site, outlines))
