"""Pings on their way: leased from the outbox, sent with so many at once, and settled in batches.

For each hub some senders take pings from a queue; one keeper settles what they tried and leases more, in a single
transaction. So the database costs little for each ping, and whoever is killed leaves leases, which end.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import aiohttp
import structlog

from ..config import Hub, Push
from ..progress import Progress, silent
from ..store.outbox import Outbox, Ping, Settled, Tried
from ..websub.ping import Header, send, session
from ..websub.retry import Outcome, Policy
from ..websub.verify import PublicCopyVerifier
from .session import OutboxSession

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.push")

_PREFETCH = 4  # pings leased ahead, as a multiple of those that are sent at once
_BATCHING_S = 0.004  # results are gathered for so long before they are settled
_LEASE_TIMEOUTS = 8  # a lease outlives the queue before a ping, a look at the public feed, and the redirects of a POST
_LEASE_SLACK_S = 5.0
_UNTIDY = 5000  # tries that are recorded before older ones are forgotten
_OTHERS_S = 0.25  # what is due is another's at the moment: a hub is being probed
_LOOK_AGAIN_S = 2.0  # how often a worker looks for what others built


class Tally(NamedTuple):
    """What came of the pings of a run: how each stood when it was tried last. `unverified` ones were not sent."""

    delivered: int
    retrying: int
    refused: int
    failed: int
    unverified: int
    seconds: float


class Dispatcher:
    """Delivers what is due to some hubs. Any number of them may work on one state folder."""

    def __init__(
        self,
        office: OutboxSession,
        hubs: Sequence[tuple[Hub, Header | None]],
        settings: Push,
        progress: Progress = silent,
    ) -> None:
        self._office = office
        self._hubs = {hub.url: hub for hub, _ in hubs}
        self._secrets = {hub.url: secret for hub, secret in hubs}
        self._settings = settings
        self._policy = Policy(
            attempts=settings.attempts,
            window_s=settings.window_h * 3600,
            verify_timeout_s=settings.verify_timeout_s,
            unverified_fails=settings.unverified == "fail",
        )
        self._progress = progress
        self._owner = f"{os.uname().nodename}:{os.getpid()}:{secrets.token_hex(4)}"
        self._lease_s = _LEASE_TIMEOUTS * settings.timeout_s + _LEASE_SLACK_S
        self._queues: dict[str, asyncio.Queue[tuple[Ping, float]]] = {url: asyncio.Queue() for url in self._hubs}
        self._tried: list[Tried] = []
        self._unsent: list[Ping] = []
        self._held: set[str] = set()  # hubs that failed since the last lease: what is leased for them waits
        self._leased = 0
        self._failure: BaseException | None = None
        self._news = asyncio.Event()
        self._last: dict[tuple[str, str], str] = {}
        self._stopping = False

    async def drain(self) -> Tally:
        """Deliver what is due now."""
        return await self._deliver(None)

    async def serve(self, stop: asyncio.Event) -> Tally:
        """Deliver and try again until `stop`; then the pings under way finish, and no other begins."""
        return await self._deliver(stop)

    def hurry(self) -> None:
        """Look into the outbox at once: something was built."""
        self._news.set()

    # ------------------------------------------------------------------------------------------------------ keeping

    async def _deliver(self, stop: asyncio.Event | None) -> Tally:
        started = time.monotonic()
        self._forget()
        connections = self._settings.concurrency
        limit = asyncio.Semaphore(connections)
        async with session(self._settings.timeout_s, connections) as client:
            sight = PublicCopyVerifier(client) if self._settings.verify else None
            senders = [
                asyncio.create_task(self._send_all(hub, client, sight, limit))
                for hub in self._hubs.values()
                for _ in range(min(hub.concurrency, connections))
            ]
            for sender in senders:
                sender.add_done_callback(self._note_end)
            stopper = asyncio.create_task(self._watch(stop)) if stop else None
            try:
                await self._keep(stop)
            finally:
                for task in [*senders, *([stopper] if stopper else [])]:
                    task.cancel()
                await asyncio.gather(*senders, return_exceptions=True)
        counts = Counter(self._last.values())
        return Tally(
            counts["delivered"], counts["retrying"], counts["refused"], counts["failed"], counts["unverified"],
            round(time.monotonic() - started, 3),
        )  # fmt: skip

    def _forget(self) -> None:
        """Begin anew, whatever ended the last delivery: leases that were held then end by themselves."""
        self._queues = {url: asyncio.Queue() for url in self._hubs}
        self._tried, self._unsent, self._held, self._last = [], [], set(), {}
        self._leased = 0
        self._failure = None

    def _note_end(self, sender: asyncio.Task[None]) -> None:
        """A sender ends when it is cancelled; whatever else ends it must not leave its pings waited for."""
        if not sender.cancelled():
            self._failure = sender.exception()
            self._news.set()

    async def _keep(self, stop: asyncio.Event | None) -> None:
        """Settle and lease until nothing is due, or until told to stop and nothing is under way."""
        done = untidy = 0
        while True:
            if self._failure:
                raise self._failure
            tried, self._tried = self._tried, []
            unsent, self._unsent = self._unsent, []
            self._stopping = stop is not None and stop.is_set()
            now = time.time()
            held = set(self._held)
            settled, claimed, next_at, blocked = await self._office.run(partial(self._round, tried, unsent, now))
            self._leased += len(claimed) - len(tried) - len(unsent)
            self._held = (self._held - held) | blocked  # what failed meanwhile is settled in the next round
            for one in settled:
                self._tell(one)
            done, untidy = done + len(settled), untidy + len(settled)
            self._progress("pinging", done, done + self._leased)
            for ping in claimed:
                self._queues[ping.hub_url].put_nowait((ping, now + self._lease_s))
            is_over = self._leased == 0 and (stop is None or self._stopping)
            if untidy >= _UNTIDY or (is_over and untidy):
                await self._office.run(Outbox.tidy)
                untidy = 0
            if is_over:
                return
            await self._wait(next_at)

    def _round(
        self, tried: list[Tried], unsent: list[Ping], now: float, outbox: Outbox
    ) -> tuple[list[Settled], list[Ping], float | None, set[str]]:
        """One transaction: record what was tried, lease what is due; when more is, and which hubs have to be left."""
        settled = outbox.settle(self._owner, tried, self._policy, random.random)
        outbox.release(self._owner, unsent)
        blocked = outbox.blocked(self._hubs, now)
        if self._stopping:
            return settled, [], None, blocked
        room = {url: _PREFETCH * hub.concurrency - self._queues[url].qsize() for url, hub in self._hubs.items()}
        # Half empty is soon enough: a lease for each ping alone would cost a transaction each.
        room = {url: most for url, most in room.items() if 2 * most >= _PREFETCH * self._hubs[url].concurrency}
        claimed = outbox.claim(self._owner, room, now, self._lease_s)
        return settled, claimed, outbox.next_due(list(self._hubs)), blocked

    async def _wait(self, next_at: float | None) -> None:
        """Until a ping was tried, or may be; others may put something into the outbox, too."""
        ahead_s = next_at - time.time() if next_at is not None else _LOOK_AGAIN_S
        if ahead_s <= 0:  # what is due already waits for those under way
            ahead_s = _LOOK_AGAIN_S if self._leased else _OTHERS_S
        try:
            async with asyncio.timeout(min(ahead_s, _LOOK_AGAIN_S)):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()
        await asyncio.sleep(_BATCHING_S)

    async def _watch(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping = True
        self._news.set()

    # ------------------------------------------------------------------------------------------------------ sending

    async def _send_all(
        self, hub: Hub, client: aiohttp.ClientSession, sight: PublicCopyVerifier | None, limit: asyncio.Semaphore
    ) -> None:
        queue = self._queues[hub.url]
        while True:
            ping, leased_until = await queue.get()
            async with limit:
                late = time.time() > leased_until - 3 * self._settings.timeout_s
                if late or self._stopping or hub.url in self._held:
                    self._unsent.append(ping)
                else:
                    await self._try(ping, client, sight)
            self._news.set()

    async def _try(self, ping: Ping, client: aiohttp.ClientSession, sight: PublicCopyVerifier | None) -> None:
        at = time.time()
        hidden = await sight.look(ping.topic_url, ping.digest, ping.size_bytes, ping.generation) if sight else ""
        if hidden and not self._goes_unseen(ping, at, hidden):
            self._tried.append(Tried(ping, Outcome(error=hidden, unseen=True), at))
            return
        secret = self._secrets[ping.hub_url]
        outcome = await send(client, ping.hub_url, ping.topic_url, self._settings.timeout_s, secret)
        if outcome.status is None or outcome.status >= 500 or outcome.retry_after_s:
            self._held.add(ping.hub_url)
        self._tried.append(Tried(ping, outcome, at))

    def _goes_unseen(self, ping: Ping, at: float, why: str) -> bool:
        """Whether a ping goes out though the public feed is not what was built: when that took too long."""
        waited_s = at - (ping.checked_at or at)
        if waited_s < self._policy.verify_timeout_s or self._policy.unverified_fails:
            return False
        log.warning("pinged unverified", hub=ping.hub_url, topic=ping.topic_url, waited_s=round(waited_s), reason=why)
        return True

    def _tell(self, settled: Settled) -> None:
        ping, outcome, decision = settled
        self._last[ping.hub_url, ping.topic_url] = decision.state
        told = {"hub": ping.hub_url, "topic": ping.topic_url, "generation": ping.generation}
        what = {"status": outcome.status, "error": outcome.error} if outcome.error else {"status": outcome.status}
        match decision.state:
            case "delivered":
                log.info("delivered", **told, **what, seconds=round(outcome.seconds, 3))
            case "failed":
                log.warning("failed", **told, **what, attempts=ping.attempts + 1)
            case state:
                log.info(state, **told, **what, attempts=ping.attempts + 1, again_in_s=round(decision.delay_s, 1))
