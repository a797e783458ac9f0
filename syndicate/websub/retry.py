"""The retry schedule of a delivery and the circuit breaker of a hub. Pure: clock and randomness are arguments.

Theory of operation

An attempt has an outcome, and an outcome leads to a decision. A 2xx status is a delivery, although it proves nothing
about what the hub does next. No answer, 408, 425, 429 and 5xx are retried with exponential backoff and full jitter,
until at least `attempts` pings were sent over at least `window_s`; then the delivery fails. Every other status is a
refusal: it may mean only that nobody subscribes yet, so it is retried a few times. A delivery that was not sent, as
its public copy is stale, is checked again until `verify_timeout_s`. Nothing is dropped: a failed delivery stays in the
outbox.

The circuit breaker protects a hub from many deliveries that all fail. Failures of any delivery to the hub, in a row,
open it; while it is open no ping goes to that hub, whatever the schedule of a delivery says. When its time is over, one
ping is sent as a probe. Any answer that is not retried closes the breaker; another failure opens it for longer. The
schedule of each delivery is independent: a delivery that waits for the breaker spends no attempts. A `Retry-After`
field is both the minimum delay of the delivery and, with an answer that is retried, a time before which no ping is sent
to that hub.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

State = Literal["due", "delivered", "retrying", "refused", "unverified", "failed"]
"""The state of a delivery. `retrying`, `refused` and `unverified` deliveries are tried again; `failed` ones are not."""

_RETRIED_STATUS = frozenset({408, 425, 429})  # RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4
_MAX_REFUSALS = 4  # a hub may refuse a ping until somebody subscribes
_FAILURES_TO_OPEN = 5
_MAX_RETRY_AFTER_S = 24 * 3600.0
_MIN_DELAY_S = 0.05
# Shares of the window: with 72 hours, the first delay is at most 30 seconds, the longest 6 hours, a breaker's 1 hour.
_BASE_SHARE, _MAX_SHARE, _BREAKER_MAX_SHARE = 1 / 8640, 1 / 12, 1 / 72
_CHECK_BASE_S, _CHECK_MAX_S, _CHECK_GROWTH = 5.0, 60.0, 1.5


class RetryPolicy(NamedTuple):
    """The bounds of a retry schedule: at least `attempts` pings, over at least `window_s`.

    `verify_timeout_s` bounds the wait for the public copy. Then the ping is sent, or fails if `unverified_fails`.
    """

    attempts: int = 12
    window_s: float = 72 * 3600.0
    verify_timeout_s: float = 600.0
    unverified_fails: bool = False


class Outcome(NamedTuple):
    """The outcome of an attempt. `status` is None when there was no answer; `error` says why, or quotes the hub.

    `unverified` means that no ping was sent, as the public copy is not the built document.
    """

    status: int | None = None
    error: str = ""
    retry_after_s: float | None = None
    duration_s: float = 0.0
    unverified: bool = False


class Decision(NamedTuple):
    """The new state of a delivery, and the seconds until its next attempt, if there is one."""

    state: State
    delay_s: float = 0.0


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


def decide(outcome: Outcome, attempts: int, age_s: float, policy: RetryPolicy, jitter: float) -> Decision:
    """Return the decision that follows from an outcome.

    `attempts` counts this attempt; `age_s` is the time since the first one (of checks, if the outcome is `unverified`);
    `jitter` is a random number from 0 to 1.
    """
    if outcome.unverified:
        if age_s >= policy.verify_timeout_s:
            return Decision("failed")
        delay_s = min(_CHECK_MAX_S, _CHECK_BASE_S * _CHECK_GROWTH ** min(attempts, 10), policy.verify_timeout_s)
        return Decision("unverified", delay_s)
    meaning = classify(outcome.status)
    if meaning == "delivered":
        return Decision("delivered")
    if meaning == "refused":
        is_retried = attempts < min(_MAX_REFUSALS, policy.attempts)
    else:
        is_retried = attempts < policy.attempts or age_s < policy.window_s
    if not is_retried:
        return Decision("failed")
    requested_s = min(outcome.retry_after_s or 0.0, _MAX_RETRY_AFTER_S)
    return Decision(meaning, max(requested_s, backoff_s(attempts, policy, jitter)))


def classify(status: int | None) -> Literal["delivered", "retrying", "refused"]:
    """Classify the answer of a hub. No answer counts as a 5xx; a redirect that is not followed is a refusal."""
    if status is None or status >= 500 or status in _RETRIED_STATUS:
        return "retrying"
    return "delivered" if 200 <= status < 300 else "refused"


def backoff_s(attempts: int, policy: RetryPolicy, jitter: float) -> float:
    """Return an exponential delay with full jitter, so that pings that failed together do not return together."""
    return _jittered_delay_s(attempts, policy.window_s * _MAX_SHARE, policy, jitter)


def update_breaker(
    breaker: CircuitBreaker, outcome: Outcome, now: float, policy: RetryPolicy, jitter: float
) -> CircuitBreaker:
    """Return the circuit breaker after an outcome at `now`."""
    if outcome.unverified:
        return breaker
    if classify(outcome.status) != "retrying":
        return CircuitBreaker(not_before=breaker.not_before)
    not_before = max(breaker.not_before, now + min(outcome.retry_after_s or 0.0, _MAX_RETRY_AFTER_S))
    failures = breaker.failures + 1
    if failures < _FAILURES_TO_OPEN or breaker.open_until > now:  # the latter: pings in flight when it opened
        return breaker._replace(failures=failures, not_before=not_before)
    openings = breaker.openings + 1
    # Only half of the delay is random: a breaker that closes at once protects nobody.
    delay_s = _jittered_delay_s(openings, policy.window_s * _BREAKER_MAX_SHARE, policy, (1 + jitter) / 2)
    return CircuitBreaker(failures, openings, now + delay_s, not_before)


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds that a `Retry-After` field asks for (RFC 9110 §10.2.3), at most a day.

    Returns None for a value that is neither seconds nor an HTTP-date.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), _MAX_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - datetime.fromtimestamp(now, UTC)).total_seconds()
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER_S)


def _jittered_delay_s(repetition: int, max_s: float, policy: RetryPolicy, jitter: float) -> float:
    longest_s = min(max_s, policy.window_s * _BASE_SHARE * 2.0 ** min(repetition - 1, 60))
    return max(_MIN_DELAY_S, jitter * longest_s)
