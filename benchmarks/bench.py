"""Measures syndicate and other generators that do the same job, and prints the results as tables.

    python benchmarks/bench.py [--full | --quick | --million] [--peers hugo,eleventy,...]

README.md in this folder explains each row.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import corpus
import measure
import report
import verify
from contenders import (
    DEFAULTS,
    HUGO_WHOLE,
    KINDS,
    OURS,
    PEERS,
    PEERS_WHOLE,
    TITLES,
    Contender,
    missing,
    prepare_hugo_whole,
    prepare_ours,
    prepare_peer,
)
from results import Case, Results, Run

HERE = Path(__file__).resolve().parent
QUICK, BASE, LARGE = 1_000, 10_000, 50_000
HUGE, MILLION = 200_000, 1_000_000
RIVAL = "hugo"
MOST_ASIDE_BYTES = 15 * 1000**3
REUSE_S = 60  # ext4 passes over the inodes of files that were deleted within this time (RECENTCY_MIN, fs/ext4/ialloc.c)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The runs over one corpus."""

    records: int
    # The folder with the corpus and the contenders' sites.
    site: Path
    contenders: Sequence[Contender]
    runs: int
    cases: Sequence[Case]
    # Whether the feeds are parsed and compared with the corpus, which takes longer than a build.
    is_verified: bool = True


def main() -> int:
    """Parses the arguments, runs all plans, and prints the tables."""
    arguments = _arguments()
    if arguments.render:
        print(report.render(Results.load(arguments.render)))
        return 0
    names = _installed(arguments.peers, arguments.peers_dir)
    with _work(arguments.work) as work:
        try:
            results = _run_all(arguments, names, work)
        except measure.CommandFailedError as error:
            print(error, file=sys.stderr)
            return 1
    results.save(arguments.json)
    print(report.render(results))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--records", type=int, default=BASE, help="records of the main comparison (default %(default)s)")
    add("--runs", type=int, default=5, help="alternating runs of each case (default %(default)s)")
    add(
        "--peers",
        type=_peer_names,
        default=list(PEERS),
        help=f"a list from {','.join(PEERS)} (default: all), or none to measure syndicate alone",
    )
    add("--work", type=Path, help="an empty or new working folder, kept afterwards (default: a temporary one)")
    add("--peers-dir", type=Path, default=HERE / ".peers", help="the folder of install-peers.sh (default .peers)")
    add("--ours", metavar="COMMAND", help="run this instead of `python -m syndicate build -c config.yaml`")
    add("--json", type=Path, default=HERE / "results.json", help="the file for every single run (default results.json)")
    add("--render", type=Path, metavar="JSON", help="print the tables of an earlier run and exit")
    add("--other-runs", type=int, default=1, help=f"runs of the peers beside {RIVAL} at 50,000 (default %(default)s)")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--full", action="store_true", help="also 1,000 and 50,000 records: takes hours")
    size.add_argument(
        "--million", action="store_true", help="200,000 and 1,000,000 records, ours alone: takes an hour and 30 GB"
    )
    size.add_argument("--quick", action="store_true", help="1,000 records, one run: a check that everything works")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.records, arguments.runs = QUICK, 1
    return arguments


def _peer_names(text: str) -> list[str]:
    names = [] if text == "none" else text.split(",")
    if unknown := set(names) - set(PEERS):
        raise argparse.ArgumentTypeError(f"unknown peers: {', '.join(sorted(unknown))}")
    return names


def _installed(names: Sequence[str], peers: Path) -> list[str]:
    """Installs the missing peers; returns those that are installed afterwards."""
    if missing(names, peers):
        _log(f"installing {', '.join(missing(names, peers))} with install-peers.sh")
        subprocess.run(["sh", HERE / "install-peers.sh", peers], check=False, stdout=sys.stderr)
    absent = missing(names, peers)
    for name in absent:
        _log(f"SKIPPED: {TITLES[name]} is not installed")
    return [name for name in names if name not in absent]


@contextmanager
def _work(folder: Path | None) -> Iterator[Path]:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as temporary:
        yield Path(temporary)


def _run_all(arguments: argparse.Namespace, names: Sequence[str], work: Path) -> Results:
    results = Results(machine=_machine(), versions={})
    for plan in _million_plans(arguments, work) if arguments.million else _plans(arguments, names, work):
        results.versions.update({one.name: one.version for one in plan.contenders})
        _run_plan(plan, results)
        # Save after each plan: a later failure must not lose hours of measurements.
        results.save(arguments.json)
    return results


def _million_plans(arguments: argparse.Namespace, work: Path) -> Iterator[Plan]:
    """Yields plans for large corpora; each corpus is generated when its turn comes, and deleted afterwards."""
    # The documents of a million records with their whole history would take 40 GB.
    for records, kinds in ((HUGE, (OURS, DEFAULTS)), (MILLION, (OURS,))):
        site = _site(work, records)
        ours = [prepare_ours(site, arguments.ours, kind) for kind in kinds]
        yield Plan(records=records, site=site, contenders=ours, runs=1, cases=tuple(Case), is_verified=False)
        shutil.rmtree(site)


