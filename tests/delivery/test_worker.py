"""What a worker notices: checkouts, uploads, mounts, folders that come and go, signals, and its configuration."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from support.hubs import http_server, wait_until
from support.sites import CONFIG, SiteFolder, record
from support.workers import WorkerProcess, replace_file, worker_process

FEED = "all/feed.json"


@pytest.fixture
def news(site_folder: SiteFolder) -> SiteFolder:
    """A site with one record, and a feed that shows everything."""
    site_folder.put("a.md", record("Alpha"))
    configure(site_folder)
    return site_folder


def configure(site_folder: SiteFolder, more: str = "", hubs: object = ()) -> None:
    lines = ["pages: false", "feeds: {formats: [json], limit: 10000}", "push: {verify: false, timeout_s: 5}"]
    site_folder.configure(CONFIG + "\n".join([*lines, f"hubs: {json.dumps(hubs)}", more, ""]))


def titles(site_folder: SiteFolder) -> set[str]:
    """The titles in the feed of everything."""
    try:
        feed = json.loads((site_folder.output / FEED).read_bytes())
    except FileNotFoundError:
        return set()
    return {item["title"] for item in feed["items"]}


async def until_watching(worker: WorkerProcess, site_folder: SiteFolder) -> None:
    """Wait until the worker has built the site, is told of changes, and waits for more."""
    await wait_until(lambda: worker.events("started"))
    await wait_until(lambda: titles(site_folder) and number_of_builds(worker) >= 2 and waits_for(worker) is None, 60)


def number_of_builds(worker: WorkerProcess) -> int:
    worker.send(signal.SIGUSR1)
    states = worker.events("state")
    return states[-1]["builds"] if states else 0


def waits_for(worker: WorkerProcess) -> str | None:
    worker.send(signal.SIGUSR1)
    states = worker.events("state")
    return states[-1]["waits_for"] if states else None


async def seconds_until(expected: set[str], site_folder: SiteFolder, timeout_s: float = 10) -> float:
    started = time.monotonic()
    await wait_until(lambda: titles(site_folder) == expected, timeout_s, f"{sorted(titles(site_folder))[:10]}")
    return time.monotonic() - started


# ------------------------------------------------------------------------------------------------------------- bursts


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=T", "-c", "user.email=t@e.test", "-c", "gc.auto=0"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def put_many(corpus: Path, word: str) -> None:
    """Write 5,000 records, in folders of 100."""
    for number in range(5000):
        folder = corpus / f"{number // 100:02}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.md").write_text(record(f"{word} {number}"), encoding="utf-8")


async def test_checkout_of_5000_files_is_built_when_it_is_complete(site_folder: SiteFolder) -> None:
    """At most two builds, and at no time an entry that is missing or deleted."""
    configure(site_folder, "executor: inline")
    git(site_folder.folder, "init", "-q", "-b", "one")
    for branch in ("one", "two"):
        if branch == "two":
            git(site_folder.folder, "checkout", "-q", "-b", "two")
        put_many(site_folder.corpus, branch)
        git(site_folder.folder, "add", "corpus")
        git(site_folder.folder, "commit", "-q", "-m", branch)
    async with worker_process(site_folder) as worker:
        await wait_until(lambda: len(titles(site_folder)) == 5000, 120)
        await until_watching(worker, site_folder)
        for branch in ("one", "two"):
            before = len(worker.events("built"))
            await asyncio.to_thread(git, site_folder.folder, "checkout", "-q", branch)
            expected = {f"{branch} {number}" for number in range(5000)}
            while titles(site_folder) != expected:
                assert len(titles(site_folder)) == 5000
                await asyncio.sleep(0.05)
            assert b'"deleted"' not in (site_folder.output / FEED).read_bytes()
            assert len(worker.events("built")) - before <= 2
        assert await worker.stop(20) == 0


async def test_single_save_is_built_at_once(news: SiteFolder) -> None:
    async with worker_process(news) as worker:
        await until_watching(worker, news)
        waits: list[float] = []
        expected = {"Alpha"}
        for number in range(5):
            builds = number_of_builds(worker)
            replace_file(news, f"{number}.md", record(str(number)))
            expected = expected | {str(number)}
            waits.append(await seconds_until(expected, news))
            await wait_until(lambda builds=builds: number_of_builds(worker) > builds)  # type: ignore[misc]
            waits[-1] -= worker.events("state")[-1]["last_build"]["took_s"]
        assert sorted(waits)[2] < 0.4, waits  # 0.15 seconds on a machine that does nothing else
        assert await worker.stop() == 0


async def test_build_waits_for_a_lock_of_git(news: SiteFolder) -> None:
    lock = news.folder / ".git" / "index.lock"
    lock.parent.mkdir()
    async with worker_process(news) as worker:
        await until_watching(worker, news)
        lock.touch()
        news.put("b.md", record("Beta"))
        await wait_until(lambda: waits_for(worker) == str(lock) or waits_for(worker) == "1 changed files")
        await asyncio.sleep(1.0)  # longer than a build takes without the lock
        assert titles(news) == {"Alpha"}
        lock.unlink()
        await seconds_until({"Alpha", "Beta"}, news)


async def test_build_waits_for_the_temporary_file_of_an_upload(news: SiteFolder) -> None:
    partial = news.corpus / ".c.md.Xy12Zz"
    async with worker_process(news) as worker:
        await until_watching(worker, news)
        partial.write_text("---\n", encoding="utf-8")
        await wait_until(lambda: waits_for(worker) == str(partial))
        news.put("b.md", record("Beta"))
        await asyncio.sleep(1.0)
        assert titles(news) == {"Alpha"}
        partial.write_text(record("Gamma"), encoding="utf-8")
        partial.rename(news.corpus / "c.md")
        await seconds_until({"Alpha", "Beta", "Gamma"}, news)


# ------------------------------------------------------------------------------------------------- folders and mounts


async def test_corpus_that_is_deleted_and_made_again_is_seen_soon(news: SiteFolder) -> None:
    async with worker_process(news) as worker:
        await until_watching(worker, news)
        shutil.rmtree(news.corpus)
        await wait_until(
            lambda: worker.events("a corpus folder is missing; the feeds stay as they are until it is back")
        )
        assert titles(news) == {"Alpha"}
        news.corpus.mkdir()
        news.put("b.md", record("Beta"))
        assert await seconds_until({"Beta"}, news) < 4  # two seconds on a machine that does nothing else
        replace_file(news, "c.md", record("Gamma"))
        assert await seconds_until({"Beta", "Gamma"}, news) < 4
        assert await worker.stop() == 0


async def test_corpus_that_is_made_again_at_once_under_its_former_number_is_seen_soon(news: SiteFolder) -> None:
    async with worker_process(news) as worker:
        await until_watching(worker, news)
        for title in ("Beta", "Gamma", "Delta"):  # a new folder may get the number of the former one
            shutil.rmtree(news.corpus)
            news.corpus.mkdir()
            news.put("b.md", record(title))
            assert await seconds_until({title}, news) < 4
            replace_file(news, "c.md", record("Also " + title))
            assert await seconds_until({title, "Also " + title}, news) < 4
        assert await worker.stop() == 0


@contextmanager
def mounted(*arguments: str, at: Path) -> Iterator[None]:
    """Mount a file system, or skip the test where that is not allowed."""
    try:
        done = subprocess.run(["mount", *arguments, str(at)], check=False, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("needs the program mount")
    if done.returncode:
        pytest.skip(f"needs the right to mount a file system: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True)


async def test_mount_that_comes_back_is_seen_soon(news: SiteFolder) -> None:
    with mounted("-t", "tmpfs", "tmpfs", at=news.corpus):
        news.put("b.md", record("Beta"))
        async with worker_process(news) as worker:
            await until_watching(worker, news)
            assert titles(news) == {"Beta"}
            with mounted("-t", "tmpfs", "tmpfs", at=news.corpus):
                news.put("c.md", record("Gamma"))
                assert await seconds_until({"Gamma"}, news) < 4
            assert await seconds_until({"Beta"}, news) < 4
            news.put("d.md", record("Delta"))
            await seconds_until({"Beta", "Delta"}, news)
            assert await worker.stop() == 0


async def test_changes_below_an_overlay_are_found_by_polling(news: SiteFolder) -> None:
    """The kernel reports none of them: the files of a lower layer change elsewhere, as those of a network do."""
    lower = news.folder / "lower"
    for name in ("lower", "upper", "work"):
        (news.folder / name).mkdir()
    (lower / "b.md").write_text(record("Beta"), encoding="utf-8")
    layers = ",".join(f"{key}dir={news.folder / key}" for key in ("lower", "upper", "work"))
    with mounted("-t", "overlay", "overlay", "-o", layers, at=news.corpus):
        async with worker_process(news) as worker:
            await until_watching(worker, news)
            assert worker.events("started")[0]["polls"] is True
            (lower / "b.md").write_text(record("Better"), encoding="utf-8")
            assert await seconds_until({"Better"}, news) < 4
            assert await worker.stop() == 0


async def test_polling_can_be_switched_off_and_on(news: SiteFolder) -> None:
    for poll in ("true", "false"):
        configure(news, f"worker: {{poll: {poll}}}")
        async with worker_process(news) as worker:
            await until_watching(worker, news)
            assert worker.events("started")[0]["polls"] is (poll == "true")
            replace_file(news, "b.md", record(f"Beta {poll}"))
            await seconds_until({"Alpha", f"Beta {poll}"}, news)
            assert await worker.stop() == 0


@pytest.fixture
def one_watch() -> tuple[str, ...]:
    """A command that limits the number of watches to one, in a user namespace."""
    limit = "/proc/sys/user/max_inotify_watches"
    wrapper = ("unshare", "--user", "--map-root-user", "sh", "-c", f'echo 1 > {limit} && exec "$@"', "sh")
    try:
        subprocess.run([*wrapper, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs the right to make a user namespace: {error}")
    return wrapper


async def test_changes_are_found_by_polling_when_the_limit_of_watches_is_reached(
    news: SiteFolder, one_watch: tuple[str, ...]
) -> None:
    news.put("one/b.md", record("Beta"))
    async with worker_process(news, one_watch) as worker:
        await until_watching(worker, news)
        (warning,) = worker.events("the file system cannot be watched; looking for changes every second")
        assert "limit" in warning["error"]
        news.put("one/b.md", record("Better"))
        assert await seconds_until({"Alpha", "Better"}, news) < 4
        assert await worker.stop() == 0


# -------------------------------------------------------------------------------------------- signals, configuration


async def test_hangup_reads_the_configuration_and_keeps_the_old_one_if_it_is_invalid(news: SiteFolder) -> None:
    async with http_server() as hub, worker_process(news) as worker:
        await until_watching(worker, news)
        worker.send(signal.SIGHUP)
        await wait_until(lambda: worker.events("configuration reloaded"))
        news.configure("site: [")
        worker.send(signal.SIGHUP)
        await wait_until(lambda: worker.events("invalid configuration"))
        reported = len(worker.events("invalid configuration"))
        worker.send(signal.SIGHUP)
        await wait_until(lambda: len(worker.events("invalid configuration")) == 2 * reported)
        configure(news, hubs=[hub.url])
        worker.send(signal.SIGHUP)
        await wait_until(lambda: hub.topics)
        assert worker.is_running
        assert await worker.stop() == 0


async def test_hub_whose_header_is_missing_after_an_edit_is_sent_nothing(news: SiteFolder) -> None:
    async with http_server() as one, http_server() as two:
        configure(news, hubs=[one.url])
        async with worker_process(news, TOKEN_TWO="x") as worker:
            await wait_until(lambda: one.received)
            configure(news, hubs=[one.url, {"url": two.url, "header_env": "TOKEN_ONE"}])
            await wait_until(lambda: worker.events("nothing is sent to any hub"))
            assert "TOKEN_ONE" in worker.events("nothing is sent to any hub")[0]["error"]
            one.received.clear()
            replace_file(news, "b.md", record("Beta"))
            await seconds_until({"Alpha", "Beta"}, news)
            await asyncio.sleep(0.5)
            assert (one.received, two.received) == ([], [])
            configure(news, hubs=[one.url, {"url": two.url, "header_env": "TOKEN_TWO"}])
            await wait_until(lambda: one.received and two.received)
            assert two.received[0].headers["Authorization"] == "x"
            assert await worker.stop() == 0


async def test_state_of_the_worker_is_logged_on_request(news: SiteFolder) -> None:
    async with http_server() as hub:
        configure(news, hubs=[hub.url])
        async with worker_process(news) as worker:
            await wait_until(lambda: worker.events("delivered") and number_of_builds(worker))
            await wait_until(lambda: worker.events("state of deliveries"))
            state = worker.events("state")[-1]
            assert (state["last_build"]["code"], state["missing"], state["is_valid"]) == (0, [], True)
            deliveries = worker.events("state of deliveries")[-1]
            assert (deliveries["hub"], deliveries["delivered"], deliveries["failed"]) == (hub.url, 1, 0)
            assert worker.is_running
            assert await worker.stop() == 0


async def test_build_that_fails_is_logged_once_and_changes_nothing(news: SiteFolder) -> None:
    """The output folder belongs to something else, so each build refuses to write."""
    async with worker_process(news) as worker:
        await until_watching(worker, news)
        feed = (news.output / FEED).read_bytes()
        marker = next(file for file in news.output.iterdir() if file.name.startswith("."))
        marker.rename(news.folder / "marker")
        for number in range(3):
            builds = number_of_builds(worker)
            replace_file(news, f"{number}.md", record(str(number)))
            await wait_until(lambda builds=builds: number_of_builds(worker) > builds)  # type: ignore[misc]
        assert len(worker.events("build failed")) == 1
        assert (news.output / FEED).read_bytes() == feed
        (news.folder / "marker").rename(marker)
        replace_file(news, "b.md", record("Beta"))
        await seconds_until({"Alpha", "Beta", "0", "1", "2"}, news)
        await wait_until(lambda: worker.events("builds succeed again"))
        assert await worker.stop() == 0


# ------------------------------------------------------------------------------------------------- the building process


def builder_of(worker: WorkerProcess) -> int | None:
    """The process in which a worker builds."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and b"syndicate.cli.builder" in (entry / "cmdline").read_bytes():
                stat = (entry / "stat").read_text(encoding="utf-8")
                if int(stat.rpartition(")")[2].split()[1]) == worker.pid:
                    return int(entry.name)
    return None


