"""The PostgreSQL store keeps the contract of stores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest
from store.contract import StoreContract
from support.postgres_server import PostgresServer

from syndicate.errors import Problem
from syndicate.store import open_store
from syndicate.store.base import Store
from syndicate.store.outbox_rows import TopicDocument
from syndicate.store.partner_rows import EntryFilter
from syndicate.store.rows import (
    PARSING,
    SHOWN,
    ChangeRow,
    DocumentRow,
    EntryRow,
    LinkRow,
    PublishedFeed,
    RecordRow,
    TombstoneRow,
)

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


def test_texts_may_hold_anything_and_be_long(stores: PostgresStores) -> None:
    """PostgreSQL has no NUL in texts, and no B-tree holds more than some 2,700 bytes."""
    long = "".join(map(chr, range(0x4E00, 0x4E00 + 5000)))
    problem = Problem("a\0.md", 1, 1, "f\0", f"\0{long}", "warning")
    with stores().write() as transaction:
        corpus, feeds = transaction.corpus, transaction.feeds
        corpus.put_problems(PARSING, {1: [problem]})
        corpus.put_records([RecordRow(1, 0, b"1.md", b"h", SHOWN, stated_id=long, url=f"u\0{long}", traits="{}")])
        feeds.add_feeds([(1, "topics", long), (2, "topics", f"{long}x")])
        feeds.put_entries([EntryRow(1, long, 10, 11, b"d", (), ((1, f"{long}\0"), (2, "")))])
        feeds.add_members([(1, 10, 1, f"{long}\0"), (2, 10, 1, "")])
        transaction.tombstones.bury([TombstoneRow("topics", long, f"{long}{n}", n) for n in range(3)])
        transaction.published.put_feeds([PublishedFeed("topics", long, long, "p", 1, 1)] * 2)
        transaction.links.put([1], [LinkRow(1, 0, long, long, has_fallback=True)] * 2)
        transaction.change_log.start_run("epoch")
        transaction.change_log.append([ChangeRow(1, long, b"s", json.dumps([f"{long}\0", long]))], 5)
    shown = long, "\N{REPLACEMENT CHARACTER}"
    with stores().read() as snapshot:
        (found,) = snapshot.corpus.problems()
        assert found == Problem("a\ufffd.md", 1, 1, "f\ufffd", f"\ufffd{long}", "warning")
        assert snapshot.corpus.records_of_urls([f"u\0{long}"])[0].stated_id == long
        assert snapshot.corpus.claimants([long])[0].record_id == 1
        assert snapshot.feeds.entries([1])[1].memberships == ((1, "".join(shown)), (2, ""))
        assert snapshot.feeds.month_counts([1])[0].name == "".join(shown)
        assert [row.deleted_at for row in snapshot.tombstones.of_feeds([("topics", long)])] == [2, 1, 0]
        assert snapshot.published.feeds_named([("topics", long)])[("topics", long)].entries == 1
        assert snapshot.links.urls_of_linking([long]) == {f"u\ufffd{long}"}
        (change,) = snapshot.partner_changes.after(EntryFilter(topics=(long,)), 9, 0, 0)
        assert change.id == long


def test_of_rows_with_one_key_the_last_is_stored(stores: PostgresStores) -> None:
    with stores().write() as transaction:
        rows = [DocumentRow("a", 1, "", b"d", 1, version, 1) for version in ("1", "2", "3")]
        transaction.documents.put(rows)
        assert transaction.documents.at(["a"]) == rows[2:]
        documents = [TopicDocument("https://f.test/1", "1", digest, 10) for digest in (b"1", b"2")]
        transaction.outbox.request_deliveries(documents, ["https://hub.test/"] * 2, 100.0)
        (delivery,) = transaction.outbox.lease("owner", {"https://hub.test/": 9}, 200.0, 300.0)
        assert (delivery.generation, delivery.digest) == (2, b"2")


def test_reader_begins_anew_on_a_connection_that_was_lost(stores: PostgresStores, server: PostgresServer) -> None:
    with closing(open_store(stores.url, max_readers=2)) as store:
        with stores().write() as transaction:
            transaction.record_run_state({"run": 1})
        for _ in range(2):
            with store.read() as snapshot:
                assert snapshot.run_state() == {"run": 1}
            assert server.end_backends("application_name LIKE 'syndicate: %%'") >= 1


def test_version_is_none_while_the_server_is_away(stores: PostgresStores, server: PostgresServer) -> None:
    with stores().write() as transaction:
        transaction.record_run_state({"run": 1})
    store = stores()
    before = store.version()
    assert before is not None
    server.end_backends("application_name LIKE 'syndicate: %%'")
    assert store.version() is None
    assert store.version() == before
