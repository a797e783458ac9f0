"""Dirty feeds -> documents: choose what each shows, render what is not rendered yet, splice, stage."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from ..feeds import catalog, opml
from ..feeds.select import Shown, Slot, label
from ..model import FORMATS, Document, Feed, Format, Site
from ..outputs.tree import Tree
from ..progress import Progress
from ..store.index import CATALOG, DocumentRow, EntryRow, FragmentsRow, Index
from ..store.outbox import Outbox, Topic
from .crew import Crew
from .settle import origin
from .work import Bench

_BATCH = 64


class _Plan(NamedTuple):
    """A feed as it is to stand. `seen` covers its words and its entries' digests: a feed with the same is the same."""

    number: int
    feed: Feed
    entries: list[EntryRow]
    seen: bytes


class _Staged(NamedTuple):
    """A document beside its place; `written` is whether its bytes did not stand there already."""

    path: str
    feed: int
    digest: bytes
    written: bool


class _Press(NamedTuple):
    """Makes documents of rendered entries and stages them, in this process or one of the pool."""

    site: Site
    formats: tuple[Format, ...]
    tree: Tree

    def print(self, tasks: Sequence[tuple[int, Feed, list[tuple[bytes, bytes, bytes]]]]) -> list[list[_Staged]]:
        """The documents of feeds, each given with its entries' fragments in the order of FORMATS."""
        return [[self.stage(doc, number) for doc in self._documents(feed, parts)] for number, feed, parts in tasks]

    def stage(self, document: Document, feed: int) -> _Staged:
        return _Staged(document.path, feed, sha256(document.content).digest(), self.tree.stage(document))

    def _documents(self, feed: Feed, parts: list[tuple[bytes, bytes, bytes]]) -> Iterator[Document]:
        from ..feeds import atom, jsonfeed, rss

        known: dict[Format, Any] = {"rss": rss, "atom": atom, "json": jsonfeed}
        for position, name in enumerate(FORMATS):
            if name in self.formats:
                renderer = known[name]
                content = renderer.render_feed(feed, self.site, [part[position] for part in parts])
                yield Document(path=f"{feed.path}/{renderer.NAME}", content=content)


