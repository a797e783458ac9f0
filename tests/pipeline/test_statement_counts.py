"""A build makes a bounded number of calls to the database: a network may lie between, so rows go in batches."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.editable_sites import EditableSite

TOPICS = 10  # with the feed of all entries, 11 feeds
CALLS_PER_BATCH = 12
BATCH = 256  # records


class Calls:
    """Counts the calls of all connections and cursors."""

    def __init__(self) -> None:
        self.count = 0

    def connection_class(self) -> type[sqlite3.Connection]:
        calls = self

        class Cursor(sqlite3.Cursor):
            def execute(self, *arguments: Any) -> Any:
                calls.count += 1
                return super().execute(*arguments)

            def executemany(self, *arguments: Any) -> Any:
                calls.count += 1
                return super().executemany(*arguments)

            def executescript(self, *arguments: Any) -> Any:
                calls.count += 1
                return super().executescript(*arguments)

        class Connection(sqlite3.Connection):
            def cursor(self, *_: Any) -> Any:
                return super().cursor(Cursor)

            def execute(self, *arguments: Any) -> Any:
                return self.cursor().execute(*arguments)

            def executemany(self, *arguments: Any) -> Any:
                return self.cursor().executemany(*arguments)

            def executescript(self, *arguments: Any) -> Any:
                return self.cursor().executescript(*arguments)

        return Connection


@contextmanager
def counted_calls() -> Iterator[Calls]:
    calls = Calls()
    connect, factory = sqlite3.connect, calls.connection_class()

    def counting_connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return connect(*arguments, factory=factory, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", counting_connect)
        yield calls


def site(folder: Path, records: int) -> EditableSite:
    """A site whose records are spread over the same months and topics, however many they are."""
    generated = EditableSite(folder)
    generated.settings["feeds"] = {"limit": 20, "by": ["topics"]}
    for number in range(records):
        day = f"2026-{number % 5 + 1:02}-{number % 28 + 1:02}"
        generated.record(f"{number % 7}/{number}.md", title=f"T{number}", date=day, topics=[f"Topic {number % TOPICS}"])
    return generated


def calls_of_first_build(folder: Path, records: int) -> int:
    generated = site(folder, records)
    with counted_calls() as calls:
        summary = generated.build()
    assert (summary.entries, summary.feeds) == (records, TOPICS + 1)
    return calls.count


def test_first_build_of_340_records(tmp_path: Path) -> None:
    assert 10 < calls_of_first_build(tmp_path / "site", 340) <= 150


def test_build_that_finds_nothing_changed_among_913_touched_files(tmp_path: Path) -> None:
    generated = site(tmp_path / "site", 913)
    generated.build()
    for path in (generated.folder / "corpus").rglob("*.md"):
        status = path.stat()
        os.utime(path, (status.st_atime, status.st_mtime - 100))
    with counted_calls() as calls:
        summary = generated.build()
    assert generated.stages["reading"] == 913
    assert (summary.written, summary.removed) == (0, 0)
    assert 5 < calls.count <= 36


def test_twice_the_records_in_one_batch_make_no_more_calls(tmp_path: Path) -> None:
    assert calls_of_first_build(tmp_path / "small", 60) == calls_of_first_build(tmp_path / "large", 120)


def test_ten_times_the_records_make_one_set_of_calls_more_for_each_batch(tmp_path: Path) -> None:
    small, large = calls_of_first_build(tmp_path / "small", 100), calls_of_first_build(tmp_path / "large", 1000)
    extra_batches = 1000 // BATCH
    assert large <= small + CALLS_PER_BATCH * extra_batches
