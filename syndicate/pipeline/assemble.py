"""Issues -> documents, staged beside their places: in this process, or one of the pool."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from ..formats import HTML_PAGE
from ..formats import get as get_format
from ..formats import names as format_names
from ..formats.html.page_data import FeedPageData
from ..model import ArchiveLinks, Document, Feed
from ..outputs.local import Tree
from .jobs import JobContext


class Staged(NamedTuple):
    """A document beside its place; `written` is whether its bytes did not stand there already."""

    path: str
    feed: int
    period: str
    digest: bytes
    written: bool


class Page(NamedTuple):
    """What a feed's page shows: the cards of its entries, and what stands beside them."""

    landing: FeedPageData
    newest_title: str
    cards: list[bytes]


class Task(NamedTuple):
    """An issue: its feed's number, its feed, its place in the history, its entries' parts in all formats."""

    number: int
    feed: Feed
    history: ArchiveLinks
    parts: list[tuple[bytes, bytes, bytes]]
    page: Page | None


class Printed(NamedTuple):
    """The documents of an issue, and the feed's row in the index of pages, if the issue has a page."""

    documents: list[Staged]
    row: bytes | None


class Assembler(NamedTuple):
    """Makes documents of rendered entries."""

    bench: JobContext
    tree: Tree

    def print(self, tasks: Sequence[Task]) -> list[Printed]:
        """Stage the documents of issues."""
        return [self._printed(*task) for task in tasks]

    def stage(self, document: Document, feed: int, period: str = "") -> list[Staged]:
        """Stage one document, and what it is compressed."""
        documents = [document]
        if self.bench.config.precompress:
            from ..outputs.compress import compressed

            documents += compressed(document)
        return [Staged(one.path, feed, period, sha256(one.content).digest(), self.tree.stage(one)) for one in documents]

    def _printed(
        self, number: int, feed: Feed, history: ArchiveLinks, parts: list[tuple[bytes, bytes, bytes]], page: Page | None
    ) -> Printed:
        documents = self._documents(feed, history, parts)
        staged = [one for document in documents for one in self.stage(document, number, history.period)]
        pages = self.bench.pages
        if page is None or pages is None:
            return Printed(staged, None)
        content = pages.render_feed_page(feed, page.landing, page.cards)
        staged += self.stage(Document(path=HTML_PAGE.path(feed.path), content=content), number)
        return Printed(staged, pages.render_row(feed, page.landing, page.newest_title))

    def _documents(
        self, feed: Feed, history: ArchiveLinks, parts: list[tuple[bytes, bytes, bytes]]
    ) -> Iterator[Document]:
        config = self.bench.config
        for position, name in enumerate(format_names()):
            if name in config.selection.formats:
                format_ = get_format(name)
                fragments = [part[position] for part in parts]
                content = format_.load().render_document(feed, config.site, fragments, history)
                yield Document(path=format_.path(feed.path, history.period), content=content)
