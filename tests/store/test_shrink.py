"""The database gives room back to the file system."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from syndicate.store import open_store
from syndicate.store.packing import pack
from syndicate.store.rows import RenderedRow

ENTRIES = 100
# Deletes most entries and closes the store, which shrinks it.
DELETE = """
import sys
from contextlib import closing
from syndicate.store import open_store
with closing(open_store(sys.argv[1])) as store:
    with store.write() as transaction:
        transaction.fragments.drop(list(range(10, 100)))
    print("committed", flush=True)
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with an index of 5 MB."""
    numbers = random.Random(1)
    with closing(open_store(str(tmp_path))) as store, store.write() as transaction:
        transaction.fragments.put(
            [RenderedRow(number, b"d", "T", [("rss", pack(numbers.randbytes(50_000)))]) for number in range(ENTRIES)]
        )
    return tmp_path


def size(state: Path) -> int:
    return (state / "index.db").stat().st_size


def log_size(state: Path) -> int:
    """Returns the size of the write-ahead log, which the end of the process removes."""
    with suppress(FileNotFoundError):
        return (state / "index.db-wal").stat().st_size
    return 0


def contents(state: Path) -> dict[int, bytes]:
    with closing(open_store(str(state))) as store, store.read() as snapshot:
        return snapshot.fragments.contents(list(range(ENTRIES)), ["rss"])["rss"]


def drop(state: Path, record_ids: list[int]) -> None:
    with closing(open_store(str(state))) as store, store.write() as transaction:
        transaction.fragments.drop(record_ids)


def test_index_shrinks_when_a_third_of_it_is_free(state: Path) -> None:
    before, kept = size(state), contents(state)
    drop(state, list(range(20)))
    assert size(state) == before
    drop(state, list(range(20, 40)))
    assert size(state) < before * 0.65
    assert contents(state) == {number: kept[number] for number in range(40, ENTRIES)}


def test_small_index_does_not_shrink(tmp_path: Path) -> None:
    with closing(open_store(str(tmp_path))) as store, store.write() as transaction:
        transaction.fragments.put([RenderedRow(1, b"d", "T", [("rss", pack(random.Random(1).randbytes(900_000)))])])
    before = size(tmp_path)
    drop(tmp_path, [1])
    assert size(tmp_path) == before


def test_index_in_use_shrinks_later(state: Path) -> None:
    before = size(state)
    with closing(sqlite3.connect(state / "index.db", isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT COUNT(*) FROM fragments").fetchone()
        drop(state, list(range(90)))
        assert other.execute("SELECT COUNT(*) FROM fragments").fetchone() == (ENTRIES,)
        other.execute("COMMIT")
    drop(state, [90])
    assert size(state) < before / 3


@pytest.mark.parametrize("wal_bytes", [0, 100_000, 300_000, 500_000])
def test_kill_while_it_shrinks_loses_nothing(wal_bytes: int, state: Path) -> None:
    kept = contents(state)
    command = [sys.executable, "-c", DELETE, str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "committed\n"
        committed = log_size(state)
        while process.poll() is None and log_size(state) < committed + wal_bytes:
            pass
        process.kill()
    with closing(sqlite3.connect(state / "index.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    rest = {number: kept[number] for number in (*range(10),)}
    assert contents(state) == rest
    drop(state, [0])
    assert size(state) < 1_500_000