class Publisher:
    """Stages the documents of feeds, and keeps the index in line with them."""

    def __init__(self, index: Index, bench: Bench, crew: Crew, tree: Tree, showing: bytes) -> None:
        self._index = index
        self._bench = bench
        self._crew = crew
        self._tree = tree
        self._showing = showing
        self._filing = bench.filing
        self._digests: dict[str, tuple[int, bytes]] = {}
        self._gone: list[str] = []

    def publish(self, dirty: set[int], damaged: set[int], progress: Progress) -> None:
        """Stage what dirty feeds show now; what is gone is listed by `gone`."""
        config = self._bench.config
        for slot in self._filing.lasting():
            if (slot.dimension, slot.key) not in self._index.feed_numbers():
                dirty = dirty | {self._index.add_feed(slot.dimension, slot.key)}
        plans: list[_Plan] = []
        catalogued = CATALOG in damaged
        for number in sorted(dirty | (damaged - {CATALOG})):
            plan = self._plan(number)
            if plan is None:
                self._drop(number)
                catalogued = True
                continue
            dimension, key, _, card, seen = self._index.feed(number)
            topic = self._topic(Slot(dimension, key, ""))
            fresh = catalog.card(plan.feed, config.site, config.selection.formats, topic)
            catalogued |= card != fresh
            if seen != plan.seen or card != fresh or number in damaged:
                self._index.set_feed(number, plan.feed.path, fresh, plan.seen)
            if seen != plan.seen or number in damaged:
                plans.append(plan)
        self._render(plans, progress)
        press = _Press(config.site, config.selection.formats, self._tree)
        self._lay_out(press, plans, progress)
        if catalogued or self._index.document(catalog.NAME) is None:
            self._keep(press.stage(self._catalog(), CATALOG))
        self._list(press, renewed=catalogued or self._index.meta("showing") != self._showing)

    def gone(self) -> list[str]:
        """The documents that no feed makes any more. One feed's old place may be another's new one."""
        return [path for path in self._gone if path not in self._digests]

    def doubt(self, feeds: set[int] | None) -> None:
        """A killed run left other bytes in the places of these feeds (all, if None), and hubs may have fetched them."""
        site = self._bench.config.site
        paths = [path for path, (feed, _) in self._digests.items() if feeds is None or feed in feeds]
        Outbox(self._index.sql).doubt(f"{site.url}{path}" for path in paths)

    def settle(self, now_s: float) -> None:
        """Remember how the documents stand, now that they are in place, and that hubs are to be told of them."""
        site = self._bench.config.site
        topics: list[Topic] = []
        for path, (feed, digest) in self._digests.items():
            status = self._tree.status(path)
            if status is not None:
                self._index.put_document(DocumentRow(path, feed, digest, *status))
                if feed != CATALOG:
                    topics.append(Topic(f"{site.url}{path}", path, digest, status.size_bytes))
        outbox = Outbox(self._index.sql)
        outbox.want(topics, site.hubs, now_s)
        outbox.keep(site.url, site.hubs)

    # -------------------------------------------------------------------------------------------------------- choosing

    def _plan(self, number: int) -> _Plan | None:
        """What a feed shows now; None when it is no more."""
        index, config = self._index, self._bench.config
        dimension, key, *_ = index.feed(number)
        spellings = index.spellings(number)
        if not spellings and not any(slot[:2] == (dimension, key) for slot in self._filing.lasting()):
            return None
        limit = config.selection.limit
        rows = sorted(index.newest(number, limit), key=lambda row: (row.published, row.id), reverse=True)[:limit]
        slot = Slot(dimension, key, label(spellings) if spellings else "")
        shown = [Shown(_moment(row.published), row.id, _moment(row.updated)) for row in rows]
        feed = self._filing.feed(slot, sum(count for _, count in spellings), shown)
        # The total stands in the catalogue only: it does not make the feed's documents others.
        seen = sha256(repr((self._showing, feed.path, feed.title, feed.description, feed.id)).encode())
        for row in rows:
            seen.update(row.digest)
        return _Plan(number, feed, rows, seen.digest()[:16])

    def _drop(self, number: int) -> None:
        for path in self._index.documents_of(number):
            self._index.drop_document(path)
            self._gone.append(path)
        self._index.drop_feed(number)

    # ------------------------------------------------------------------------------------------------------- rendering

    def _render(self, plans: Sequence[_Plan], progress: Progress) -> None:
        """Render the entries of these feeds that are not rendered as they are now."""
        wanted = {entry.file: entry for plan in plans for entry in plan.entries}
        made = self._bench.config.selection.formats
        positions = [position for position, name in enumerate(FORMATS, 1) if name in made]
        rendered = self._index.rendered(wanted)
        missing = [entry for entry in wanted.values() if not _is_rendered(entry, rendered.get(entry.file), positions)]
        tasks = [(self._origins(entry), entry.id) for entry in missing]
        rows: list[FragmentsRow] = []
        results = self._crew.map(self._bench.render, tasks, len(tasks))
        for done, (entry, fragments) in enumerate(zip(missing, results, strict=True), 1):
            rows.append((entry.file, entry.digest, *fragments))
            if len(rows) >= _BATCH:
                self._index.put_fragments(rows)
                rows.clear()
            progress("rendering", done, len(missing))
        self._index.put_fragments(rows)

    def _origins(self, entry: EntryRow) -> list[Any]:
        files = orjson.loads(entry.files) if entry.files else [entry.file]
        return [origin(record) for record in map(self._index.record, files) if record is not None]

    # -------------------------------------------------------------------------------------------------------- splicing

    def _lay_out(self, press: _Press, plans: Sequence[_Plan], progress: Progress) -> None:
        """Stage the documents of these feeds."""
        tasks = (
            (plan.number, plan.feed, list(self._index.fragments(entry.file for entry in plan.entries)))
            for plan in plans
        )
        # A few at once: documents are large, and what they are made of is in memory.
        results = self._crew.map(press.print, tasks, len(plans) * len(press.formats), at_once=3)
        for done, (plan, documents) in enumerate(zip(plans, results, strict=True), 1):
            for staged in documents:
                self._keep(staged)
            made = {staged.path for staged in documents}
            for path in self._index.documents_of(plan.number):
                if path not in made:
                    self._index.drop_document(path)
                    self._gone.append(path)
            progress("writing", done, len(plans))

    def _keep(self, staged: _Staged) -> None:
        self._digests[staged.path] = staged.feed, staged.digest
        if staged.written:
            self._tree.expect(staged.path)

    def _catalog(self) -> Document:
        return Document(path=catalog.NAME, content=catalog.render(self._cards()))

    def _list(self, press: _Press, *, renewed: bool) -> None:
        """Stage the list for feed readers, which names one format of each feed; drop it when none is to be named."""
        config = self._bench.config
        stands = self._index.document(opml.NAME) is not None
        if config.selection.opml is None and stands:
            self._index.drop_document(opml.NAME)
            self._gone.append(opml.NAME)
        elif config.selection.opml is not None and (renewed or not stands):
            outlines = [opml.outline(card, config.selection.opml, config.site.home) for card in self._cards()]
            self._keep(press.stage(Document(path=opml.NAME, content=opml.render(config.site, outlines)), CATALOG))

    def _cards(self) -> list[str]:
        cards = [(self._filing.rank(dim, orjson.loads(card)["slug"]), card) for dim, card in self._index.cards()]
        return [card for _, card in sorted(cards)]

    def _topic(self, slot: Slot) -> catalog.Topic:
        _, parent = self._filing.parent(slot) or ("", "")
        return catalog.Topic(self._filing.shortname(slot), parent.removeprefix("topics/"), self._filing.keywords(slot))


def _is_rendered(entry: EntryRow, rendered: tuple[bytes, bool, bool, bool] | None, positions: Sequence[int]) -> bool:
    """Whether an entry is rendered as it is now, in the formats at these positions."""
    return rendered is not None and rendered[0] == entry.digest and all(rendered[at] for at in positions)


def _moment(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
