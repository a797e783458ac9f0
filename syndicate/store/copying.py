"""Copies a state from one store to another, and compares the two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import NamedTuple

from ..errors import StoreError, StoreMissingError
from . import open_store
from .base import Store
from .dump_rows import NOTES, Batch, digests


class CopySummary(NamedTuple):
    """What was copied: the number of rows by table, and the names of notes."""

    rows: dict[str, int]
    notes: tuple[str, ...]

    @property
    def total(self) -> int:
        """The number of all rows."""
        return sum(self.rows.values())


def copy_state(source: str, target: str) -> CopySummary:
    """Copies everything of a state to another place, in one transaction, and compares both.

    Raises StoreMissingError when there is nothing to copy, LockedError while a run works, and StoreError when the
    target holds a state already, or is not equal to the source afterwards.
    """
    with closing(open_store(source)) as old, closing(open_store(target)) as new:
        with old.read():
            pass  # before a lock makes a folder
        _require_empty(new, target)
        with old.lock(), new.lock():
            _require_empty(new, target)
            counts: dict[str, int] = {}
            with old.read() as snapshot, new.write() as transaction:
                transaction.load(_counted(snapshot.dump(), counts))
            notes = {name: content for name in NOTES if (content := old.note(name)) is not None}
            for name, content in notes.items():
                new.put_note(name, content)
            _compare(old, new, target)
    return CopySummary(counts, tuple(notes))


def _require_empty(store: Store, name: str) -> None:
    try:
        with store.read():
            pass
    except StoreMissingError:
        return
    raise StoreError(f"{name}: holds a state already: name a place without one")


def _counted(batches: Iterable[Batch], counts: dict[str, int]) -> Iterator[Batch]:
    for table, rows in batches:
        counts[table] = counts.get(table, 0) + len(rows)
        yield table, rows


def _compare(old: Store, new: Store, name: str) -> None:
    with old.read() as one, new.read() as other:
        ours, theirs = digests(one.dump()), digests(other.dump())
    different = [table for table in ours if ours[table] != theirs[table]]
    if different:
        message = f"{', '.join(different)} changed meanwhile: delete the copy, stop push and worker, and copy again"
        raise StoreError(f"{name}: {message}")
