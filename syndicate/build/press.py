"""Issues -> documents, staged beside their places: in this process, or one of the pool."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from ..feeds import archive
from ..model import FORMATS, Document, Feed, Format, History, Site
from ..outputs.tree import Tree


class Staged(NamedTuple):
    """A document beside its place; `written` is whether its bytes did not stand there already."""

    path: str
    feed: int
    period: str
    digest: bytes
    written: bool


Task = tuple[int, Feed, History, list[tuple[bytes, bytes, bytes]]]
"""A feed's number, the feed, the documents' place in its history, its entries' fragments in the order of FORMATS."""


class Press(NamedTuple):
    """Makes documents of rendered entries."""

    site: Site
    formats: tuple[Format, ...]
    tree: Tree

    def print(self, tasks: Sequence[Task]) -> list[list[Staged]]:
        """Stage the documents of issues."""
        return [
            [self.stage(document, number, history.period) for document in self._documents(feed, history, parts)]
            for number, feed, history, parts in tasks
        ]

    def stage(self, document: Document, feed: int, period: str = "") -> Staged:
        """Stage one document."""
        written = self.tree.stage(document)
        return Staged(document.path, feed, period, sha256(document.content).digest(), written)

    def _documents(self, feed: Feed, history: History, parts: list[tuple[bytes, bytes, bytes]]) -> Iterator[Document]:
        from ..feeds import atom, jsonfeed, rss

        known: dict[Format, Any] = {"rss": rss, "atom": atom, "json": jsonfeed}
        folder = archive.place(feed.path, history.period)
        for position, name in enumerate(FORMATS):
            if name in self.formats:
                renderer = known[name]
                content = renderer.render_feed(feed, self.site, [part[position] for part in parts], history)
                yield Document(path=f"{folder}/{renderer.NAME}", content=content)
