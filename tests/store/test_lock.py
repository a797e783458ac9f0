"""One run at a time: a second one exits at once and names the holder; the lock of a dead process is free."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from support.holders import holding
from support.sites import NOW, SiteFolder, record, tree

from syndicate.errors import LockedError, OutputError
from syndicate.pipeline import build
from syndicate.store.sqlite.lock import lock

HOLDER = """
import sys
from syndicate.store.sqlite.lock import lock
with lock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(state: Path) -> AbstractContextManager[subprocess.Popen[str]]:
    """A process that holds the lock until its input ends, or it is killed."""
    return holding(HOLDER, str(state), says="held")


@pytest.fixture
def state(site_folder: SiteFolder) -> Path:
    site_folder.put("a.md", record("A"))
    return site_folder.folder / ".syndicate"


def test_second_build_exits_with_4_at_once_naming_the_holder(site_folder: SiteFolder, state: Path) -> None:
    with holder(state) as process:
        started = time.monotonic()
        done = site_folder.run("build")
        assert time.monotonic() - started < 5
        assert (done.returncode, done.stdout) == (4, "")
        assert done.stderr.startswith(
            f"syndicate: {state}: another run is at work: process {process.pid} on {socket.gethostname()} ("
        )
        assert " -c " in done.stderr
        assert done.stderr.count("\n") == 1
    assert not site_folder.output.exists()


def test_locked_out_build_changes_nothing(site_folder: SiteFolder, state: Path) -> None:
    site_folder.build()
    before = tree(site_folder.output)
    site_folder.put("b.md", record("B"))
    with holder(state), pytest.raises(LockedError, match="another run is at work: process"):
        build(site_folder.load(), NOW)
    assert tree(site_folder.output) == before


def test_check_works_while_a_build_is_running(site_folder: SiteFolder, state: Path) -> None:
    with holder(state):
        assert site_folder.run("check").returncode == 0


def test_lock_of_a_killed_process_is_free(site_folder: SiteFolder, state: Path) -> None:
    with holder(state) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
        assert site_folder.run("build", "--now", "2026-07-01").returncode == 0
    assert (site_folder.output / "all/feed.rss").is_file()


def test_lock_is_free_after_the_run_and_after_a_failure(state: Path) -> None:
    with lock(str(state)):
        pass
    with pytest.raises(RuntimeError, match="boom"), lock(str(state)):
        raise RuntimeError("boom")
    with lock(str(state)):
        pass


def test_lock_excludes_the_same_process_too(state: Path) -> None:
    with lock(str(state)), pytest.raises(LockedError, match=f"process {os.getpid()} "), lock(str(state)):
        pass


def test_locks_of_other_state_folders_are_independent(tmp_path: Path) -> None:
    with lock(str(tmp_path / "a")), lock(str(tmp_path / "b")):
        assert (tmp_path / "b" / "lock").is_file()


def test_lock_file_of_an_earlier_run_is_taken_over(state: Path) -> None:
    state.mkdir()
    (state / "lock").write_bytes(b"process 1 on a machine with a very long name\n\xff" * 9)
    with lock(str(state)), pytest.raises(LockedError) as raised, lock(str(state)):
        pass
    assert f"process {os.getpid()} on {socket.gethostname()} (" in str(raised.value)


def test_state_folder_is_created(tmp_path: Path) -> None:
    with lock(str(tmp_path / "deep" / "state")):
        assert stat.S_ISREG((tmp_path / "deep" / "state" / "lock").stat().st_mode)


@pytest.mark.parametrize("occupied", ["", "lock/x"], ids=["a file as state folder", "a folder as lock"])
def test_unwritable_state_folder_is_reported(occupied: str, state: Path) -> None:
    if occupied:
        (state / occupied).parent.mkdir(parents=True)
    else:
        state.write_text("")
    with pytest.raises(OutputError, match="lock: cannot be written: "), lock(str(state)):
        pass


def test_children_of_the_holder_do_not_keep_the_lock(state: Path) -> None:
    with lock(str(state)):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with lock(str(state)):
            pass
    finally:
        child.communicate(b"\n")
