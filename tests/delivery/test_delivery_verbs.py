"""push, publish, status and worker as scripts and people meet them: processes, streams, exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from support.hubs import Received, Served, refusing_url, says, served, until
from support.sites import CONFIG, SiteFolder, clean_environment, record, run, tree

from syndicate.delivery.session import read
from syndicate.store.outbox import Outbox

ALL, ONE = (f"https://feeds.test/{folder}/feed.atom" for folder in ("all", "topics/one"))
TALLY = {"delivered", "retrying", "refused", "failed", "unverified", "seconds"}
TOKEN = "s3cr3t-t0ken"


def settings(*hubs: Served | str, **push: Any) -> str:
    """A configuration with these hubs, whose header is in HUB_HEADER where there is one."""
    urls = [hub.url if isinstance(hub, Served) else hub for hub in hubs]
    told = {"verify": False, "timeout_s": 5, **push}
    return f"{CONFIG}feeds: {{formats: [atom]}}\nhubs: {json.dumps(urls)}\npush: {json.dumps(told)}\n"


@pytest.fixture
def news(site_folder: SiteFolder) -> SiteFolder:
    """A site with one record: the documents ALL and ONE."""
    site_folder.put("a.md", record("Alpha", "topics: [One]"))
    return site_folder


async def runs(site_folder: SiteFolder, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One verb in a process of its own, while hubs live in this one."""
    return await asyncio.to_thread(site_folder.run, *arguments, **environment)


def undelivered(site_folder: SiteFolder) -> int:
    return len(read(str(site_folder.folder / ".syndicate"), Outbox.waiting))


# ----------------------------------------------------------------------------------------------------------------- push


async def test_push_tells_hubs_without_a_word_when_all_is_well(news: SiteFolder) -> None:
    async with served() as hub:
        news.configure(settings(hub))
        news.build()
        done = await runs(news, "push")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert set(hub.topics) == {ALL, ONE}


async def test_push_json_is_one_object_with_every_count(news: SiteFolder) -> None:
    async with served() as hub:
        news.configure(settings(hub))
        news.build()
        done = await runs(news, "push", "--json")
    tally = json.loads(done.stdout)
    assert set(tally) == TALLY
    assert tally == {**dict.fromkeys(TALLY, 0), "delivered": 2, "seconds": tally["seconds"]}
    assert (done.returncode, done.stderr) == (0, "")


