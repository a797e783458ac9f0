"""A bucket that the workers of a Dask cluster fill has the documents of a folder that one machine fills."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from support.bucket_sites import BucketSite
from support.corpus_sites import CorpusSite
from support.dask_clusters import DaskCluster, dask_cluster
from support.histories import edit, fill, wait_for_work
from support.object_services import BUCKET, ENVIRONMENT, ObjectService

from syndicate.outputs.paths import DELETIONS, LOCK, MARKER, STAGED_FOLDER

pytestmark = pytest.mark.dask


def dask_site(folder: Path, service: ObjectService, cluster: DaskCluster, prefix: str, batch: int = 2) -> BucketSite:
    site = BucketSite(folder, service, prefix)
    executor = {"kind": "dask", "scheduler": cluster.address, "batch": batch, "timeout_s": 60}
    site.settings |= {"executor": executor, "pages": True}
    return site


def staged(site: BucketSite) -> list[str]:
    return [path for path in site.documents() if path.startswith(STAGED_FOLDER)]


@pytest.mark.parametrize("archive", ["month", "none"])
def test_bucket_equals_a_folder_after_a_history(
    cluster: DaskCluster, service: ObjectService, tmp_path: Path, archive: str
) -> None:
    site = dask_site(tmp_path / "site", service, cluster, f"history-{archive}/")
    site.settings["feeds"]["archive"] = archive
    for number in range(6):
        edit(site, number)
        site.build_bucket()
        expected, found = site.build_folder(), site.documents()
        assert {path: found.get(path) for path in expected} == expected
        assert found.keys() - expected.keys() <= site.pending().keys()
        assert staged(site) == []
    site.let_deletions_fall_due()
    site.build_bucket(verify=True)
    assert site.documents() == site.build_folder()


def test_headers_are_those_of_a_build_on_one_machine(
    cluster: DaskCluster, service: ObjectService, tmp_path: Path
) -> None:
    headers = []
    for kind in ("dask", "inline"):
        site = dask_site(tmp_path / kind, service, cluster, f"headers-{kind}/")
        site.settings["feeds"]["archive"] = "month"
        if kind == "inline":
            site.settings["executor"] = kind
        for one in range(12):
            site.record(f"{one}.md", title=f"{one}", date=f"2026-0{one % 4 + 1}-{one + 1:02}")
        site.build_bucket()
        site.record("13.md", title="13", date="2026-05-20")
        site.build_bucket()
        found = {path: service.request("HEAD", site.prefix + path).headers for path in site.documents()}
        names = ("content-type", "cache-control", "x-amz-meta-syndicate-digest")
        headers.append({path: [values.get(name) for name in names] for path, values in found.items()})
    assert headers[0] == headers[1]
    assert any("86400" in str(values) for values in headers[0].values())


def test_unchanged_documents_are_not_sent_again(cluster: DaskCluster, service: ObjectService, tmp_path: Path) -> None:
    site = dask_site(tmp_path / "site", service, cluster, "unchanged/")
    edit(site, 3)
    first = site.build_bucket()
    (site.state / "index.db").unlink()
    again = site.build_bucket()
    assert first.written > 0
    assert (again.written, again.removed) == (0, 0)
    assert staged(site) == []


def test_killed_build_is_completed_by_the_next(service: ObjectService, tmp_path: Path) -> None:
    folder = tmp_path / "dask"
    folder.mkdir()
    with dask_cluster(folder) as cluster:
        site = dask_site(tmp_path / "site", service, cluster, "killed/", batch=8)
        old: dict[str, bytes] = {}
        for number, pause_s in enumerate([0.5, 1.5, 2.5]):
            fill(site, number)
            building = site.start_build(ENVIRONMENT)
            wait_for_work(cluster, building)
            time.sleep(pause_s)  # another moment of the build, whatever it is
            building.kill()
            building.communicate()
            found = {path: content for path, content in site.documents().items() if not path.startswith(STAGED_FOLDER)}
            site.build_bucket()
            new = site.build_folder()
            assert [path for path, one in found.items() if one not in {old.get(path), new.get(path)}] == []
            documents = site.documents()
            assert {path: documents.get(path) for path in new} == new
            old = new
        site.let_deletions_fall_due()
        site.build_bucket(verify=True)
        site.let_deletions_fall_due()
        site.build_bucket()
        assert site.documents() == site.build_folder()


@pytest.mark.parametrize("output", ["folder", "bucket"])
def test_corpus_in_a_bucket_needs_no_shared_folder(
    cluster: DaskCluster, service: ObjectService, tmp_path: Path, output: str
) -> None:
    site = CorpusSite(tmp_path / "site", service, f"no-disk-{output}/")
    executor = {"kind": "dask", "scheduler": cluster.address, "batch": 2, "timeout_s": 60}
    site.settings |= {"executor": executor}
    prefix = f"no-disk-{output}/feeds/"
    if output == "bucket":
        site.settings |= {"output": f"s3://{BUCKET}/{prefix}"}
        site.settings["bucket"]["delete_after_s"] = 0
    for number in range(5):
        edit(site, number)
        site.build_uploaded()
        found = site.tree() if output == "folder" else service.objects(prefix)
        own = {LOCK, DELETIONS} if output == "bucket" else set()
        assert {path: one for path, one in found.items() if path not in own} == site.build_from_folder()
        assert MARKER in found
