"""The store: the state between runs. `base.py` defines its interface; each database is a package beside it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import Store


def open_store(state: str, max_readers: int = 0) -> "Store":
    """Returns the store that `state` names: a folder of this machine. Nothing is opened before it is used.

    At most `max_readers` connections for snapshots stay open between them.
    """
    from .sqlite.store import SqliteStore

    return SqliteStore(state, max_readers)


def memory_store() -> "Store":
    """Returns a store that is lost when it is closed."""
    from .sqlite.store import SqliteStore

    return SqliteStore(None)
