"""The store: the state between runs. `base.py` defines its interface; each database is a package beside it."""

from contextlib import closing
from typing import TYPE_CHECKING

from ..config.database import is_database
from ..errors import StoreError

if TYPE_CHECKING:
    from .base import Store
    from .postgres.store import PostgresStore


def open_store(state: str, max_readers: int = 0) -> "Store":
    """Returns the store that `state` names: a folder of this machine, or a database.

    Nothing is opened before it is used. At most `max_readers` connections for snapshots stay open between them.
    """
    if is_database(state):
        return _postgres_store(state, max_readers)
    from .sqlite.store import SqliteStore

    return SqliteStore(state, max_readers)


def shared_key(url: str, name: str, new: bytes) -> bytes:
    """Returns the key of a name that all processes of a database share; the first of them stores a new one.

    Raises StoreError when it cannot be read, as before the first build.
    """
    with closing(_postgres_store(url)) as store:
        return store.shared_key(name, new)


def memory_store() -> "Store":
    """Returns a store that is lost when it is closed."""
    from .sqlite.store import SqliteStore

    return SqliteStore(None)


def _postgres_store(url: str, max_readers: int = 0) -> "PostgresStore":
    try:
        from .postgres.store import PostgresStore
    except ImportError:
        raise StoreError(
            "a state in PostgreSQL needs psycopg: install it with pip install 'syndicate-feeds[postgres]'"
        ) from None
    return PostgresStore(url, max_readers)
