"""Jobs give the same results inline and in worker processes, and the context reaches each worker once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from syndicate.errors import ConfigError, Problem
from syndicate.pipeline import executor
from syndicate.pipeline.executor import WorkerPool, executor_of, worker_count

TASKS = 1000  # enough for a pool
CHUNK = 50
PROBLEMS = (Problem("config.yaml", 3, 5, "site.url", "is not a URL"), Problem("config.yaml", 9, 1, "feeds", "unknown"))


class Context:
    """A context that no executor may pickle: forked workers inherit it."""

    factor = 3

    def __reduce__(self) -> Any:
        raise AssertionError("the context is sent with a chunk")


def multiply(context: Any, tasks: Sequence[int]) -> list[int]:
    return [context.factor * task for task in tasks]


def process_ids(context: Any, tasks: Sequence[int]) -> list[tuple[int, int]]:
    return [(os.getpid(), id(context)) for _ in tasks]


def fail_at_700(context: Any, tasks: Sequence[int]) -> list[int]:
    if 700 in tasks:
        raise ConfigError(PROBLEMS)
    return list(tasks)


def pool(kind: str) -> WorkerPool:
    context: Any = Context()
    return WorkerPool(context, executor_of(kind))


@pytest.mark.parametrize("kind", ["inline", "processes"])
@pytest.mark.parametrize("count", [0, 1, CHUNK, CHUNK + 1, TASKS])
def test_results_are_in_the_order_of_the_tasks(kind: str, count: int) -> None:
    with pool(kind) as workers:
        assert list(workers.map(multiply, range(count), count, CHUNK)) == [3 * number for number in range(count)]


def test_inline_jobs_run_in_this_process() -> None:
    with pool("inline") as workers:
        assert {pid for pid, _ in workers.map(process_ids, range(TASKS), TASKS, CHUNK)} == {os.getpid()}


def test_few_tasks_start_no_process() -> None:
    with pool("processes") as workers:
        assert {pid for pid, _ in workers.map(process_ids, range(20), 20, CHUNK)} == {os.getpid()}


def test_context_is_initialized_once_in_each_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    initialize: Callable[[Any], None] = executor.initialize

    def logged(context: Any) -> None:
        (tmp_path / f"{os.getpid()}").open("a").write("x")
        initialize(context)

    monkeypatch.setattr(executor, "initialize", logged)
    with pool("processes") as workers:
        results = [*workers.map(process_ids, range(TASKS), TASKS, CHUNK)]
        results += workers.map(process_ids, range(TASKS), TASKS, CHUNK)
    workers_used = {pid for pid, _ in results}
    assert os.getpid() not in workers_used
    assert 1 <= len(workers_used) <= worker_count()
    assert len(set(results)) == len(workers_used)  # one context object in each worker
    initialized = {int(path.name): path.read_text() for path in tmp_path.iterdir()}
    assert workers_used <= initialized.keys()
    assert set(initialized.values()) == {"x"}
    assert len(initialized) <= worker_count()


@pytest.mark.parametrize("kind", ["inline", "processes"])
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


@pytest.mark.parametrize("memory_bytes", [0, 1, 2**50])
def test_there_is_at_least_one_worker(memory_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "_memory_bytes", lambda: memory_bytes)
    assert worker_count() >= 1
    if memory_bytes < 2:
        assert worker_count() == 1
