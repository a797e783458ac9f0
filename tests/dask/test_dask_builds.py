"""A tree that is built on a Dask cluster is that of one machine, whoever of the cluster dies meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.dask_clusters import DaskCluster, dask_cluster, descendants
from support.dask_sites import DaskSite
from support.histories import edit, fill, wait_for_work
from support.processes import is_running, wait_until
from support.sites import run

from syndicate.errors import ExecutorError, OutputError
from syndicate.model import Document
from syndicate.outputs.local import LocalOutput
from syndicate.outputs.paths import MARKER, STAGED_SUFFIX

pytestmark = pytest.mark.dask


def staged(site: DaskSite) -> list[str]:
    return [str(path) for path in site.output.rglob(f"*{STAGED_SUFFIX}")]


def torn(found: dict[str, bytes], old: dict[str, bytes], new: dict[str, bytes]) -> list[str]:
    """Returns the documents that are neither those of before nor those of after a build."""
    documents = {path: content for path, content in found.items() if not path.endswith(STAGED_SUFFIX)}
    return [path for path, content in documents.items() if content not in {old.get(path), new.get(path)}]


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    """Returns a cluster of two workers that a test may kill."""
    folder = tmp_path / "dask"
    folder.mkdir()
    with dask_cluster(folder) as running:
        yield running


@pytest.mark.parametrize("archive", ["month", "none"])
def test_tree_equals_that_of_one_machine_after_a_history(cluster: DaskCluster, tmp_path: Path, archive: str) -> None:
    site = DaskSite(tmp_path / "site", cluster)
    site.settings["feeds"]["archive"] = archive
    for number in range(8):
        edit(site, number)
        site.build()
        assert site.tree() == site.build_alone(), number


def test_compressed_variants_and_the_interface_for_partners_are_made_on_workers(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    site = DaskSite(tmp_path / "site", cluster)
    site.settings |= {"precompress": True, "api": {"public": True}}
    for number in range(3):
        edit(site, number)
        site.build()
        assert site.tree() == site.build_alone()


def test_build_with_nothing_to_do_needs_no_cluster(cluster: DaskCluster, tmp_path: Path) -> None:
    site = DaskSite(tmp_path / "site", cluster)
    edit(site, 1)
    for path in (site.folder / "corpus").iterdir():
        os.utime(path, (1, 1))  # a file of this second would be read again
    site.build()
    site.settings["executor"]["scheduler"] = "tcp://127.0.0.1:1"
    assert site.build().written == 0


def test_scheduler_that_cannot_be_reached_is_one_line(tmp_path: Path, cluster: DaskCluster) -> None:
    site = DaskSite(tmp_path / "site", cluster)
    edit(site, 5)
    site.settings["executor"] |= {"scheduler": "tcp://127.0.0.1:1", "timeout_s": 1}
    site.configure()
    started = time.monotonic()
    done = run("build", cwd=site.folder)
    assert done.returncode == 1
    assert time.monotonic() - started < 20
    (line,) = done.stderr.splitlines()
    assert "tcp://127.0.0.1:1: the Dask scheduler cannot be reached: " in line


def test_cluster_without_workers_is_refused(tmp_path: Path) -> None:
    with dask_cluster(tmp_path, workers=0) as cluster:
        site = DaskSite(tmp_path / "site", cluster)
        site.settings["executor"]["timeout_s"] = 10
        fill(site, 1)
        with pytest.raises(ExecutorError, match=r"^tcp://\S+: the Dask cluster has no workers$"):
            site.build()


def test_worker_with_other_releases_is_refused_with_both_versions(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.abc, sys\n"
        "class Finder(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'syndicate.pipeline.fingerprints':\n"
        "            sys.meta_path.remove(self)\n"
        "            import syndicate\n"
        "            syndicate.__version__ = '0.0.1'\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    with dask_cluster(tmp_path, workers=0) as cluster:
        cluster.start_worker({"PYTHONPATH": str(tmp_path)})
        site = DaskSite(tmp_path / "site", cluster)
        fill(site, 1)
        with pytest.raises(ExecutorError, match=r"syndicate is 0\.0\.1 .* on a Dask worker and \d.* on this machine"):
            site.build()
        assert [path.name for path in site.output.iterdir()] == [MARKER]


def test_output_that_a_worker_does_not_share_is_refused(tmp_path: Path) -> None:
    """A worker of another machine may have a folder at that path that is not the site's."""
    output = LocalOutput(str(tmp_path), "f.example,2026", "https://f.example/", run="1f0a9c")
    with pytest.raises(OutputError, match="a worker finds another folder there: the output must be shared"):
        output.stage([Document("all/feed.rss", b"")])
    assert list(tmp_path.iterdir()) == []


