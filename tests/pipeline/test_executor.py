"""Jobs give the same results inline and in worker processes; a task that ends its worker costs its own result only."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support.hostile import HOSTILE, MEMORY_MB, REASONS, SECONDS, kill, loop
from support.processes import forked, is_running, wait_until

from syndicate.config import Limits
from syndicate.errors import ConfigError, Problem
from syndicate.pipeline import executor
from syndicate.pipeline.budget import Budget, TaskFailure
from syndicate.pipeline.executor import WorkerPool, worker_count

TASKS = 1000  # enough for several workers
CHUNK = 50
PROBLEMS = (Problem("config.yaml", 3, 5, "site.url", "is not a URL"), Problem("config.yaml", 9, 1, "feeds", "unknown"))
LIMITS = Limits(seconds=SECONDS, memory_mb=MEMORY_MB)
KINDS = pytest.mark.parametrize("kind", ["inline", "processes"])


class Context:
    """A context that cannot be pickled: forked workers inherit it. `hostile` tasks do what their name says."""

    factor = 3

    def __init__(self, hostile: dict[int, str] | None = None, log: Path | None = None) -> None:
        self.hostile = hostile or {}
        self.log = log
        self.budget = Budget(LIMITS)

    def __reduce__(self) -> Any:
        raise AssertionError("the context is sent with a chunk")


def multiply(context: Any, tasks: Sequence[int]) -> list[int]:
    return [context.factor * task for task in tasks]


def process_ids(context: Any, tasks: Sequence[int]) -> list[int]:
    return [os.getpid() for _ in tasks]


def fail_at_700(context: Any, tasks: Sequence[int]) -> list[int]:
    if 700 in tasks:
        raise ConfigError(PROBLEMS)
    return list(tasks)


def read(context: Any, tasks: Sequence[int]) -> list[int | TaskFailure]:
    with context.budget.applied():
        return [context.budget.call(read_one, context, task) for task in tasks]


def read_one(context: Any, task: int) -> int:
    if context.log is not None:
        with context.log.open("a") as log:
            log.write(f"{task}\n")
    if hostile := context.hostile.get(task):
        HOSTILE[hostile]()
    return task


STOPPED_INLINE = [name for name in REASONS if name not in {"loops in C", "exits", "is killed"}]


def reasons(results: Sequence[int | TaskFailure]) -> list[int | str]:
    return [one.reason if isinstance(one, TaskFailure) else one for one in results]


def pool(kind: str, context: Any = None) -> WorkerPool:
    return WorkerPool(context or Context(), kind, LIMITS)


@KINDS
@pytest.mark.parametrize("count", [0, 1, CHUNK, CHUNK + 1, TASKS])
def test_results_are_in_the_order_of_the_tasks(kind: str, count: int) -> None:
    with pool(kind) as workers:
        assert list(workers.map(multiply, range(count), count, CHUNK)) == [3 * number for number in range(count)]


def test_inline_jobs_run_in_this_process() -> None:
    with pool("inline") as workers:
        assert set(workers.map(process_ids, range(TASKS), TASKS, CHUNK)) == {os.getpid()}


def test_few_tasks_have_one_worker_unless_they_may_be_done_here() -> None:
    with pool("processes") as workers:
        found = set(workers.map(process_ids, range(20), 20, 5))
        assert len(found) == 1
        assert os.getpid() not in found
        assert set(workers.map(process_ids, range(20), 20, 5, few_inline=True)) == {os.getpid()}


def test_workers_are_kept_for_the_next_job_with_many_tasks() -> None:
    with pool("processes") as workers:
        found = {one for _ in range(2) for one in workers.map(process_ids, range(TASKS), TASKS, CHUNK)}
    assert os.getpid() not in found
    assert 1 <= len(found) <= worker_count()


def test_next_job_has_other_workers_when_those_before_are_ended() -> None:
    with pool("processes") as workers:
        first = set(workers.map(process_ids, range(TASKS), TASKS, CHUNK))
        workers.end_workers()
        for one in first:
            with pytest.raises(ProcessLookupError):
                os.kill(one, 0)
        assert not first & set(workers.map(process_ids, range(TASKS), TASKS, CHUNK))


@KINDS
def test_exception_of_a_job_arrives_whole(kind: str) -> None:
    with pool(kind) as workers, pytest.raises(ConfigError) as raised:
        list(workers.map(fail_at_700, range(TASKS), TASKS, CHUNK))
    assert tuple(raised.value.problems) == PROBLEMS
    assert str(raised.value) == "\n".join(map(str, PROBLEMS))


def test_tasks_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def tasks() -> Any:
        for number in range(TASKS):
            taken.append(number)
            yield number

    with pool("processes") as workers:
        results = workers.map(multiply, tasks(), TASKS, 10)
        next(results)
        assert len(taken) <= 10 * (2 * worker_count() + 2)
        assert len([*results]) == TASKS - 1


def test_long_messages_and_answers_do_not_wait_for_each_other() -> None:
    texts = [b"x" * 100_000] * 60
    with pool("processes") as workers:
        assert sum(map(len, workers.map(five_times, texts, TASKS, 3))) == 60 * 500_000


def five_times(context: Any, tasks: Sequence[bytes]) -> list[bytes]:
    return [5 * task for task in tasks]


@pytest.mark.parametrize("count", [1, 20, TASKS])
@pytest.mark.parametrize("hostile", REASONS)
def test_hostile_task_costs_its_own_result(hostile: str, count: int) -> None:
    number = count // 2
    with pool("processes", Context({number: hostile})) as workers:
        results = list(workers.map(read, range(count), count, CHUNK))
    assert reasons(results) == [REASONS[hostile] if one == number else one for one in range(count)]


@pytest.mark.parametrize("hostile", STOPPED_INLINE)
def test_inline_stops_what_returns_to_python(hostile: str) -> None:
    handler = signal.getsignal(signal.SIGPROF)
    with pool("inline", Context({10: hostile})) as workers:
        results = list(workers.map(read, range(20), 20, CHUNK))
    assert reasons(results) == [REASONS[hostile] if one == 10 else one for one in range(20)]
    assert signal.getsignal(signal.SIGPROF) == handler
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)


def test_many_hostile_tasks_cost_their_own_results() -> None:
    hostile = {10 + 11 * number: list(REASONS)[number % len(REASONS)] for number in range(24)}
    with pool("processes", Context(hostile)) as workers:
        results = list(workers.map(read, range(TASKS), TASKS, CHUNK))
    assert reasons(results) == [REASONS[hostile[one]] if one in hostile else one for one in range(TASKS)]


def test_task_whose_worker_is_killed_by_chance_has_another_attempt(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def kill_twice() -> None:
        if attempts() < 3:
            kill()

    def attempts() -> int:
        return log.read_text().splitlines().count("7")

    context = Context({7: "is killed twice"}, log)
    with pool("processes", context) as workers:
        HOSTILE["is killed twice"] = kill_twice
        try:
            assert list(workers.map(read, range(20), 20, CHUNK)) == list(range(20))
        finally:
            del HOSTILE["is killed twice"]
    assert attempts() == 3  # with others, alone, and once more


def test_busy_processors_make_no_task_slow() -> None:
    with ExitStack() as stack:
        for _ in range(4 * worker_count()):
            stack.enter_context(forked(loop))
        started = time.monotonic()
        with pool("processes") as workers:
            assert list(workers.map(compute, range(4), 4)) == list(range(4))
        assert time.monotonic() - started > 4 * LIMITS.seconds


def compute(context: Any, tasks: Sequence[int]) -> list[int | TaskFailure]:
    with context.budget.applied():
        return [context.budget.call(use_processor, task) for task in tasks]


def use_processor(task: int) -> int:
    end = time.process_time() + LIMITS.seconds / 2
    while time.process_time() < end:
        pass
    return task


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    """The process is killed while each of its workers reads a record that takes a minute of processor time."""
    path = tmp_path / "pids"

    def run() -> None:
        context = Context(dict.fromkeys(range(TASKS), "loops in C"), path)
        context.budget = Budget(Limits(seconds=60))
        with WorkerPool(context, "processes", LIMITS) as workers:
            list(workers.map(log_process_and_read, range(TASKS), TASKS, CHUNK))

    with forked(run):
        wait_until(lambda: path.exists() and len(path.read_text().split()) >= worker_count())
    started = [int(one) for one in path.read_text().split()]
    wait_until(lambda: not any(map(is_running, started)))


def log_process_and_read(context: Any, tasks: Sequence[int]) -> list[int | TaskFailure]:
    with context.log.open("a") as log:
        log.write(f"{os.getpid()}\n")
    context.log = None
    return read(context, tasks)


@pytest.mark.parametrize("memory_bytes", [0, 1, 2**50])
def test_there_is_at_least_one_worker(memory_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "_memory_bytes", lambda: memory_bytes)
    assert worker_count() >= 1
    if memory_bytes < 2:
        assert worker_count() == 1
