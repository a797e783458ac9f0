"""State in PostgreSQL, work on a Dask cluster and output in a bucket: the documents are those of one machine."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis.stateful import run_state_machine_as_test
from support.bucket_sites import BucketSite
from support.dask_clusters import DaskCluster, dask_cluster
from support.editable_sites import EditableSite
from support.histories import fill, wait_for_work
from support.object_services import ENVIRONMENT, ObjectService
from support.postgres_server import PostgresServer
from support.state_machines import history_settings
from support.twin_histories import TwinHistory

from syndicate.outputs.paths import COMPRESSED_SUFFIXES, MARKER, STAGED_FOLDER

pytestmark = pytest.mark.dask


class AllServicesHistory(TwinHistory):
    """The history of a site of one folder, and of one that has all services."""

    server: ClassVar[PostgresServer]
    service: ClassVar[ObjectService]
    cluster: ClassVar[DaskCluster]
    twin: BucketSite

    def make_twin(self) -> EditableSite:
        return BucketSite(self.folder / "twin", self.service, f"{self.folder.name}/")

    def choose_services(self) -> Mapping[str, Any]:
        return {
            "output": self.twin.settings["output"],
            "bucket": {**self.twin.settings["bucket"], "delete_after_s": 0},
            "state": self.server.url(),
            "precompress": False,  # only folders have compressed variants
            "executor": {"kind": "dask", "scheduler": self.cluster.address, "batch": 1, "timeout_s": 60},
        }

    def documents(self) -> tuple[dict[str, bytes], dict[str, bytes]]:
        left_out = (MARKER, *COMPRESSED_SUFFIXES)
        expected = {path: one for path, one in self.editable_site.tree().items() if not path.endswith(left_out)}
        return expected, self.twin.documents()

    def teardown(self) -> None:
        self.service.clear(self.twin.prefix)
        super().teardown()


def test_tree_equals_that_of_one_machine_after_any_history(
    server: PostgresServer, service: ObjectService, cluster: DaskCluster
) -> None:
    AllServicesHistory.server = server
    AllServicesHistory.service = service
    AllServicesHistory.cluster = cluster
    examples = int(os.environ.get("SYNDICATE_HISTORIES", "4"))
    run_state_machine_as_test(AllServicesHistory, settings=history_settings(examples, 15))


def test_no_document_is_torn_whoever_is_killed(server: PostgresServer, service: ObjectService, tmp_path: Path) -> None:
    folder = tmp_path / "dask"
    folder.mkdir()
    codes: set[int] = set()
    with dask_cluster(folder) as cluster:
        site = BucketSite(tmp_path / "site", service, "whoever/")
        executor = {"kind": "dask", "scheduler": cluster.address, "batch": 8, "timeout_s": 60}
        site.settings |= {"executor": executor, "state": server.url()}
        old: dict[str, bytes] = {}
        for number in range(9):
            fill(site, number)
            building = site.start_build(ENVIRONMENT)
            wait_for_work(cluster, building)
            time.sleep(0.3 * (number // 3))  # another moment of the build, whatever it is
            may_end_with = kill(("coordinator", "worker", "database")[number % 3], building, cluster, server)
            output, _ = building.communicate(timeout=120)
            assert building.returncode in may_end_with, output
            codes.add(building.returncode)
            documents = site.documents()
            site.build_bucket()
            new = site.build_folder()
            found = {path: content for path, content in documents.items() if not path.startswith(STAGED_FOLDER)}
            assert [path for path, content in found.items() if content not in {old.get(path), new.get(path)}] == []
            documents = site.documents()
            assert {path: documents.get(path) for path in new} == new
            old = new
        assert codes == {0, 1, -signal.SIGKILL}  # some were interrupted in each way


def kill(victim: str, building: subprocess.Popen[bytes], cluster: DaskCluster, server: PostgresServer) -> set[int]:
    """Kills a part of a build; returns the exit codes that it may end with."""
    if victim == "coordinator":
        building.kill()
        return {0, -signal.SIGKILL}
    if victim == "database":
        server.end_backends()
        return {0, 1}
    if busy := cluster.busy_workers():
        cluster.kill_worker(busy[0])
        cluster.start_worker()
    return {0}
