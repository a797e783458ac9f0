"""The commands push, publish, status and worker as processes: streams and exit codes."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from support.hubs import LoopbackServer, ReceivedRequest, http_server, refusing_url, responds, wait_until
from support.sites import CONFIG, SiteFolder, clean_environment, record, run, tree
from support.workers import replace_file, worker_process

from syndicate.delivery.session import read_outbox
from syndicate.store.sqlite.outbox import SqliteOutbox as Outbox

ALL, ONE = (f"https://feeds.test/{folder}/feed.atom" for folder in ("all", "topics/one"))
SUMMARY_KEYS = {"delivered", "retrying", "refused", "failed", "unverified", "seconds"}
TOKEN = "s3cr3t-t0ken"


def settings(*hubs: LoopbackServer | str, **push: Any) -> str:
    """Return a configuration with these hubs and settings of `push`."""
    urls = [hub.url if isinstance(hub, LoopbackServer) else hub for hub in hubs]
    options = {"verify": False, "timeout_s": 5, **push}
    return f"{CONFIG}feeds: {{formats: [atom]}}\nhubs: {json.dumps(urls)}\npush: {json.dumps(options)}\n"


@pytest.fixture
def news(site_folder: SiteFolder) -> SiteFolder:
    """A site with one record and the documents ALL and ONE."""
    site_folder.put("a.md", record("Alpha", "topics: [One]"))
    return site_folder


async def run_verb(site_folder: SiteFolder, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, while the hubs run in this one."""
    return await asyncio.to_thread(site_folder.run, *arguments, **environment)


@contextmanager
def editing(site_folder: SiteFolder) -> Iterator[sqlite3.Connection]:
    """Open the index, to write what only time can write otherwise."""
    with closing(sqlite3.connect(site_folder.folder / ".syndicate" / "index.db")) as sql, sql:
        yield sql


def pending_count(site_folder: SiteFolder) -> int:
    return len(read_outbox(str(site_folder.folder / ".syndicate"), Outbox.pending))


# ----------------------------------------------------------------------------------------------------------------- push


async def test_push_is_silent_when_everything_is_delivered(news: SiteFolder) -> None:
    async with http_server() as hub:
        news.configure(settings(hub))
        news.build()
        done = await run_verb(news, "push")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert set(hub.topics) == {ALL, ONE}


async def test_push_json_has_every_count(news: SiteFolder) -> None:
    async with http_server() as hub:
        news.configure(settings(hub))
        news.build()
        done = await run_verb(news, "push", "--json")
    summary = json.loads(done.stdout)
    assert set(summary) == SUMMARY_KEYS
    assert summary == {**dict.fromkeys(SUMMARY_KEYS, 0), "delivered": 2, "seconds": summary["seconds"]}
    assert (done.returncode, done.stderr) == (0, "")


