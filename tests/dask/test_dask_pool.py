"""Jobs give the same results on a Dask cluster as in processes; a task that ends its worker costs its own result."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.dask_clusters import DaskCluster, dask_cluster
from support.hostile import HOSTILE, MEMORY_MB, REASONS, SECONDS
from support.processes import wait_until
from support.sites import SiteFolder

from syndicate.config import Config, ExecutorOptions, Limits
from syndicate.errors import ConfigError, Problem
from syndicate.pipeline.budget import TaskFailure
from syndicate.pipeline.context import JobContext
from syndicate.pipeline.dask_pool import DaskPool

if TYPE_CHECKING:
    from distributed import Scheduler

pytestmark = pytest.mark.dask
TASKS = 1000
BATCH = 100
PROBLEMS = (Problem("config.yaml", 3, 5, "site.url", "is not a URL"),)


@pytest.fixture
def config(cluster: DaskCluster, tmp_path: Path) -> Config:
    executor = ExecutorOptions("dask", cluster.address, BATCH, timeout_s=60)
    limits = Limits(seconds=SECONDS, memory_mb=MEMORY_MB)
    return SiteFolder(tmp_path / "site").load()._replace(executor=executor, limits=limits)


@pytest.fixture
def pool(config: Config) -> Iterator[DaskPool]:
    with DaskPool(JobContext(config)) as running:
        yield running


def double(context: JobContext, tasks: Sequence[int]) -> list[int]:
    return [2 * task for task in tasks]


def process_ids(context: JobContext, tasks: Sequence[int]) -> list[tuple[int, int]]:
    return [(os.getpid(), os.getppid()) for _ in tasks]


def repeat(context: JobContext, tasks: Sequence[bytes]) -> list[int]:
    return [len(task) for task in tasks]


def fail_at_700(context: JobContext, tasks: Sequence[int]) -> list[int]:
    if 700 in tasks:
        raise ConfigError(PROBLEMS)
    return list(tasks)


def read(context: JobContext, tasks: Sequence[tuple[int, str]]) -> list[int | TaskFailure]:
    with context.budget.applied():
        return [context.budget.call(read_one, *task) for task in tasks]


def read_one(number: int, hostile: str) -> int:
    if hostile:
        HOSTILE[hostile]()
    return number


@pytest.mark.parametrize("chunk", [7, 128])
@pytest.mark.parametrize("count", [0, 1, BATCH, BATCH + 1, TASKS])
def test_results_are_in_the_order_of_the_tasks(pool: DaskPool, count: int, chunk: int) -> None:
    assert list(pool.map(double, range(count), count, chunk)) == [2 * number for number in range(count)]


def test_all_workers_work_in_processes_that_they_keep(pool: DaskPool) -> None:
    found = [set(pool.map(process_ids, range(TASKS), TASKS)) for _ in range(2)]
    assert len(found[0]) == 2
    assert found[0] == found[1]
    assert not {os.getpid(), os.getppid()} & {parent for _, parent in found[0]}


def test_fewer_tasks_than_a_batch_need_no_cluster(config: Config) -> None:
    executor = config.executor._replace(scheduler="tcp://127.0.0.1:1")
    with DaskPool(JobContext(config._replace(executor=executor))) as pool:
        assert {parent for _, parent in pool.map(process_ids, range(BATCH), BATCH)} == {os.getpid()}


def test_tasks_are_taken_as_they_are_needed(pool: DaskPool) -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(TASKS):
            taken.append(number)
            yield number

    results = pool.map(double, tasks(), TASKS)
    next(results)
    assert len(taken) <= BATCH * (2 * 2 + 2)
    assert len([*results]) == TASKS - 1


def test_large_tasks_are_sent_in_several_batches(pool: DaskPool) -> None:
    texts = [bytes(400_000)] * 30
    assert list(pool.map(repeat, texts, TASKS, 3)) == [400_000] * 30


def test_exception_of_a_job_arrives_whole(pool: DaskPool) -> None:
    with pytest.raises(ConfigError) as raised:
        list(pool.map(fail_at_700, range(TASKS), TASKS))
    assert tuple(raised.value.problems) == PROBLEMS


@pytest.mark.parametrize("hostile", REASONS)
def test_hostile_task_costs_its_own_result(pool: DaskPool, hostile: str) -> None:
    tasks = [(number, hostile if number == TASKS // 2 else "") for number in range(TASKS)]
    found: list[Any] = list(pool.map(read, tasks, TASKS))
    assert [one.reason if isinstance(one, TaskFailure) else one for one in found] == [
        REASONS[hostile] if number == TASKS // 2 else number for number in range(TASKS)
    ]


def kill_the_dask_worker(context: JobContext, tasks: Sequence[int]) -> list[int]:
    """Kills the Dask worker, two processes above this one, over one of the tasks."""
    if 3 in tasks:
        (parent,) = re.findall(r"^PPid:\t(\d+)", Path(f"/proc/{os.getppid()}/status").read_text(), re.MULTILINE)
        os.kill(int(parent), signal.SIGKILL)
    return list(tasks)


def test_task_that_ends_dask_workers_costs_its_own_result(config: Config, tmp_path: Path) -> None:
    with dask_cluster(tmp_path, workers=0) as cluster:
        cluster.kill_scheduler()
        cluster.start_scheduler({"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"})
        for _ in range(2):
            cluster.start_worker(nanny=True)
        executor = config.executor._replace(scheduler=cluster.address, batch=4)
        with DaskPool(JobContext(config._replace(executor=executor))) as pool:
            found: list[Any] = list(pool.map(kill_the_dask_worker, range(12), 12))
    assert found[3] == TaskFailure("ended the Dask workers that read it")
    assert [one for one in found if one != found[3]] == [number for number in range(12) if number != 3]


def test_worker_that_ends_while_it_gets_the_context_stops_nothing(config: Config, tmp_path: Path) -> None:
    from distributed import Client

    with dask_cluster(tmp_path, workers=1) as cluster, ThreadPoolExecutor() as threads:
        (worker,) = cluster.workers()
        with Client(cluster.address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(1)
            worker.send_signal(signal.SIGSTOP)
            executor = config.executor._replace(scheduler=cluster.address)
            with DaskPool(JobContext(config._replace(executor=executor))) as pool:
                results = threads.submit(lambda: list(pool.map(double, range(TASKS), TASKS)))
                wait_until(lambda: client.run_on_scheduler(connects_to_a_worker))
                cluster.kill_worker(worker)
                cluster.start_worker()
                assert results.result(timeout=60) == [2 * number for number in range(TASKS)]


def connects_to_a_worker(dask_scheduler: Scheduler) -> bool:
    return dask_scheduler.rpc._n_connecting > 0
