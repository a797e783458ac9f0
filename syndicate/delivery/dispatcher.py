"""The dispatcher: leases due deliveries, sends their pings concurrently, and records the outcomes in batches.

Theory of operation

Each hub has a queue of leased deliveries and a fixed number of senders; one coordinator owns the outbox. A round of the
coordinator is a single transaction: it records the outcomes that the senders collected, releases the deliveries that
they did not send, and leases more. Rounds are batched, so that a ping costs a small part of a transaction, and a few
deliveries per sender are leased ahead, so that senders never wait for the disk. A hub that is slow or dead fills only
its own queue, but all senders share the limit of connections.

A delivery is leased, then verified, then sent, then recorded. *Verified* means that the public copy has the bytes of
the leased generation: a hub fetches the topic as soon as it is pinged, and one that fetches a stale copy distributes it
and has no reason to fetch the topic again. If the copy differs, the attempt ends as `unverified` without a ping, and is
repeated on the schedule of checks; after `verify_timeout_s` the ping is sent all the same or fails, by configuration.

A sender does not send a delivery whose lease is about to expire, since another dispatcher may take it over, nor one
whose hub failed since the last round (`_suspended`): the circuit breaker and `Retry-After` may block that hub, and only
the next transaction knows. Such deliveries are released, with no attempt counted. The breaker therefore wins over the
schedule: `lease_due` leases nothing of a blocked hub, and a single probe of a half-open one.

A kill loses no delivery: leases expire, and every outcome that was not committed leads to a second ping (see
session.py). An orderly stop lets the pings in flight finish, records them, and releases the rest.
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
from typing import Any, NamedTuple

import aiohttp
import structlog

from ..config import Hub, Push
from ..progress import Progress, silent
from ..store.outbox_rows import Delivery
from ..store.repositories import Outbox
from ..websub.ping import SecretHeader, open_client, send_ping
from ..websub.retry import Outcome, RetryPolicy
from ..websub.verify import PublicCopyVerifier
from .session import OutboxSession
from .transactions import Attempt, DeliveryResult, blocked_hubs, lease_due, next_attempt_at, record_attempts

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.push")

_PREFETCH = 4  # leased deliveries per sender
_BATCHING_S = 0.004  # a round waits so long for more outcomes
_LEASE_TIMEOUTS = 8  # a lease covers the wait in the queue, the verification, and the redirects of a ping
_LEASE_MARGIN_S = 5.0
_LATE_TIMEOUTS = 3  # the longest verification and ping, which must fit into the rest of a lease
_TRIM_EVERY = 5000  # attempts between two trims of the history
_LEASED_ELSEWHERE_S = 0.25  # wait for a due delivery that another dispatcher holds, or that waits for its probe
_POLL_S = 2.0  # how often a worker looks for deliveries that other processes requested


class DeliverySummary(NamedTuple):
    """The numbers of deliveries of a run by their state after the last attempt. `unverified` ones were not sent."""

    delivered: int
    retrying: int
    refused: int
    failed: int
    unverified: int
    seconds: float


class _Round(NamedTuple):
    """The result of one transaction."""

    results: list[DeliveryResult]
    leased: list[Delivery]
    next_at: float | None
    blocked: set[str]


class Dispatcher:
    """Delivers to some hubs. Several dispatchers, in several processes, may share a state folder."""

    def __init__(
        self,
        session: OutboxSession,
        hubs: Sequence[tuple[Hub, SecretHeader | None]],
        settings: Push,
        progress: Progress = silent,
    ) -> None:
        self._session = session
        self._hubs = {hub.url: hub for hub, _ in hubs}
        self._secrets = {hub.url: secret for hub, secret in hubs}
        self._settings = settings
        self._policy = RetryPolicy(
            attempts=settings.attempts,
            window_s=settings.window_h * 3600,
            verify_timeout_s=settings.verify_timeout_s,
            unverified_fails=settings.unverified == "fail",
        )
        self._progress = progress
        self._owner = f"{os.uname().nodename}:{os.getpid()}:{secrets.token_hex(4)}"
        self._lease_s = _LEASE_TIMEOUTS * settings.timeout_s + _LEASE_MARGIN_S
        self._wake = asyncio.Event()
        self._stopping = False
        self._reset()

    async def drain(self) -> DeliverySummary:
        """Send the due deliveries, and return when none is due."""
        return await self._deliver(None)

    async def serve(self, stop: asyncio.Event) -> DeliverySummary:
        """Deliver and retry until `stop` is set; then finish the pings in flight, and begin no other."""
        return await self._deliver(stop)

    def wake(self) -> None:
        """Read the outbox at once, as a build may have requested deliveries."""
        self._wake.set()

    # ------------------------------------------------------------------------------------------------ coordinator

    async def _deliver(self, stop: asyncio.Event | None) -> DeliverySummary:
        started = time.monotonic()
        self._reset()
        connections = self._settings.concurrency
        limit = asyncio.Semaphore(connections)
        async with open_client(self._settings.timeout_s, connections) as client:
            verifier = PublicCopyVerifier(client) if self._settings.verify else None
            senders = [
                asyncio.create_task(self._send_queue(hub, client, verifier, limit))
                for hub in self._hubs.values()
                for _ in range(min(hub.concurrency, connections))
            ]
            for sender in senders:
                sender.add_done_callback(self._on_sender_done)
            stopper = asyncio.create_task(self._wait_for_stop(stop)) if stop else None
            try:
                await self._coordinate(stop)
            finally:
                for task in [*senders, *([stopper] if stopper else [])]:
                    task.cancel()
                await asyncio.gather(*senders, return_exceptions=True)
        counts = Counter(self._states.values())
        return DeliverySummary(
            delivered=counts["delivered"],
            retrying=counts["retrying"],
            refused=counts["refused"],
            failed=counts["failed"],
            unverified=counts["unverified"],
            seconds=round(time.monotonic() - started, 3),
        )

    def _reset(self) -> None:
        """Forget the previous delivery, whatever ended it: leases that it held expire."""
        self._queues: dict[str, asyncio.Queue[tuple[Delivery, float]]] = {url: asyncio.Queue() for url in self._hubs}
        self._attempts: list[Attempt] = []
        self._unsent: list[Delivery] = []
        self._suspended: set[str] = set()  # hubs that failed since the last round
        self._states: dict[tuple[str, str], str] = {}
        self._leased = 0
        self._failure: BaseException | None = None

    def _on_sender_done(self, sender: asyncio.Task[None]) -> None:
        """Report a sender that ended by an error, so that the coordinator does not wait for its deliveries."""
        if not sender.cancelled():
            self._failure = sender.exception()
            self._wake.set()

    async def _coordinate(self, stop: asyncio.Event | None) -> None:
        """Run rounds until nothing is due, or until `stop` is set and nothing is in flight."""
        done = untrimmed = 0
        while True:
            if self._failure:
                raise self._failure
            attempts, self._attempts = self._attempts, []
            unsent, self._unsent = self._unsent, []
            self._stopping = stop is not None and stop.is_set()
            now = time.time()
            suspended = set(self._suspended)
            outcome = await self._session.run(partial(self._run_round, attempts, unsent, now))
            self._leased += len(outcome.leased) - len(attempts) - len(unsent)
            # A hub that failed during the transaction stays suspended until the next round records its outcome.
            self._suspended = (self._suspended - suspended) | outcome.blocked
            for result in outcome.results:
                self._log_result(result)
            done, untrimmed = done + len(outcome.results), untrimmed + len(outcome.results)
            self._progress("pinging", done, done + self._leased)
            for delivery in outcome.leased:
                self._queues[delivery.hub_url].put_nowait((delivery, now + self._lease_s))
            is_over = self._leased == 0 and (stop is None or self._stopping)
            if untrimmed >= _TRIM_EVERY or (is_over and untrimmed):
                await self._session.run(Outbox.trim_attempts)
                untrimmed = 0
            if is_over:
                return
            await self._wait(outcome.next_at)

    def _run_round(self, attempts: list[Attempt], unsent: list[Delivery], now: float, outbox: Outbox) -> _Round:
        """Record outcomes and lease due deliveries, in one transaction."""
        results = record_attempts(outbox, self._owner, attempts, self._policy, random.random)
        outbox.release(self._owner, unsent)
        blocked = blocked_hubs(outbox, self._hubs, now)
        if self._stopping:
            return _Round(results, [], None, blocked)
        leased = lease_due(outbox, self._owner, self._capacity(), now, self._lease_s)
        return _Round(results, leased, next_attempt_at(outbox, list(self._hubs)), blocked)

    def _capacity(self) -> dict[str, int]:
        """Return the free places of each queue that is at least half empty.

        Filling a queue for each free place would cost a transaction per delivery.
        """
        sizes = {url: _PREFETCH * hub.concurrency for url, hub in self._hubs.items()}
        free = {url: size - self._queues[url].qsize() for url, size in sizes.items()}
        return {url: places for url, places in free.items() if 2 * places >= sizes[url]}

    async def _wait(self, next_at: float | None) -> None:
        """Wait until an attempt ended, until a delivery is due, or for as long as other processes may be ignored."""
        delay_s = next_at - time.time() if next_at is not None else _POLL_S
        if delay_s <= 0:  # a delivery is due but was not leased
            delay_s = _POLL_S if self._leased else _LEASED_ELSEWHERE_S
        try:
            async with asyncio.timeout(min(delay_s, _POLL_S)):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()
        await asyncio.sleep(_BATCHING_S)

    async def _wait_for_stop(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping = True
        self._wake.set()

    # ---------------------------------------------------------------------------------------------------- senders

    async def _send_queue(
        self, hub: Hub, client: aiohttp.ClientSession, verifier: PublicCopyVerifier | None, limit: asyncio.Semaphore
    ) -> None:
        queue = self._queues[hub.url]
        while True:
            delivery, lease_expires_at = await queue.get()
            async with limit:
                is_late = time.time() > lease_expires_at - _LATE_TIMEOUTS * self._settings.timeout_s
                if is_late or self._stopping or hub.url in self._suspended:
                    self._unsent.append(delivery)
                else:
                    await self._attempt(delivery, client, verifier)
            self._wake.set()

    async def _attempt(
        self, delivery: Delivery, client: aiohttp.ClientSession, verifier: PublicCopyVerifier | None
    ) -> None:
        started_at = time.time()
        hub_url, topic_url = delivery.hub_url, delivery.topic_url
        reason = ""
        if verifier:
            reason = await verifier.verify(topic_url, delivery.digest, delivery.size_bytes, delivery.generation)
        if reason and not self._sends_unverified(delivery, started_at, reason):
            self._attempts.append(Attempt(delivery, Outcome(error=reason, unverified=True), started_at))
            return
        outcome = await send_ping(client, hub_url, topic_url, self._settings.timeout_s, self._secrets[hub_url])
        if outcome.status is None or outcome.status >= 500 or outcome.retry_after_s:
            self._suspended.add(hub_url)
        self._attempts.append(Attempt(delivery, outcome, started_at))

    def _sends_unverified(self, delivery: Delivery, now: float, reason: str) -> bool:
        """Return whether a ping is sent although its public copy is stale: when that took longer than allowed."""
        waited_s = now - (delivery.first_check_at or now)
        if waited_s < self._policy.verify_timeout_s or self._policy.unverified_fails:
            return False
        log.warning(
            "sending an unverified ping", hub=delivery.hub_url, topic=delivery.topic_url, waited_s=round(waited_s),
            reason=reason,
        )  # fmt: skip
        return True

    def _log_result(self, result: DeliveryResult) -> None:
        (delivery, outcome, _), decision = result
        self._states[delivery.hub_url, delivery.topic_url] = decision.state
        fields: dict[str, Any] = {
            "hub": delivery.hub_url,
            "topic": delivery.topic_url,
            "generation": delivery.generation,
            "status": outcome.status,
        }
        if outcome.error:
            fields["error"] = outcome.error
        match decision.state:
            case "delivered":
                log.info("delivered", **fields, seconds=round(outcome.duration_s, 3))
            case "failed":
                log.warning("failed", **fields, attempts=delivery.attempts + 1)
            case state:
                log.info(state, **fields, attempts=delivery.attempts + 1, again_in_s=round(decision.delay_s, 1))