async def test_push_with_a_failed_delivery_exits_with_1_and_logs_it(news: SiteFolder) -> None:
    async with http_server(responds(400, "nobody subscribes")) as hub:
        news.configure(settings(hub, attempts=1))
        news.build()
        done = await run_verb(news, "push", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["failed"] == 2
    assert done.stderr.count("nobody subscribes") == 2


async def test_json_log_has_one_object_per_line(news: SiteFolder) -> None:
    async with http_server(responds(400, 'wrong "key"\n')) as hub:
        news.configure(settings(hub, attempts=1))
        news.build()
        done = await run_verb(news, "push", "--log-format", "json")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert {event["topic"] for event in events} == {ALL, ONE}
    for event in events:
        assert (event["event"], event["level"], event["status"]) == ("failed", "warning", 400)
        assert (event["hub"], event["error"], event["attempts"]) == (hub.url, 'wrong "key"', 1)


async def test_push_reports_what_it_could_not_deliver_for_an_hour(news: SiteFolder) -> None:
    hub_url = refusing_url()
    news.configure(settings(hub_url))
    news.build()
    assert (await run_verb(news, "push")).stderr == ""
    with editing(news) as sql:
        sql.execute("UPDATE deliveries SET pending_since = pending_since - 7200")
    done = await run_verb(news, "push")
    assert done.returncode == 0
    assert done.stderr.startswith(f"syndicate: {hub_url}: not delivered for 2 h (2 feeds wait; next try ")
    assert done.stderr.endswith("refuses connections; see syndicate status\n")


async def test_dry_run_lists_deliveries_and_sends_nothing(news: SiteFolder) -> None:
    async with http_server() as hub:
        news.configure(settings(hub))
        news.build()
        shown = await run_verb(news, "push", "--dry-run")
        listed = await run_verb(news, "push", "--dry-run", "--json")
        assert hub.received == []
        await run_verb(news, "push")
        assert json.loads((await run_verb(news, "push", "--dry-run", "--json")).stdout) == []
    assert (shown.returncode, shown.stderr, listed.returncode, listed.stderr) == (0, "", 0, "")
    for text in (hub.url, ALL, ONE, "due"):
        assert text in shown.stdout
    rows = json.loads(listed.stdout)
    assert {(row["hub"], row["topic"], row["state"], row["attempts"], row["due_in_s"]) for row in rows} == {
        (hub.url, topic, "due", 0, 0.0) for topic in (ALL, ONE)
    }
    keys = {"hub", "topic", "state", "attempts", "waiting_s", "due_in_s", "said", "reason", "blocked"}
    assert all(set(row) == keys for row in rows)


async def test_dry_run_knows_of_open_breakers_and_cuts_no_address(news: SiteFolder) -> None:
    hub_url = f"{refusing_url()}a/very/long/path/of/a/hub/that/does/not/fit/into/a/line/of/eighty/columns/of/a/terminal"
    news.configure(settings(hub_url))
    news.build()
    with editing(news) as sql:
        sql.execute(
            "INSERT INTO hubs (hub_url, failures, openings, open_until, not_before) VALUES (?, 9, 3, ?, 0)",
            (hub_url, time.time() + 1800),
        )
    shown = (await run_verb(news, "push", "--dry-run", COLUMNS="60")).stdout.splitlines()
    rows = json.loads((await run_verb(news, "push", "--dry-run", "--json")).stdout)
    assert (shown[0], shown[2]) == (hub_url, f"  {ALL}")
    assert shown[1].startswith("  nothing is sent now: circuit breaker open for 29 min ")
    assert all(1700 < row["due_in_s"] <= 1800 and row["blocked"].startswith("open for 29 min") for row in rows)


async def test_replay_sends_failed_deliveries_of_one_hub_and_feed(news: SiteFolder) -> None:
    async with http_server(responds(400)) as one, http_server(responds(400)) as two:
        news.configure(settings(one, two, attempts=1))
        news.build()
        assert (await run_verb(news, "push")).returncode == 1
        assert (
            json.loads((await run_verb(news, "push", "--json")).stdout)["failed"] == 0
        )  # failed deliveries are not retried
        for hub in (one, two):
            hub.received.clear()
            hub.responder = responds(202)
        done = await run_verb(news, "push", "--replay", "--hub", two.url, "--feed", "topics/one/", "--json")
        assert (done.returncode, json.loads(done.stdout)["delivered"]) == (0, 1)
        assert (one.received, set(two.topics)) == ([], {ONE})
        assert json.loads((await run_verb(news, "push", "--replay", "--json")).stdout)["delivered"] == 3
    assert pending_count(news) == 0


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("--hub", "https://hub.exmaple/", "did you mean 'https://hub.example/'?"),
        ("--hub", "zzz", "known are https://hub.example/"),
        ("--feed", "topics/on", "did you mean 'topics/one'?"),
        ("--feed", "topics/one/feed.atmo", "did you mean 'topics/one/feed.atom'?"),
        ("--feed", "zzzzzz", "known are all, topics/one"),
    ],
)
def test_replay_of_an_unknown_hub_or_feed_is_an_error(option: str, value: str, hint: str, news: SiteFolder) -> None:
    news.configure(settings("https://hub.example/"))
    news.build()
    done = news.run("push", "--replay", option, value)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"syndicate push: {option}: no ")
    assert hint in done.stderr


