"""What follows from the outcome of a ping: done, again, or given up. Pure: the clock and chance are arguments.

A 2xx proves nothing about delivery, and a 4xx may only mean that nobody subscribes yet: hubs differ, so a refusal
is tried a few times, and nothing is dropped without a word.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

State = Literal["due", "delivered", "retrying", "refused", "unverified", "failed"]
"""How a delivery stands. `refused` and `retrying` are tried again, `unverified` waits for the public feed."""

_RETRIED_STATUS = frozenset({408, 425, 429})  # RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4
_REFUSALS = 4  # tries of a ping that is refused: a hub may refuse until somebody subscribes
_FAILURES_TO_OPEN = 5
_LONGEST_RETRY_AFTER_S = 24 * 3600.0
_LEAST_DELAY_S = 0.05
# Shares of the window: at 72 hours the first delay is up to 30 seconds, the longest 6 hours, a breaker's 1 hour.
_BASE_SHARE, _CAP_SHARE, _BREAKER_CAP_SHARE = 1 / 8640, 1 / 12, 1 / 72
_CHECK_BASE_S, _CHECK_CAP_S, _CHECK_GROWTH = 5.0, 60.0, 1.5


class Policy(NamedTuple):
    """How long a ping is tried: at least so many attempts, over at least so long.

    `verify_timeout_s` bounds the wait for the public feed; then the ping goes out, or fails with `unverified_fails`.
    """

    attempts: int = 12
    window_s: float = 72 * 3600.0
    verify_timeout_s: float = 600.0
    unverified_fails: bool = False


class Outcome(NamedTuple):
    """What came of one try. Without a `status` there was no answer, and `error` says why.

    `unseen` means that nothing was sent, as the public feed does not show the bytes just built.
    """

    status: int | None = None
    error: str = ""
    retry_after_s: float | None = None
    seconds: float = 0.0
    unseen: bool = False


class Decision(NamedTuple):
    """What is to be done: the new state, and after how many seconds to try again, if at all."""

    state: State
    delay_s: float = 0.0


class Breaker(NamedTuple):
    """What is known of a hub's health. Times are seconds since 1970.

    It opens after some failures in a row, each time for longer; when that time is over, one ping probes the hub.
    `not_before` is what the hub itself asked for (`Retry-After`).
    """

    failures: int = 0
    openings: int = 0
    open_until: float = 0.0
    not_before: float = 0.0

    def is_probing(self) -> bool:
        """Whether only one ping may go: the breaker opened, and nothing was delivered since."""
        return self.openings > 0

    def waits_until(self) -> float:
        """The time before which no ping may go."""
        return max(self.open_until, self.not_before)


def decide(outcome: Outcome, attempts: int, age_s: float, policy: Policy, jitter: float) -> Decision:
    """What follows from an outcome.

    `attempts` counts this one; `age_s` is how long ago the first was (of checks, when the outcome is `unseen`);
    `jitter` is a random number from 0 to 1.
    """
    if outcome.unseen:
        if age_s >= policy.verify_timeout_s:
            return Decision("failed")
        delay_s = min(_CHECK_CAP_S, _CHECK_BASE_S * _CHECK_GROWTH ** min(attempts, 10), policy.verify_timeout_s)
        return Decision("unverified", delay_s)
    match classify(outcome.status):
        case "delivered":
            return Decision("delivered")
        case "refused":
            again = attempts < min(_REFUSALS, policy.attempts)
        case _:
            again = attempts < policy.attempts or age_s < policy.window_s
    if not again:
        return Decision("failed")
    state: State = "refused" if classify(outcome.status) == "refused" else "retrying"
    asked_s = min(outcome.retry_after_s or 0.0, _LONGEST_RETRY_AFTER_S)
    return Decision(state, max(asked_s, backoff_s(attempts, policy, jitter)))


def classify(status: int | None) -> Literal["delivered", "retrying", "refused"]:
    """What a hub's answer means; no answer is as good as a 5xx. Redirects that are not followed are refusals."""
    if status is None or status >= 500 or status in _RETRIED_STATUS:
        return "retrying"
    return "delivered" if 200 <= status < 300 else "refused"


def backoff_s(attempts: int, policy: Policy, jitter: float) -> float:
    """Exponential, with full jitter: pings that failed together must not come back together."""
    return _spread(attempts, policy.window_s * _CAP_SHARE, policy, jitter)


def after(breaker: Breaker, outcome: Outcome, now: float, policy: Policy, jitter: float) -> Breaker:
    """The breaker after an outcome at a time."""
    if outcome.unseen:
        return breaker
    if classify(outcome.status) != "retrying":
        return Breaker(not_before=breaker.not_before)
    not_before = max(breaker.not_before, now + min(outcome.retry_after_s or 0.0, _LONGEST_RETRY_AFTER_S))
    failures = breaker.failures + 1
    if failures < _FAILURES_TO_OPEN or breaker.open_until > now:  # pings that were under way when it opened
        return breaker._replace(failures=failures, not_before=not_before)
    openings = breaker.openings + 1
    # Half of it is certain: a breaker that closes at once is none.
    wait_s = _spread(openings, policy.window_s * _BREAKER_CAP_SHARE, policy, (1 + jitter) / 2)
    return Breaker(failures, openings, now + wait_s, not_before)


def retry_after_s(value: str | None, now: float) -> float | None:
    """The seconds that a `Retry-After` field asks for, in either form (RFC 9110 §10.2.3); None if it has neither."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), _LONGEST_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - datetime.fromtimestamp(now, UTC)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_S)


def _spread(times: int, cap_s: float, policy: Policy, jitter: float) -> float:
    longest = min(cap_s, policy.window_s * _BASE_SHARE * 2.0 ** min(times - 1, 60))
    return max(_LEAST_DELAY_S, jitter * longest)
