"""An index that another process has locked is told of at once; what is no regular file is refused."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
import structlog
from support.holders import holding
from support.sites import NOW, SiteFolder, record

from syndicate.errors import OutputError, StoreError
from syndicate.pipeline import build
from syndicate.store import open_store

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[2] == "EXCLUSIVE":
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
connection.execute(f"BEGIN {sys.argv[2]}")
connection.execute("UPDATE run_state SET value = value")
print("held", flush=True)
sys.stdin.read()
"""


def holder(index: Path, kind: str = "IMMEDIATE") -> AbstractContextManager[subprocess.Popen[str]]:
    """A process that holds a lock of the database until its input ends."""
    return holding(HOLDER, str(index), kind, says="held")


@pytest.fixture
def index(site_folder: SiteFolder) -> Path:
    site_folder.put("a.md", record("A"))
    site_folder.build()
    return site_folder.folder / ".syndicate" / "index.db"


@pytest.mark.parametrize("kind", ["IMMEDIATE", "EXCLUSIVE"])
def test_build_names_the_process_that_holds_the_lock(site_folder: SiteFolder, index: Path, kind: str) -> None:
    site_folder.put("b.md", record("B"))
    with holder(index, kind) as process:
        started = time.monotonic()
        with pytest.raises(StoreError, match=rf"index\.db: locked by process {process.pid} \(.*python.* -c"):
            build(site_folder.load(), NOW)
        assert time.monotonic() - started < 4  # 1.5 seconds, on a busy machine
    assert site_folder.build().entries == 2


def test_command_says_in_one_line_who_holds_the_lock(site_folder: SiteFolder, index: Path) -> None:
    with holder(index) as process:
        done = site_folder.run("build")
    assert done.returncode == 1
    assert done.stderr.startswith(f"syndicate: {index}: locked by process {process.pid} (")
    assert done.stderr.count("\n") == 1


def test_reader_names_the_process_that_holds_the_lock(site_folder: SiteFolder, index: Path) -> None:
    state = site_folder.load().state
    with (
        holder(index, "EXCLUSIVE") as process,
        closing(open_store(state)) as store,
        pytest.raises(StoreError, match=f"locked by process {process.pid} "),
        store.read(),
    ):
        pass


def test_delivery_logs_whom_it_waits_for_and_goes_on(site_folder: SiteFolder, index: Path) -> None:
    state = site_folder.load().state
    with holder(index) as process, structlog.testing.capture_logs() as logs, closing(open_store(state)) as store:

        def release() -> None:
            while not logs:
                time.sleep(0.01)
            assert process.stdin is not None
            process.stdin.close()

        releasing = threading.Thread(target=release, daemon=True)
        releasing.start()
        with store.update() as transaction:
            assert transaction.run_state()
        releasing.join(timeout=10)
    assert [entry["event"] for entry in logs] == ["waiting for the index"]
    assert str(logs[0]["held_by"]).startswith(f"process {process.pid} (")


SPECIAL: list[Callable[[Path], object]] = [os.mkfifo, os.mkdir, lambda path: path.symlink_to("real")]


@pytest.mark.parametrize("make", SPECIAL, ids=["pipe", "folder", "link"])
@pytest.mark.parametrize("name", ["index.db", "index.db-wal"])
def test_index_that_is_no_regular_file_is_refused(
    site_folder: SiteFolder, index: Path, name: str, make: Callable[[Path], object]
) -> None:
    (index.parent / "real").write_bytes(b"")
    index.with_name(name).unlink(missing_ok=True)
    make(index.with_name(name))
    with pytest.raises(StoreError, match=f"{name}: not a regular file"):
        build(site_folder.load(), NOW)
    with closing(open_store(str(index.parent))) as store, pytest.raises(StoreError), store.read():
        pass
    assert (index.parent / "real").read_bytes() == b""


@pytest.mark.parametrize("name", ["lock", "unfinished"])
@pytest.mark.parametrize("make", SPECIAL, ids=["pipe", "folder", "link"])
def test_file_of_the_state_is_not_written_through_a_link(
    site_folder: SiteFolder, index: Path, name: str, make: Callable[[Path], object]
) -> None:
    (index.parent / "real").write_text("mine")
    index.with_name(name).unlink(missing_ok=True)
    make(index.with_name(name))
    site_folder.put("b.md", record("B"))
    with pytest.raises(OutputError, match=f"{name}: cannot be written: "):
        build(site_folder.load(), NOW)
    assert (index.parent / "real").read_text() == "mine"


def test_index_that_is_garbage_is_set_aside(site_folder: SiteFolder, index: Path) -> None:
    index.write_bytes(b"no database" * 1000)
    assert site_folder.build().notes
    with sqlite3.connect(index) as connection:
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (1,)
    connection.close()