@pytest.mark.parametrize("feed", ["topics/one", "/topics/one/", "topics/one/feed.atom", ONE])
async def test_replay_frees_what_waits_for_a_far_time(feed: str, news: SiteFolder) -> None:
    """Whether the time of the delivery is far, or that of its hub."""
    async with http_server() as hub:
        news.configure(settings(hub))
        news.build()
        far = time.time() + 3_600
        with editing(news) as sql:
            sql.execute("UPDATE deliveries SET state = 'retrying', attempts = 3, next_attempt_at = ?", (far,))
            sql.execute(
                "INSERT INTO hubs (hub_url, failures, openings, open_until, not_before) VALUES (?, 9, 3, ?, ?)",
                (hub.url, far, far),
            )
        await run_verb(news, "push")
        assert hub.received == []
        done = await run_verb(news, "push", "--replay", "--feed", feed, "--json")
        assert (json.loads(done.stdout)["delivered"], set(hub.topics)) == (1, {ONE})


async def test_hub_and_feed_without_replay_send_no_failed_delivery(news: SiteFolder) -> None:
    async with http_server(responds(400)) as hub:
        news.configure(settings(hub, attempts=1))
        news.build()
        await run_verb(news, "push")
        for option in (["--hub", hub.url], ["--feed", "all"]):
            await run_verb(news, "push", *option)
        assert len(hub.received) == 2


@pytest.mark.parametrize("verb", [["push"], ["push", "--dry-run"], ["push", "--replay"], ["status"]], ids=" ".join)
def test_missing_build_exits_with_1_and_names_the_command(verb: list[str], news: SiteFolder) -> None:
    news.configure(settings(refusing_url()))
    done = news.run(*verb)
    assert (done.returncode, done.stdout) == (1, "")
    assert "run `syndicate build`" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("verb", ["push", "worker"])
def test_missing_header_exits_with_3(verb: str, news: SiteFolder) -> None:
    news.configure(f"{CONFIG}hubs: {{url: 'http://127.0.0.1:9/', header_env: HUB_HEADER}}\n")
    news.build()
    done = news.run(verb)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("HUB_HEADER:1:1: environment: the header for http://127.0.0.1:9/ is empty")


# -------------------------------------------------------------------------------------------------------------- publish


async def test_publish_of_the_sample_delivers_each_document_once(tmp_path: Path) -> None:
    assert run("init", "news", cwd=tmp_path).returncode == 0
    folder = tmp_path / "news"
    async with http_server() as hub:
        text = (folder / "config.yaml").read_text(encoding="utf-8")
        changed = text.replace('# hubs: ["https://hub.example.org/"]', f"hubs: [{hub.url!r}]").replace(
            "verify: true", "verify: false"
        )
        (folder / "config.yaml").write_text(changed, encoding="utf-8")
        first = await asyncio.to_thread(run, "publish", "--json", cwd=folder)
        documents = {f"https://feeds.example.org/{quote(path)}" for path in tree(folder / "feeds") if "/feed." in path}
        assert len(documents) > 50
        assert hub.topics == dict.fromkeys(documents, 1)
        report = json.loads(first.stdout)
        assert (set(report), set(report["push"]), first.returncode) == ({"build", "push"}, SUMMARY_KEYS, 0)
        assert report["push"]["delivered"] == len(documents)
        # A page for each feed; the catalogue, OPML, the index, three lists of a dimension, and a stylesheet.
        assert report["build"]["written"] == len(documents) + len(documents) // 3 + 7
        second = await asyncio.to_thread(run, "publish", cwd=folder)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert len(hub.received) == len(documents)


async def test_publish_without_hubs_builds_silently(news: SiteFolder) -> None:
    done = await run_verb(news, "publish", "--now", "2026-07-01")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (news.output / "all/feed.rss").exists()


# --------------------------------------------------------------------------------------------------------------- status


