"""Marks a run in progress: a run that finds the mark of another one knows that it was killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..store.base import Store

_NAME = "unfinished"


class RunMarker:
    """A note of the store that exists while a run writes documents."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._exists: bool | None = None

    def exists(self) -> bool:
        """Returns whether a run works, or was killed and none has committed since."""
        if self._exists is None:
            self._exists = self._store.note(_NAME) is not None
        return self._exists

    def create(self) -> None:
        """Marks that a run begins to write. Raises OutputError or StoreError when that cannot be noted."""
        self._store.put_note(_NAME, b"")
        self._exists = True

    def remove(self) -> None:
        """Removes the mark, if there is one, after the transaction of the run has committed."""
        if self.exists():
            self._store.put_note(_NAME, None)
            self._exists = False
