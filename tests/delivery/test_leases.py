"""Leases end with their owner, however it ends, and times of another clock hold up nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from aiohttp import web
from support.deliveries import ALL, DAY_S, ONE, TWO, add_topics, breaker, build, configure_hubs, pending, push_site
from support.editable_sites import EditableSite
from support.hubs import LoopbackServer, ReceivedRequest, http_server, responds, wait_until
from support.sites import clean_environment

from syndicate import config
from syndicate.delivery import hubs_with_headers
from syndicate.delivery.dispatcher import Dispatcher
from syndicate.delivery.owner import liveness, new_owner, shared_liveness
from syndicate.delivery.session import OutboxSession, run_transaction
from syndicate.store.sqlite.outbox import SqliteOutbox as Outbox

# --------------------------------------------------------------------------------------------------------- owners


@contextmanager
def process(*arguments: str, site: EditableSite | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python process, and kill it at the end."""
    running = subprocess.Popen(
        [sys.executable, *arguments], cwd=site.folder if site else None, env=clean_environment(),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


OWNER_OF_ANOTHER = """
import sys, time
from syndicate.delivery.owner import new_owner
print(new_owner(), flush=True)
time.sleep(60)
"""


def test_owner_is_alive_until_its_process_is_killed() -> None:
    assert liveness(new_owner()) == "alive"
    with process("-c", OWNER_OF_ANOTHER) as other:
        assert other.stdout is not None
        owner = other.stdout.readline().decode().strip()
        assert liveness(owner) == "alive"
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # a zombie: its parent has not asked for it
        assert liveness(owner) == "dead"
    assert liveness(owner) == "dead"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"started": "1"}, "dead"),  # the process id is used by another process now
        ({"boot": "another"}, "dead"),
        ({"pid": str(2**22 + 1)}, "dead"),
        ({"host": "another"}, "unknown"),
        ({"namespace": "1"}, "unknown"),  # another container
        ({"pid": "x"}, "unknown"),
    ],
)
def test_owner_is_dead_only_if_its_name_proves_it(changes: dict[str, str], expected: str) -> None:
    if not os.path.exists("/proc/self/stat"):
        pytest.skip("requires /proc")
    names = ("host", "boot", "namespace", "pid", "started", "token")
    parts = dict(zip(names, new_owner().split(":"), strict=True)) | changes
    assert liveness(":".join(parts.values())) == expected


def test_another_boot_proves_nothing_where_machines_share_a_state() -> None:
    if not os.path.exists("/proc/self/stat"):
        pytest.skip("requires /proc")
    host, _, *others = new_owner().split(":")
    assert liveness(":".join([host, "another", *others])) == "dead"
    assert shared_liveness(":".join([host, "another", *others])) == "unknown"
    assert shared_liveness(new_owner()) == "alive"
    assert shared_liveness("host:1:0a1b2c3d") == "unknown"


def test_owner_of_an_earlier_version_is_unknown() -> None:
    assert liveness(f"host:{os.getpid()}:0a1b2c3d") == "unknown"


# ----------------------------------------------------------------------------------------------------- ends of a run


class HoldingHub:
    """A hub that holds every ping until it is released."""

    def __init__(self) -> None:
        self.released = asyncio.Event()

    async def __call__(self, _: ReceivedRequest) -> web.Response:
        await self.released.wait()
        return web.Response(status=202)


def leases(site: EditableSite) -> int:
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        (count,) = sql.execute("SELECT COUNT(*) FROM deliveries WHERE lease_owner IS NOT NULL").fetchone()
        return int(count)


def prepare(site: EditableSite, server: LoopbackServer) -> None:
    configure_hubs(site, {"url": server.url, "concurrency": 2})
    add_topics(site, 17)
    site.configure()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
