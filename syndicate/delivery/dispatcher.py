"""The dispatcher: leases due deliveries, sends their pings concurrently, and records the outcomes in batches.

Theory of operation

Each hub has a queue of leased deliveries and a fixed number of connections (sender.py); one coordinator, this class,
owns the outbox. A round of the coordinator is a single transaction: it records the outcomes that the senders collected,
releases the deliveries that they did not send, and leases more. Rounds are batched, so that a ping costs a small part
of a transaction, and a few deliveries per connection are leased ahead, so that senders never wait for the disk. A hub
that is slow or dead fills only its own queue and its own connections (pacing.py); verifications have others.

A delivery is leased, then verified, then sent, then recorded. *Verified* means that the public copy has the bytes of
the leased generation: a hub fetches the topic as soon as it is pinged, and one that fetches a stale copy distributes it
and has no reason to fetch the topic again. If the copy differs, the attempt ends as `unverified` without a ping, and is
repeated on the schedule of checks; after `verify_timeout_s` the ping is sent all the same or fails, by configuration.
One that was sent all the same is checked further, and sent again when the copy has the bytes.

A sender does not send a delivery whose lease is about to expire, since another dispatcher may take it over, nor one
whose hub failed since the last round: the circuit breaker and `Retry-After` may block that hub, and only the next
transaction knows. Such deliveries are released, with no attempt counted. The breaker therefore wins over the schedule:
`lease_due` leases nothing of a blocked hub, and a single probe of a half-open one.

Waits and the ends of leases within a run are measured by the monotonic clock. Times in the outbox are of the wall
clock, which may jump: a round now and then corrects times that the present clock cannot have set
(`transactions.maintain`).

A cache in front of the site is a target like a hub: a purge is a delivery without verification, and the pings of a
document wait until its purges are acknowledged, given up, or have waited for `verify_timeout_s`.

A kill loses no delivery: other dispatchers end the leases of dead ones (owner.py), and every outcome that was not
committed leads to a second ping (see session.py). An orderly stop lets the pings in flight finish and records them.
Every end but a kill, by an error or a cancellation too, releases the remaining leases.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from ..config import Push
from ..errors import StoreError
from ..progress import Progress, silent
from ..store.outbox_repository import Outbox
from ..store.outbox_rows import Caches, Delivery
from ..websub.client import open_client
from ..websub.retry import RetryPolicy
from ..websub.verify import PublicCopyVerifier
from .events import log_result
from .owner import liveness, new_owner, shared_liveness
from .pacing import connection_shares
from .sender import HubSender, HubTarget, LeasedDelivery
from .session import OutboxSession
from .transactions import (
    Attempt,
    DeliveryResult,
    blocked_hubs,
    lease_due,
    maintain,
    next_attempt_at,
    next_attempt_soon_at,
    record_attempts,
    revive,
)

_PREFETCH = 4  # leased deliveries per connection
_BATCHING_S = 0.004  # a round waits so long for more outcomes
_LEASE_TIMEOUTS = 8  # a lease covers the wait in the queue, the verification, and the redirects of a ping
_LEASE_MARGIN_S = 5.0
_TRIM_EVERY = 5000  # attempts between two trims of the history
_LEASED_ELSEWHERE_S = 0.25  # wait for a due delivery that another dispatcher holds, or that waits for its probe
_POLL_S = 1.0  # how often a worker looks for deliveries that other processes requested
_MAINTENANCE_S = 0.5
_DRAIN_WAIT_S = 2.0  # a push waits so long for the next check of a public copy, and for a hub that throttles


class DeliverySummary(NamedTuple):
    """The numbers of deliveries of a run by their state after the last attempt. `unverified` ones were not sent."""

    delivered: int
    retrying: int
    refused: int
    failed: int
    unverified: int
    seconds: float


class _Round(NamedTuple):
    """The result of one transaction. `soon_at` is the next attempt for which a push waits."""

    results: list[DeliveryResult]
    leased: list[Delivery]
    next_at: float | None
    soon_at: float | None
    blocked: set[str]


class Dispatcher:
    """Delivers to some hubs. Several dispatchers, in several processes, may share a state folder."""

    def __init__(
        self, session: OutboxSession, hubs: Sequence[HubTarget], settings: Push, progress: Progress = silent
    ) -> None:
        self._session = session
        self._targets = {target.hub.url: target for target in hubs}
        self._hub_urls = list(self._targets)
        self._settings = settings
        self._policy = RetryPolicy(
            attempts=settings.attempts,
            window_s=settings.window_h * 3600,
            verify_timeout_s=settings.verify_timeout_s,
            unverified_fails=settings.unverified == "fail",
        )
        caches = tuple(target.hub.url for target in hubs if target.purger is not None)
        self._caches = Caches(caches, settings.verify_timeout_s)
        self._progress = progress
        self._owner = new_owner()
        self._lease_s = _LEASE_TIMEOUTS * settings.timeout_s + _LEASE_MARGIN_S
        self._shares = connection_shares(
            {url: target.hub.concurrency for url, target in self._targets.items()}, settings.concurrency
        )
        self._wake = asyncio.Event()
        self._reset({})

    async def drain(self, stop: asyncio.Event | None = None) -> DeliverySummary:
        """Send the due deliveries, and return when none is due, or as `serve` does when `stop` is set."""
        return await self._deliver(stop or asyncio.Event(), is_once=True)

    async def serve(self, stop: asyncio.Event) -> DeliverySummary:
        """Deliver and retry until `stop` is set; then finish the pings in flight, and begin no other."""
        return await self._deliver(stop, is_once=False)

    def wake(self) -> None:
        """Read the outbox at once, as a build may have requested deliveries."""
        self._wake.set()

    # ------------------------------------------------------------------------------------------------ coordinator

    async def _deliver(self, stop: asyncio.Event, *, is_once: bool) -> DeliverySummary:
        started = time.monotonic()
        self._reset(await self._session.run(self._stored_rates))
        connections = sum(self._shares.values())
        async with (
            open_client(self._settings.timeout_s, connections) as client,
            open_client(self._settings.timeout_s, self._settings.concurrency) as public_client,
        ):
            verifier = PublicCopyVerifier(public_client, self._settings.timeout_s) if self._settings.verify else None
            tasks = [
                asyncio.create_task(self._senders[url].run(client, self._verifier_of(url, verifier), self.wake))
                for url, share in self._shares.items()
                for _ in range(share)
            ]
            for task in tasks:
                task.add_done_callback(self._on_sender_done)
            tasks.append(asyncio.create_task(self._wait_for_stop(stop)))
            try:
                await self._coordinate(stop, is_once=is_once)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                if verifier:
                    await verifier.close()
                await asyncio.shield(self._release_all())
        counts = Counter(self._states.values())
        return DeliverySummary(
            delivered=counts["delivered"],
            retrying=counts["retrying"],
            refused=counts["refused"],
            failed=counts["failed"],
            unverified=counts["unverified"],
            seconds=round(time.monotonic() - started, 3),
        )

    def _verifier_of(self, url: str, verifier: PublicCopyVerifier | None) -> PublicCopyVerifier | None:
        """Return the verifier for a hub; None for a cache, which is purged so that the public copy becomes right."""
        return verifier if self._targets[url].purger is None else None

    def _reset(self, rates: dict[str, float]) -> None:
        """Forget the previous delivery."""
        timeout_s = self._settings.timeout_s
        self._senders = {
            url: HubSender(target, self._policy, timeout_s, rates.get(url, 0.0))
            for url, target in self._targets.items()
        }
        self._states: dict[tuple[str, str], str] = {}
        self._accepting: set[str] = set()  # hubs that accepted a ping since the last maintenance
        self._maintained_at = float("-inf")
        self._leased = 0
        self._is_stopping = False
        self._failure: BaseException | None = None

    def _on_sender_done(self, sender: asyncio.Task[None]) -> None:
        """Report a sender that ended by an error, so that the coordinator does not wait for its deliveries."""
        if not sender.cancelled():
            self._failure = sender.exception()
            self._wake.set()

    async def _coordinate(self, stop: asyncio.Event, *, is_once: bool) -> None:
        """Run rounds until nothing is due, or until `stop` is set and nothing is in flight."""
        done = untrimmed = 0
        while True:
            if self._failure:
                raise self._failure
            if stop.is_set():
                self._stop_senders()
            outcome = await self._next_round()
            done, untrimmed = done + len(outcome.results), untrimmed + len(outcome.results)
            self._progress("pinging", done, done + self._leased)
            is_drained = is_once and (outcome.soon_at is None or outcome.soon_at > time.time() + _DRAIN_WAIT_S)
            is_over = self._leased == 0 and (is_drained or self._is_stopping)
            if untrimmed >= _TRIM_EVERY or (is_over and untrimmed):
                await self._session.run(lambda outbox: outbox.trim_attempts())
                untrimmed = 0
            if is_over:
                return
            await self._wait(outcome.next_at)

    async def _next_round(self) -> _Round:
        """Run one transaction over what the senders collected, and pass what it leased to them."""
        attempts: list[Attempt] = []
        unsent: list[Delivery] = []
        for sender in self._senders.values():
            sender_attempts, sender_unsent = sender.collect()
            attempts += sender_attempts
            unsent += sender_unsent
        suspended = {url for url, sender in self._senders.items() if sender.is_suspended}
        lease_expires_at = time.monotonic() + self._lease_s
        outcome = await self._session.run(partial(self._run_round, attempts, unsent, time.time()))
        self._leased += len(outcome.leased) - len(attempts) - len(unsent)
        for url, sender in self._senders.items():
            # A hub that failed during the transaction stays suspended until the next round records its outcome.
            sender.is_suspended = url in outcome.blocked or (sender.is_suspended and url not in suspended)
        for result in outcome.results:
            delivery = result.attempt.delivery
            self._states[delivery.hub_url, delivery.topic_url] = result.decision.state
            log_result(result)
        for delivery in outcome.leased:
            self._senders[delivery.hub_url].queue.put_nowait(LeasedDelivery(delivery, lease_expires_at))
        return outcome

    def _run_round(self, attempts: list[Attempt], unsent: list[Delivery], now: float, outbox: Outbox) -> _Round:
        """Record outcomes and lease due deliveries, in one transaction."""
        results = record_attempts(outbox, self._owner, attempts, self._policy, random.random)
        outbox.release(self._owner, unsent)
        self._accepting |= {one.attempt.delivery.hub_url for one in results if one.decision.state == "delivered"}
        is_idle = self._leased == len(attempts) + len(unsent)
        if time.monotonic() - self._maintained_at >= _MAINTENANCE_S or (self._accepting and is_idle):
            self._maintain(outbox, now)
        blocked = blocked_hubs(outbox, self._hub_urls, now)
        if self._is_stopping:
            return _Round(results, [], None, None, blocked)
        leased = lease_due(outbox, self._owner, self._capacity(), now, self._lease_s, self._caches)
        next_at, soon_at = next_attempt_at(outbox, self._hub_urls), next_attempt_soon_at(outbox, self._hub_urls, now)
        return _Round(results, leased, next_at, soon_at, blocked)

    def _maintain(self, outbox: Outbox, now: float) -> None:
        alive = shared_liveness if self._session.is_shared else liveness
        maintain(outbox, self._hub_urls, now, self._policy, self._lease_s, alive)
        revive(outbox, self._accepting, now)
        self._accepting.clear()
        self._maintained_at = time.monotonic()
        rates = {url: sender.pacer.changed_rate() for url, sender in self._senders.items()}
        outbox.put_rates({url: rate for url, rate in rates.items() if rate is not None})

    def _stored_rates(self, outbox: Outbox) -> dict[str, float]:
        return {row.hub_url: row.rate for row in outbox.hub_health(self._hub_urls)}

    async def _release_all(self) -> None:
        """Record the attempts that ended, and release everything that is leased still, whatever ended the delivery."""
        attempts = [attempt for sender in self._senders.values() for attempt in sender.collect()[0]]

        def release(outbox: Outbox) -> None:
            record_attempts(outbox, self._owner, attempts, self._policy, random.random)
            outbox.release_owners([self._owner])

        with suppress(StoreError):  # the leases of an outbox that is gone mean nothing
            await self._session.run(release)

    def _capacity(self) -> dict[str, int]:
        """Return the free places of each queue that is at least half empty.

        Filling a queue for each free place would cost a transaction per delivery.
        """
        sizes = {url: _PREFETCH * share * self._targets[url].hub.batch for url, share in self._shares.items()}
        free = {url: size - self._senders[url].queue.qsize() for url, size in sizes.items()}
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
        self._stop_senders()
        self._wake.set()

    def _stop_senders(self) -> None:
        self._is_stopping = True
        self._session.end_soon()
        for sender in self._senders.values():
            sender.stop()
