"""The SQLite store keeps the contract of stores; it survives a full disk and takes over the first release's store."""

from __future__ import annotations

import pickle
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from store.contract import StoreContract, kill, process
from support.sites import clean_environment

from syndicate.errors import StoreMissingError, StoreUnusableError
from syndicate.store.base import Store
from syndicate.store.packing import pack
from syndicate.store.partner_rows import EntryFilter
from syndicate.store.rows import SHOWN, EntryRow, FeedRow, Loss, PublishedFeed, RecordRow, RenderedRow, TombstoneRow
from syndicate.store.sqlite import schema
from syndicate.store.sqlite.store import SqliteStore

FILL = """
from random import randbytes
import resource, sys
from syndicate.errors import StoreError
from syndicate.store.rows import RenderedRow
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
try:
    with store.write() as transaction:
        transaction.record_run_state({"run": 2})
        for n in range(1, 200):
            transaction.fragments.put([RenderedRow(n, b"d", "T", [("rss", randbytes(100_000))])])
except StoreError as error:
    print(type(error).__name__, error)
"""


class SqliteStores:
    """Opens the store of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: list[SqliteStore] = []
        self.opening = f"from syndicate.store.sqlite.store import SqliteStore\nstore = SqliteStore({str(folder)!r})"

    def __call__(self) -> Store:
        store = SqliteStore(str(self.folder))
        self.opened.append(store)
        return store

    def close(self) -> None:
        for store in self.opened:
            store.close()


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[SqliteStores]:
    (tmp_path / "state").mkdir()
    stores = SqliteStores(tmp_path / "state")
    yield stores
    stores.close()


class TestSqliteStore(StoreContract):
    """The contract."""


@pytest.mark.parametrize("exists", [True, False], ids=["a store that exists", "a new store"])
def test_full_disk_is_a_store_error_and_leaves_the_former_state(stores: SqliteStores, *, exists: bool) -> None:
    store = stores()
    if exists:
        with store.write() as transaction:
            transaction.record_run_state({"run": 1})
    done = subprocess.run(
        [sys.executable, "-c", f"{stores.opening}\n{FILL}"],
        env=clean_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"StoreError {stores.folder}/index.db: ")
    with store.write() as transaction:
        assert transaction.run_state() == ({"run": 1} if exists else {})
        assert transaction.fragments.titles([1]) == {}
        transaction.record_run_state({"run": 3})
    with stores().read() as snapshot:
        assert snapshot.run_state() == {"run": 3}


READ = """
import pickle, sys
fragments = pickle.load(sys.stdin.buffer).open()
print(fragments.titles([1]), fragments.contents([1], ["rss"]))
"""
SHARE_AND_WAIT = """
from syndicate.store.rows import RenderedRow
with store.write() as transaction:
    transaction.fragments.put([RenderedRow(1, b"d", "T", [])])
    assert transaction.share_fragments() is not None
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_other_processes_read_the_fragments_of_a_new_store(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "a state? 100%23"))
    (tmp_path / "a state? 100%23").mkdir()
    with closing(store), store.write() as transaction:
        transaction.fragments.put([RenderedRow(1, b"d", "T", [("rss", pack(b"<item/>"))])])
        shared = transaction.share_fragments()
        done = subprocess.run(
            [sys.executable, "-c", READ], env=clean_environment(), input=pickle.dumps(shared), capture_output=True,
            check=True,
        )  # fmt: skip
        assert done.stdout == b"{1: 'T'} {'rss': {1: b'<item/>'}}\n"
        transaction.record_run_state({"run": 1})
    with store.write() as transaction:
        assert transaction.run_state() == {"run": 1}
        assert transaction.share_fragments() is None  # readers would see a part of the transaction


def test_store_in_memory_shares_nothing() -> None:
    with closing(SqliteStore(None)) as store, store.write() as transaction:
        assert transaction.share_fragments() is None


def test_new_store_with_shared_fragments_is_deleted_when_its_transaction_fails(stores: SqliteStores) -> None:
    (stores.folder / "index.db.aside").touch()
    store = stores()

    def share_and_fail() -> None:
        with store.write() as transaction:
            transaction.fragments.put([RenderedRow(1, b"d", "T", [])])
            transaction.share_fragments()
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        share_and_fail()
    assert [path.name for path in stores.folder.iterdir()] == ["index.db.aside"]
    with pytest.raises(StoreMissingError), stores().read():
        pass
    with store.write() as transaction:
        assert transaction.fragments.titles([1]) == {}


def test_kill_leaves_no_store_after_fragments_were_shared(stores: SqliteStores) -> None:
    with process(stores, SHARE_AND_WAIT) as running:
        kill(running)
    with pytest.raises(StoreMissingError), stores().read():
        pass
    with stores().write() as transaction:
        assert transaction.fragments.titles([1]) == {}


