"""The circuit breaker of a hub. Pure: clock and randomness are arguments.

Theory of operation

The circuit breaker protects a hub from many deliveries that all fail. Failures of any delivery to the hub, in a row,
open it; while it is open no ping goes to that hub, whatever the schedule of a delivery says. When its time is over, one
ping is sent as a probe. Any answer that is not retried closes the breaker; another failure opens it for longer. The
schedule of each delivery is independent: a delivery that waits for the breaker spends no attempts.

A `Retry-After` field is both the minimum delay of the delivery and, with an answer that is retried, a time before which
no ping is sent to that hub. A hub that throttles (429, or 503 with `Retry-After`) works: its answers neither count as
failures nor close the breaker, and its rate is adapted (`websub.rate`).
"""

from typing import NamedTuple

from .retry import MAX_RETRY_AFTER_S, Outcome, RetryPolicy, classify, exponential_s, is_throttled, policy_base_s

_FAILURES_TO_OPEN = 5
_MAX_SHARE = 1 / 72  # of the window: an hour with the default of 72 hours
_THROTTLED_WAIT_S = 1.0  # after a 429 without `Retry-After`


class CircuitBreaker(NamedTuple):
    """The state of a hub's circuit breaker. Times are seconds since 1970.

    `failures` counts the failures in a row, `openings` how often the breaker opened since the hub accepted or refused a
    ping. `not_before` is the time until which the hub asked to wait (`Retry-After`).
    """

    failures: int = 0
    openings: int = 0
    open_until: float = 0.0
    not_before: float = 0.0

    def is_half_open(self) -> bool:
        """Return whether at most one delivery, the probe, may be in flight once the time of the breaker is over."""
        return self.openings > 0

    def blocked_until(self) -> float:
        """Return the time before which no ping may be sent."""
        return max(self.open_until, self.not_before)


def update_breaker(
    breaker: CircuitBreaker, outcome: Outcome, now: float, policy: RetryPolicy, jitter: float
) -> CircuitBreaker:
    """Return the circuit breaker after an outcome at `now`."""
    if outcome.unverified:
        return breaker
    if classify(outcome.status) != "retrying":
        return CircuitBreaker(not_before=breaker.not_before)
    not_before = max(breaker.not_before, now + requested_wait_s(outcome))
    if is_throttled(outcome):
        return breaker._replace(not_before=not_before)
    failures = breaker.failures + 1
    if failures < _FAILURES_TO_OPEN or breaker.open_until > now:  # the latter: pings in flight when it opened
        return breaker._replace(failures=failures, not_before=not_before)
    openings = breaker.openings + 1
    # Only half of the delay is random: a breaker that closes at once protects nobody.
    delay_s = exponential_s(openings, policy_base_s(policy), policy.window_s * _MAX_SHARE, (1 + jitter) / 2)
    return CircuitBreaker(failures, openings, now + delay_s, not_before)


def requested_wait_s(outcome: Outcome) -> float:
    """Return the seconds for which a hub asked for no pings."""
    if outcome.retry_after_s is None:
        return _THROTTLED_WAIT_S if is_throttled(outcome) else 0.0
    return min(outcome.retry_after_s, MAX_RETRY_AFTER_S)


def bound_times(breaker: CircuitBreaker, now: float, policy: RetryPolicy) -> CircuitBreaker:
    """Return a breaker without times further ahead than any outcome sets: these were written under another clock."""
    latest = now + policy.longest_delay_s
    return breaker._replace(
        open_until=breaker.open_until if breaker.open_until <= latest else now,
        not_before=breaker.not_before if breaker.not_before <= latest else now,
    )