async def test_push_that_is_stopped_records_its_pings_in_flight_and_releases_the_rest(
    site: EditableSite, number: signal.Signals, code: int
) -> None:
    hub = HoldingHub()
    async with http_server(hub) as server:
        prepare(site, server)
        await build(site)
        with process("-m", "syndicate", "push", site=site) as pushing:
            await wait_until(lambda: len(server.received) == 2)
            assert leases(site) > 2
            pushing.send_signal(number)
            hub.released.set()
            assert await asyncio.to_thread(pushing.wait, 10) == code
        assert leases(site) == 0
        sent = len(server.received)
        assert len(pending(site)) == 20 - sent
        assert (await push_site(site)).delivered == 20 - sent
    assert set(server.topics.values()) == {1}


async def test_second_signal_ends_a_push_at_once_and_its_leases_are_released(site: EditableSite) -> None:
    hub = HoldingHub()
    async with http_server(hub) as server:
        prepare(site, server)
        await build(site)
        with process("-m", "syndicate", "push", site=site) as pushing:
            await wait_until(lambda: len(server.received) == 2)
            pushing.send_signal(signal.SIGTERM)
            await wait_until(lambda: leases(site) == 2)
            assert pushing.poll() is None
            pushing.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(pushing.wait, 3) == 143
        assert leases(site) == 0
        assert len(pending(site)) == 20


@pytest.mark.parametrize("verb", ["push", "worker"])
async def test_next_worker_delivers_within_two_seconds_after_a_kill(site: EditableSite, verb: str) -> None:
    hub = HoldingHub()
    async with http_server(hub) as server:
        prepare(site, server)
        await build(site)
        with process("-m", "syndicate", verb, site=site) as killed:
            await wait_until(lambda: len(server.received) == 2)
            killed.kill()
            killed.wait()
        held = leases(site)
        assert held > 2
        hub.released.set()
        with process("-m", "syndicate", "worker", site=site):
            await wait_until(lambda: len(server.received) > 2)  # it has started
            started = time.monotonic()
            await wait_until(lambda: not pending(site), 2)
            assert time.monotonic() - started < 2
    assert set(server.topics.values()) <= {1, 2}
    assert sum(server.topics.values()) <= 20 + 2  # only pings that were in flight are repeated


async def test_running_worker_takes_over_from_a_killed_one_within_two_seconds(site: EditableSite) -> None:
    hub = HoldingHub()
    async with http_server(hub) as server:
        prepare(site, server)
        await build(site)
        with process("-m", "syndicate", "push", site=site) as killed:
            await wait_until(lambda: len(server.received) == 2)
            held = leases(site)
            os.kill(killed.pid, signal.SIGSTOP)  # the other one starts while it holds its leases
            hub.released.set()
            with process("-m", "syndicate", "worker", site=site):
                await wait_until(lambda: len(pending(site)) == held)
                killed.kill()
                killed.wait()
                await wait_until(lambda: not pending(site), 2, "the leases of a dead process held up deliveries")


@pytest.mark.parametrize("end", ["cancelled", "error"])
async def test_leases_are_released_when_a_dispatcher_is_cancelled_or_fails(site: EditableSite, end: str) -> None:
    hub = HoldingHub()
    async with http_server(hub) as server:
        prepare(site, server)
        await build(site)
        loaded = config.load(str(site.configure()))

        class FailingSession(OutboxSession):
            """A session whose transactions fail once a ping was received."""

            fails = False

            async def run(self, work):  # type: ignore[no-untyped-def]
                if self.fails:
                    self.fails = False
                    raise RuntimeError("a fault in the program")
                return await super().run(work)

        session = FailingSession(loaded.state)
        dispatcher = Dispatcher(session, hubs_with_headers(loaded, {}), loaded.push)
        task = asyncio.create_task(dispatcher.drain())
        await wait_until(lambda: len(server.received) == 2)
        assert leases(site) > 2
        if end == "cancelled":
            task.cancel()
        else:
            session.fails = True
            dispatcher.wake()
        with pytest.raises(asyncio.CancelledError if end == "cancelled" else RuntimeError):
            await task
        await session.close()
        assert leases(site) == 0


# ------------------------------------------------------------------------------------------------------------ clocks


