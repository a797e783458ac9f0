"""What a run changed -> the ledger that partners ask (store/ledger.py): facets, words, the order of changes."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import orjson

from ..feeds.rules import TopicNames, Traits, traits_of
from ..feeds.slugs import topic_key
from ..store.index import Index
from ..store.ledger import Change, ChangeLog, Facets, Found
from .jobs import JobContext, traits_from_text
from .resolve import origin


class _Row(NamedTuple):
    """One entry for the ledger; without a `change` it is what it was."""

    facets: Facets
    words: tuple[int, str, str]
    change: Change | None


class ChangeLogWriter:
    """Keeps the ledger of one run."""

    def __init__(self, index: Index, bench: JobContext, now: int) -> None:
        self._index = index
        self._bench = bench
        self._now = now
        self._ledger = ChangeLog(index.sql)
        self._names = TopicNames(bench.config.selection.topics)
        self._touched: list[int] = []
        self._ledger.begin()
        self._ledger.watch()

    def touched(self) -> list[int]:
        """The entries that are to be rendered for partners, whether a feed shows them or not, once all are filed."""
        self._touched = self._ledger.touched()
        return self._touched

    def settle(self, forgotten: int) -> None:
        """Once they are rendered: put down what they are now. Deletions until a time are forgotten."""
        ledger = self._ledger
        ledger.clear_touched()
        for batch in ledger.found(self._touched):
            rows = [self._row(found) for found in batch]
            ledger.put([row.facets for row in rows], [row.words for row in rows])
            ledger.log([row.change for row in rows if row.change], self._now)
            ledger.move((row.facets.file, row.facets.id) for row in rows if not row.change)
        ledger.bury(self._now)
        ledger.drop(forgotten)

    def _row(self, found: Found) -> _Row:
        item = orjson.loads(found.json)
        facets = self._facets(found)
        words = found.file, found.title, item.get("summary", "")
        chosen_by = repr(facets._replace(file=0)).encode("utf-8", "surrogatepass")
        state = sha256(found.json + chosen_by).digest()[:16]
        if state == found.state:
            return _Row(facets, words, None)
        ever = sorted({*orjson.loads(found.topics or "[]"), *orjson.loads(facets.topics)})
        return _Row(facets, words, Change(found.file, found.id, state, orjson.dumps(ever).decode()))

    def _facets(self, found: Found) -> Facets:
        known = self._figures(found)
        terms = known.terms

        def one(dimension: str) -> str:
            return topic_key(next(iter(terms.get(dimension, ())), ""))

        topics = orjson.dumps(sorted(self._topics(terms.get("topics", ())))).decode()
        provider, kind, language = one("provider"), one("type"), one("language")
        return Facets(
            found.file, found.id, found.published, provider, kind, language, known.quality, known.heat, topics
        )

    def _topics(self, names: Sequence[str]) -> set[str]:
        """The keys of an entry's topics; and of those that they are part of, where feeds hold them, too."""
        own = {self._names.key(name) for name in names}
        if not self._bench.config.selection.include_children:
            return own
        return own | {key for topic in own for key, _ in self._names.ancestors(topic)}

    def _figures(self, found: Found) -> Traits:
        if not found.files:
            return traits_from_text(found.figures)
        records = [record for file in orjson.loads(found.files) if (record := self._index.record(file))]
        return traits_of(self._bench.compose([origin(record) for record in records], None))
