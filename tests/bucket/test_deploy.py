"""`syndicate deploy` and `publish`: a folder is copied to a bucket, and hubs and caches are told of what differed."""

from __future__ import annotations

import itertools
import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.bucket_sites import BucketSite
from support.deliveries import pending
from support.object_proxy import ObjectProxy, Request, proxied
from support.object_services import BUCKET, ENVIRONMENT, ObjectService
from support.sites import clean_environment, run

from syndicate import config
from syndicate.cli import main
from syndicate.pipeline import build

pytestmark = pytest.mark.bucket


@pytest.fixture
def site(seaweedfs: ObjectService, prefix: str, tmp_path: Path) -> BucketSite:
    """Returns a site that is built to a folder, with a bucket beside it."""
    site = BucketSite(tmp_path / "site", seaweedfs, prefix)
    site.settings["bucket"]["url"] = site.settings.pop("output")
    site.settings["hubs"] = ["http://127.0.0.1:9/"]
    site.settings["cdn"] = {"kind": "varnish", "url": "http://127.0.0.1:9/"}
    site.settings["push"] = {"timeout_s": 1, "verify": False}
    site.record("a.md", title="A", topics=["One"])
    site.record("b.md", title="B", topics=["Two"])
    site.build()
    return site


@pytest.fixture
def proxy(seaweedfs: ObjectService) -> Iterator[ObjectProxy]:
    with proxied(seaweedfs) as running:
        yield running


def documents_of_folder(site: BucketSite) -> dict[str, bytes]:
    return {path: content for path, content in site.tree().items() if path != ".syndicate-output"}


def deploy_site(site: BucketSite, *options: str) -> dict[str, object]:
    result = run("deploy", "--json", *options, "-c", str(site.configure()), cwd=site.folder, **ENVIRONMENT)
    assert result.returncode == 0, result.stderr
    answer: dict[str, object] = json.loads(result.stdout)
    return answer


def test_deployment_copies_the_folder_and_then_only_what_differs(site: BucketSite) -> None:
    first = deploy_site(site)
    assert site.documents() == documents_of_folder(site)
    assert (first["new"], first["changed"]) == (len(site.documents()), 0)
    site.record("a.md", title="A changed", topics=["One"])
    (site.folder / "corpus" / "b.md").unlink()
    site.settings["feeds"]["by"] = ["topics"]
    site.build()
    planned = deploy_site(site, "--dry-run")
    assert {one["path"] for one in planned["documents"] if one["change"] == "changed"} >= {"all/feed.atom"}  # type: ignore[attr-defined]
    assert site.documents() != documents_of_folder(site)
    done = deploy_site(site)
    assert done["documents"] == planned["documents"]
    found, folder = site.documents(), documents_of_folder(site)
    assert {path: found[path] for path in folder} == folder
    again = deploy_site(site)
    assert (again["new"], again["changed"], again["removed"]) == (0, 0, 0)


def test_dry_run_creates_nothing(site: BucketSite, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deploy", "--dry-run", "-c", str(site.configure())]) == 0
    shown = capsys.readouterr()
    size = len((site.output / "catalog.json").read_bytes())
    assert f"new\t{size}\tcatalog.json\n" in shown.out
    assert "nothing was sent" in shown.err
    assert site.service.keys(site.prefix) == []


def test_machine_without_the_old_state_notifies_of_what_differs(site: BucketSite) -> None:
    deploy_site(site)
    site.record("a.md", title="A changed", topics=["One"])
    shutil.rmtree(site.state)
    site.build()
    deploy_site(site)
    purges = {row.topic_url for row in pending(site) if row.hub_url.startswith("cdn:")}
    assert "https://f.example/all/feed.atom" in purges
    assert "https://f.example/topics/two/feed.atom" not in purges


def test_document_that_was_altered_after_the_build_is_refused(site: BucketSite) -> None:
    (site.output / "all" / "feed.rss").write_text("altered")
    result = run("deploy", "-c", str(site.configure()), cwd=site.folder, **ENVIRONMENT)
    assert result.returncode == 1
    assert "all/feed.rss: is not as it was built: run syndicate build" in result.stderr
    assert set(site.service.keys(site.prefix)) <= {".syndicate-output"}


def test_killed_deployment_is_completed_with_its_purges(site: BucketSite, proxy: ObjectProxy) -> None:
    site.settings["bucket"]["endpoint"] = proxy.endpoint
    deploy_site(site)
    for number in (0, 2, 5):
        site.record("a.md", title=f"A {number}", topics=["One"])
        build(config.load(str(site.configure())), site.now)
        sent = itertools.count()
        may_start = threading.Event()

        def kill_at_document(request: Request, number: int = number, sent: Iterator[int] = sent) -> str:
            may_start.wait()  # noqa: B023 - called within this turn
            if request.is_document and next(sent) >= number:
                process.kill()  # noqa: B023
                return "slow down"
            return ""

        proxy.reset(kill_at_document)
        command = [sys.executable, "-m", "syndicate", "deploy", "-c", str(site.configure())]
        process = subprocess.Popen(command, cwd=site.folder, env=clean_environment(ENVIRONMENT))
        may_start.set()
        assert process.wait(60) == -signal.SIGKILL
        proxy.reset()
        assert (site.state / "deploying").exists()
        deploy_site(site)
        assert site.documents() == documents_of_folder(site)
        assert not (site.state / "deploying").exists()
        purges = {row.topic_url for row in pending(site) if row.hub_url.startswith("cdn:")}
        assert {f"https://f.example/topics/one/feed.{name}" for name in ("rss", "atom", "json")} <= purges


def test_publish_builds_deploys_and_pushes(site: BucketSite) -> None:
    site.settings["hubs"] = []
    site.settings["cdn"] = {"kind": "none"}
    site.record("a.md", title="A changed", topics=["One"])
    result = run("publish", "--json", "-c", str(site.configure()), cwd=site.folder, **ENVIRONMENT)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert set(report) == {"build", "deploy", "push"}
    assert site.documents() == documents_of_folder(site)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["https://x.example/"], 2, "expected a bucket"),
        (["s3://key:hidden@feeds/"], 2, "without credentials"),
        ([f"s3://{BUCKET}/not-ours/"], 1, "holds files that syndicate did not write"),
    ],
)
def test_bucket_that_cannot_be_used_is_refused(site: BucketSite, arguments: list[str], code: int, message: str) -> None:
    site.service.put("not-ours/mine.txt", b"mine")
    result = run("deploy", *arguments, "-c", str(site.configure()), cwd=site.folder, **ENVIRONMENT)
    assert result.returncode == code
    assert message in result.stderr
    assert "hidden" not in result.stderr


def test_output_that_is_a_bucket_needs_no_deployment(site: BucketSite) -> None:
    site.settings["output"] = site.settings["bucket"].pop("url")
    result = run("deploy", site.settings["output"], "-c", str(site.configure()), cwd=site.folder, **ENVIRONMENT)
    assert result.returncode == 1
    assert "the output is a bucket already" in result.stderr