async def test_status_reports_every_hub_and_feed(news: SiteFolder) -> None:
    async with http_server() as healthy, http_server(responds(503, "no room", Retry_After="3600")) as failing:
        news.configure(settings(healthy, failing))
        news.build()
        await run_verb(news, "push")
        shown = await run_verb(news, "status")
        report = json.loads((await run_verb(news, "status", "--json")).stdout)
    assert shown.returncode == 0
    for text in (healthy.url, failing.url, "no room", "asked to wait", "all", "topics/one"):
        assert text in shown.stdout
    assert set(report) == {"verdict", "oldest_wait_s", "hubs", "caches", "feeds"}
    assert shown.stdout.splitlines()[0] == report["verdict"]
    assert report["verdict"].startswith("2 hubs: 1 delivers, 1 asks to wait (2 feeds wait; next try in 59 min; ")
    assert report["hubs"][1]["error"] == "503 no room"
    assert report["hubs"][1]["breaker"].startswith("asked to wait for 59 min")
    counts = {hub["hub"]: (hub["delivered"], hub["due"] + hub["retrying"], hub["failed"]) for hub in report["hubs"]}
    assert counts == {healthy.url: (2, 0, 0), failing.url: (0, 2, 0)}
    assert [feed["topic"] for feed in report["feeds"]] == [ALL, ONE]
    assert [feed["waiting"] for feed in report["feeds"]] == [1, 1]
    assert all(feed["delivered"].endswith("Z") for feed in report["feeds"])


async def test_status_exits_with_1_when_a_ping_was_given_up(news: SiteFolder) -> None:
    async with http_server(responds(400, "nobody subscribes")) as hub:
        news.configure(settings(hub, attempts=1))
        news.build()
        await run_verb(news, "push")
    with editing(news) as sql:
        sql.execute("UPDATE deliveries SET state = 'failed'")
    shown = await run_verb(news, "status", "-c", str(news.folder / "config.yaml"))
    assert (shown.returncode, shown.stderr) == (1, "")
    assert "(2 feeds given up)" in shown.stdout.splitlines()[0]
    assert f"syndicate push -c {news.folder}/config.yaml --replay --hub {hub.url}" in shown.stdout


def run_on_terminal(site_folder: SiteFolder, *arguments: str, columns: int = 80) -> str:
    """Return what a command prints on a terminal."""
    primary, secondary = os.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [sys.executable, "-m", "syndicate", *arguments]
    with subprocess.Popen(
        command, cwd=site_folder.folder, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=secondary,
        stderr=subprocess.PIPE,
    ):  # fmt: skip
        os.close(secondary)
        shown = b""
        with suppress(OSError):  # the end of a terminal
            while content := os.read(primary, 65_536):
                shown += content
    os.close(primary)
    return shown.decode().replace("\r\n", "\n")


def test_status_fits_into_80_columns(news: SiteFolder) -> None:
    hub_url = "https://push.newsroom.example/websub/v2/hubs/of/the/whole/group/that/has/a/very/long/address"
    news.put("b.md", record("Beta", f"topics: [{'A topic with a long name ' * 5}]"))
    news.configure(settings("https://hub.example/", hub_url))
    news.build()
    now = time.time()
    with editing(news) as sql:
        error = "ClientConnectorDNSError: Cannot connect to host push.newsroom.example:443 [Name or service not known]"
        sql.execute(
            "UPDATE deliveries SET state = 'retrying', attempts = 14, pending_since = :now - 172900, first_attempt_at ="
            " :now - 172800, next_attempt_at = :now + 1930, last_error = :error",
            {"now": now, "error": error},
        )
        sql.execute(
            "UPDATE deliveries SET acknowledged_generation = 1, acknowledged_at = ? WHERE hub_url < ?", (now, hub_url)
        )
    lines = run_on_terminal(news, "status").splitlines()
    assert " ".join(lines[:2]) == (
        "2 hubs: 1 delivers, 1 unreachable for 2 d (3 feeds wait; next try in 32 min; retries end in 23 h)"
    )
    long_lines = [line.strip() for line in lines if len(line) > 80]
    assert hub_url in long_lines
    assert f"syndicate push --replay --hub {hub_url}" in long_lines
    assert all(" " not in line or line.startswith("syndicate ") for line in long_lines)
    assert "  unreachable for 2 d: the name push.newsroom.example is not known (DNS)" in lines
    assert run_on_terminal(news, "status", columns=160).splitlines()[0].endswith("retries end in 23 h)")