async def test_one_process_builds_all_changes(news: SiteFolder) -> None:
    async with worker_process(news) as worker:
        await until_watching(worker, news)
        builder = builder_of(worker)
        assert builder is not None
        expected = {"Alpha"}
        for number in range(3):
            replace_file(news, f"{number}.md", record(str(number)))
            expected = expected | {str(number)}
            await seconds_until(expected, news)
        shutil.copytree(news.corpus, news.folder / "copy")
        (news.folder / "copy").rename(news.corpus / "copy")
        for path in (news.corpus / "copy").iterdir():
            path.write_text(path.read_text(encoding="utf-8").replace('title: "', 'title: "Copied '), encoding="utf-8")
        await seconds_until(expected | {f"Copied {title}" for title in expected}, news)
        shutil.rmtree(news.corpus / "copy")
        await seconds_until(expected, news)
        assert builder_of(worker) == builder
        assert await worker.stop() == 0


async def test_killed_builder_is_replaced_and_nothing_is_lost(news: SiteFolder) -> None:
    """It is killed while it waits, and at random instants of a build."""
    chance = random.Random(1)
    async with worker_process(news) as worker:
        await until_watching(worker, news)
        expected = {"Alpha"}
        for number in range(12):
            if number % 4 == 0 and (builder := builder_of(worker)):  # one that died is replaced by the next build
                os.kill(builder, signal.SIGKILL)
            replace_file(news, f"{number}.md", record(str(number)))
            expected = expected | {str(number)}
            if number % 4:
                await asyncio.sleep(chance.uniform(0, 0.4))
                if builder := builder_of(worker):
                    os.kill(builder, signal.SIGKILL)
            await seconds_until(expected, news, 30)
        assert await worker.stop() == 0
    tree = {path: path.read_bytes() for path in news.output.rglob("*") if path.is_file()}
    shutil.rmtree(news.output)
    shutil.rmtree(news.folder / ".syndicate")
    await asyncio.to_thread(subprocess.run, [sys.executable, "-m", "syndicate", "build"], cwd=news.folder, check=True)
    assert {path: path.read_bytes() for path in news.output.rglob("*") if path.is_file()} == tree


async def test_builder_is_replaced_when_the_configuration_changes(news: SiteFolder) -> None:
    async with worker_process(news) as worker:
        await until_watching(worker, news)
        before = builder_of(worker)
        configure(news, "guard: {max_loss: 60%}")
        await wait_until(lambda: worker.events("configuration reloaded") and builder_of(worker) not in {None, before})
        replace_file(news, "b.md", record("Beta"))
        await seconds_until({"Alpha", "Beta"}, news)
        assert await worker.stop() == 0