async def test_push_of_a_ping_that_is_given_up_is_1_and_said(news: SiteFolder) -> None:
    async with served(says(400, "nobody subscribes")) as hub:
        news.configure(settings(hub, attempts=1))
        news.build()
        done = await runs(news, "push", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["failed"] == 2
    assert done.stderr.count("nobody subscribes") == 2


async def test_json_log_has_one_object_a_line(news: SiteFolder) -> None:
    async with served(says(400, 'wrong "key"\n')) as hub:
        news.configure(settings(hub, attempts=1))
        news.build()
        done = await runs(news, "push", "--log-format", "json")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert {event["topic"] for event in events} == {ALL, ONE}
    for event in events:
        assert (event["event"], event["level"], event["status"]) == ("failed", "warning", 400)
        assert (event["hub"], event["error"], event["attempts"]) == (hub.url, 'wrong "key"', 1)


async def test_dry_run_lists_what_would_go_where_and_sends_nothing(news: SiteFolder) -> None:
    async with served() as hub:
        news.configure(settings(hub))
        news.build()
        shown = await runs(news, "push", "--dry-run")
        listed = await runs(news, "push", "--dry-run", "--json")
        assert hub.received == []
        await runs(news, "push")
        assert json.loads((await runs(news, "push", "--dry-run", "--json")).stdout) == []
    assert (shown.returncode, shown.stderr, listed.returncode, listed.stderr) == (0, "", 0, "")
    for text in (hub.url, ALL, ONE, "due"):
        assert text in shown.stdout
    rows = json.loads(listed.stdout)
    assert {(row["hub"], row["topic"], row["state"], row["attempts"], row["due_in_s"]) for row in rows} == {
        (hub.url, topic, "due", 0, 0.0) for topic in (ALL, ONE)
    }
    assert all(set(row) == {"hub", "topic", "state", "attempts", "waiting_s", "due_in_s", "said"} for row in rows)


async def test_replay_sends_again_what_was_given_up_of_one_hub_and_feed(news: SiteFolder) -> None:
    async with served(says(400)) as one, served(says(400)) as two:
        news.configure(settings(one, two, attempts=1))
        news.build()
        assert (await runs(news, "push")).returncode == 1
        assert json.loads((await runs(news, "push", "--json")).stdout)["failed"] == 0  # given up is given up
        for hub in (one, two):
            hub.received.clear()
            hub.answer = says(202)
        done = await runs(news, "push", "--replay", "--hub", two.url, "--feed", "topics/one/", "--json")
        assert (done.returncode, json.loads(done.stdout)["delivered"]) == (0, 1)
        assert (one.received, set(two.topics)) == ([], {ONE})
        assert json.loads((await runs(news, "push", "--replay", "--json")).stdout)["delivered"] == 3
    assert undelivered(news) == 0


async def test_hub_and_feed_without_replay_send_nothing_that_was_given_up(news: SiteFolder) -> None:
    async with served(says(400)) as hub:
        news.configure(settings(hub, attempts=1))
        news.build()
        await runs(news, "push")
        for option in (["--hub", hub.url], ["--feed", "all"]):
            await runs(news, "push", *option)
        assert len(hub.received) == 2


@pytest.mark.parametrize("verb", [["push"], ["push", "--dry-run"], ["push", "--replay"], ["status"]], ids=" ".join)
def test_nothing_built_yet_is_1_and_says_what_to_do(verb: list[str], news: SiteFolder) -> None:
    news.configure(settings(refusing_url()))
    done = news.run(*verb)
    assert (done.returncode, done.stdout) == (1, "")
    assert "run `syndicate build`" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("verb", ["push", "worker"])
def test_3_for_a_header_that_is_not_in_the_environment(verb: str, news: SiteFolder) -> None:
    news.configure(f"{CONFIG}hubs: {{url: 'http://127.0.0.1:9/', header_env: HUB_HEADER}}\n")
    news.build()
    done = news.run(verb)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("HUB_HEADER:1:1: environment: the header for http://127.0.0.1:9/: ")


# -------------------------------------------------------------------------------------------------------------- publish


async def test_publish_of_the_sample_tells_each_document_once(tmp_path: Path) -> None:
    assert run("init", "news", cwd=tmp_path).returncode == 0
    folder = tmp_path / "news"
    async with served() as hub:
        text = (folder / "config.yaml").read_text(encoding="utf-8")
        changed = text.replace("https://hub.example.org/", hub.url).replace("verify: true", "verify: false")
        (folder / "config.yaml").write_text(changed, encoding="utf-8")
        first = await asyncio.to_thread(run, "publish", "--json", cwd=folder)
        documents = {f"https://feeds.example.org/{path}" for path in tree(folder / "feeds") if "/feed." in path}
        assert len(documents) > 50
        assert hub.topics == dict.fromkeys(documents, 1)
        said = json.loads(first.stdout)
        assert (set(said), set(said["push"]), first.returncode) == ({"build", "push"}, TALLY, 0)
        assert said["push"]["delivered"] == len(documents)
        # and the page of each, the lists of feeds for machines and for people, and a stylesheet
        assert said["build"]["written"] == len(documents) + len(documents) // 3 + 4
        second = await asyncio.to_thread(run, "publish", cwd=folder)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert len(hub.received) == len(documents)


async def test_publish_without_hubs_builds_and_is_silent(news: SiteFolder) -> None:
    done = await runs(news, "publish", "--now", "2026-07-01")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (news.output / "all/feed.rss").exists()


# --------------------------------------------------------------------------------------------------------------- status


async def test_status_tells_how_every_hub_and_feed_stands(news: SiteFolder) -> None:
    async with served() as well, served(says(503, "no room", Retry_After="3600")) as ill:
        news.configure(settings(well, ill))
        news.build()
        await runs(news, "push")
        shown = await runs(news, "status")
        told = json.loads((await runs(news, "status", "--json")).stdout)
    assert shown.returncode == 0
    for text in (well.url, ill.url, "503 no room", "asked to wait for 59 min", "closed", "all", "topics/one"):
        assert text in shown.stdout
    assert set(told) == {"oldest_wait_s", "hubs", "feeds"}
    counts = {hub["hub"]: (hub["delivered"], hub["due"] + hub["retrying"], hub["failed"]) for hub in told["hubs"]}
    assert counts == {well.url: (2, 0, 0), ill.url: (0, 2, 0)}
    assert [feed["topic"] for feed in told["feeds"]] == [ALL, ONE]
    assert [feed["waiting"] for feed in told["feeds"]] == [1, 1]
    assert all(feed["delivered"].endswith("Z") for feed in told["feeds"])


async def test_max_age_is_1_when_a_change_waits_for_longer(news: SiteFolder) -> None:
    async with served() as hub:
        news.configure(settings(hub))
        news.build()
        assert (await runs(news, "status", "--max-age", "1h")).returncode == 0
        waits = await runs(news, "status", "--max-age", "0s")
        assert waits.returncode == 1
        assert "a change waits for" in waits.stderr
        await runs(news, "push")
        told = await runs(news, "status", "--max-age", "0s")
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.parametrize("age", ["", "1", "s", "1w", "-1s", "1.5h", "1 h"])
def test_2_for_what_is_no_age(age: str, news: SiteFolder) -> None:
    done = news.run("status", f"--max-age={age}")
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected an age" in done.stderr


async def test_secret_is_in_no_output_of_any_verb(news: SiteFolder) -> None:
    def echo(ping: Received) -> web.Response:
        return web.Response(status=400 if ping.topic == ONE else 503, text=str(ping.headers))

    async with served(echo) as hub:
        news.configure(settings(hub, attempts=1).replace(f'["{hub.url}"]', f"{{url: '{hub.url}', header_env: KEY}}"))
        news.build()
        verbs = ["push --log-format json", "push --dry-run", "push --dry-run --json", "status", "status --json"]
        done = [await runs(news, *verb.split(), KEY=f"X-Key: {TOKEN}") for verb in verbs]
    assert {ping.headers["X-Key"] for ping in hub.received} == {TOKEN}
    said = "".join(one.stdout + one.stderr for one in done)
    assert "…" in said or "\\u2026" in said
    assert TOKEN not in said


# --------------------------------------------------------------------------------------------------------------- worker


class Working:
    """A worker's process, and the events that it told so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.lines.append(line.decode())

    def events(self, name: str) -> list[dict[str, Any]]:
        return [event for event in map(json.loads, self.lines) if event["event"] == name]

    def sign(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    async def end(self, timeout_s: float = 6.0) -> int:
        """The exit code of a worker that was told to stop; it has so long."""
        if self._process.returncode is None and not self.events("stopping"):
            self.sign()
        return await asyncio.wait_for(self._process.wait(), timeout_s)

    async def close(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading


@asynccontextmanager
async def working(site_folder: SiteFolder) -> AsyncIterator[Working]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "syndicate", "worker", "--log-format", "json",
        cwd=site_folder.folder, env=clean_environment(),
        stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    worker = Working(process)
    try:
        yield worker
    finally:
        await worker.close()


def put_whole(site_folder: SiteFolder, name: str, text: str, folder: Path | None = None) -> None:
    """Write a file as editors do: beside its place, then over it."""
    beside = site_folder.folder / f"{name}.new"
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, (folder or site_folder.corpus) / name)


async def test_worker_builds_and_tells_what_changes_until_it_is_stopped(news: SiteFolder) -> None:
    async with served() as hub:
        news.configure(settings(hub))
        async with working(news) as worker:
            await until(lambda: hub.topics == {ALL: 1, ONE: 1})
            put_whole(news, "b.md", record("Beta"))
            await until(lambda: hub.topics == {ALL: 2, ONE: 1})
            assert b"Beta" in (news.output / "all/feed.atom").read_bytes()
            started = time.monotonic()
            assert await worker.end() == 0
            assert time.monotonic() - started < 4
        assert {json.loads(line)["event"] for line in worker.lines} >= {"started", "built", "delivered", "stopped"}
        assert worker.events("stopped")
    assert undelivered(news) == 0


async def test_worker_that_is_stopped_waits_for_the_answer_of_a_ping_under_way(news: SiteFolder) -> None:
    answer = asyncio.Event()

    async def hold(_: Received) -> web.Response:
        await answer.wait()
        return web.Response(status=202)

    async with served(hold) as hub:
        news.configure(settings(hub, concurrency=1))
        async with working(news) as worker:
            await until(lambda: hub.received)
            worker.sign()
            await until(lambda: worker.events("stopping"))
            answer.set()
            assert await worker.end() == 0
        assert len(worker.events("delivered")) == len(hub.received) == 1
        assert undelivered(news) == 1
        assert json.loads((await runs(news, "push", "--json")).stdout)["delivered"] == 1  # it is nobody's lease


@pytest.mark.parametrize("whole", [False, True], ids=["in-place", "replaced"])
async def test_worker_takes_over_a_new_configuration_and_survives_a_broken_one(
    news: SiteFolder, *, whole: bool
) -> None:
    def configure(text: str) -> None:
        if whole:
            put_whole(news, "config.yaml", text, news.folder)
        else:
            news.configure(text)

    async with served() as old, served() as new:
        news.configure(settings(old))
        async with working(news) as worker:
            await until(lambda: old.topics == {ALL: 1, ONE: 1})
            configure("site: [")
            await until(lambda: worker.events("configuration"))
            configure(settings(old, new))
            await until(
                lambda: new.topics == {ALL: 1, ONE: 1}, 10, "the worker did not notice the mended configuration"
            )
            put_whole(news, "b.md", record("Beta"))
            await until(lambda: (old.topics, new.topics) == ({ALL: 3, ONE: 2}, {ALL: 2, ONE: 1}))
            assert await worker.end() == 0


async def test_worker_notices_what_changes_while_it_takes_over_a_configuration(news: SiteFolder) -> None:
    """A ping under way holds up the change from one configuration to the next; the corpus changes meanwhile."""
    answer = asyncio.Event()

    async def hold_the_second(_: Received) -> web.Response:
        if len(hub.received) > 2:
            await answer.wait()
        return web.Response(status=202)

    async with served(hold_the_second) as hub:
        news.configure(settings(hub))
        async with working(news) as worker:
            await until(lambda: len(worker.events("delivered")) == 2)
            put_whole(news, "b.md", record("Beta"))
            await until(lambda: len(hub.received) == 3)
            news.configure(settings(hub, timeout_s=6))
            await until(lambda: worker.events("configuration read"))
            await until(lambda: len(worker.events("built")) == 2)
            put_whole(news, "c.md", record("Gamma"))
            answer.set()
            await until(lambda: len(hub.received) >= 4, 6, "the change waits for the build of every minute")
            assert await worker.end() == 0


async def test_second_worker_does_no_harm(news: SiteFolder) -> None:
    async with served() as hub:
        news.configure(settings(hub))
        async with working(news) as one, working(news) as two:
            await until(lambda: hub.topics == {ALL: 1, ONE: 1})
            await until(lambda: one.events("started") and two.events("started"))
            put_whole(news, "b.md", record("Beta"))
            await until(lambda: hub.topics == {ALL: 2, ONE: 1})
            assert [await one.end(), await two.end()] == [0, 0]
        assert hub.topics == {ALL: 2, ONE: 1}
        assert len(one.events("delivered")) + len(two.events("delivered")) == 3
        assert not [event for event in map(json.loads, one.lines + two.lines) if event["level"] != "info"]
    assert undelivered(news) == 0


async def test_worker_whose_state_is_deleted_goes_on_and_can_be_stopped(news: SiteFolder) -> None:
    async with served() as hub:
        news.configure(settings(hub))
        async with working(news) as worker:
            await until(lambda: len(worker.events("delivered")) == 2)
            shutil.rmtree(news.folder / ".syndicate")
            put_whole(news, "b.md", record("Beta"))
            await until(lambda: hub.topics[ALL] == 2)
            assert await worker.end() == 0


async def test_worker_watches_a_corpus_folder_that_took_the_place_of_another(news: SiteFolder) -> None:
    """As deployments do it: a new checkout is moved to where the old one was."""
    async with served() as hub:
        news.configure(settings(hub))
        async with working(news) as worker:
            await until(lambda: hub.topics == {ALL: 1, ONE: 1})
            shutil.copytree(news.corpus, news.folder / "next")
            (news.folder / "next" / "b.md").write_text(record("Beta"), encoding="utf-8")
            os.rename(news.corpus, news.folder / "previous")
            os.rename(news.folder / "next", news.corpus)
            await until(lambda: hub.topics[ALL] == 2)
            put_whole(news, "c.md", record("Gamma"))
            await until(lambda: hub.topics[ALL] == 3, 6, "the change waits for the build of every minute")
            assert await worker.end() == 0
