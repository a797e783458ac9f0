"""The adapted rate, against simulated hubs that allow a known one."""

from __future__ import annotations

import math

import pytest

from syndicate.websub.rate import RateLimit

LATENCY_S = 0.01


class TokenBucket:
    """A hub that allows `rate` pings per second, and `burst` at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self._tokens, self._at = burst, 0.0

    def accepts(self, now: float) -> bool:
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1 - 1e-9:
            return False
        self._tokens -= 1
        return True


def accepted_per_second(hub: TokenBucket, wait_s: float, seconds: float) -> tuple[float, int]:
    """Send one ping after another, and return the rate that the hub accepted and the number that it did not."""
    limit, now, accepted, refused = RateLimit(), 0.0, list[float](), 0
    while now < seconds:
        sent_at = now
        now += LATENCY_S
        if hub.accepts(now):
            accepted.append(now)
            limit = limit.accepted(now)
        else:
            refused += 1
            limit = limit.throttled(sent_at, now, wait_s, sum(at > now - 1 for at in accepted))
            now += wait_s
        if math.isfinite(limit.rate):
            now = max(now, sent_at + limit.interval_s)
    return len(accepted) / seconds, refused


@pytest.mark.parametrize(
    ("allowed", "burst", "wait_s", "seconds"),
    [(20, 20, 1, 15), (20, 20, 1, 120), (20, 1, 1, 60), (20, 40, 2, 120), (2, 2, 1, 120), (20, 20, 60, 3600)],
)
def test_three_quarters_of_the_allowed_rate_are_reached(
    allowed: float, burst: float, wait_s: float, seconds: float
) -> None:
    rate, refused = accepted_per_second(TokenBucket(allowed, burst), wait_s, seconds)
    assert rate >= 0.75 * allowed
    assert refused <= 6 + seconds / wait_s / 2  # most of the time is spent sending


def test_hub_that_never_throttles_is_not_limited() -> None:
    assert RateLimit().accepted(1.0) == RateLimit()


def test_hub_that_takes_nothing_shows_no_rate() -> None:
    assert RateLimit().throttled(1.0, 1.1, 3600, 0) == RateLimit()


def test_pings_that_were_in_flight_at_a_decrease_count_once() -> None:
    limit = RateLimit(20, 20).throttled(1.0, 1.1, 1, 20)
    assert limit.throttled(1.0, 1.2, 1, 20) == limit
    assert limit.throttled(2.3, 2.4, 1, 20).rate < limit.rate


def test_rate_has_a_minimum_and_idle_time_does_not_raise_it() -> None:
    limit = RateLimit(20, 20)
    for second in range(100):
        limit = limit.throttled(second, second + 0.1, 1, 0)
    assert limit.rate == 0.2
    assert limit.accepted(10_000.0).rate <= 0.3