def first_release_store(path: Path) -> None:
    """Creates the tables of version 7 that outlive a store, and those that say what was published."""
    with closing(sqlite3.connect(path)) as connection:
        for table, columns in schema.LASTING_IN_VERSION_7.values():
            connection.execute(f"CREATE TABLE {table} ({columns})")
        for table, values in (
            ("tombstones", ("topics", "one", "buried", 100)),
            ("gone", ("topics/gone/feed.rss", 100)),
            ("log", ("id-1", 4, 100, 1, b"state", '["one"]')),
            ("ledger", ("epoch", "first")),
            ("ledger", ("seq", 4)),
            ("topics", ("https://f.test/1", "1", b"digest", 10, 3, 90.0)),
            ("deliveries", (
                "https://hub.test/", "https://f.test/1", 3, 2, "due", 90.0, 95.0, 80.0, 1, 91.0, 0, None, None, 0.0,
                503, "busy",
            )),
            ("hubs", ("https://hub.test/", 2, 1, 120.0, 0.0)),
            ("attempts", (1, "https://hub.test/", "https://f.test/1", 3, 91.0, "retrying", 503, "busy", 0.5)),
        ):  # fmt: skip
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)
        connection.execute("CREATE TABLE feeds (feed INTEGER PRIMARY KEY, dimension, key)")
        connection.execute("CREATE TABLE entries (file INTEGER PRIMARY KEY, id, filed)")
        connection.execute("INSERT INTO feeds VALUES (1, 'topics', 'one')")
        connection.execute("INSERT INTO entries VALUES (1, 'id-1', '[[1, \"One\"]]')")
        connection.execute("CREATE TABLE meta (name, value)")
        connection.execute("INSERT INTO meta VALUES ('authority', 'f.test,2026')")
        connection.execute("PRAGMA user_version = 7")
        connection.commit()


def test_store_of_the_first_release_hands_over_what_outlives_it(stores: SqliteStores) -> None:
    first_release_store(stores.folder / "index.db")
    store = stores()
    with pytest.raises(StoreUnusableError, match="of version 7, not 10"), store.write():
        pass
    assert store.set_aside().endswith("index.db.old")
    with store.write() as transaction:
        transaction.tombstones.bury_missing(200)
        assert transaction.published.losses(0, 0) == [Loss(None, None, 1)]
    with stores().read() as snapshot:
        assert snapshot.published.site() == {"authority": "f.test,2026"}
        assert snapshot.tombstones.of_feeds([("topics", "one")]) == [
            TombstoneRow("topics", "one", "id-1", 200),
            TombstoneRow("topics", "one", "buried", 100),
        ]
        assert snapshot.documents.removed() == {"topics/gone/feed.rss"}
        assert snapshot.partner_changes.position() == ("first", 4, 0)
        (change,) = snapshot.partner_changes.after(EntryFilter(), 9, 0, 0)
        assert (change.seq, change.changed_at, change.id) == (4, 100, "id-1")
        (pending,) = snapshot.outbox.pending()
        assert pending == ("https://hub.test/", "https://f.test/1", "due", 1, 90.0, 95.0, 503, "busy", "", None)
        assert snapshot.outbox.topic_summaries() == [("https://f.test/1", "1", 90.0, 80.0, 1)]
        assert snapshot.outbox.hub_health(["https://hub.test/"]) == [("https://hub.test/", 2, 1, 120.0, 0.0, 0.0)]
    with closing(sqlite3.connect(stores.folder / "index.db")) as connection:
        assert connection.execute("SELECT attempted_at, duration_s FROM attempts").fetchall() == [(91.0, 0.5)]


def test_store_of_version_8_hands_over_what_it_published(stores: SqliteStores) -> None:
    store = stores()
    with store.write() as transaction:
        transaction.record_run_state({"authority": "f.test,2026"})
        transaction.corpus.put_records([RecordRow(1, 0, b"1.md", b"hash", SHOWN)])
        transaction.feeds.add_feeds([(1, "topics", "one"), (2, "all", "all")])
        transaction.feeds.set_feeds([FeedRow(1, "topics", "one", "topics/one"), FeedRow(2, "all", "all", "all")])
        transaction.feeds.put_entries([EntryRow(1, "id-1", 100, 110, b"d", (), ((1, "One"), (2, "")))])
        transaction.feeds.add_members([(1, 100, 1, "One"), (2, 100, 1, "")])
    store.close()
    with closing(sqlite3.connect(stores.folder / "index.db")) as connection:
        connection.executescript("DROP TABLE published_feeds; DROP TABLE site_state; PRAGMA user_version = 8")
    with pytest.raises(StoreUnusableError, match="of version 8, not 10"), store.write():
        pass
    store.set_aside()
    with store.write() as transaction:
        assert transaction.published.losses(0, 0) == [Loss(0, None, 1)]
        assert transaction.published.feeds() == [PublishedFeed("topics", "one", "One", "topics/one", 1, 110)]
        assert transaction.published.site() == {"authority": "f.test,2026"}
