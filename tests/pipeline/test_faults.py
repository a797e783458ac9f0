"""Faults of index, disk and corpus: a clear message, intact old feeds, and a correct next run."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.editable_sites import EditableSite

from syndicate.errors import OutputError


@pytest.fixture
def site(editable_site: EditableSite) -> EditableSite:
    for number in range(5):
        editable_site.record(f"{number}.md", title=f"Story {number}", date=f"2026-01-0{number + 1}")
    editable_site.build()
    return editable_site


def _command(editable_site: EditableSite) -> list[str]:
    editable_site.configure()
    return [
        sys.executable,
        "-m",
        "syndicate",
        "build",
        "-c",
        str(editable_site.folder / "config.yaml"),
        "--now",
        "2026-06-01",
    ]


@pytest.mark.parametrize("junk", [b"", b"junk" * 3000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_damaged_index_is_set_aside_and_rebuilt(site: EditableSite, junk: bytes) -> None:
    whole = site.tree()
    for path in site.state.glob("index.db*"):
        path.unlink()
    (site.state / "index.db").write_bytes(junk)
    summary = site.build()
    assert site.tree() == whole
    assert summary.written == 0
    if junk:
        assert "set aside" in summary.notes[0]
        assert (site.state / "index.db.old").read_bytes() == junk


def test_index_damaged_in_the_middle_is_set_aside_and_rebuilt(site: EditableSite) -> None:
    path = site.state / "index.db"
    sqlite3.connect(path).execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    data = bytearray(path.read_bytes())
    data[8192 : len(data) - 100] = b"\x17" * (len(data) - 8292)
    path.write_bytes(data)
    site.record("0.md", title="New words", date="2026-01-09")
    summary = site.build()
    assert "damaged" in summary.notes[0]
    assert b"New words" in (site.output / "all/feed.rss").read_bytes()


def test_index_of_another_version_is_set_aside_with_a_note(site: EditableSite) -> None:
    connection = sqlite3.connect(site.state / "index.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    result = subprocess.run(_command(site), capture_output=True, text=True, check=False)
    assert result.returncode == 0
    assert "version 99" in result.stderr


def test_state_folder_may_be_deleted(site: EditableSite) -> None:
    whole = site.tree()
    shutil.rmtree(site.state)
    site.record("9.md", title="Ninth", date="2026-02-01")
    (site.folder / "corpus" / "9.md").unlink()
    assert site.build().written == 0
    assert site.tree() == whole


def test_obsolete_feeds_are_removed_without_their_index(site: EditableSite) -> None:
    shutil.rmtree(site.state)
    for number in range(5):
        site.record(f"{number}.md", title=f"Story {number}", date=f"2026-01-0{number + 1}", topics=["Another"])
    assert site.build().removed == 6  # with its archive
    assert not (site.output / "topics" / "one").exists()


def test_full_disk_is_reported_and_the_old_feeds_stay(site: EditableSite) -> None:
    whole = site.tree()
    site.write("big.md", f"---\ntitle: Big\ndate: 2026-02-01\n---\n{'word ' * 40_000}\n")
    limit = 128 * 1024  # bytes that any one file may have: writing beyond fails as on a full disk

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    result = subprocess.run(_command(site), capture_output=True, text=True, check=False, preexec_fn=full)
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert site.tree() == whole
    assert site.build().written > 0
    assert site.tree() == site.built_from_nothing(site.folder.parent / "fresh")


def test_unwritable_folder_is_reported_and_the_old_feeds_stay(site: EditableSite) -> None:
    shutil.rmtree(site.output / "topics" / "one")
    (site.output / "topics" / "one").write_text("in the way")
    before = (site.output / "all/feed.rss").read_bytes()
    site.record("0.md", title="New words", date="2026-02-01")
    with pytest.raises(OutputError, match="topics/one"):
        site.build()
    assert (site.output / "all/feed.rss").read_bytes() == before
    assert not list(site.output.rglob("*.syndicate-new"))
    (site.output / "topics" / "one").unlink()
    site.build()
    assert site.tree() == site.built_from_nothing(site.folder.parent / "fresh")


def test_state_folder_that_cannot_be_created_is_reported(site: EditableSite) -> None:
    shutil.rmtree(site.state)
    site.state.write_text("in the way")
    with pytest.raises(OutputError, match=r"\.syndicate"):
        site.build()


def test_reader_never_reads_a_partial_document(site: EditableSite) -> None:
    """A reader polls while builds alternate between two states of the corpus: it reads one of two whole documents."""
    site.settings["feeds"]["deleted_days"] = 0
    path = site.output / "all" / "feed.json"
    first = path.read_bytes()
    site.record("x.md", title="x", date="2026-02-01", excerpt="long " * 20_000)
    site.build()
    second = path.read_bytes()
    stop = threading.Event()
    met: set[bytes] = set()

    def poll() -> None:
        while not stop.is_set():
            met.add(path.read_bytes())

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        for number in range(20):
            if number % 2:
                site.record("x.md", title="x", date="2026-02-01", excerpt="long " * 20_000)
            else:
                (site.folder / "corpus" / "x.md").unlink()
            site.build()
    finally:
        stop.set()
        reader.join()
    assert met <= {first, second}
    assert all(json.loads(document)["items"] for document in met)


def test_corpus_folder_that_cannot_be_listed_is_a_problem(site: EditableSite) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may list every folder")
    (site.folder / "corpus" / "shut").mkdir(mode=0)
    summary = site.build()
    assert "cannot be read" in str(summary.problems[0])


def test_pool_of_processes_gives_the_same_tree(editable_site: EditableSite, tmp_path: Path) -> None:
    for number in range(450):
        editable_site.record(
            f"n{number:03}.md", title=f"Story {number}", date=f"2026-01-{number % 28 + 1:02}", topics=["A", "B"]
        )
    editable_site.settings["feeds"] = {"limit": 100}
    summary = editable_site.build()
    assert summary.entries == 450
    apart = EditableSite(tmp_path / "apart")
    apart.settings = editable_site.settings
    for start in range(0, 450, 150):
        for path in sorted((editable_site.folder / "corpus").iterdir())[start : start + 150]:
            shutil.copy(path, apart.folder / "corpus")
        apart.build()
    assert apart.tree() == editable_site.tree()
