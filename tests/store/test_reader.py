"""Snapshots of the store: consistent, of the present file and schema version, and read-only."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.editable_sites import EditableSite

from syndicate.errors import StoreError, StoreMissingError
from syndicate.store import open_store
from syndicate.store.base import Store


@pytest.fixture
def site(tmp_path: Path) -> EditableSite:
    """A site with one entry, built."""
    editable_site = EditableSite(tmp_path / "site")
    editable_site.record("a.md", topics=["One"])
    editable_site.build()
    return editable_site


@pytest.fixture(params=[0, 2], ids=["no idle connections", "idle connections"])
def reader(request: pytest.FixtureRequest, site: EditableSite) -> Iterator[Store]:
    reader = open_store(str(site.state), max_readers=request.param)
    yield reader
    reader.close()


def paths(reader: Store) -> set[str]:
    with reader.read() as snapshot:
        return {document.path for document in snapshot.documents.all()}


def test_snapshot_does_not_change_while_a_run_commits(site: EditableSite, reader: Store) -> None:
    with reader.read() as snapshot:
        before = list(snapshot.documents.all())
        site.record("b.md", topics=["Two"])
        site.build()
        assert list(snapshot.documents.all()) == before
    assert "topics/two/feed.rss" in paths(reader)


def test_replaced_database_is_opened_again(site: EditableSite, reader: Store) -> None:
    before = paths(reader)
    for name in os.listdir(site.state):
        if name.startswith("index.db"):
            os.unlink(site.state / name)
    with pytest.raises(StoreMissingError), reader.read():
        pass
    site.record("b.md", topics=["Two"])
    site.build()
    assert paths(reader) > before


def test_database_of_another_version_is_refused(site: EditableSite, reader: Store) -> None:
    assert paths(reader)
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        sql.execute("PRAGMA user_version = 1")
    with pytest.raises(StoreError, match="made by another version"), reader.read():
        pass


def test_damaged_database_is_unavailable(site: EditableSite) -> None:
    for name in os.listdir(site.state):
        if name.startswith("index.db"):
            os.unlink(site.state / name)
    (site.state / "index.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError), open_store(str(site.state)).read():
        pass


def test_failed_query_is_reported_and_the_next_snapshot_works(site: EditableSite, reader: Store) -> None:
    with (
        pytest.raises(StoreError, match="readonly"),
        reader.read() as snapshot,
    ):
        snapshot.documents._sql.execute("DELETE FROM documents")
    assert paths(reader)


def test_error_of_the_caller_passes_through(reader: Store) -> None:
    with pytest.raises(LookupError), reader.read():
        raise LookupError
    assert paths(reader)


def test_threads_read_at_the_same_time(reader: Store) -> None:
    barrier = threading.Barrier(3, timeout=10)
    results: list[int] = []

    def read() -> None:
        with reader.read() as snapshot:
            barrier.wait()
            results.append(len(list(snapshot.documents.all())))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    assert len(set(results)) == 1


def test_version_changes_with_a_commit_and_stays_otherwise(site: EditableSite, reader: Store) -> None:
    for name in ("index.db", "index.db-wal"):
        if (site.state / name).exists():
            os.utime(site.state / name, (1000, 1000))
    version = reader.version()
    assert reader.version() == version
    site.build()
    assert reader.version() != version


def test_version_right_after_a_commit_equals_no_other(site: EditableSite, reader: Store) -> None:
    os.utime(site.state / "index.db")
    assert reader.version() != reader.version()


def test_undelivered_changes_are_counted_by_hub(site: EditableSite, reader: Store) -> None:
    hubs = ["https://two.example/", "https://hub.example/", "https://none.example/"]
    site.settings["hubs"] = hubs[:2]
    site.build()
    with closing(sqlite3.connect(site.state / "index.db", isolation_level=None)) as sql:
        sql.execute("UPDATE deliveries SET acknowledged_generation = wanted_generation WHERE hub_url = ?", (hubs[1],))
        (total,) = sql.execute("SELECT COUNT(*) FROM deliveries WHERE hub_url = ?", (hubs[0],)).fetchone()
        one = "topic_url = (SELECT MIN(topic_url) FROM deliveries)"
        sql.execute(f"UPDATE deliveries SET state = 'failed' WHERE hub_url = ? AND {one}", (hubs[0],))
        sql.execute(
            f"UPDATE deliveries SET acknowledged_generation = 0, state = 'retrying' WHERE hub_url = ? AND {one}",
            (hubs[1],),
        )
    with reader.read() as snapshot:
        counts = snapshot.outbox.count_pending(hubs)
    assert counts == [(hubs[0], total - 1, 1), (hubs[1], 1, 0), (hubs[2], 0, 0)]
    assert total > 1