def _plans(arguments: argparse.Namespace, names: Sequence[str], work: Path) -> list[Plan]:
    def plan(records: int, peers: Sequence[str], cases: Sequence[Case]) -> Plan:
        site = _site(work, records)
        rivals = [prepare_peer(name, site, arguments.peers_dir.resolve()) for name in peers]
        ours = [prepare_ours(site, arguments.ours, kind) for kind in KINDS if kind == OURS or not arguments.ours]
        whole = [prepare_hugo_whole(site, arguments.peers_dir.resolve()) for name in peers if name in PEERS_WHOLE]
        contenders = (*ours, *rivals, *whole)
        return Plan(records=records, site=site, contenders=contenders, runs=arguments.runs, cases=cases)

    every_case = tuple(Case)
    base = plan(arguments.records, names, every_case)
    if not arguments.full:
        return [base]
    small = plan(QUICK, (), (Case.NOTHING,))
    large = plan(LARGE, names, every_case)
    # Every case for syndicate and its rival; from nothing only for the others, which take minutes a run.
    ends = [one for one in large.contenders if one.name in (*KINDS, RIVAL, HUGO_WHOLE)]
    others = [one for one in large.contenders if one not in ends]
    return [
        small,
        base,
        replace(large, contenders=ends),
        replace(large, contenders=others, runs=arguments.other_runs, cases=(Case.NOTHING, Case.MEMORY)),
    ]


def _site(work: Path, records: int) -> Path:
    """Generates a corpus of this size in a new folder, where the sites of all contenders lie, too."""
    folder = work / str(records)
    if folder.exists():
        raise SystemExit(f"{folder} exists: give --work a new folder")
    _log(f"generating {records:,} records")
    corpus.generate(folder / "corpus", records)
    return folder


def _run_plan(plan: Plan, results: Results) -> None:
    _warm_up(plan, results)
    for case in plan.cases:
        if case is Case.MEMORY and not measure.can_measure_memory():
            _log("SKIPPED: memory, because this system has no /proc/PID/smaps_rollup")
            continue
        for number in range(plan.runs):
            results.runs.extend(_round(plan, case, number))
    for one in plan.contenders:
        one.discard()


def _make_room(plan: Plan) -> None:
    """Deletes the outputs of earlier runs before they fill the disk, and waits until their inodes are forgotten."""
    aside = sum(one.aside_bytes() for one in plan.contenders)
    if aside < MOST_ASIDE_BYTES:
        return
    _log(f"deleting {aside / 1000**3:.0f} GB of earlier runs, and waiting {REUSE_S} s")
    for one in plan.contenders:
        one.discard()
    os.sync()
    time.sleep(REUSE_S)


def _warm_up(plan: Plan, results: Results) -> None:
    """Builds once with each contender, uncounted: fills the page cache and compares the feeds with the corpus."""
    topic_sizes = corpus.topic_sizes(plan.site / "corpus") if plan.is_verified else {}
    for one in plan.contenders:
        one.clean()
        measure.run_timed(one.command, one.folder, one.environment())
        if not plan.is_verified:
            continue
        most = plan.records if one.name == HUGO_WHOLE else verify.NEWEST
        expected = verify.expected_sizes(topic_sizes, plan.records, most)
        sizes = verify.feed_sizes(one.folder / one.output)
        counts = ", ".join(f"{len(found)} {name}" for name, found in sizes.items() if found) or "none"
        wrong = [name for name, found in sizes.items() if found and found != expected]
        if wrong or not any(sizes.values()):
            counts += f" (expected {len(expected)} with the {most} newest entries)"
        results.feeds.setdefault(plan.records, {})[one.name] = counts
        _log(f"{plan.records:,} records, {TITLES[one.name]} warmed up: {counts}")


def _round(plan: Plan, case: Case, number: int) -> Iterator[Run]:
    """Yields one run of each contender in turn, so that a disturbance of the machine affects all of them."""
    edition = f"(edit {number + 1})"
    if case is Case.CHANGED:
        # One edit for all contenders: each finds exactly one record changed since its last run.
        corpus.edit_newest(plan.site / "corpus", edition)
    _make_room(plan)
    for one in plan.contenders:
        if case in (Case.NOTHING, Case.MEMORY):
            one.clean()
        run = _measured(one, case, plan.records, number)
        _log(f"{plan.records:,} records, {case}, run {number + 1}, {TITLES[one.name]}: {report.describe(run)}")
        if case is Case.CHANGED and not verify.contains(one.folder / one.output, edition):
            raise measure.CommandFailedError(f"{TITLES[one.name]} did not publish the changed record")
        yield run


def _measured(one: Contender, case: Case, records: int, number: int) -> Run:
    run = Run(contender=one.name, case=case, records=records, round=number)
    if case is Case.MEMORY:
        memory = measure.run_sampled(one.command, one.folder, one.environment())
        return replace(run, pss_kib=memory.pss_kib, rss_kib=memory.rss_kib, processes=memory.processes)
    timing = measure.run_timed(one.command, one.folder, one.environment())
    return replace(run, wall_s=timing.wall_s, cpu_s=timing.cpu_s)


def _machine() -> dict[str, str]:
    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    return {
        "processor": f"{os.cpu_count()} × {models[0] if models else platform.machine()}",
        "memory": f"{int(memory) / 1024**2:.0f} GiB",
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return []


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
