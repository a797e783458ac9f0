"""Builds on SQLite and on PostgreSQL, at several network latencies: what a state in a database costs.

    python benchmarks/states.py [--records 10000] [--latency 0 1 10]

starts a PostgreSQL server of its own (its programs are found as tests/support/postgres_server.py says), and prints the
seconds and round trips of a build from nothing, of one that changes one record, and of one that changes nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import corpus
import yaml

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from support.postgres_server import programs, running_server
from support.toxic_proxy import ToxicProxy, toxic_proxy

CONFIG = {
    "site": {"title": "T", "url": "https://f.example/", "id": "f.example,2026", "home": "https://w.example/"},
    "corpus": [{"path": "_news"}],
    "feeds": {"by": ["topics"]},
}


def build(folder: Path) -> tuple[float, float]:
    """Returns the seconds of one run of the command, and those of processors, without the server's."""
    started, before = time.perf_counter(), os.times()
    command = [sys.executable, "-m", "syndicate", "build", "-c", str(folder / "config.yaml")]
    subprocess.run(command, check=True, capture_output=True)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - started, used


def measure(name: str, folder: Path, state: str, proxy: ToxicProxy | None) -> None:
    """Prints the row of one state."""
    shutil.rmtree(folder / "feeds", ignore_errors=True)
    (folder / "config.yaml").write_text(yaml.safe_dump({**CONFIG, "state": state}))
    cells: list[str] = []
    for number, case in enumerate(("from nothing", "one record", "one record", "one record", "nothing", "nothing")):
        if case == "one record":
            corpus.edit_newest(folder, f"edit {number}")
        before = proxy.round_trips if proxy else 0
        seconds, used = build(folder)
        trips = f", {proxy.round_trips - before} round trips" if proxy else ""
        cells.append(f"{case} {seconds:.2f} s (processors {used:.2f} s{trips})")
    print(f"{name}: {'; '.join(cells)}", flush=True)


def main() -> None:
    """Measures all states."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--latency", type=float, nargs="*", default=[0, 1, 10], help="milliseconds of a round trip")
    options = parser.parse_args()
    found = programs()
    if found is None:
        parser.error("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory() as temporary, running_server(found) as server:
        folder = Path(temporary)
        corpus.generate(folder, options.records)
        measure("SQLite", folder, ".syndicate", None)
        with toxic_proxy(server.folder / ".s.PGSQL.5432") as proxy:
            for latency in options.latency:
                proxy.latency_s = latency / 1000
                url = server.url(host="127.0.0.1", port=str(proxy.port))
                measure(f"PostgreSQL at {latency:g} ms", folder, url, proxy)


if __name__ == "__main__":
    main()
