"""The senders of one hub: they verify and send the deliveries that a dispatcher leased, and collect the outcomes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import aiohttp
import structlog

from ..cdn.purger import Purger
from ..config import Hub
from ..store.outbox_rows import Delivery
from ..websub.ping import Endpoint, send_ping
from ..websub.retry import Outcome, RetryPolicy, classify
from ..websub.verify import PublicCopyVerifier
from .pacing import Pacer
from .transactions import Attempt

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.push")

_LATE_TIMEOUTS = 3  # the longest verification and ping, which must fit into the rest of a lease
_PING_TIMEOUTS = 2  # the longest ping


class HubTarget(NamedTuple):
    """A hub, and where and how it is pinged; or a cache in the place of a hub, with what purges it."""

    hub: Hub
    endpoint: Endpoint
    purger: Purger | None = None


class LeasedDelivery(NamedTuple):
    """A delivery in a queue, and the end of its lease, a time of the monotonic clock."""

    delivery: Delivery
    expires_at: float


class HubSender:
    """The queue of one hub, and the tasks that send from it.

    `is_suspended` is set when the hub failed, until the dispatcher has recorded it: the circuit breaker and
    `Retry-After` may block the hub, and only the next transaction knows. Deliveries are then returned as unsent.
    """

    def __init__(self, target: HubTarget, policy: RetryPolicy, timeout_s: float, rate: float) -> None:
        self.is_suspended = False
        self._is_stopping = False
        self.queue: asyncio.Queue[LeasedDelivery] = asyncio.Queue()
        self._attempts: list[Attempt] = []
        self._unsent: list[Delivery] = []
        self.pacer = Pacer(rate, target.purger.requests_per_minute if target.purger else 0)
        self._hub, self._endpoint, self._purger = target
        self._policy = policy
        self._timeout_s = timeout_s

    def collect(self) -> tuple[list[Attempt], list[Delivery]]:
        """Return the attempts since the last call, and the deliveries that were not sent."""
        collected = self._attempts, self._unsent
        self._attempts, self._unsent = [], []
        return collected

    def stop(self) -> None:
        """Return what is in the queue as unsent, and send no more."""
        self._is_stopping = True
        while not self.queue.empty():
            self._unsent.append(self.queue.get_nowait().delivery)

    async def run(
        self, client: aiohttp.ClientSession, verifier: PublicCopyVerifier | None, wake: Callable[[], None]
    ) -> None:
        """Send from the queue until cancelled. Several may run at once: each uses one connection."""
        while True:
            batch = [await self.queue.get()]
            while len(batch) < self._hub.batch and not self.queue.empty():
                batch.append(self.queue.get_nowait())
            ready = await self._verify(batch, verifier)
            if ready:
                await self.pacer.turn()
                ready = [(leased, reason) for leased, reason in ready if self._keeps(leased, _PING_TIMEOUTS)]
            if ready:
                await self._send(client, ready)
            wake()

    def _keeps(self, leased: LeasedDelivery, timeouts: int) -> bool:
        """Return whether a delivery may be sent still; return it as unsent if not."""
        is_late = time.monotonic() > leased.expires_at - timeouts * self._timeout_s
        if is_late or self._is_stopping or self.is_suspended:
            self._unsent.append(leased.delivery)
            return False
        return True

    async def _verify(
        self, batch: Sequence[LeasedDelivery], verifier: PublicCopyVerifier | None
    ) -> list[tuple[LeasedDelivery, str]]:
        """Return the deliveries to send, each with the reason why its public copy is not verified, if it is not."""
        kept = [leased for leased in batch if self._keeps(leased, _LATE_TIMEOUTS)]
        if verifier is None:
            return [(leased, "") for leased in kept]
        started_at = time.time()
        reasons = await asyncio.gather(
            *(verifier.verify(one.topic_url, one.digest, one.size_bytes, one.generation) for one, _ in kept)
        )
        ready: list[tuple[LeasedDelivery, str]] = []
        for leased, reason in zip(kept, reasons, strict=True):
            if not reason or self._sends_unverified(leased.delivery, started_at, reason):
                ready.append((leased, reason))
            else:
                outcome = Outcome(error=reason, unverified=True)
                self._attempts.append(Attempt(leased.delivery, outcome, started_at))
        return ready

    def _sends_unverified(self, delivery: Delivery, now: float, reason: str) -> bool:
        """Return whether a ping is sent although its public copy is stale: once, when that took longer than allowed."""
        waited_s = now - (delivery.first_check_at or now)
        if waited_s < self._policy.verify_timeout_s or self._policy.unverified_fails:
            return False
        if delivery.accepted_unverified_at is not None:
            return False
        log.warning(
            "sending an unverified ping", hub=delivery.hub_url, topic=delivery.topic_url, waited_s=round(waited_s),
            reason=reason,
        )  # fmt: skip
        return True

    async def _send(self, client: aiohttp.ClientSession, ready: Sequence[tuple[LeasedDelivery, str]]) -> None:
        """Send one ping for all deliveries; if the hub refuses several topic URLs in one request, one for each."""
        outcome, started_at = await self._ping(client, [leased.delivery.topic_url for leased, _ in ready])
        if len(ready) > 1 and self._purger is None and classify(outcome.status) == "refused":
            for position, one in enumerate(ready):
                if position == 0 or self._keeps(one[0], _PING_TIMEOUTS):
                    await self._send(client, [one])
            return
        for position, (leased, reason) in enumerate(ready):
            attempt = Attempt(leased.delivery, outcome._replace(stale=reason), started_at, position)
            self._attempts.append(attempt)

    async def _ping(self, client: aiohttp.ClientSession, topic_urls: Sequence[str]) -> tuple[Outcome, float]:
        started_at, sent_at = time.time(), time.monotonic()
        if self._purger is not None:
            outcome = await self._purger.purge(client, topic_urls, self._timeout_s)
        else:
            outcome = await send_ping(client, self._endpoint, topic_urls, self._timeout_s)
        self.pacer.record(outcome, sent_at)
        if classify(outcome.status) == "retrying":
            self.is_suspended = True
        return outcome, started_at