def test_status_lists_all_feeds_on_request(news: SiteFolder) -> None:
    news.configure(settings("https://hub.example/"))
    news.build()
    with editing(news) as sql:
        sql.execute("UPDATE deliveries SET acknowledged_generation = 1, acknowledged_at = 1")
    assert "topics/one" not in news.run("status").stdout
    assert "2 feeds have reached every hub" in news.run("status").stdout
    assert "topics/one" in news.run("status", "--feeds").stdout


async def test_max_age_exits_with_1_when_a_change_is_older(news: SiteFolder) -> None:
    async with http_server() as hub:
        news.configure(settings(hub))
        news.build()
        assert (await run_verb(news, "status", "--max-age", "1h")).returncode == 0
        waits = await run_verb(news, "status", "--max-age", "0s")
        assert waits.returncode == 1
        assert "a change has not been delivered to a hub for" in waits.stderr
        await run_verb(news, "push")
        delivered = await run_verb(news, "status", "--max-age", "0s")
    assert (delivered.returncode, delivered.stderr) == (0, "")


@pytest.mark.parametrize("age", ["", "1", "s", "1w", "-1s", "1.5h", "1 h"])
def test_invalid_age_exits_with_2(age: str, news: SiteFolder) -> None:
    done = news.run("status", f"--max-age={age}")
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected an age" in done.stderr


async def test_secret_is_in_no_output(news: SiteFolder) -> None:
    def echo(ping: ReceivedRequest) -> web.Response:
        return web.Response(status=400 if ping.topic_url == ONE else 503, text=str(ping.headers))

    async with http_server(echo) as hub:
        news.configure(settings(hub, attempts=1).replace(f'["{hub.url}"]', f"{{url: '{hub.url}', header_env: KEY}}"))
        news.build()
        verbs = ["push --log-format json", "push --dry-run", "push --dry-run --json", "status", "status --json"]
        done = [await run_verb(news, *verb.split(), KEY=f"X-Key: {TOKEN}") for verb in verbs]
    assert {ping.headers["X-Key"] for ping in hub.received} == {TOKEN}
    output = "".join(one.stdout + one.stderr for one in done)
    assert "…" in output or "\\u2026" in output
    assert TOKEN not in output


# --------------------------------------------------------------------------------------------------------------- worker


async def test_worker_builds_and_delivers_changes_until_it_is_stopped(news: SiteFolder) -> None:
    async with http_server() as hub:
        news.configure(settings(hub))
        async with worker_process(news) as worker:
            await wait_until(lambda: hub.topics == {ALL: 1, ONE: 1})
            replace_file(news, "b.md", record("Beta"))
            await wait_until(lambda: hub.topics == {ALL: 2, ONE: 1})
            assert b"Beta" in (news.output / "all/feed.atom").read_bytes()
            started = time.monotonic()
            assert await worker.stop() == 0
            assert time.monotonic() - started < 4
        assert {json.loads(line)["event"] for line in worker.lines} >= {"started", "built", "delivered", "stopped"}
        assert worker.events("stopped")
    assert pending_count(news) == 0


async def test_stopped_worker_waits_for_the_ping_in_flight(news: SiteFolder) -> None:
    answer = asyncio.Event()

    async def hold(_: ReceivedRequest) -> web.Response:
        await answer.wait()
        return web.Response(status=202)

    async with http_server(hold) as hub:
        news.configure(settings(hub, concurrency=1))
        async with worker_process(news) as worker:
            await wait_until(lambda: hub.received)
            worker.terminate()
            await wait_until(lambda: worker.events("stopping"))
            answer.set()
            assert await worker.stop() == 0
        assert len(worker.events("delivered")) == len(hub.received) == 1
        assert pending_count(news) == 1
        assert json.loads((await run_verb(news, "push", "--json")).stdout)["delivered"] == 1  # its lease was released


