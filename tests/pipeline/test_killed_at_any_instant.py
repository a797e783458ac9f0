"""A real process is killed at each step of a build in turn; the next run makes what a build from nothing makes."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.sites import but_for_deletions, tree
from support.worlds import World

KILLED = Path(__file__).parents[1] / "support" / "killed.py"
SHARDS = 4


def _run(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(KILLED), str(world.configure()), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _before(world: World) -> None:
    for number in range(3):
        world.record(f"{number}.md", title=f"Old {number}", date=f"2026-01-0{number + 1}", topics=["One"])
    world.record("gone.md", title="Gone", date="2026-01-08", topics=["Gone"])


def _after(world: World) -> None:
    world.record("0.md", title="New 0", date="2026-01-01", topics=["One"])
    world.record("more.md", title="More", date="2026-01-09", topics=["Two"])
    (world.folder / "corpus" / "gone.md").unlink()


@pytest.mark.parametrize(
    ("shard", "settings"),
    [(shard, {}) for shard in range(SHARDS)]
    + [
        (shard, {"precompress": True, "feeds": {"limit": 3, "by": ["topics"], "formats": ["rss"]}})
        for shard in range(2)
    ],
    ids=str,
)
def test_next_run_completes_the_work(tmp_path: Path, shard: int, settings: dict[str, Any]) -> None:
    world = World(tmp_path / "site")
    world.settings |= settings
    _before(world)
    world.build()
    old = world.tree()
    shutil.copytree(world.folder, tmp_path / "start", symlinks=True)
    _after(world)
    new = world.built_from_nothing(tmp_path / "fresh")
    steps = int(_run(world).stdout)
    assert steps > 30
    assert but_for_deletions(world.tree()) == new
    new = world.tree()  # the deletion is told of by whichever run completes the work
    for number in range(shard, steps, SHARDS):
        shutil.rmtree(world.folder)
        shutil.copytree(tmp_path / "start", world.folder, symlinks=True)
        _after(world)
        result = _run(world, str(number))
        assert result.returncode == -signal.SIGKILL, (number, result)
        for path, content in tree(world.output).items():
            assert path.endswith(".syndicate-new") or content in {old.get(path), new.get(path)}, (number, path)
        if number % 3 == 0:  # the corpus goes back to what it was before the kill: so must the tree
            shutil.rmtree(world.folder / "corpus")
            shutil.copytree(tmp_path / "start" / "corpus", world.folder / "corpus")
            world.build()
            assert but_for_deletions(world.tree()) == old, number
        else:
            world.build()
            assert world.tree() == new, number
        assert not (world.state / "unfinished").exists()


@pytest.mark.parametrize("shard", range(SHARDS))
def test_first_build_killed_is_completed(tmp_path: Path, shard: int) -> None:
    world = World(tmp_path / "site")
    _before(world)
    new = world.built_from_nothing(tmp_path / "fresh")
    steps = int(_run(world).stdout)
    for number in range(shard, steps, SHARDS):
        shutil.rmtree(world.output, ignore_errors=True)
        shutil.rmtree(world.state, ignore_errors=True)
        assert _run(world, str(number)).returncode == -signal.SIGKILL
        world.build()
        assert world.tree() == new, number
