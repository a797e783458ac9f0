"""Snapshots of the store: consistent, of the present file and schema version, and read-only."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.worlds import World

from syndicate.store.reader import StoreMissingError, StoreReader, StoreUnavailableError


@pytest.fixture
def site(tmp_path: Path) -> World:
    """A site with one entry, built."""
    world = World(tmp_path / "site")
    world.record("a.md", topics=["One"])
    world.build()
    return world


@pytest.fixture(params=[0, 2], ids=["no idle connections", "idle connections"])
def reader(request: pytest.FixtureRequest, site: World) -> Iterator[StoreReader]:
    reader = StoreReader(str(site.state), max_idle=request.param)
    yield reader
    reader.close()


def paths(reader: StoreReader) -> set[str]:
    with reader.snapshot() as snapshot:
        return {document.path for document in snapshot.published_documents.documents()}


def test_snapshot_does_not_change_while_a_run_commits(site: World, reader: StoreReader) -> None:
    with reader.snapshot() as snapshot:
        before = snapshot.published_documents.documents()
        site.record("b.md", topics=["Two"])
        site.build()
        assert snapshot.published_documents.documents() == before
    assert "topics/two/feed.rss" in paths(reader)


def test_feed_documents_are_in_the_order_of_their_paths(reader: StoreReader) -> None:
    with reader.snapshot() as snapshot:
        feeds = snapshot.published_documents.feed_documents()
    assert [feed.path for feed in feeds] == sorted(feed.path for feed in feeds)
    assert {"all/feed.rss", "topics/one/feed.json"} <= {feed.path for feed in feeds if not feed.period}


def test_replaced_database_is_opened_again(site: World, reader: StoreReader) -> None:
    before = paths(reader)
    for name in os.listdir(site.state):
        if name.startswith("index.db"):
            os.unlink(site.state / name)
    with pytest.raises(StoreMissingError), reader.snapshot():
        pass
    site.record("b.md", topics=["Two"])
    site.build()
    assert paths(reader) > before


def test_database_of_another_version_is_refused(site: World, reader: StoreReader) -> None:
    assert paths(reader)
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        sql.execute("PRAGMA user_version = 1")
    with pytest.raises(StoreUnavailableError, match="made by another version"), reader.snapshot():
        pass


def test_damaged_database_is_unavailable(site: World) -> None:
    for name in os.listdir(site.state):
        if name.startswith("index.db"):
            os.unlink(site.state / name)
    (site.state / "index.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreUnavailableError), StoreReader(str(site.state)).snapshot():
        pass


def test_failed_query_is_reported_and_the_next_snapshot_works(site: World, reader: StoreReader) -> None:
    with (
        pytest.raises(StoreUnavailableError, match="readonly"),
        reader.snapshot() as snapshot,
    ):
        snapshot.published_documents._sql.execute("DELETE FROM documents")
    assert paths(reader)


def test_error_of_the_caller_passes_through(reader: StoreReader) -> None:
    with pytest.raises(LookupError), reader.snapshot():
        raise LookupError
    assert paths(reader)


def test_threads_read_at_the_same_time(reader: StoreReader) -> None:
    barrier = threading.Barrier(3, timeout=10)
    results: list[int] = []

    def read() -> None:
        with reader.snapshot() as snapshot:
            barrier.wait()
            results.append(len(snapshot.published_documents.documents()))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    assert len(set(results)) == 1


def test_version_changes_with_a_commit_and_stays_otherwise(site: World, reader: StoreReader) -> None:
    for name in ("index.db", "index.db-wal"):
        if (site.state / name).exists():
            os.utime(site.state / name, (1000, 1000))
    version = reader.version()
    assert reader.version() == version
    site.build()
    assert reader.version() != version


def test_version_right_after_a_commit_equals_no_other(site: World, reader: StoreReader) -> None:
    os.utime(site.state / "index.db")
    assert reader.version() != reader.version()


def test_undelivered_changes_are_counted_by_hub(site: World, reader: StoreReader) -> None:
    hubs = ["https://two.example/", "https://hub.example/", "https://none.example/"]
    site.settings["hubs"] = hubs[:2]
    site.build()
    with closing(sqlite3.connect(site.state / "index.db", isolation_level=None)) as sql:
        sql.execute("UPDATE deliveries SET acked = wanted WHERE hub_url = ?", (hubs[1],))
        (total,) = sql.execute("SELECT COUNT(*) FROM deliveries WHERE hub_url = ?", (hubs[0],)).fetchone()
        one = "topic_url = (SELECT MIN(topic_url) FROM deliveries)"
        sql.execute(f"UPDATE deliveries SET state = 'failed' WHERE hub_url = ? AND {one}", (hubs[0],))
        sql.execute(f"UPDATE deliveries SET acked = 0, state = 'retrying' WHERE hub_url = ? AND {one}", (hubs[1],))
    with reader.snapshot() as snapshot:
        counts = snapshot.delivery_counts.by_hub(hubs)
    assert counts == [(hubs[0], total - 1, 1), (hubs[1], 1, 0), (hubs[2], 0, 0)]
    assert total > 1