@pytest.mark.parametrize("is_replaced", [False, True], ids=["in-place", "replaced"])
async def test_worker_reloads_a_changed_configuration_and_ignores_an_invalid_one(
    news: SiteFolder, *, is_replaced: bool
) -> None:
    def configure(text: str) -> None:
        if is_replaced:
            replace_file(news, "config.yaml", text, news.folder)
        else:
            news.configure(text)

    async with http_server() as old, http_server() as new:
        news.configure(settings(old))
        async with worker_process(news) as worker:
            await wait_until(lambda: old.topics == {ALL: 1, ONE: 1})
            configure("site: [")
            await wait_until(lambda: worker.events("invalid configuration"))
            configure(settings(old, new))
            await wait_until(
                lambda: new.topics == {ALL: 1, ONE: 1}, 10, "the worker did not reload the corrected configuration"
            )
            replace_file(news, "b.md", record("Beta"))
            await wait_until(lambda: (old.topics, new.topics) == ({ALL: 3, ONE: 2}, {ALL: 2, ONE: 1}))
            assert await worker.stop() == 0


async def test_worker_notices_changes_during_a_reload(news: SiteFolder) -> None:
    """A ping in flight delays the reload; the corpus changes meanwhile."""
    answer = asyncio.Event()

    async def hold_the_second(_: ReceivedRequest) -> web.Response:
        if len(hub.received) > 2:
            await answer.wait()
        return web.Response(status=202)

    async with http_server(hold_the_second) as hub:
        news.configure(settings(hub))
        async with worker_process(news) as worker:
            await wait_until(lambda: len(worker.events("delivered")) == 2)
            replace_file(news, "b.md", record("Beta"))
            await wait_until(lambda: len(hub.received) == 3)
            news.configure(settings(hub, timeout_s=6))
            await wait_until(lambda: worker.events("configuration reloaded"))
            await wait_until(lambda: len(worker.events("built")) == 2)
            replace_file(news, "c.md", record("Gamma"))
            answer.set()
            await wait_until(lambda: len(hub.received) >= 4, 6, "the change was not noticed before the periodic build")
            assert await worker.stop() == 0


async def test_two_workers_deliver_each_change_once(news: SiteFolder) -> None:
    async with http_server() as hub:
        news.configure(settings(hub))
        async with worker_process(news) as one, worker_process(news) as two:
            await wait_until(lambda: hub.topics == {ALL: 1, ONE: 1})
            await wait_until(lambda: one.events("started") and two.events("started"))
            replace_file(news, "b.md", record("Beta"))
            await wait_until(lambda: hub.topics == {ALL: 2, ONE: 1})
            assert [await one.stop(), await two.stop()] == [0, 0]
        assert hub.topics == {ALL: 2, ONE: 1}
        assert len(one.events("delivered")) + len(two.events("delivered")) == 3
        assert not [event for event in map(json.loads, one.lines + two.lines) if event["level"] != "info"]
    assert pending_count(news) == 0


async def test_worker_whose_state_is_deleted_continues_and_can_be_stopped(news: SiteFolder) -> None:
    async with http_server() as hub:
        news.configure(settings(hub))
        async with worker_process(news) as worker:
            await wait_until(lambda: len(worker.events("delivered")) == 2)
            shutil.rmtree(news.folder / ".syndicate")
            replace_file(news, "b.md", record("Beta"))
            await wait_until(lambda: hub.topics[ALL] == 2)
            assert await worker.stop() == 0


async def test_worker_watches_a_corpus_folder_that_was_replaced(news: SiteFolder) -> None:
    """A deployment renames a new checkout to the path of the old one."""
    async with http_server() as hub:
        news.configure(settings(hub))
        async with worker_process(news) as worker:
            await wait_until(lambda: hub.topics == {ALL: 1, ONE: 1})
            shutil.copytree(news.corpus, news.folder / "next")
            (news.folder / "next" / "b.md").write_text(record("Beta"), encoding="utf-8")
            os.rename(news.corpus, news.folder / "previous")
            os.rename(news.folder / "next", news.corpus)
            await wait_until(lambda: hub.topics[ALL] == 2)
            replace_file(news, "c.md", record("Gamma"))
            await wait_until(lambda: hub.topics[ALL] == 3, 6, "the change was not noticed before the periodic build")
            assert await worker.stop() == 0
