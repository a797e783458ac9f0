"""Build a site on a Dask cluster of this machine, with 1, 2 and 4 workers of one thread, beside the pool of processes.

    python benchmarks/clusters.py                 # 10,000 records
    python benchmarks/clusters.py --records 2000 --runs 1

Each run builds from nothing, and the kinds take turns. The processor time of the coordinator is that of the process of
the build alone: what a cluster of many machines waits for.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from corpus import generate

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))

from support.dask_clusters import dask_cluster  # noqa: E402 - from the tests

WORKERS = (1, 2, 4)
CONFIG = """\
site: {{title: Benchmark, url: "https://feeds.example.org/", id: "feeds.example.org,2026"}}
corpus: [{{path: {corpus}}}]
feeds: {{by: [topics], archive: {archive}}}
executor: {executor}
"""


class Built(NamedTuple):
    """What a build took. Times in seconds; processor times are those of its process and of those that it forked."""

    wall_s: float
    coordinator_s: float
    workers_s: float
    peak_kib: int


def main() -> None:
    """Measure and print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--records", type=int, default=10_000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--archive", default="none", choices=["none", "month"])
    arguments = options.parse_args()
    figures: dict[str, list[Built]] = {}
    with tempfile.TemporaryDirectory(prefix="syndicate-clusters-") as folder:
        corpus = Path(folder, "corpus")
        generate(corpus, arguments.records)
        for run in range(arguments.runs):
            for count in (0, *WORKERS):
                name = f"{count} Dask workers" if count else "processes of this machine"
                site = Path(folder, f"site{run}-{count}")
                site.mkdir()
                figures.setdefault(name, []).append(measure(site, corpus, count, arguments.archive))
    print(f"{arguments.records:,} records from nothing, archive: {arguments.archive}\n")
    print("| Executor | Wall time | × processes | CPU time of the coordinator | for a record |")
    print("| --- | --- | --- | --- | --- |")
    base = statistics.median(built.wall_s for built in figures["processes of this machine"])
    for name, measured in figures.items():
        wall = statistics.median(built.wall_s for built in measured)
        cpu = statistics.median(built.coordinator_s for built in measured)
        print(
            f"| {name} | {wall:.2f} s | {wall / base:.2f} | {cpu:.2f} s | {cpu / arguments.records * 1e6:.0f} µs |",
            flush=True,
        )


def measure(site: Path, corpus: Path, workers: int, archive: str) -> Built:
    """Build from nothing."""
    if not workers:
        return build(site, CONFIG.format(corpus=corpus, archive=archive, executor="processes"))
    folder = site / "dask"
    folder.mkdir()
    with dask_cluster(folder, workers) as cluster:
        executor = f"{{kind: dask, scheduler: '{cluster.address}', timeout_s: 60}}"
        wait_for_workers(cluster.address, workers)
        return build(site, CONFIG.format(corpus=corpus, archive=archive, executor=executor))


def wait_for_workers(address: str, workers: int) -> None:
    """Wait until all workers of a cluster have joined."""
    from distributed import Client

    with Client(address, timeout=60) as client:
        client.wait_for_workers(workers, timeout=60)


def build(site: Path, config: str) -> Built:
    """Run `syndicate build`."""
    (site / "config.yaml").write_text(config)
    code = (
        "import sys; from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage; from syndicate.cli import main;"
        "code = main(['build', '--json']); used, forked = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN);"
        "print(used.ru_utime + used.ru_stime, forked.ru_utime + forked.ru_stime, used.ru_maxrss); sys.exit(code)"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], cwd=site, check=True, stdout=subprocess.PIPE, text=True)
    wall_s = time.perf_counter() - started
    coordinator_s, workers_s, peak_kib = done.stdout.splitlines()[-1].split()
    return Built(wall_s, float(coordinator_s), float(workers_s), int(peak_kib))


if __name__ == "__main__":
    main()
