"""The part of a build that a Dask worker imports: it hands batches of tasks to processes (job_process.py).

A thread of a Dask worker has a process of its own. Answers are passed on as they are.
"""

from __future__ import annotations

import threading
from typing import Literal, NamedTuple

from .fingerprints import releases
from .job_process import JobProcess

_LOCK = threading.Lock()
_IDLE: dict[str, list[JobProcess]] = {}  # by run


class Context(NamedTuple):
    """The pickled `JobContext` of a run, and the name of the run."""

    run: str
    content: bytes


class Answer(NamedTuple):
    """The pickled answer to a batch; or the exit code of a process that ended; or the releases of a worker that differ
    from those of the build."""

    kind: Literal["answer", "ended", "releases"]
    content: bytes = b""
    exit_code: int = 0
    releases: tuple[tuple[str, str], ...] = ()


def run_batch(context: Context, expected: tuple[tuple[str, str], ...], message: bytes) -> Answer:
    """Does a batch of tasks, in a process of this Dask worker."""
    found = tuple(sorted(releases().items()))
    if found != expected:
        return Answer("releases", releases=found)
    process = _take(context)
    try:
        content = process.answer(message)
    except EOFError:
        return Answer("ended", exit_code=process.end())
    except BaseException:
        process.end()
        raise
    with _LOCK:
        _IDLE.setdefault(context.run, []).append(process)
    return Answer("answer", content)


def _take(context: Context) -> JobProcess:
    """Returns a process that has nothing to do, or a new one. Waits for those that ended by themselves."""
    with _LOCK:
        for run, processes in list(_IDLE.items()):
            running = [process for process in processes if process.is_running]
            for process in set(processes).difference(running):
                process.end()
            if running:
                _IDLE[run] = running
            else:
                del _IDLE[run]
        if waiting := _IDLE.get(context.run):
            return waiting.pop()
    return JobProcess(context.content)
