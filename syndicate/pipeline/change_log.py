"""Updates the change log that partners follow: the attributes to filter entries by, and the order of changes."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ..feeds.rules import TopicNames, Traits, traits_of
from ..feeds.slugs import topic_key
from ..store.rows import ChangeRow, OriginRow, PartnerEntryRow, PartnerTextRow, RecordRow, TouchedEntryRow
from .context import JobContext
from .jobs import traits_from_json
from .resolve import origin_of

if TYPE_CHECKING:
    from ..store.base import Transaction


class _Update(NamedTuple):
    """The rows of one entry; `change` is None for an unchanged entry."""

    entry: PartnerEntryRow
    text: PartnerTextRow
    change: ChangeRow | None


class ChangeLogUpdate:
    """Updates the change log in one run: starts before records are parsed, ends when all entries are rendered."""

    def __init__(self, transaction: Transaction, context: JobContext, now: int) -> None:
        self._corpus = transaction.corpus
        self._log = transaction.change_log
        self._context = context
        self._now = now
        self._names = TopicNames(context.config.selection.topics)
        self._touched: list[int] = []
        self._log.start_run(secrets.token_hex(4))

    def touched(self) -> list[int]:
        """Returns the entries that must be rendered for partners, whether a feed shows them or not."""
        self._touched = self._log.touched()
        return self._touched

    def store(self, expired: int) -> None:
        """Stores the entries that `touched` returned, once they are rendered. Deletions up to `expired` are dropped."""
        log = self._log
        log.clear_touched()
        for batch in log.entries(self._touched):
            merged = self._merged_records(batch)
            updates = [self._update(entry, merged) for entry in batch]
            log.put([update.entry for update in updates], [update.text for update in updates])
            log.append([update.change for update in updates if update.change], self._now)
            log.move([(update.entry.record_id, update.entry.id) for update in updates if not update.change])
        log.append_deletions(self._now)
        log.expire(expired)

    def _merged_records(self, batch: Iterable[TouchedEntryRow]) -> dict[int, RecordRow]:
        record_ids = [record_id for entry in batch for record_id in entry.record_ids]
        return self._corpus.records(record_ids) if record_ids else {}

    def _update(self, entry: TouchedEntryRow, merged: dict[int, RecordRow]) -> _Update:
        item = orjson.loads(entry.content)
        row = self._partner_entry(entry, merged)
        text = PartnerTextRow(entry.record_id, entry.title, item.get("summary", ""))
        filters = repr(tuple(row[1:])).encode("utf-8", "surrogatepass")
        state = sha256(entry.content + filters).digest()[:16]
        if state == entry.state:
            return _Update(row, text, None)
        topics = sorted({*orjson.loads(entry.topics or "[]"), *orjson.loads(row.topics)})
        return _Update(row, text, ChangeRow(entry.record_id, entry.id, state, orjson.dumps(topics).decode()))

    def _partner_entry(self, entry: TouchedEntryRow, merged: dict[int, RecordRow]) -> PartnerEntryRow:
        traits = self._traits(entry, merged)

        def first(dimension: str) -> str:
            return topic_key(next(iter(traits.terms.get(dimension, ())), ""))

        topics = orjson.dumps(sorted(self._topics(traits.terms.get("topics", ())))).decode()
        return PartnerEntryRow(
            entry.record_id, entry.id, entry.published, first("provider"), first("type"), first("language"),
            traits.quality, traits.heat, topics,
        )  # fmt: skip

    def _topics(self, names: Sequence[str]) -> set[str]:
        """Returns the keys of an entry's topics, and of their ancestors where the ancestors' feeds hold it as well."""
        own = {self._names.key(name) for name in names}
        if not self._context.config.selection.include_children:
            return own
        return own | {key for topic in own for key, _ in self._names.ancestors(topic)}

    def _traits(self, entry: TouchedEntryRow, merged: dict[int, RecordRow]) -> Traits:
        origins: list[OriginRow] = [origin_of(merged[one]) for one in entry.record_ids if one in merged]
        return traits_of(self._context.compose(origins, None)) if origins else traits_from_json(entry.traits)
