"""What a built site tells its hubs: every change once, newest state first, whatever the hubs do meanwhile."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections import Counter
from contextlib import closing
from typing import Any

import pytest
from aiohttp import web
from support.editable_sites import EditableSite
from support.hubs import Received, Served, refusing_url, says, served, until
from support.sites import tree

from syndicate import config
from syndicate.delivery import addressed, push
from syndicate.delivery.dispatcher import Dispatcher, Tally
from syndicate.delivery.session import OutboxSession, change, read
from syndicate.errors import ConfigError, OutputError
from syndicate.store.outbox import HubRow, Outbox, Tried, Waiting
from syndicate.websub.retry import Outcome, Policy

BASE = "https://f.example/"
ALL, ONE, TWO = (f"{BASE}{folder}/feed.atom" for folder in ("all", "topics/one", "topics/two"))
DAY_S = 24 * 3600.0


def address(site: EditableSite, *hubs: Served | str | dict[str, Any], **settings: Any) -> None:
    """Configure these hubs, and how they are told."""
    site.settings["hubs"] = [hub.url if isinstance(hub, Served) else hub for hub in hubs]
    site.settings["push"] = {**site.settings["push"], **settings}


async def build(site: EditableSite) -> None:
    await asyncio.to_thread(site.build)


async def tell(site: EditableSite) -> Tally:
    """`syndicate push`, in a thread, as hubs live in this one."""
    return await asyncio.to_thread(push, config.load(str(site.configure())))


def travel(site: EditableSite, seconds: float) -> None:
    """Let time pass for the outbox: everything that it remembers is so much longer ago."""
    with closing(sqlite3.connect(site.state / "index.db")) as sql, sql:
        columns = ("since", "next_at", "acked_at", "first_at", "checked_at", "leased_until")
        sql.execute(f"UPDATE deliveries SET {', '.join(f'{name} = {name} - :s' for name in columns)}", {"s": seconds})
        sql.execute("UPDATE hubs SET open_until = open_until - :s, not_before = not_before - :s", {"s": seconds})


def waiting(site: EditableSite) -> list[Waiting]:
    return read(str(site.state), Outbox.waiting)


def states(site: EditableSite) -> dict[str, str]:
    """How the undelivered changes stand, by topic."""
    return {row.topic_url: row.state for row in waiting(site)}


def hub_row(site: EditableSite, url: str) -> HubRow:
    return read(str(site.state), lambda outbox: outbox.hubs([url])[0])


def many(site: EditableSite, topics: int) -> int:
    """Records that make so many feeds; how many documents there are then."""
    for number in range(topics):
        site.record(f"many/{number}.md", title=f"Story {number}", topics=[f"Subject {number}"])
    return topics + 3


# ----------------------------------------------------------------------------------------------------- every change


async def test_each_document_is_told_once_to_each_hub_and_then_never_again(site: EditableSite) -> None:
    async with served() as one, served(says(204)) as two:
        address(site, one, two)
        await build(site)
        tally = await tell(site)
        assert tally[:5] == (6, 0, 0, 0, 0)
        assert one.topics == two.topics == Counter([ALL, ONE, TWO])
        assert (await tell(site))[:5] == (0, 0, 0, 0, 0)
        assert len(one.received) == len(two.received) == 3
    assert waiting(site) == []


async def test_topic_url_is_what_the_document_calls_itself_and_stands_alone_in_its_post(site: EditableSite) -> None:
    async with served() as hub:
        address(site, hub)
        await build(site)
        await tell(site)
    for ping in hub.received:
        document = (site.output / ping.topic.removeprefix(BASE)).read_text()
        links = re.findall(r'<link href="([^"]+)" rel="self"|<link rel="self" href="([^"]+)"', document)
        assert ["".join(link) for link in links] == [ping.topic]
        assert ping.body.count(b"hub.url=") == ping.body.count(b"hub.topic=") == 1


async def test_many_builds_before_a_push_are_one_ping(site: EditableSite) -> None:
    async with served() as hub:
        address(site, hub)
        for number in range(4):
            site.record("a.md", title=f"Alpha {number}", topics=["One"])
            await build(site)
        await tell(site)
    assert hub.topics == Counter([ALL, ONE, TWO])


async def test_only_what_changed_is_told(site: EditableSite) -> None:
    async with served() as hub:
        address(site, hub)
        await build(site)
        await tell(site)
        hub.received.clear()
        site.record("b.md", title="Beta, corrected", topics=["Two"])
        await build(site)
        await tell(site)
    assert hub.topics == Counter([ALL, TWO])


@pytest.mark.parametrize(
    "values",
    [{}, {"secured": {"reviewer": "a person"}}, {"notes": "for us"}, {"body": "\n\n"}],
    ids=["nothing", "private", "unknown", "white-space"],
)
async def test_change_that_no_feed_shows_is_told_to_nobody(site: EditableSite, values: dict[str, Any]) -> None:
    async with served() as hub:
        address(site, hub)
        await build(site)
        await tell(site)
        hub.received.clear()
        site.record("a.md", title="Alpha", topics=["One"], **values)
        await build(site)
        assert waiting(site) == []
        await tell(site)
    assert hub.received == []


@pytest.mark.parametrize("answer", [202, 500])
async def test_newer_change_survives_an_inflight_ping(site: EditableSite, answer: int) -> None:
    rebuilt: list[int] = []

    async def build_meanwhile(ping: Received) -> web.Response:
        if ping.topic == ALL and not rebuilt:
            site.record("a.md", title="Alpha, corrected", topics=["One"])
            await build(site)
            rebuilt.append(len(hub.received))
            return web.Response(status=answer)
        return web.Response(status=202)

    async with served(build_meanwhile) as hub:
        address(site, hub)
        await build(site)
        await tell(site)
        assert rebuilt
        if answer == 500:
            assert states(site)[ALL] == "retrying"
            travel(site, DAY_S)
            await tell(site)
        assert ALL in [ping.topic for ping in hub.received[rebuilt[0] :]]
        assert hub.topics[ALL] == 2
        assert waiting(site) == []


async def test_feed_that_is_gone_is_told_to_nobody(site: EditableSite) -> None:
    async with served() as hub:
        address(site, hub)
        await build(site)
        (site.folder / "corpus" / "b.md").unlink()
        await build(site)
        await tell(site)
    assert hub.topics == Counter([ALL, ONE])
    assert waiting(site) == []


async def test_hub_that_is_no_longer_configured_is_forgotten_and_the_other_is_told(site: EditableSite) -> None:
    async with served(says(503)) as gone, served() as kept:
        address(site, gone, kept)
        await build(site)
        await tell(site)
        gone.received.clear()
        address(site, kept)
        travel(site, DAY_S)
        await tell(site)  # configured, but not built yet
        await build(site)
        await tell(site)
        assert gone.received == []
        assert kept.topics == Counter({ALL: 2, ONE: 2, TWO: 2})  # feeds name their hubs: each changed
    assert waiting(site) == []


async def test_hub_that_is_new_is_told_of_everything(site: EditableSite) -> None:
    async with served() as old, served() as new:
        address(site, old)
        await build(site)
        await tell(site)
        address(site, old, new)
        await build(site)
        await tell(site)
    assert new.topics == Counter([ALL, ONE, TWO])


# ------------------------------------------------------------------------------------------- indexes built from nothing


async def test_full_build_keeps_what_is_still_to_be_told_and_tells_nothing_twice(site: EditableSite) -> None:
    async with served(lambda ping: web.Response(status=503 if ping.topic == TWO else 202)) as hub:
        address(site, hub)
        await build(site)
        await tell(site)
        before = waiting(site)
        assert [row.topic_url for row in before] == [TWO]
        await asyncio.to_thread(lambda: site.build(full=True))
        assert waiting(site) == before
        hub.answer = says(202)
        travel(site, DAY_S)
        await tell(site)
    assert hub.topics == Counter({ALL: 1, ONE: 1, TWO: 2})


async def test_index_of_another_version_hands_over_what_is_still_to_be_told(site: EditableSite) -> None:
    async with served(lambda ping: web.Response(status=503 if ping.topic == TWO else 202)) as hub:
        address(site, hub)
        await build(site)
        await tell(site)
        before = waiting(site)
        with closing(sqlite3.connect(site.state / "index.db")) as sql:
            sql.execute("PRAGMA user_version = 1")
        await build(site)
        assert waiting(site) == before
        await tell(site)
    assert hub.topics == Counter([ALL, ONE, TWO])


@pytest.mark.parametrize("told_before", [False, True])
async def test_damaged_index_loses_no_ping(site: EditableSite, *, told_before: bool) -> None:
    async with served() as hub:
        address(site, hub)
        await build(site)
        if told_before:
            await tell(site)
        with (site.state / "index.db").open("r+b") as file:
            file.write(b"no database" * 100)
        with pytest.raises(OutputError, match=r"index\.db"):
            await tell(site)
        await build(site)
        await tell(site)
    assert set(hub.topics) == {ALL, ONE, TWO}
    assert waiting(site) == []


async def test_push_before_the_first_build_says_so(site: EditableSite) -> None:
    address(site, refusing_url())
    with pytest.raises(OutputError, match="nothing was built yet"):
        await tell(site)


async def test_pusher_whose_index_is_deleted_under_way_ends_when_told_to(site: EditableSite) -> None:
    """As the worker does it: the same pusher serves again when there is an outbox again."""
    asked, go_on, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hold(_: Received) -> web.Response:
        asked.set()
        await go_on.wait()
        return web.Response(status=202)

    async with served(hold) as hub:
        address(site, hub)
        await build(site)
        loaded = config.load(str(site.configure()))
        office = OutboxSession(loaded.state)
        pusher = Dispatcher(office, addressed(loaded, {}), loaded.push)
        serving = asyncio.create_task(pusher.serve(stop))
        await asyncio.wait_for(asked.wait(), 5)
        for path in site.state.glob("index.db*"):  # "safe to delete"
            path.unlink()
        go_on.set()
        with pytest.raises(OutputError):
            await asyncio.wait_for(serving, 5)
        hub.answer = says(202)
        await build(site)
        serving = asyncio.create_task(pusher.serve(stop))
        await until(lambda: waiting(site) == [], 5)
        stop.set()
        done, _ = await asyncio.wait([serving], timeout=3)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await office.close()
    assert done, "told to stop, the pusher waits for ever for pings that it lost count of"


# --------------------------------------------------------------------------------------------------------- hubs' health


async def test_no_more_pings_are_under_way_than_each_hub_and_all_may_have(site: EditableSite) -> None:
    most = 0

    async def slow(_: Received) -> web.Response:
        nonlocal most
        most = max(most, one.under_way + two.under_way)
        await asyncio.sleep(0.02)
        return web.Response(status=202)

    async with served(slow) as one, served(slow) as two:
        address(site, {"url": one.url, "concurrency": 2}, {"url": two.url, "concurrency": 4}, concurrency=5)
        documents = many(site, 12)
        await build(site)
        assert (await tell(site)).delivered == 2 * documents
    assert one.most_under_way == 2
    assert 3 <= two.most_under_way <= 4
    assert most == 5


async def test_failing_hub_does_not_hold_up_a_well_one(site: EditableSite) -> None:
    documents = many(site, 12)
    served_well = asyncio.Event()

    async def answer_when_the_other_has_all(_: Received) -> web.Response:
        await served_well.wait()
        return web.Response(status=500)

    def count(_: Received) -> web.Response:
        if len(well.received) == documents:
            served_well.set()
        return web.Response(status=202)

    async with served(answer_when_the_other_has_all) as ill, served(count) as well:
        address(site, ill, well)
        await build(site)
        tally = await tell(site)
    assert tally.delivered == documents
    assert tally.seconds < 4  # the ill hub answered before its time was over: the well one did not wait for it
    assert {row.status for row in waiting(site) if row.attempts} == {500}


async def test_open_breaker_lets_one_probe_through_and_closes_when_it_arrives(site: EditableSite) -> None:
    documents = many(site, 12)
    beside_the_probe: list[int] = []

    async def slow(ping: Received) -> web.Response:
        await asyncio.sleep(0.05)
        if not beside_the_probe:
            beside_the_probe.append(len(hub.received) - 1)
        return web.Response(status=202)

    async with served(says(500)) as hub:
        address(site, {"url": hub.url, "concurrency": 4})
        await build(site)
        await tell(site)
        failed = len(hub.received)
        assert 5 <= failed <= 8  # five in a row open it; three may be under way by then
        await tell(site)
        assert len(hub.received) == failed  # open: nobody asks
        hub.received.clear()
        hub.answer = slow
        travel(site, DAY_S)
        assert (await tell(site)).delivered == documents
        assert beside_the_probe == [0]
        assert hub.most_under_way > 1  # closed again
    assert hub_row(site, hub.url).breaker.openings == 0


async def test_breaker_opens_for_longer_after_each_probe_that_fails(site: EditableSite) -> None:
    hub, lease_s = "https://hub.test/", 10_000.0
    address(site, hub)
    many(site, 8)
    await build(site)
    now, waits = time.time(), list[float]()
    for _ in range(4):

        def fail(outbox: Outbox, now: float = now) -> int:
            pings = outbox.claim("us", {hub: 5}, now, lease_s)
            outbox.settle("us", [Tried(ping, Outcome(500), now) for ping in pings], Policy(), lambda: 1.0)
            return len(pings)

        assert change(str(site.state), fail) == (1 if waits else 5)
        waits.append(hub_row(site, hub).breaker.open_until - now)
        now = hub_row(site, hub).breaker.open_until + 1
    assert waits == pytest.approx([30, 60, 120, 240])


@pytest.mark.parametrize("unsent", ["unseen", "released"])
async def test_probe_that_was_not_sent_does_not_hold_up_the_hub(site: EditableSite, unsent: str) -> None:
    hub = "https://hub.test/"
    address(site, hub)
    many(site, 8)
    await build(site)
    now = time.time()

    def open_then_probe(outbox: Outbox) -> float:
        pings = outbox.claim("us", {hub: 5}, now, 60)
        outbox.settle("us", [Tried(ping, Outcome(500), now) for ping in pings], Policy(), lambda: 1.0)
        later = outbox.hubs([hub])[0].breaker.open_until + 1
        (probe,) = outbox.claim("us", {hub: 5}, later, 10_000)
        if unsent == "unseen":
            outbox.settle("us", [Tried(probe, Outcome(unseen=True), later)], Policy(), lambda: 1.0)
        else:
            outbox.release("us", [probe])
        return later

    later = change(str(site.state), open_then_probe)
    assert len(change(str(site.state), lambda outbox: outbox.claim("us", {hub: 5}, later + 1, 60))) == 1


async def test_retry_after_holds_for_the_whole_hub_and_for_no_other(site: EditableSite) -> None:
    documents = many(site, 8)
    async with served(says(503, Retry_After="3600")) as busy, served() as well:
        address(site, {"url": busy.url, "concurrency": 1}, well)
        await build(site)
        for _ in range(2):
            await tell(site)
        assert len(busy.received) == 1
        assert len(well.received) == documents
        travel(site, 3500)
        await tell(site)
        assert len(busy.received) == 1
        busy.answer = says(202)
        travel(site, 200)
        await tell(site)
        assert len(busy.received) == 1 + documents


async def test_retry_after_holds_for_pings_that_wait_for_their_turn_already(site: EditableSite) -> None:
    async def slow(_: Received) -> web.Response:
        await asyncio.sleep(0.05)
        return web.Response(status=202)

    many(site, 8)
    async with served(says(503, Retry_After="3600")) as busy, served(slow) as slow_one:
        address(site, busy, slow_one, concurrency=1)
        await build(site)
        await tell(site)
    assert len(busy.received) == 1


@pytest.mark.parametrize("answer", [says(400, "nobody subscribes"), says(301, Location="/elsewhere")])
async def test_refusal_is_given_up_after_a_few_tries_and_replayed_when_asked(site: EditableSite, answer: Any) -> None:
    async with served(answer) as hub:
        address(site, hub)
        await build(site)
        tallies = []
        for _ in range(6):
            tallies.append((await tell(site))[:5])
            travel(site, DAY_S)
        assert tallies[:5] == [(0, 0, 3, 0, 0)] * 3 + [(0, 0, 0, 3, 0), (0, 0, 0, 0, 0)]
        assert hub.topics == Counter({ALL: 4, ONE: 4, TWO: 4})
        assert set(states(site).values()) == {"failed"}
        hub.answer = says(202)
        assert change(str(site.state), lambda outbox: outbox.replay(time.time())) == 3
        assert (await tell(site)).delivered == 3
    assert waiting(site) == []


@pytest.mark.parametrize(
    ("number", "path", "replayed"),
    [(0, None, 3), (None, "topics/one", 2), (1, "topics/one/feed.atom", 1), (0, "topics", 2), (None, "topics/on", 0)],
)
async def test_replay_takes_one_hub_or_one_feed(
    site: EditableSite, number: int | None, path: str | None, replayed: int
) -> None:
    async with served(says(400)) as one, served(says(400)) as two:
        hub = None if number is None else (one, two)[number].url
        address(site, one, two, attempts=1)
        await build(site)
        await tell(site)
        assert change(str(site.state), lambda outbox: outbox.replay(time.time(), hub, path)) == replayed
        one.received.clear()
        two.received.clear()
        await tell(site)
        assert len(one.received) + len(two.received) == replayed


async def test_hub_that_is_down_is_tried_at_least_so_often_over_at_least_so_long(site: EditableSite) -> None:
    address(site, refusing_url(), attempts=3, window_h=24)
    site.settings["feeds"]["by"] = []
    await build(site)
    tried: list[tuple[int, ...]] = []
    for hours in (0, 1, 1, 1, 22, 24):
        travel(site, hours * 3600.0)
        tried.append((await tell(site))[:5])
    assert tried == [(0, 1, 0, 0, 0)] * 4 + [(0, 0, 0, 1, 0), (0, 0, 0, 0, 0)]


# ------------------------------------------------------------------------------------------------------ the public feed


class Deployed:
    """The public host: it shows the output tree as it was when it was deployed last."""

    def __init__(self, site: EditableSite) -> None:
        self._site = site
        self.tree: dict[str, bytes] = {}

    def deploy(self) -> None:
        self.tree = self._site.tree()

    def __call__(self, received: Received) -> web.Response:
        content = self.tree.get(received.path.lstrip("/"))
        return web.Response(status=404) if content is None else web.Response(body=content)


async def test_ping_waits_until_the_public_feed_shows_what_was_built(site: EditableSite) -> None:
    public = Deployed(site)
    async with served(public) as host, served() as hub:
        site.settings["site"]["url"] = host.url
        address(site, hub, verify=True)
        await build(site)
        assert (await tell(site))[:5] == (0, 0, 0, 0, 3)
        public.deploy()
        travel(site, 60)
        assert (await tell(site)).delivered == 3
        site.record("a.md", title="Alpha, corrected", topics=["One"])
        await build(site)
        assert (await tell(site))[:5] == (0, 0, 0, 0, 2)
        assert len(hub.received) == 3
        public.deploy()
        travel(site, 60)
        assert (await tell(site)).delivered == 2
        assert [row.error for row in waiting(site)] == []


@pytest.mark.parametrize("unverified", ["ping", "fail"])
async def test_feed_that_stays_out_of_sight_is_told_or_given_up_in_the_end(
    site: EditableSite, unverified: str, capsys: pytest.CaptureFixture[str]
) -> None:
    public = Deployed(site)
    async with served(public) as host, served() as hub:
        site.settings["site"]["url"] = host.url
        address(site, hub, verify=True, unverified=unverified)
        await build(site)
        for seconds in (0, 300, 290):
            travel(site, seconds)
            assert (await tell(site)).unverified == 3
        assert hub.received == []
        travel(site, 20)
        told = await tell(site)
        if unverified == "ping":
            assert (told.delivered, len(hub.received)) == (3, 3)
            assert "pinged unverified" in capsys.readouterr().out
        else:
            assert (told.failed, len(hub.received)) == (3, 0)
            assert {row.state for row in waiting(site)} == {"failed"}
            public.deploy()
            change(str(site.state), lambda outbox: outbox.replay(time.time()))
            assert (await tell(site)).delivered == 3


async def test_public_feed_is_asked_once_for_a_topic_however_many_hubs_it_has(site: EditableSite) -> None:
    public = Deployed(site)
    async with served(public) as host, served() as one, served() as two, served() as three:
        site.settings["site"]["url"] = host.url
        address(site, one, two, three, verify=True)
        await build(site)
        public.deploy()
        assert (await tell(site)).delivered == 9
        asked = Counter(received.path for received in host.received)
    assert asked == Counter(["/all/feed.atom", "/topics/one/feed.atom", "/topics/two/feed.atom"])


# -------------------------------------------------------------------------------------------------------------- secrets


@pytest.mark.parametrize("secret", [None, "", "one\ntwo-secret"])
async def test_hub_without_its_header_is_a_fault_of_the_configuration_and_nobody_is_told(
    site: EditableSite, secret: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUB_HEADER", raising=False)
    if secret is not None:
        monkeypatch.setenv("HUB_HEADER", secret)
    async with served() as hub, served() as open_hub:
        address(site, {"url": hub.url, "header_env": "HUB_HEADER"}, open_hub)
        await build(site)
        with pytest.raises(ConfigError, match=r"HUB_HEADER:1:1: environment: the header for ") as refused:
            await tell(site)
        assert hub.received == open_hub.received == []
    assert "secret" not in str(refused.value)


async def test_secret_is_sent_and_stands_in_no_file_and_no_log(
    site: EditableSite, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    token = "s3cr3t-t0ken"
    monkeypatch.setenv("HUB_HEADER", f"Authorization: Bearer {token}")

    def echo(ping: Received) -> web.Response:
        status = 400 if ping.topic == ONE else 503 if ping.topic == TWO else 202
        return web.Response(status=status, text=str(ping.headers))

    async with served(echo) as hub:
        address(site, {"url": hub.url, "header_env": "HUB_HEADER"}, attempts=1, window_h=0.0001)
        await build(site)
        await tell(site)
        assert {ping.headers["Authorization"] for ping in hub.received} == {f"Bearer {token}"}
        assert any("Bearer" in row.error or "…" in row.error for row in waiting(site))
    out, err = capfd.readouterr()
    assert "failed" in out
    assert token not in out + err
    files = tree(site.folder)
    assert ".syndicate/index.db" in files
    assert not [path for path, content in files.items() if token.encode() in content]
