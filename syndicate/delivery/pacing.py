"""How fast and over how many connections each hub is pinged."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Mapping

from ..websub.breaker import requested_wait_s
from ..websub.rate import RateLimit
from ..websub.retry import Outcome, classify, is_throttled

_MINUTE_S = 60.0


def connection_shares(wanted: Mapping[str, int], total: int) -> dict[str, int]:
    """Return the number of connections of each hub: what it wants, or its share of the total, but at least one.

    Shares are not lent: a hub that hangs keeps its connections until the timeout, and must not have another's.
    """
    shares = dict.fromkeys(wanted, 1)
    left = total - len(shares)
    while left > 0 and (unsatisfied := [hub for hub, share in shares.items() if share < wanted[hub]]):
        for hub in unsatisfied[:left]:
            shares[hub] += 1
        left -= min(left, len(unsatisfied))
    return shares


class Pacer:
    """Spaces the pings to a hub that throttles, or that takes only `per_minute`. Senders of the hub share it."""

    def __init__(self, rate: float = 0.0, per_minute: int = 0) -> None:
        self._turns: deque[float] | None = deque(maxlen=per_minute) if per_minute else None
        self._limit = RateLimit(rate, rate) if rate else RateLimit()
        self._stored_rate = rate
        self._next_at = 0.0
        self._accepted: deque[float] = deque()

    async def turn(self) -> None:
        """Wait until the next ping may be sent."""
        if self._turns is not None:
            now = time.monotonic()
            is_full = len(self._turns) == self._turns.maxlen
            at = max(now, self._turns[0] + _MINUTE_S) if is_full else now
            self._turns.append(at)
            await asyncio.sleep(at - now)
        if math.isinf(self._limit.rate):
            return
        now = time.monotonic()
        at = max(now, self._next_at)
        self._next_at = at + self._limit.interval_s
        await asyncio.sleep(at - now)

    def record(self, outcome: Outcome, sent_at: float) -> None:
        """Adapt the rate to an outcome; `sent_at` is a time of the monotonic clock."""
        now = time.monotonic()
        while self._accepted and self._accepted[0] < now - 1:
            self._accepted.popleft()
        if is_throttled(outcome):
            self._limit = self._limit.throttled(sent_at, now, requested_wait_s(outcome), len(self._accepted))
            self._next_at = now
        elif classify(outcome.status) == "delivered":
            self._accepted.append(now)
            self._limit = self._limit.accepted(now)

    def changed_rate(self) -> float | None:
        """Return the rate to store, 0 for unlimited; None if it is about the one that was returned last."""
        rate = 0.0 if math.isinf(self._limit.rate) else self._limit.rate
        if abs(rate - self._stored_rate) <= 0.05 * self._stored_rate:
            return None
        self._stored_rate = rate
        return rate