def test_workers_that_are_killed_cost_no_record(own_cluster: DaskCluster, tmp_path: Path) -> None:
    site = DaskSite(tmp_path / "site", own_cluster, batch=8)
    old: dict[str, bytes] = {}
    for number in range(3):
        fill(site, number)
        building = site.start_build()
        for pause_s in (0.0, 0.5):
            wait_for_work(own_cluster, building)
            time.sleep(pause_s)  # another moment of the build, whatever it is
            if busy := own_cluster.busy_workers():
                own_cluster.kill_worker(busy[0])
                own_cluster.start_worker()
        output, _ = building.communicate(timeout=120)
        assert (building.returncode, output) == (0, b"")
        new = site.build_alone()
        assert torn(site.tree(), old, new) == []
        assert staged(site) == []
        site.build()
        assert site.tree() == new
        old = new


def test_killed_coordinator_leaves_the_old_tree_or_the_new_one(own_cluster: DaskCluster, tmp_path: Path) -> None:
    site = DaskSite(tmp_path / "site", own_cluster, batch=8)
    old: dict[str, bytes] = {}
    for number, pause_s in enumerate([0.0, 0.4, 0.8, 1.2, 1.6]):
        fill(site, number)
        building = site.start_build()
        wait_for_work(own_cluster, building)
        time.sleep(pause_s)  # another moment of the build, whatever it is
        building.kill()
        building.communicate()
        found = site.tree()
        site.build()
        new = site.tree()
        assert torn(found, old, new) == []
        assert new == site.build_alone()
        assert staged(site) == []
        old = new


def test_killed_scheduler_leaves_the_old_tree(own_cluster: DaskCluster, tmp_path: Path) -> None:
    site = DaskSite(tmp_path / "site", own_cluster, batch=8)
    fill(site, 0)
    site.build()
    old = site.tree()
    fill(site, 1)
    site.settings["executor"]["timeout_s"] = 3
    site.configure()
    building = subprocess.Popen([sys.executable, "-m", "syndicate", "build"], cwd=site.folder, stderr=subprocess.PIPE)
    wait_until(own_cluster.busy_workers)
    own_cluster.kill_scheduler()
    _, errors = building.communicate(timeout=60)
    assert building.returncode == 1
    (line,) = errors.decode().splitlines()
    assert "the Dask scheduler cannot be reached" in line
    assert site.tree() == old


def test_build_goes_on_with_a_scheduler_that_is_started_again(own_cluster: DaskCluster, tmp_path: Path) -> None:
    site = DaskSite(tmp_path / "site", own_cluster, batch=8)
    fill(site, 0)
    building = site.start_build()
    wait_until(own_cluster.busy_workers)
    own_cluster.kill_scheduler()
    own_cluster.start_scheduler()
    own_cluster.start_worker()
    output, _ = building.communicate(timeout=120)
    assert (building.returncode, output) == (0, b"")
    assert site.tree() == site.build_alone()


def test_processes_of_a_worker_end_with_it(own_cluster: DaskCluster, tmp_path: Path) -> None:
    site = DaskSite(tmp_path / "site", own_cluster, batch=8)
    fill(site, 0)
    site.build()
    worker = own_cluster.workers()[0]
    started = descendants(worker.pid)
    assert started
    own_cluster.kill_worker(worker)
    wait_until(lambda: not any(map(is_running, started)), timeout_s=5)