def shift_clock(site: EditableSite, seconds: float) -> None:
    """Make all times in the outbox those of a clock that was ahead by so many seconds."""
    with closing(sqlite3.connect(site.state / "index.db")) as sql, sql:
        columns = ("next_attempt_at", "first_attempt_at", "first_check_at", "last_attempt_at", "pending_since")
        sql.execute(f"UPDATE deliveries SET {', '.join(f'{name} = {name} + :s' for name in columns)}", {"s": seconds})
        sql.execute("UPDATE deliveries SET lease_expires_at = lease_expires_at + :s WHERE lease_expires_at > 0",
                    {"s": seconds})  # fmt: skip
        sql.execute("UPDATE hubs SET open_until = open_until + :s, not_before = not_before + :s", {"s": seconds})


@pytest.mark.parametrize("responder", [responds(503), responds(503, Retry_After="600"), responds(404)])
async def test_times_of_a_clock_30_days_ahead_are_due_now(site: EditableSite, responder: object) -> None:
    async with http_server(responder) as server:  # type: ignore[arg-type]
        configure_hubs(site, server)
        add_topics(site, 17)
        await build(site)
        await push_site(site)
        shift_clock(site, 30 * DAY_S)
        server.responder = responds(202)
        assert (await push_site(site)).delivered >= 1  # a probe, if the breaker was open
        await push_site(site)
        assert pending(site) == []
        assert breaker(site, server.url).openings == 0


async def test_lease_of_an_unknown_owner_far_ahead_is_due_now(site: EditableSite) -> None:
    async with http_server() as server:
        configure_hubs(site, server)
        await build(site)
        far = time.time() + 30 * DAY_S

        def lease(outbox: Outbox) -> int:
            return len(outbox.lease("another-host:1:0", {server.url: 9}, time.time(), far))

        assert run_transaction(str(site.state), lease) == 3
        assert (await push_site(site)).delivered == 3
    assert set(server.topics) == {ALL, ONE, TWO}


async def test_lease_of_a_running_owner_is_shortened_and_not_taken(site: EditableSite) -> None:
    async with http_server() as server:
        configure_hubs(site, server)
        await build(site)
        far = time.time() + 30 * DAY_S
        owner = new_owner()
        run_transaction(str(site.state), lambda outbox: outbox.lease(owner, {server.url: 9}, time.time(), far))
        loaded = config.load(str(site.configure()))
        session, stop = OutboxSession(loaded.state), asyncio.Event()
        serving = asyncio.create_task(Dispatcher(session, hubs_with_headers(loaded, {}), loaded.push).serve(stop))
        with closing(sqlite3.connect(site.state / "index.db")) as sql:
            query = "SELECT MAX(lease_expires_at) FROM deliveries"
            await wait_until(lambda: sql.execute(query).fetchone()[0] < time.time() + 60)
        stop.set()
        await serving
        await session.close()
        assert leases(site) == 3
        assert server.received == []


PUSH_UNDER_ANOTHER_CLOCK = """
import sys, time
real = time.time
time.time = lambda: real() + float(sys.argv[1]) * 86400
from syndicate.cli import main
sys.exit(main(["push"]))
"""


@pytest.mark.parametrize("days", [-30, 30])
async def test_run_with_a_clock_that_is_wrong_by_30_days_delays_nothing(site: EditableSite, days: int) -> None:
    async with http_server(responds(503, Retry_After="3600")) as server:
        configure_hubs(site, server)
        await build(site)

        async def push_wrong() -> None:
            with process("-c", PUSH_UNDER_ANOTHER_CLOCK, str(days), site=site) as pushing:
                assert await asyncio.to_thread(pushing.wait, 20) == 0

        if days > 0:  # the times are written ahead, and read by the right clock
            await push_wrong()
            server.responder = responds(202)
            await push_site(site)
        else:  # the times are right, and read by a clock that is behind
            await push_site(site)
            server.responder = responds(202)
            await push_wrong()
    assert pending(site) == []
