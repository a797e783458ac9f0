"""The PostgreSQL store keeps the contract of stores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from store.contract import StoreContract
from support.postgres_server import PostgresServer

from syndicate.store import open_store
from syndicate.store.base import Store

pytestmark = pytest.mark.postgres


class PostgresStores:
    """Opens the store of one schema."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opened: list[Store] = []
        self.opening = f"from syndicate.store import open_store\nstore = open_store({url!r})"

    def __call__(self) -> Store:
        store = open_store(self.url)
        self.opened.append(store)
        return store

    def close(self) -> None:
        for store in self.opened:
            store.close()


@pytest.fixture
def stores(server: PostgresServer) -> Iterator[PostgresStores]:
    stores = PostgresStores(server.url())
    yield stores
    stores.close()


class TestPostgresStore(StoreContract):
    """The contract."""
