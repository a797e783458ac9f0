"""The rate at which a hub that throttles is pinged. Pure: the clock is an argument.

Theory of operation

A hub that never throttles is not limited. A hub that answers 429, or 503 with `Retry-After`, allows some rate that it
does not tell, and each time that it is exceeded costs the wait that the hub asks for. So the rate is decreased by a
share below what the hub took, and increased as pings are accepted: quickly while it is far below the rate that was
refused last (the ceiling), and slowly near it, so that the waits cost little. The longer a hub makes us wait, the more
slowly the rate is increased. This follows TCP's congestion control (RFC 5681 §3.1), in pings per second. A hub that
takes nothing for a while, as during maintenance, shows no rate: it is only left alone for the time that it asked for.
"""

import math
from typing import NamedTuple

_DECREASE = 0.85
_DECREASE_WITHOUT_ACCEPTANCE = 0.5
_FAST_GROWTH, _SLOW_GROWTH = 1.5, 1.01  # each second of sending
_NEAR_CEILING = 0.9
_MIN_RATE = 0.2  # a hub that wants less asks for longer waits
_MEANINGFUL_SAMPLE = 10  # accepted pings in a second, from which the allowed rate can be estimated
_MAX_WAIT_S = 60.0  # that slows the growth down
_MAX_CREDIT_S = 1.0  # of growth for one accepted ping: an idle hub does not become faster


class RateLimit(NamedTuple):
    """The rate of pings to a hub in 1/s; infinite for a hub that never throttled. Times are of a monotonic clock.

    `ceiling` is the rate that the hub refused last, `wait_s` the wait that it asked for, `changed_at` the time of the
    last decrease, `accepted_at` the time of the last accepted ping after it.
    """

    rate: float = math.inf
    ceiling: float = math.inf
    wait_s: float = 1.0
    changed_at: float = -math.inf
    accepted_at: float | None = None

    @property
    def interval_s(self) -> float:
        """The time between two pings."""
        return 1 / self.rate

    def throttled(self, sent_at: float, now: float, wait_s: float, accepted_last_second: int) -> "RateLimit":
        """Return the limit after a throttled ping. Pings that were in flight at the last decrease count only once."""
        if sent_at < self.changed_at:
            return self
        wait_s = min(max(1.0, wait_s), _MAX_WAIT_S)
        if math.isinf(self.rate):
            if accepted_last_second == 0:
                return self
            ceiling = accepted_last_second if accepted_last_second >= _MEANINGFUL_SAMPLE else math.inf
            return RateLimit(accepted_last_second * _DECREASE, ceiling, wait_s, now)
        decrease = _DECREASE_WITHOUT_ACCEPTANCE if self.accepted_at is None else _DECREASE
        return RateLimit(max(_MIN_RATE, self.rate * decrease), self.rate, wait_s, now)

    def accepted(self, now: float) -> "RateLimit":
        """Return the limit after an accepted ping."""
        if math.isinf(self.rate):
            return self
        since_s = 0.0 if self.accepted_at is None else now - self.accepted_at
        growth = _FAST_GROWTH if self.rate < _NEAR_CEILING * self.ceiling else _SLOW_GROWTH
        return self._replace(
            rate=self.rate * growth ** (min(since_s, _MAX_CREDIT_S) / self.wait_s),
            accepted_at=now,
        )
