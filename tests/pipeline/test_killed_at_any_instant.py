"""A real process is killed at each step of a build in turn; the next run gives the tree of a build from nothing."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.editable_sites import EditableSite
from support.sites import reproducible, tree

KILLED = Path(__file__).parents[1] / "support" / "killed_build.py"
SHARDS = 4


class KilledBuilds:
    """A process that forks builds of a site."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def _answer(self, request: str) -> list[int]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{request}\n")
        self._process.stdin.flush()
        return [int(word) for word in self._process.stdout.readline().split()]

    def steps(self) -> int:
        """Builds; returns the number of steps that change the disk."""
        steps, exit_code = self._answer("-")
        assert exit_code == 0
        return steps

    def kill_at(self, number: int) -> None:
        """Builds, and kills the build at a step."""
        assert self._answer(str(number)) == [-signal.SIGKILL], number


@contextmanager
def killed_builds(editable_site: EditableSite, *options: str) -> Iterator[KilledBuilds]:
    command = [sys.executable, str(KILLED), *options, str(editable_site.configure())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield KilledBuilds(process)
        process.communicate()


def _before(editable_site: EditableSite) -> None:
    for number in range(3):
        editable_site.record(f"{number}.md", title=f"Old {number}", date=f"2026-01-0{number + 1}", topics=["One"])
    editable_site.record("gone.md", title="Gone", date="2026-01-08", topics=["Gone"])


def _after(editable_site: EditableSite) -> None:
    editable_site.record("0.md", title="New 0", date="2026-01-01", topics=["One"])
    editable_site.record("more.md", title="More", date="2026-01-09", topics=["Two"])
    (editable_site.folder / "corpus" / "gone.md").unlink()


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
    editable_site = EditableSite(tmp_path / "site")
    editable_site.settings |= settings
    _before(editable_site)
    editable_site.build()
    old = editable_site.tree()
    shutil.copytree(editable_site.folder, tmp_path / "start", symlinks=True)
    _after(editable_site)
    new = editable_site.built_from_nothing(tmp_path / "fresh")
    with killed_builds(editable_site) as builds:
        steps = builds.steps()
        assert steps > 30
        assert reproducible(editable_site.tree(), editable_site.state) == new
        new = editable_site.tree()  # the run that completes the work lists the deletion, and keeps the feed Gone
        for number in range(shard, steps, SHARDS):
            shutil.rmtree(editable_site.folder)
            shutil.copytree(tmp_path / "start", editable_site.folder, symlinks=True)
            _after(editable_site)
            builds.kill_at(number)
            for path, content in tree(editable_site.output).items():
                assert path.endswith(".syndicate-new") or content in {old.get(path), new.get(path)}, (number, path)
            if number % 3 == 0:  # the corpus goes back to what it was before the kill: so must the tree
                shutil.rmtree(editable_site.folder / "corpus")
                shutil.copytree(tmp_path / "start" / "corpus", editable_site.folder / "corpus")
                editable_site.build()
                assert reproducible(editable_site.tree(), editable_site.state) == old, number
            else:
                editable_site.build()
                assert editable_site.tree() == new, number
            assert not (editable_site.state / "unfinished").exists()


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("options", [(), ("--spread",)], ids=["one process", "several processes"])
def test_first_build_killed_is_completed(tmp_path: Path, shard: int, options: tuple[str, ...]) -> None:
    editable_site = EditableSite(tmp_path / "site")
    editable_site.settings["pages"] = bool(options)
    _before(editable_site)
    new = editable_site.built_from_nothing(tmp_path / "fresh")
    with killed_builds(editable_site, *options) as builds:
        steps = builds.steps()
        assert editable_site.tree() == new
        for number in range(shard, steps, SHARDS):
            shutil.rmtree(editable_site.output, ignore_errors=True)
            shutil.rmtree(editable_site.state, ignore_errors=True)
            builds.kill_at(number)
            editable_site.build()
            assert editable_site.tree() == new, number
