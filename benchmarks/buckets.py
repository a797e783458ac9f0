"""Publish a site to SeaweedFS on this machine: from nothing beside raw puts of the same objects, and after one change.

    python benchmarks/buckets.py                  # 10,000 records; needs tests/bucket/.venv (make test-bucket)
    python benchmarks/buckets.py --records 1000 --runs 1

The raw puts send the same objects by obstore with the same concurrency and no order, as a program does that copies a
folder. Each run of either begins with an empty prefix; the two take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from corpus import edit_newest, generate

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))

from support.object_services import BUCKET, ENVIRONMENT, ObjectService, seaweedfs  # noqa: E402 - from the tests

CONCURRENCY = 16
GOAL_RATIO, GOAL_CHANGE_S = 2.0, 1.5
CONFIG = """\
site: {{title: Benchmark, url: "https://feeds.example.org/", id: "feeds.example.org,2026"}}
corpus: [{{path: {corpus}}}]
feeds: {{by: [topics], archive: none}}
pages: false
output: "s3://{bucket}/{prefix}"
bucket: {{endpoint: "{endpoint}", allow_http: true, concurrency: {concurrency}}}
cdn: {{kind: webhook, url: "{hook}", token_env: CDN_TOKEN}}
"""


def main() -> None:
    """Measure and print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--records", type=int, default=10_000)
    options.add_argument("--runs", type=int, default=3)
    arguments = options.parse_args()
    venv = Path(os.environ.get("SYNDICATE_TEST_BUCKET", ROOT / "tests" / "bucket" / ".venv"))
    if not (venv / "bin" / "weed").exists():
        print("buckets: SeaweedFS is not installed: run make test-bucket; nothing measured")
        return
    os.environ.update(ENVIRONMENT, CDN_TOKEN="secret")
    with tempfile.TemporaryDirectory(prefix="syndicate-buckets-") as folder:
        corpus, objects = Path(folder, "corpus"), Path(folder, "objects")
        objects.mkdir()
        generate(corpus, arguments.records)
        with seaweedfs(venv, objects) as service, webhook() as hook:
            measure(Path(folder), service, hook, arguments.runs)


def measure(folder: Path, service: ObjectService, hook: str, runs: int) -> None:
    """Measure runs in turn, and print the medians."""
    ours: list[float] = []
    folders: list[float] = []
    raw: list[float] = []
    changes: list[float] = []
    written = 0
    for run in range(runs):
        site = folder / f"site{run}"
        site.mkdir()
        prefix = f"ours{run}/"
        config = CONFIG.format(
            corpus=folder / "corpus", bucket=BUCKET, prefix=prefix, endpoint=service.endpoint,
            concurrency=CONCURRENCY, hook=hook,
        )  # fmt: skip
        (site / "config.yaml").write_text(config)
        seconds, _ = publish(site)
        ours.append(seconds)
        folder_site = folder / f"folder{run}"
        folder_site.mkdir()
        lines = [line for line in config.splitlines() if not line.startswith(("output:", "bucket:", "cdn:"))]
        (folder_site / "config.yaml").write_text("\n".join(lines))
        folders.append(publish(folder_site)[0])
        raw.append(put_raw(service, service.objects(prefix), f"raw{run}/"))
        edit_newest(folder / "corpus", f"run {run}")
        seconds, report = publish(site)
        changes.append(seconds)
        written = report["build"]["written"]
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    ratio = statistics.median(a / b for a, b in zip(ours, raw, strict=True))
    fair = statistics.median(a / (b + c) for a, b, c in zip(ours, folders, raw, strict=True))
    print("| Row | Measured | Goal |\n| --- | --- | --- |")
    print(
        f"| from nothing: build and send, beside raw puts of the same objects | {statistics.median(ours):.2f} s /"
        f" {statistics.median(raw):.2f} s = {ratio:.2f} | ≤ {GOAL_RATIO:g} |"
    )
    print(
        f"| the same, beside a build to a folder and then raw puts | {statistics.median(ours):.2f} s /"
        f" ({statistics.median(folders):.2f} s + {statistics.median(raw):.2f} s) = {fair:.2f} | |"
    )
    print(
        f"| one record changed: build, send {written} documents, purge | {statistics.median(changes):.2f} s |"
        f" < {GOAL_CHANGE_S:g} s |"
    )
    print(f"| peak memory (largest process) | {peak_mib:.0f} MiB | |")


def publish(site: Path) -> tuple[float, dict[str, dict[str, int]]]:
    """Run `syndicate publish`; return its wall time and its report."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "syndicate", "publish", "--json"], cwd=site, check=True, stdout=subprocess.PIPE
    )
    return time.perf_counter() - started, json.loads(done.stdout)


def put_raw(service: ObjectService, objects: dict[str, bytes], prefix: str) -> float:
    """Put objects with as many threads as `syndicate` has; return the wall time."""
    import obstore
    from obstore.store import S3Store

    options = {"allow_http": True, "timeout": timedelta(seconds=120)}
    store = S3Store(BUCKET, prefix=prefix, endpoint=service.endpoint, client_options=options)  # type: ignore[arg-type]
    started = time.perf_counter()
    with ThreadPoolExecutor(CONCURRENCY) as threads:
        list(threads.map(lambda item: obstore.put(store, *item), objects.items()))
    return time.perf_counter() - started


class webhook:  # noqa: N801 - a context manager
    """A stub that accepts purges."""

    def __enter__(self) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


if __name__ == "__main__":
    main()
