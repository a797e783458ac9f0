"""Every change of a built site is delivered once to each hub, whatever the hubs do meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import re
import sqlite3
import time
from collections import Counter
from contextlib import closing
from typing import Any

import pytest
from aiohttp import web
from support.deliveries import (
    ALL,
    BASE,
    DAY_S,
    ONE,
    TWO,
    add_topics,
    breaker,
    build,
    configure_hubs,
    pass_time,
    pending,
    push_site,
    states,
)  # fmt: skip
from support.editable_sites import EditableSite
from support.hubs import ReceivedRequest, http_server, refusing_url, responds, wait_until
from support.sites import tree

from syndicate import config
from syndicate.delivery import hubs_with_headers
from syndicate.delivery.dispatcher import Dispatcher
from syndicate.delivery.session import OutboxSession, run_transaction
from syndicate.delivery.transactions import Attempt, lease_due, read_breakers, record_attempts
from syndicate.errors import ConfigError, StoreError
from syndicate.store.sqlite import schema
from syndicate.store.sqlite.outbox import SqliteOutbox as Outbox
from syndicate.websub.breaker import CircuitBreaker
from syndicate.websub.retry import Outcome, RetryPolicy
from syndicate.websub.verify import CODINGS

# ----------------------------------------------------------------------------------------------------- changes


async def test_each_document_is_delivered_once_to_each_hub(site: EditableSite) -> None:
    async with http_server() as one, http_server(responds(204)) as two:
        configure_hubs(site, one, two)
        await build(site)
        summary = await push_site(site)
        assert summary[:5] == (6, 0, 0, 0, 0)
        assert one.topics == two.topics == Counter([ALL, ONE, TWO])
        assert (await push_site(site))[:5] == (0, 0, 0, 0, 0)
        assert len(one.received) == len(two.received) == 3
    assert pending(site) == []


async def test_ping_has_one_topic_url_which_is_the_self_link_of_the_document(site: EditableSite) -> None:
    async with http_server() as hub:
        configure_hubs(site, hub)
        await build(site)
        await push_site(site)
    for ping in hub.received:
        document = (site.output / ping.topic_url.removeprefix(BASE)).read_text()
        links = re.findall(r'<link href="([^"]+)" rel="self"|<link rel="self" href="([^"]+)"', document)
        assert ["".join(link) for link in links] == [ping.topic_url]
        assert ping.body.count(b"hub.url=") == ping.body.count(b"hub.topic=") == 1


async def test_push_trims_the_history_of_attempts(site: EditableSite) -> None:
    async with http_server() as hub:
        configure_hubs(site, hub)
        await build(site)
        with closing(sqlite3.connect(site.state / "index.db")) as sql, sql:
            values = [(hub.url, ALL, number) for number in range(30)]
            sql.executemany("INSERT INTO attempts VALUES (NULL, ?, ?, 1, ?, 'retrying', 503, 'busy', 0.1)", values)
        await push_site(site)
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        assert sql.execute("SELECT COUNT(*) FROM attempts WHERE topic_url = ?", (ALL,)).fetchall() == [(20,)]


async def test_many_builds_before_a_push_cost_one_ping(site: EditableSite) -> None:
    async with http_server() as hub:
        configure_hubs(site, hub)
        for number in range(4):
            site.record("a.md", title=f"Alpha {number}", topics=["One"])
            await build(site)
        await push_site(site)
    assert hub.topics == Counter([ALL, ONE, TWO])


async def test_log_event_of_a_delivered_ping_has_the_answer_and_no_error(
    site: EditableSite, capsys: pytest.CaptureFixture[str]
) -> None:
    async with http_server(responds(200, "Error: the feed was not changed")) as hub:
        configure_hubs(site, hub)
        await build(site)
        await push_site(site)
    events = [line for line in capsys.readouterr().out.splitlines() if "delivered" in line]
    assert len(events) == 3
    assert all("answer='Error: the feed was not changed'" in event and "error=" not in event for event in events)


async def test_only_changed_documents_are_delivered(site: EditableSite) -> None:
    async with http_server() as hub:
        configure_hubs(site, hub)
        await build(site)
        await push_site(site)
        hub.received.clear()
        site.record("b.md", title="Beta, corrected", topics=["Two"])
        await build(site)
        await push_site(site)
    assert hub.topics == Counter([ALL, TWO])


@pytest.mark.parametrize(
    "values",
    [{}, {"secured": {"reviewer": "a person"}}, {"notes": "internal"}, {"body": "\n\n"}],
    ids=["nothing", "private", "unknown", "white-space"],
)
async def test_change_that_no_feed_shows_is_not_delivered(site: EditableSite, values: dict[str, Any]) -> None:
    async with http_server() as hub:
        configure_hubs(site, hub)
        await build(site)
        await push_site(site)
        hub.received.clear()
        site.record("a.md", title="Alpha", topics=["One"], **values)
        await build(site)
        assert pending(site) == []
        await push_site(site)
    assert hub.received == []


@pytest.mark.parametrize("status", [202, 500])
async def test_newer_change_survives_an_inflight_ping(site: EditableSite, status: int) -> None:
    rebuilt: list[int] = []

    async def build_then_respond(ping: ReceivedRequest) -> web.Response:
        if ping.topic_url == ALL and not rebuilt:
            site.record("a.md", title="Alpha, corrected", topics=["One"])
            await build(site)
            rebuilt.append(len(hub.received))
            return web.Response(status=status)
        return web.Response(status=202)

    async with http_server(build_then_respond) as hub:
        configure_hubs(site, hub)
        await build(site)
        await push_site(site)
        assert rebuilt
        if status == 500:
            assert states(site)[ALL] == "retrying"
            pass_time(site, DAY_S)
            await push_site(site)
        assert ALL in [ping.topic_url for ping in hub.received[rebuilt[0] :]]
        assert hub.topics[ALL] == 2
        assert pending(site) == []


async def test_removed_feed_is_not_delivered(site: EditableSite) -> None:
    async with http_server() as hub:
        configure_hubs(site, hub)
        site.settings["feeds"]["by"] = ["topics"]
        await build(site)
        site.settings["feeds"]["by"] = []
        await build(site)
        await push_site(site)
    assert hub.topics == Counter([ALL])
    assert pending(site) == []


async def test_feed_that_becomes_empty_is_delivered(site: EditableSite) -> None:
    async with http_server() as hub:
        configure_hubs(site, hub)
        await build(site)
        await push_site(site)
        (site.folder / "corpus" / "b.md").unlink()
        await build(site)
        await push_site(site)
    assert hub.topics == Counter([ALL, ONE, TWO, ALL, TWO])
    assert pending(site) == []


async def test_removed_hub_is_deleted_and_the_other_is_pinged(site: EditableSite) -> None:
    async with http_server(responds(503)) as removed, http_server() as kept:
        configure_hubs(site, removed, kept)
        await build(site)
        await push_site(site)
        removed.received.clear()
        configure_hubs(site, kept)
        pass_time(site, DAY_S)
        await push_site(site)  # the hub is removed from the configuration, but not built yet
        await build(site)
        await push_site(site)
        assert removed.received == []
        assert kept.topics == Counter({ALL: 2, ONE: 2, TWO: 2})  # documents contain their hubs: each changed
    assert pending(site) == []


async def test_new_hub_is_pinged_for_every_document(site: EditableSite) -> None:
    async with http_server() as old, http_server() as new:
        configure_hubs(site, old)
        await build(site)
        await push_site(site)
        configure_hubs(site, old, new)
        await build(site)
        await push_site(site)
    assert new.topics == Counter([ALL, ONE, TWO])


# ------------------------------------------------------------------------------------------- new databases


async def test_full_build_keeps_pending_deliveries_and_repeats_none(site: EditableSite) -> None:
    async with http_server(lambda ping: web.Response(status=503 if ping.topic_url == TWO else 202)) as hub:
        configure_hubs(site, hub)
        await build(site)
        await push_site(site)
        before = pending(site)
        assert [row.topic_url for row in before] == [TWO]
        await asyncio.to_thread(lambda: site.build(full=True))
        assert pending(site) == before
        hub.responder = responds(202)
        pass_time(site, DAY_S)
        await push_site(site)
    assert hub.topics == Counter({ALL: 1, ONE: 1, TWO: 2})


async def test_database_of_another_version_hands_over_pending_deliveries(site: EditableSite) -> None:
    async with http_server(lambda ping: web.Response(status=503 if ping.topic_url == TWO else 202)) as hub:
        configure_hubs(site, hub)
        await build(site)
        await push_site(site)
        before = pending(site)
        with closing(sqlite3.connect(site.state / "index.db")) as sql:
            sql.execute("PRAGMA user_version = 1")
        await build(site)
        assert pending(site) == before
        await push_site(site)
    assert hub.topics == Counter([ALL, ONE, TWO])


async def test_database_of_schema_version_7_hands_over_pending_deliveries(site: EditableSite) -> None:
    """Version 7 had the same tables and columns under other names."""
    async with http_server(lambda ping: web.Response(status=503 if ping.topic_url == TWO else 202)) as hub:
        configure_hubs(site, hub)
        await build(site)
        await push_site(site)
        before = pending(site)
        with closing(sqlite3.connect(site.state / "index.db")) as sql:
            for table, (old_table, old_columns) in schema.LASTING_IN_VERSION_7.items():
                columns = itertools.zip_longest(schema.LASTING[table].split(", "), old_columns.split(", "))
                for column, old_column in columns:
                    if old_column is None:
                        sql.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
                    elif column != old_column:
                        sql.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO {old_column}")
                if table != old_table:
                    sql.execute(f"ALTER TABLE {table} RENAME TO {old_table}")
            sql.executescript("DROP TABLE published_feeds; DROP TABLE site_state; PRAGMA user_version = 7")
        await build(site)
    assert [row.topic_url for row in before] == [TWO]
    assert pending(site) == [row._replace(error_origin="") for row in before]


async def test_database_of_schema_version_8_hands_over_pending_deliveries(site: EditableSite) -> None:
    """Version 8 had fewer columns."""
    async with http_server(lambda ping: web.Response(status=503 if ping.topic_url == TWO else 202)) as hub:
        configure_hubs(site, hub)
        await build(site)
        await push_site(site)
        before = pending(site)
        with closing(sqlite3.connect(site.state / "index.db")) as sql:
            for column in ("last_attempt_at", "accepted_unverified_at", "error_origin"):
                sql.execute(f"ALTER TABLE deliveries DROP COLUMN {column}")
            sql.execute("ALTER TABLE hubs DROP COLUMN rate")
            sql.execute("PRAGMA user_version = 8")
        await build(site)
        assert pending(site) == [row._replace(error_origin="") for row in before]
        await push_site(site)
    assert hub.topics == Counter([ALL, ONE, TWO])


@pytest.mark.parametrize("delivered_before", [False, True])
async def test_damaged_database_loses_no_delivery(site: EditableSite, *, delivered_before: bool) -> None:
    async with http_server() as hub:
        configure_hubs(site, hub)
        await build(site)
        if delivered_before:
            await push_site(site)
        with (site.state / "index.db").open("r+b") as file:
            file.write(b"no database" * 100)
        with pytest.raises(StoreError, match=r"index\.db"):
            await push_site(site)
        await build(site)
        await push_site(site)
    assert set(hub.topics) == {ALL, ONE, TWO}
    assert pending(site) == []


async def test_push_before_the_first_build_raises_an_error(site: EditableSite) -> None:
    configure_hubs(site, refusing_url())
    with pytest.raises(StoreError, match="nothing is built yet"):
        await push_site(site)


async def test_dispatcher_whose_database_is_deleted_in_flight_can_be_stopped(site: EditableSite) -> None:
    """Like the worker, serve again with the same dispatcher once the outbox exists again."""
    requested, resume, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hold(_: ReceivedRequest) -> web.Response:
        requested.set()
        await resume.wait()
        return web.Response(status=202)

    async with http_server(hold) as hub:
        configure_hubs(site, hub)
        await build(site)
        loaded = config.load(str(site.configure()))
        session = OutboxSession(loaded.state)
        dispatcher = Dispatcher(session, hubs_with_headers(loaded, {}), loaded.push)
        serving = asyncio.create_task(dispatcher.serve(stop))
        await asyncio.wait_for(requested.wait(), 5)
        for path in site.state.glob("index.db*"):  # documented as safe to delete
            path.unlink()
        resume.set()
        with pytest.raises(StoreError):
            await asyncio.wait_for(serving, 5)
        hub.responder = responds(202)
        await build(site)
        serving = asyncio.create_task(dispatcher.serve(stop))
        await wait_until(lambda: pending(site) == [], 5)
        stop.set()
        done, _ = await asyncio.wait([serving], timeout=3)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await session.close()
    assert done, "the stopped dispatcher waits for leases of the deleted database"


# --------------------------------------------------------------------------------------------------------- hub health


async def test_pings_in_flight_respect_the_limits_per_hub_and_in_total(site: EditableSite) -> None:
    most = 0

    async def slow(_: ReceivedRequest) -> web.Response:
        nonlocal most
        most = max(most, one.in_flight + two.in_flight)
        await asyncio.sleep(0.02)
        return web.Response(status=202)

    async with http_server(slow) as one, http_server(slow) as two:
        configure_hubs(site, {"url": one.url, "concurrency": 2}, {"url": two.url, "concurrency": 4}, concurrency=5)
        documents = add_topics(site, 12)
        await build(site)
        assert (await push_site(site)).delivered == 2 * documents
    assert one.max_in_flight == 2
    assert 3 <= two.max_in_flight <= 4
    assert most == 5


async def test_failing_hub_does_not_delay_a_healthy_one(site: EditableSite) -> None:
    documents = add_topics(site, 12)
    healthy_is_done = asyncio.Event()

    async def respond_after_the_other_hub(_: ReceivedRequest) -> web.Response:
        await healthy_is_done.wait()
        return web.Response(status=500)

    def count(_: ReceivedRequest) -> web.Response:
        if len(healthy.received) == documents:
            healthy_is_done.set()
        return web.Response(status=202)

    async with http_server(respond_after_the_other_hub) as failing, http_server(count) as healthy:
        configure_hubs(site, failing, healthy)
        await build(site)
        summary = await push_site(site)
    assert summary.delivered == documents
    assert summary.seconds < 4  # below the timeout: the healthy hub did not wait for the failing one
    assert {row.status for row in pending(site) if row.attempts} == {500}


async def test_open_breaker_allows_one_probe_and_closes_when_it_is_delivered(site: EditableSite) -> None:
    documents = add_topics(site, 12)
    concurrent_with_probe: list[int] = []

    async def slow(ping: ReceivedRequest) -> web.Response:
        await asyncio.sleep(0.05)
        if not concurrent_with_probe:
            concurrent_with_probe.append(len(hub.received) - 1)
        return web.Response(status=202)

    async with http_server(responds(500)) as hub:
        configure_hubs(site, {"url": hub.url, "concurrency": 4})
        await build(site)
        await push_site(site)
        failed = len(hub.received)
        assert 5 <= failed <= 8  # five in a row open it, with three in flight by then
        await push_site(site)
        assert len(hub.received) == failed  # open: nothing is sent
        hub.received.clear()
        hub.responder = slow
        pass_time(site, DAY_S)
        assert (await push_site(site)).delivered == documents
        assert concurrent_with_probe == [0]
        assert hub.max_in_flight > 1  # closed again
    assert breaker(site, hub.url).openings == 0


async def test_breaker_opens_for_longer_after_each_failed_probe(site: EditableSite) -> None:
    hub, lease_s = "https://hub.test/", 10_000.0
    configure_hubs(site, hub)
    add_topics(site, 8)
    await build(site)
    now, waits = time.time(), list[float]()
    for _ in range(4):

        def fail(outbox: Outbox, now: float = now) -> int:
            pings = lease_due(outbox, "us", {hub: 5}, now, lease_s)
            record_attempts(
                outbox, "us", [Attempt(ping, Outcome(500), now) for ping in pings], RetryPolicy(), lambda: 1.0
            )
            return len(pings)

        assert run_transaction(str(site.state), fail) == (1 if waits else 5)
        waits.append(breaker(site, hub).open_until - now)
        now = breaker(site, hub).open_until + 1
    assert waits == pytest.approx([30, 60, 120, 240])


@pytest.mark.parametrize("unsent", ["unverified", "released"])
async def test_unsent_probe_does_not_block_the_hub(site: EditableSite, unsent: str) -> None:
    hub = "https://hub.test/"
    configure_hubs(site, hub)
    add_topics(site, 8)
    await build(site)
    now = time.time()

    def open_breaker_then_probe(outbox: Outbox) -> float:
        pings = lease_due(outbox, "us", {hub: 5}, now, 60)
        record_attempts(outbox, "us", [Attempt(ping, Outcome(500), now) for ping in pings], RetryPolicy(), lambda: 1.0)
        later = read_breakers(outbox, [hub])[hub].open_until + 1
        (probe,) = lease_due(outbox, "us", {hub: 5}, later, 10_000)
        if unsent == "unverified":
            record_attempts(outbox, "us", [Attempt(probe, Outcome(unverified=True), later)], RetryPolicy(), lambda: 1.0)
        else:
            outbox.release("us", [probe])
        return later

    later = run_transaction(str(site.state), open_breaker_then_probe)
    assert len(run_transaction(str(site.state), lambda outbox: lease_due(outbox, "us", {hub: 5}, later + 1, 60))) == 1


async def test_retry_after_blocks_the_whole_hub_and_no_other(site: EditableSite) -> None:
    documents = add_topics(site, 8)
    async with http_server(responds(503, Retry_After="3600")) as busy, http_server() as healthy:
        configure_hubs(site, {"url": busy.url, "concurrency": 1}, healthy)
        await build(site)
        for _ in range(2):
            await push_site(site)
        assert len(busy.received) == 1
        assert len(healthy.received) == documents
        pass_time(site, 3500)
        await push_site(site)
        assert len(busy.received) == 1
        busy.responder = responds(202)
        pass_time(site, 200)
        await push_site(site)
        assert len(busy.received) == 1 + documents


async def test_retry_after_blocks_leased_deliveries(site: EditableSite) -> None:
    async def slow(_: ReceivedRequest) -> web.Response:
        await asyncio.sleep(0.05)
        return web.Response(status=202)

    add_topics(site, 8)
    async with http_server(responds(503, Retry_After="3600")) as busy, http_server(slow) as slow_one:
        configure_hubs(site, busy, slow_one, concurrency=1)
        await build(site)
        await push_site(site)
    assert len(busy.received) == 1


REFUSALS = [
    responds(400, "nobody subscribes"),
    *map(responds, (403, 404, 410)),
    responds(301, Location="https://elsewhere.test/hub"),
]


@pytest.mark.parametrize("responder", REFUSALS)
async def test_refused_delivery_is_tried_for_a_day_and_can_be_replayed(site: EditableSite, responder: Any) -> None:
    async with http_server(responder) as hub:
        configure_hubs(site, hub)
        await build(site)
        summaries = []
        for hours in (1.5,) * 8 + (6.1,) * 5:
            summaries.append((await push_site(site))[:5])
            pass_time(site, hours * 3600)
        assert summaries == [(0, 0, 3, 0, 0)] * 11 + [(0, 0, 0, 3, 0), (0, 0, 0, 0, 0)]
        assert hub.topics == Counter({ALL: 12, ONE: 12, TWO: 12})
        assert set(states(site).values()) == {"failed"}
        assert {row.error_origin for row in pending(site)} == {"hub"}
        hub.responder = responds(202)
        assert run_transaction(str(site.state), lambda outbox: outbox.replay(time.time())) == 3
        assert (await push_site(site)).delivered == 3
    assert pending(site) == []


async def test_location_of_a_refused_redirect_is_recorded(site: EditableSite) -> None:
    async with http_server(responds(301, Location="https://elsewhere.test/hub")) as hub:
        configure_hubs(site, hub)
        await build(site)
        await push_site(site)
    assert {(row.status, row.error) for row in pending(site)} == {
        (301, "redirects to https://elsewhere.test/hub, which is another host")
    }


@pytest.mark.parametrize("hours", [(1.5,) * 4, (1.5,) * 8 + (6.1,) * 4], ids=["refused", "failed"])
async def test_refused_deliveries_are_revived_when_the_hub_accepts_another(
    site: EditableSite, hours: tuple[float, ...]
) -> None:
    """The key of the hub had expired. Two deliveries are new, and the third would wait for hours or for ever."""
    async with http_server(responds(403)) as hub:
        configure_hubs(site, hub)
        await build(site)
        for passed in hours:
            await push_site(site)
            pass_time(site, passed * 3600)
        assert set(states(site).values()) == {"failed" if len(hours) > 4 else "refused"}
        with closing(sqlite3.connect(site.state / "index.db")) as sql, sql:
            sql.execute("UPDATE deliveries SET next_attempt_at = ?", (time.time() + 6 * 3600,))
        hub.responder = responds(202)
        site.record("a.md", title="Alpha, corrected", topics=["One"])
        await build(site)
        assert (await push_site(site)).delivered == 3
    assert pending(site) == []


async def test_hub_that_refuses_some_topics_only_is_not_pinged_for_them_more_and_more(site: EditableSite) -> None:
    """Every accepted ping revives the refused ones, but each of these is repeated ever more rarely."""
    async with http_server(lambda ping: web.Response(status=404 if ping.topic_url == TWO else 202)) as hub:
        configure_hubs(site, hub)
        await build(site)
        for number in range(25):
            site.record("a.md", title=f"Alpha {number}", topics=["One"])
            await build(site)
            await push_site(site)
            pass_time(site, 600)
        assert hub.topics[ONE] == 25
        assert hub.topics[TWO] <= 16


@pytest.mark.parametrize(
    ("number", "path", "replayed"),
    [(0, None, 3), (None, "topics/one", 2), (1, "topics/one/feed.atom", 1), (0, "topics", 2), (None, "topics/on", 0)],
)
async def test_replay_is_limited_to_a_hub_or_a_path(
    site: EditableSite, number: int | None, path: str | None, replayed: int
) -> None:
    async with http_server(responds(400)) as one, http_server(responds(400)) as two:
        hub = None if number is None else (one, two)[number].url
        configure_hubs(site, one, two, attempts=1)
        await build(site)
        await push_site(site)
        assert run_transaction(str(site.state), lambda outbox: outbox.replay(time.time(), hub, path)) == replayed
        one.received.clear()
        two.received.clear()
        await push_site(site)
        assert len(one.received) + len(two.received) == replayed


async def test_unreachable_hub_is_retried_for_the_configured_attempts_and_window(site: EditableSite) -> None:
    configure_hubs(site, refusing_url(), attempts=3, window_h=24)
    site.settings["feeds"]["by"] = []
    await build(site)
    counts: list[tuple[int, ...]] = []
    for hours in (0, 1, 1, 1, 22, 24):
        pass_time(site, hours * 3600.0)
        counts.append((await push_site(site))[:5])
    assert counts == [(0, 1, 0, 0, 0)] * 4 + [(0, 0, 0, 1, 0), (0, 0, 0, 0, 0)]


# ------------------------------------------------------------------------------------------------------ public copies


class Deployed:
    """The public host, which serves the output tree as it was at the last deployment."""

    def __init__(self, site: EditableSite) -> None:
        self._site = site
        self.tree: dict[str, bytes] = {}

    def deploy(self) -> None:
        self.tree = self._site.tree()

    def __call__(self, received: ReceivedRequest) -> web.Response:
        content = self.tree.get(received.path.lstrip("/"))
        return web.Response(status=404) if content is None else web.Response(body=content)


async def test_ping_waits_until_the_public_copy_is_the_built_document(site: EditableSite) -> None:
    public = Deployed(site)
    async with http_server(public) as host, http_server() as hub:
        site.settings["site"]["url"] = host.url
        configure_hubs(site, hub, verify=True)
        await build(site)
        assert (await push_site(site))[:5] == (0, 0, 0, 0, 3)
        public.deploy()
        pass_time(site, 60)
        assert (await push_site(site)).delivered == 3
        site.record("a.md", title="Alpha, corrected", topics=["One"])
        await build(site)
        assert (await push_site(site))[:5] == (0, 0, 0, 0, 2)
        assert len(hub.received) == 3
        public.deploy()
        pass_time(site, 60)
        assert (await push_site(site)).delivered == 2
        assert [row.error for row in pending(site)] == []


async def test_push_waits_for_the_first_looks_at_the_public_copy(site: EditableSite) -> None:
    """A server beside the build has the new documents a moment later."""
    public = Deployed(site)

    def respond(received: ReceivedRequest) -> web.Response:
        if len(host.received) > 5:
            public.deploy()
        return public(received)

    async with http_server(respond) as host, http_server() as hub:
        site.settings["site"]["url"] = host.url
        configure_hubs(site, hub, verify=True)
        await build(site)
        summary = await push_site(site)
    assert summary.delivered == 3
    assert summary.seconds < 2


async def test_unverified_delivery_fails_after_the_timeout_if_it_is_to(site: EditableSite) -> None:
    public = Deployed(site)
    async with http_server(public) as host, http_server() as hub:
        site.settings["site"]["url"] = host.url
        configure_hubs(site, hub, verify=True, unverified="fail")
        await build(site)
        for seconds in (0, 300, 250):
            pass_time(site, seconds)
            assert (await push_site(site)).unverified == 3
        pass_time(site, 60)
        assert (await push_site(site)).failed == 3
        assert hub.received == []
        assert {row.state for row in pending(site)} == {"failed"}
        public.deploy()
        run_transaction(str(site.state), lambda outbox: outbox.replay(time.time()))
        assert (await push_site(site)).delivered == 3


async def test_ping_that_went_out_unverified_is_repeated_when_the_public_copy_is_right(
    site: EditableSite, capsys: pytest.CaptureFixture[str]
) -> None:
    public = Deployed(site)
    async with http_server(public) as host, http_server() as hub:
        site.settings["site"]["url"] = host.url
        configure_hubs(site, hub, verify=True)
        await build(site)
        for seconds in (0, 300, 250):
            pass_time(site, seconds)
            assert (await push_site(site)).unverified == 3
        assert hub.received == []
        pass_time(site, 60)
        summary = await push_site(site)
        assert (summary.delivered, summary.unverified, len(hub.received)) == (0, 3, 3)
        assert capsys.readouterr().out.count("sending an unverified ping") == 3
        rows = pending(site)
        assert {(row.state, row.status, row.error_origin) for row in rows} == {("unverified", None, "site")}
        assert all(row.error == "the public copy answers with status 404" for row in rows)
        assert all(row.accepted_unverified_at for row in rows)
        for hours in (1, 20, 20):  # it is looked for, and not pinged for again
            pass_time(site, hours * 3600)
            assert (await push_site(site)).unverified == 3
        assert len(hub.received) == 3
        public.deploy()
        pass_time(site, 3600)
        assert (await push_site(site)).delivered == 3
        assert len(hub.received) == 6
        assert (await push_site(site))[:5] == (0, 0, 0, 0, 0)
    assert pending(site) == []


async def test_newer_change_takes_the_place_of_an_unverified_ping(site: EditableSite) -> None:
    public = Deployed(site)
    async with http_server(public) as host, http_server() as hub:
        site.settings["site"]["url"] = host.url
        configure_hubs(site, hub, verify=True, verify_timeout_s=0.1)
        await build(site)
        await push_site(site)
        await push_site(site)
        assert len(hub.received) == 3
        site.record("a.md", title="Alpha, corrected", topics=["One"])
        await build(site)
        public.deploy()
        pass_time(site, 3600)
        assert (await push_site(site)).delivered == 3
        assert len(hub.received) == 6
    assert pending(site) == []


async def test_site_that_cannot_be_reached_is_no_fault_of_the_hub(site: EditableSite) -> None:
    async with http_server() as hub:
        site.settings["site"]["url"] = refusing_url()
        configure_hubs(site, hub, verify=True)
        await build(site)
        await push_site(site)
        assert hub.received == []
    rows = pending(site)
    assert {(row.state, row.status, row.error_origin) for row in rows} == {("unverified", None, "site")}
    assert all(row.error.startswith("the public copy cannot be fetched: ") for row in rows)
    assert breaker(site, hub.url) == CircuitBreaker()


async def test_public_copy_is_fetched_once_for_all_hubs(site: EditableSite) -> None:
    public = Deployed(site)
    async with http_server(public) as host, http_server() as one, http_server() as two, http_server() as three:
        site.settings["site"]["url"] = host.url
        configure_hubs(site, one, two, three, verify=True)
        await build(site)
        public.deploy()
        assert (await push_site(site)).delivered == 9
        fetched = Counter((received.path, received.headers["Accept-Encoding"]) for received in host.received)
    paths = ("/all/feed.atom", "/topics/one/feed.atom", "/topics/two/feed.atom")
    assert fetched == Counter((path, coding) for path in paths for coding in CODINGS)


# -------------------------------------------------------------------------------------------------------------- secrets


@pytest.mark.parametrize("secret", [None, "", "one\ntwo-secret"])
async def test_hub_without_its_header_is_a_configuration_error_and_nothing_is_sent(
    site: EditableSite, secret: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUB_HEADER", raising=False)
    if secret is not None:
        monkeypatch.setenv("HUB_HEADER", secret)
    async with http_server() as hub, http_server() as open_hub:
        configure_hubs(site, {"url": hub.url, "header_env": "HUB_HEADER"}, open_hub)
        await build(site)
        with pytest.raises(ConfigError, match=r"HUB_HEADER:1:1: environment: the header for ") as raised:
            await push_site(site)
        assert hub.received == open_hub.received == []
    assert "secret" not in str(raised.value)


async def test_invalid_certificate_authorities_are_a_configuration_error(site: EditableSite) -> None:
    (site.folder / "ca.pem").write_text("no certificate")
    async with http_server() as hub:
        configure_hubs(site, {"url": hub.url, "ca_file": "ca.pem"})
        await build(site)
        with pytest.raises(
            ConfigError, match=r"ca\.pem:1:1: ca_file: the certificate authorities for http.* cannot be read"
        ):
            await push_site(site)
        assert hub.received == []


async def test_secret_is_sent_and_is_in_no_file_and_no_log(
    site: EditableSite, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    token = "s3cr3t-t0ken"
    monkeypatch.setenv("HUB_HEADER", f"Authorization: Bearer {token}")

    def echo(ping: ReceivedRequest) -> web.Response:
        status = 400 if ping.topic_url == ONE else 503 if ping.topic_url == TWO else 202
        return web.Response(status=status, text=str(ping.headers))

    async with http_server(echo) as hub:
        configure_hubs(site, {"url": hub.url, "header_env": "HUB_HEADER"}, attempts=1)
        await build(site)
        await push_site(site)
        assert {ping.headers["Authorization"] for ping in hub.received} == {f"Bearer {token}"}
        assert any("Bearer" in row.error or "…" in row.error for row in pending(site))
    out, err = capfd.readouterr()
    assert "failed" in out
    assert token not in out + err
    files = tree(site.folder)
    assert ".syndicate/index.db" in files
    assert not [path for path, content in files.items() if token.encode() in content]
