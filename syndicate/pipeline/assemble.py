"""Issues -> documents, staged beside their places: in this process, or one of the pool."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from ..feeds import archive
from ..formats.html.landing import Landing
from ..model import FORMATS, Document, Feed, Format, History
from ..outputs.base import Output
from .jobs import JobContext


class Staged(NamedTuple):
    """A document of this run. `version` is that of the published document with the same bytes; if there is none, the
    document is staged.
    """

    path: str
    feed: int
    period: str
    digest: bytes
    size_bytes: int
    version: str | None


class Page(NamedTuple):
    """What a feed's page shows: the cards of its entries, and what stands beside them."""

    landing: Landing
    newest_title: str
    cards: list[bytes]


class Task(NamedTuple):
    """An issue: its feed's number, its feed, its place in the history, its entries' parts in the order of FORMATS."""

    number: int
    feed: Feed
    history: History
    parts: list[tuple[bytes, bytes, bytes]]
    page: Page | None


class Printed(NamedTuple):
    """The documents of an issue, and the feed's row in the index of pages, if the issue has a page."""

    documents: list[Staged]
    row: bytes | None


class Assembler(NamedTuple):
    """Makes documents of rendered entries."""

    bench: JobContext
    output: Output

    def print(self, tasks: Sequence[Task]) -> list[Printed]:
        """Stage the documents of issues."""
        return [self._printed(*task) for task in tasks]

    def stage(self, document: Document, feed: int, period: str = "") -> list[Staged]:
        """Stage one document, and what it is compressed."""
        documents = [document]
        if self.bench.config.precompress:
            from ..outputs.compress import compressed_variants

            documents += compressed_variants(document)
        return [
            Staged(path, feed, period, sha256(content).digest(), len(content), version)
            for (path, content), version in zip(documents, self.output.stage(documents), strict=True)
        ]

    def _printed(
        self, number: int, feed: Feed, history: History, parts: list[tuple[bytes, bytes, bytes]], page: Page | None
    ) -> Printed:
        documents = self._documents(feed, history, parts)
        staged = [one for document in documents for one in self.stage(document, number, history.period)]
        pages = self.bench.pages
        if page is None or pages is None:
            return Printed(staged, None)
        from ..formats.html.pages import NAME

        content = pages.feed_page(feed, page.landing, page.cards)
        staged += self.stage(Document(path=f"{feed.path}/{NAME}", content=content), number)
        return Printed(staged, pages.row(feed, page.landing, page.newest_title))

    def _documents(self, feed: Feed, history: History, parts: list[tuple[bytes, bytes, bytes]]) -> Iterator[Document]:
        from ..formats import atom, jsonfeed, rss

        known: dict[Format, Any] = {"rss": rss, "atom": atom, "json": jsonfeed}
        config = self.bench.config
        folder = archive.place(feed.path, history.period)
        for position, name in enumerate(FORMATS):
            if name in config.selection.formats:
                renderer = known[name]
                content = renderer.render_feed(feed, config.site, [part[position] for part in parts], history)
                yield Document(path=f"{folder}/{renderer.NAME}", content=content)
