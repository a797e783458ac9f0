"""A corpus in a bucket gives the documents of the same corpus in a folder."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.corpus_sites import CorpusSite
from support.object_proxy import ObjectProxy, Request, proxied
from support.object_services import BUCKET, ENVIRONMENT, ObjectService
from support.processes import wait_until
from support.sites import run

from syndicate.errors import CorpusError, ShrinkError

pytestmark = pytest.mark.bucket


@pytest.fixture(params=["seaweedfs", "moto"])
def site(request: pytest.FixtureRequest, tmp_path: Path, prefix: str) -> CorpusSite:
    service: ObjectService = request.getfixturevalue(request.param)
    return CorpusSite(tmp_path / "site", service, f"{request.param}-{prefix}")


@pytest.fixture
def proxy(seaweedfs: ObjectService) -> Iterator[ObjectProxy]:
    with proxied(seaweedfs) as running:
        yield running


@pytest.mark.parametrize("executor", ["processes", "inline"])
def test_documents_are_those_of_a_folder_after_a_history(site: CorpusSite, executor: str) -> None:
    site.settings["executor"] = executor
    site.record("a.md", title="A", body="See [B](b.md).")
    site.record("2026/b c.md", title="B", topics=["Two"])
    site.record("ä/ü *?.md", title="C", topics=["One", "Äther"])
    site.record(".hidden/x.md", title="X")
    site.record("_index.md", title="X")
    site.write("broken.md", "---\ntitle: [\n---\n")
    site.write("notes.txt", "no record")
    site.build_uploaded()
    assert site.tree() == site.build_from_folder()
    site.record("a.md", title="A, changed")
    (site.folder / "corpus" / "2026" / "b c.md").unlink()
    site.record("d/e/f.md", title="F")
    site.build_uploaded()
    assert site.tree() == site.build_from_folder()
    site.settings["corpus"][0]["exclude"] = ["d"]
    site.build_uploaded()
    assert site.tree() == site.build_from_folder()


def test_objects_are_read_only_when_their_versions_change(proxy: ObjectProxy, tmp_path: Path, prefix: str) -> None:
    site = CorpusSite(tmp_path / "site", proxy, prefix)
    for number in range(20):
        site.record(f"{number}.md", title=f"{number}")
    site.build_uploaded()
    proxy.reset()
    assert site.build().written == 0
    assert read_keys(proxy) == []
    site.record("3.md", title="other")
    site.upload()
    proxy.reset()
    assert site.build().written > 0
    assert set(read_keys(proxy)) == {f"{site.prefix}3.md"}
    site.upload()
    site.service.put(f"{site.prefix}3.md", (site.folder / "corpus/3.md").read_bytes())
    assert site.build().written == 0


def read_keys(proxy: ObjectProxy) -> list[str]:
    """Returns the objects of which the content was read."""
    paths = [request.path for request in proxy.requests if request.method == "GET"]
    return [path.removeprefix(f"/{BUCKET}/") for path in paths if path.endswith(".md")]


def test_many_records_are_read_in_processes(seaweedfs: ObjectService, tmp_path: Path, prefix: str) -> None:
    site = CorpusSite(tmp_path / "site", seaweedfs, prefix)
    for number in range(500):
        site.record(f"{number % 7}/{number}.md", title=f"{number}", topics=[f"T{number % 5}"])
    assert site.build_uploaded().entries == 500
    assert site.tree() == site.build_from_folder()


def test_hostile_record_costs_only_itself(site: CorpusSite) -> None:
    site.settings["limits"] = {"seconds": 0.2}
    site.record("good.md", title="Good")
    site.write("slow.md", "---\ntitle: Slow\ndate: 2026-01-01\n---\n" + "[" * 100_000)
    site.settings["corpus"][0]["max_bytes"] = 200_000
    site.write("large.md", "---\ntitle: Large\n---\n" + "x" * 200_000)
    summary = site.build_uploaded()
    assert summary.entries >= 1
    (problem,) = [one for one in summary.problems if one.path.endswith("large.md")]
    assert (problem.path, problem.field) == (f"{site.address}large.md", "file")
    assert problem.message == "200,021 bytes, more than max_bytes (200,000)"
    assert site.tree() == site.build_from_folder()


def test_bucket_that_cannot_be_listed_changes_nothing(proxy: ObjectProxy, tmp_path: Path, prefix: str) -> None:
    site = CorpusSite(tmp_path / "site", proxy, prefix)
    site.record("a.md")
    site.build_uploaded()
    before = site.tree()
    site.settings["bucket"]["endpoint"] = "http://127.0.0.1:1"
    with pytest.raises(CorpusError, match=r"^the corpus cannot be read: s3://"):
        site.build()
    assert site.tree() == before


def test_folder_of_a_bucket_that_is_empty_is_refused_by_the_guard(site: CorpusSite) -> None:
    for number in range(20):
        site.record(f"{number}.md")
    site.build_uploaded()
    before = site.tree()
    site.service.clear(site.prefix)
    with pytest.raises(ShrinkError, match="include matches no file under"):
        site.build(allow_shrink=False)
    assert site.tree() == before


def test_object_that_is_replaced_while_a_build_works_waits_for_the_next(
    proxy: ObjectProxy, tmp_path: Path, prefix: str
) -> None:
    """A build that has read the former bytes finds the new version before it publishes."""
    site = CorpusSite(tmp_path / "site", proxy, prefix)
    former = site.record("a.md", title="Former").read_bytes()
    site.record("b.md", title="Other")
    site.upload()

    def replace(request: Request) -> str:
        if request.method == "HEAD":
            proxy.behind.put(f"{site.prefix}a.md", former.replace(b"Former", b"Present"))
        return ""

    proxy.reset(replace)
    site.build()
    feed = site.tree()["all/feed.rss"]
    assert (b"Former" in feed, b"Other" in feed) == (False, True)
    proxy.reset()
    site.build()
    assert b"Present" in site.tree()["all/feed.rss"]


def test_verbs_take_the_address_of_an_object(site: CorpusSite) -> None:
    site.record("a.md", title="A", topics=["One"])
    site.write("broken.md", "---\ntitle: [\n---\n")
    site.upload()
    site.configure()
    checked = run("check", cwd=site.folder, **ENVIRONMENT)
    assert f"{site.address}broken.md:" in checked.stdout + checked.stderr
    explained = run("explain", f"{site.address}a.md", "--json", cwd=site.folder, **ENVIRONMENT)
    assert json.loads(explained.stdout)["fields"]["title"]["value"] == "A"
    assert run("explain", "s3://other/a.md", cwd=site.folder, **ENVIRONMENT).returncode == 1


def test_worker_builds_when_a_bucket_changes(site: CorpusSite) -> None:
    site.settings["worker"] = {"list_s": 1}
    site.record("a.md", title="First")
    site.upload()
    site.configure()
    log = site.folder / "worker.log"
    with log.open("wb") as file:
        worker = subprocess.Popen(
            [sys.executable, "-m", "syndicate", "worker"], cwd=site.folder, stdout=file, stderr=file
        )
    feed = site.output / "all" / "feed.rss"
    try:
        wait_until(lambda: feed.exists() and b"First" in feed.read_bytes())
        site.record("b.md", title="Second")
        site.upload()
        wait_until(lambda: b"Second" in feed.read_bytes())
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait()
