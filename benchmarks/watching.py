"""Measures how long after a save `syndicate worker` has published the documents, beside `hugo --watch`.

    python benchmarks/watching.py [--records 10000,50000] [--edits 10] [--million]

Each program watches the same corpus, and builds the site in its defaults: syndicate with pages and archives, Hugo with
the 50 newest entries of each feed. An edit ends the title of the newest record with another mark; the time is that from
the end of writing the file until the feeds of all records have the mark in all formats. The processor time is that of
all processes of the program, from the edit until one second after it.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import corpus
from contenders import CONFIG, PEERS, prepare_peer
from measure import PROC

GOAL_S = 0.15
MILLION = 200_000  # records of `--million`
_LOOK_S = 0.001
_TIMEOUT_S = 120.0
_QUIET_S = 1.0
_SITE_TIMEOUT_S = 3600.0
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
OURS = ("rss", "atom", "json")


class Edit(NamedTuple):
    """The time from a save to the documents, and the processor time of it."""

    wall_s: float
    cpu_s: float


def main() -> None:
    """Measures each size, and prints a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--records", default="10000,50000", help="the sizes, with commas (default %(default)s)")
    options.add_argument("--edits", type=int, default=10)
    options.add_argument("--peers-dir", type=Path, default=Path(__file__).parent / ".peers")
    options.add_argument(
        "--million", action="store_true", help=f"also {MILLION:,} records: takes 10 GB and some minutes"
    )
    arguments = options.parse_args()
    sizes = [*map(int, arguments.records.split(",")), *([MILLION] if arguments.million else [])]
    print("| save → documents | syndicate worker | CPU time | hugo --watch | CPU time |")
    print("| --- | --- | --- | --- | --- |")
    for records in sizes:
        with tempfile.TemporaryDirectory(prefix="syndicate-watching-") as folder:
            work = Path(folder)
            corpus.generate(work / "corpus", records)
            ours = _describe(_measure_ours(work, arguments.edits))
            peer = _describe(_measure_hugo(work, arguments.edits, arguments.peers_dir))
            print(f"| {records:,} records | {ours} | {peer} |", flush=True)
    print(f"\nMedians, with the least and the most. Goal: {GOAL_S} s at each size.")


def _measure_ours(work: Path, edits: int) -> list[Edit]:
    site = work / "ours"
    site.mkdir()
    (site / "config.yaml").write_text(CONFIG, encoding="utf-8")
    program = [sys.executable, "-m", "syndicate"]
    root = Path(__file__).resolve().parent.parent
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(root), os.getenv("PYTHONPATH"))))}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([*program, "build"], cwd=site, env=environment, check=True, timeout=_SITE_TIMEOUT_S)
    with _running([*program, "worker", "--log-format", "json"], site, environment) as process:
        documents = [site / "feeds" / "all" / f"feed.{name}" for name in OURS]
        return _measure(process, work / "corpus", documents, edits)


def _measure_hugo(work: Path, edits: int, peers: Path) -> list[Edit]:
    if PEERS["hugo"].find(peers.resolve()) is None:
        return []
    hugo = prepare_peer("hugo", work, peers.resolve())
    # Without `--ignoreCache`, which is for builds that follow one another.
    command = [argument for argument in hugo.command if argument != "--ignoreCache"]
    with _running([*command, "--watch"], hugo.folder, hugo.environment()) as process:
        feeds = hugo.folder / hugo.output
        _until(lambda: len(_feeds_of_all(feeds)) == len(OURS), _SITE_TIMEOUT_S)
        return _measure(process, work / "corpus", _feeds_of_all(feeds), edits)


def _feeds_of_all(output: Path) -> list[Path]:
    """Returns Hugo's feeds of all records, which lie at the root of its output."""
    return [path for path in output.glob("*.*") if path.suffix in {".rss", ".xml", ".atom", ".json"}]


def _measure(process: subprocess.Popen[bytes], folder: Path, documents: Sequence[Path], edits: int) -> list[Edit]:
    """Edits the newest record repeatedly, once the program is idle."""
    path = corpus.newest(folder)
    measured: list[Edit] = []
    for number in range(edits + 1):
        _until_idle(process.pid)
        mark = f"(edit {time.time_ns() % 10**9})"
        before_s = _cpu_s(process.pid)
        corpus.edit(path, mark)
        started = time.perf_counter()
        _until(lambda mark=mark: all(mark in _text(document) for document in documents), _TIMEOUT_S)  # type: ignore[misc]
        wall_s = time.perf_counter() - started
        time.sleep(_QUIET_S)
        if number:  # the first one fills caches
            measured.append(Edit(wall_s, _cpu_s(process.pid) - before_s))
    return measured


@contextmanager
def _running(command: Sequence[str], folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _until_idle(pid: int) -> None:
    """Waits until the processes of a session used no more than a hundredth of the time for some seconds."""
    deadline = time.monotonic() + _SITE_TIMEOUT_S
    while True:
        before_s = _cpu_s(pid)
        time.sleep(_QUIET_S)
        if _cpu_s(pid) - before_s <= 2 * _TICK_S and before_s:
            return
        if time.monotonic() > deadline:
            raise TimeoutError("the program is never idle")


def _until(is_reached: Callable[[], bool], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_reached():
        if time.monotonic() > deadline:
            raise TimeoutError("the documents never had the edit")
        time.sleep(_LOOK_S)


def _text(path: Path) -> str:
    """Returns the head of a document, which the newest entry is in."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(50_000)
    except OSError:
        return ""


def _cpu_s(session: int) -> float:
    """Returns the processor time of all processes of a session, and of their children that ended."""
    ticks = 0
    for entry in os.listdir(PROC):
        if entry.isdigit():
            try:
                fields = (PROC / entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session:
                ticks += sum(map(int, fields[11:15]))
    return ticks * _TICK_S


def _describe(edits: Sequence[Edit]) -> str:
    if not edits:
        return "not installed | "
    walls, cpus = [edit.wall_s for edit in edits], [edit.cpu_s for edit in edits]
    return f"{statistics.median(walls):.2f} s ({min(walls):.2f} to {max(walls):.2f}) | {statistics.median(cpus):.2f} s"


if __name__ == "__main__":
    main()
