"""Measure the partner API with a large corpus: the time of a first page, and memory over many requests.

    python benchmarks/partners.py                                # 50,000 records, 100,000 requests: some minutes
    python benchmarks/partners.py --records 2000 --requests 5000

One client sends requests over one persistent connection. A time is from the first byte of the request to the last one
of the response.
"""

from __future__ import annotations

import argparse
import http.client
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import corpus
from serving import free_port, wait_for
from words import TOPICS

GOAL_MS = 5.0
GOAL_GROWTH = 1.1  # memory after all requests, relative to that after the first ones
TIMED_REQUESTS = 500
CONFIG = """\
site: {title: Benchmark, url: "https://feeds.example.org/", id: "feeds.example.org,2026", language: en}
corpus: [{path: corpus}]
feeds: {archive: none}
pages: false
api: {public: true}
"""
QUERIES = {
    "first page": "/api/v1/entries",
    "first page of one topic": f"/api/v1/entries?topic={quote(TOPICS[0])}",
    "a word": "/api/v1/entries?q=water",
}


def main() -> int:
    """Generate a corpus, build and serve it, measure, and print the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--requests", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as temporary:
        site = Path(temporary)
        corpus.generate(site / "corpus", arguments.records)
        (site / "config.yaml").write_text(CONFIG, encoding="utf-8")
        syndicate = (sys.executable, "-m", "syndicate")
        subprocess.run([*syndicate, "build"], cwd=site, check=True)
        port = free_port()
        server = subprocess.Popen([*syndicate, "serve", "--port", str(port)], cwd=site, stderr=subprocess.DEVNULL)
        try:
            wait_for(port)
            print(f"| {arguments.records:,} entries | p50 | p99 |\n| --- | --- | --- |")
            for query, path in QUERIES.items():
                times = sorted(request_times_ms(port, path, TIMED_REQUESTS))
                p99_ms = times[TIMED_REQUESTS * 99 // 100]
                print(f"| {query} | {statistics.median(times):.2f} ms | {p99_ms:.2f} ms |", flush=True)
                if query == "first page":
                    verdict = "met" if statistics.median(times) < GOAL_MS else "missed"
            before = memory_mib(server.pid)
            for _ in request_times_ms(port, QUERIES["first page"], arguments.requests):
                pass
            after = memory_mib(server.pid)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
    print(f"\nFirst page under {GOAL_MS:.0f} ms (p50): {verdict}.")
    flat = "met" if after <= before * GOAL_GROWTH else "missed"
    print(f"Memory over {arguments.requests:,} requests: {before:.0f} to {after:.0f} MiB (flat: {flat}).")
    return 0


def request_times_ms(port: int, path: str, count: int) -> list[float]:
    """Send a number of requests, and return the time of each in ms."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    times: list[float] = []
    for _ in range(count):
        start = time.perf_counter()
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        times.append((time.perf_counter() - start) * 1000)
        if response.status != 200 or b'"items"' not in body:
            raise SystemExit(f"partners: {path}: {response.status} {body[:200]!r}")
    connection.close()
    return times


def memory_mib(process: int) -> float:
    """Return the resident memory of a process in MiB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))) / 1024


if __name__ == "__main__":
    sys.exit(main())
