"""Runs a command and measures its wall time and CPU time, or its memory.

Time and memory are measured in separate runs, since sampling takes locks in the kernel that the command waits for.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SAMPLE_INTERVAL_S = 0.01
PROC = Path("/proc")


class CommandFailedError(Exception):
    """The command ended with a status other than 0; the message contains what it wrote to stderr."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One run without sampling."""

    wall_s: float
    # User and system time of the command and of all its descendants that were waited for.
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The peaks of one sampled run, each over all processes of the command at one instant."""

    # Proportional set size: a page shared by n processes counts 1/n in each, so sums are true.
    pss_kib: int
    # Resident set size counts shared pages once per process: an upper bound.
    rss_kib: int
    processes: int
    samples: int


def can_measure_memory() -> bool:
    """Returns whether this kernel has smaps_rollup (Linux 4.14 and later)."""
    return (PROC / "self" / "smaps_rollup").exists()


def run_timed(command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Timing:
    """Runs a command to its end without sampling. Raises CommandFailedError."""
    with tempfile.TemporaryFile() as stderr:
        started = time.perf_counter()
        process = _start(command, cwd, env, stderr)
        with _killed_on_error(process):
            # wait4 returns the usage of this child's tree; RUSAGE_CHILDREN would add all earlier runs.
            _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        _check_status(process, status, command, stderr)
    return Timing(wall_s=wall_s, cpu_s=usage.ru_utime + usage.ru_stime)


def run_sampled(command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Memory:
    """Runs a command to its end and samples the memory of its processes. Raises CommandFailedError."""
    pss_kib = rss_kib = processes = samples = 0
    with tempfile.TemporaryFile() as stderr:
        process = _start(command, cwd, env, stderr)
        with _killed_on_error(process):
            while True:
                pid, status, _ = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    break
                sizes = [size for pid in _session(process.pid) if (size := _sizes(pid))]
                pss_kib = max(pss_kib, sum(pss for pss, _ in sizes))
                rss_kib = max(rss_kib, sum(rss for _, rss in sizes))
                processes = max(processes, len(sizes))
                samples += 1
                time.sleep(SAMPLE_INTERVAL_S)
        _check_status(process, status, command, stderr)
    return Memory(pss_kib=pss_kib, rss_kib=rss_kib, processes=processes, samples=samples)


def _start(command: Sequence[str], cwd: Path, env: Mapping[str, str], stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        # In its own session, the processes of the command are found even after their parent has ended.
        start_new_session=True,
    )


@contextmanager
def _killed_on_error(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kills the command when its measurement is interrupted, since Ctrl-C does not reach its session."""
    try:
        yield
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise


def _check_status(process: subprocess.Popen[bytes], status: int, command: Sequence[str], stderr: IO[bytes]) -> None:
    # Popen does not know of wait4, and would warn of a child that still runs.
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        stderr.seek(0)
        message = stderr.read().decode(errors="replace").strip()
        raise CommandFailedError(f"{' '.join(command)}: status {process.returncode}\n{message}")


def _session(session: int) -> list[int]:
    return [int(entry) for entry in os.listdir(PROC) if entry.isdigit() and _is_in(entry, session)]


def _is_in(pid: str, session: int) -> bool:
    try:
        stat = (PROC / pid / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    # The name of the command may contain spaces and brackets; state, ppid, pgrp and session follow it (proc(5)).
    return int(stat.rpartition(")")[2].split()[3]) == session


def _sizes(pid: int) -> tuple[int, int] | None:
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = dict(line.split(":", 1) for line in lines[1:])
    if "Pss" not in fields:  # the process is ending
        return None
    return int(fields["Pss"].split()[0]), int(fields["Rss"].split()[0])
