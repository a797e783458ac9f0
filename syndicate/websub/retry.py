"""The retry schedule of a delivery. Pure: clock and randomness are arguments.

Theory of operation

An attempt has an outcome, and an outcome leads to a decision.

- A 2xx status is a delivery, although it proves nothing about what the hub does next.
- No answer, 408, 425, 429 and 5xx are retried with exponential backoff and full jitter, until at least `attempts` pings
  were sent over at least `window_s`; then the delivery fails.
- 429 and 503 with `Retry-After` are *throttled*: the hub works, and only wants fewer pings. They are retried as soon as
  the hub asked for, and count for no failure of the hub.
- Every other status is a refusal. It may mean that nobody subscribes yet, that a key expired, or that the hub is being
  moved, so it is retried ever more rarely over at least a third of `window_s` (less if fewer than 12 attempts are
  configured), and again when the hub accepts another ping.
- A delivery that was not sent, as its public copy is stale, is checked again: at once, after 0.2, 0.4, 0.8 seconds, and
  then ever more rarely. After `verify_timeout_s` it is sent all the same or fails, by configuration. One that was sent
  and accepted *unverified* is checked until `window_s` is over, and is sent again when the public copy is right.

Nothing is dropped: a failed delivery stays in the outbox. Ages are differences of wall-clock times, and a clock may
jump. So an age alone never ends a delivery: a number of attempts or checks belongs to it.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

State = Literal["due", "delivered", "retrying", "refused", "unverified", "failed"]
"""The state of a delivery. `retrying`, `refused` and `unverified` deliveries are tried again; `failed` ones are not."""

RETRIED_STATUS = frozenset({408, 425, 429})
"""The 4xx that are retried like 5xx (RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4)."""

MAX_RETRY_AFTER_S = 24 * 3600.0
_THROTTLED_STATUS = frozenset({429, 503})
_THROTTLED_BASE_S = 1.0
_MIN_DELAY_S = 0.05
# Shares of the window: with 72 hours, the first delay is at most 30 seconds, the longest 6 hours, and refusals are
# retried for 24 hours.
_BASE_SHARE, _MAX_SHARE, _REFUSAL_SHARE = 1 / 8640, 1 / 12, 1 / 3
_REFUSAL_ATTEMPTS = 11  # after the first one; fewer configured attempts shorten the time in proportion
# Checks: 0.2 s, doubling up to a minute; once `verify_timeout_s` is over, an eighth of the age, up to an hour.
_CHECK_BASE_S, _CHECK_MAX_S, _CHECK_AGE_SHARE, _CHECK_MAX_SHARE = 0.2, 60.0, 1 / 8, 1 / 72
_MIN_CHECKS = 20


class RetryPolicy(NamedTuple):
    """The bounds of a retry schedule: at least `attempts` pings, over at least `window_s`.

    `verify_timeout_s` bounds the wait for the public copy. Then the ping is sent, or fails if `unverified_fails`.
    """

    attempts: int = 12
    window_s: float = 72 * 3600.0
    verify_timeout_s: float = 600.0
    unverified_fails: bool = False

    @property
    def refusal_window_s(self) -> float:
        """The least time for which refusals are retried: a third of the window, or less with fewer than 12 attempts."""
        return self.window_s * _REFUSAL_SHARE * min(1.0, (self.attempts - 1) / _REFUSAL_ATTEMPTS)

    @property
    def longest_delay_s(self) -> float:
        """The longest delay of any decision. A time that is further ahead was written under another clock."""
        return max(self.window_s * _MAX_SHARE, MAX_RETRY_AFTER_S, 2 * _CHECK_MAX_S)


class Outcome(NamedTuple):
    """The outcome of an attempt. `status` is None when there was no answer; `error` says why, or quotes the hub.

    `unverified` means that no ping was sent, as the public copy is not the built document. `stale` is the reason for
    which the public copy was not verified when a ping was sent all the same.
    """

    status: int | None = None
    error: str = ""
    retry_after_s: float | None = None
    duration_s: float = 0.0
    unverified: bool = False
    stale: str = ""


class Decision(NamedTuple):
    """The new state of a delivery, and the seconds until its next attempt, if there is one."""

    state: State
    delay_s: float = 0.0


def decide(outcome: Outcome, attempts: int, age_s: float, policy: RetryPolicy, jitter: float) -> Decision:
    """Return the decision that follows from an outcome.

    `attempts` counts this attempt; `age_s` is the time since the first one. For an outcome that `is_about_check`, both
    are of checks, and `attempts` counts the earlier ones only. `jitter` is a random number from 0 to 1.
    """
    if is_about_check(outcome):
        return _decide_about_check(attempts, age_s, policy, jitter)
    meaning = classify(outcome.status)
    if meaning == "delivered":
        return Decision("delivered")
    window_s = policy.refusal_window_s if meaning == "refused" else policy.window_s
    if attempts >= policy.attempts and age_s >= window_s:
        return Decision("failed")
    requested_s = min(outcome.retry_after_s or 0.0, MAX_RETRY_AFTER_S)
    return Decision(meaning, max(requested_s, _delay_s(outcome, meaning, attempts, policy, jitter)))


def is_about_check(outcome: Outcome) -> bool:
    """Return whether the state of the public copy decides: nothing was sent, or a hub accepted an unverified ping."""
    return outcome.unverified or (bool(outcome.stale) and classify(outcome.status) == "delivered")


def classify(status: int | None) -> Literal["delivered", "retrying", "refused"]:
    """Classify the answer of a hub. No answer counts as a 5xx; a redirect that is not followed is a refusal."""
    if status is None or status >= 500 or status in RETRIED_STATUS:
        return "retrying"
    return "delivered" if 200 <= status < 300 else "refused"


def is_throttled(outcome: Outcome) -> bool:
    """Return whether a hub that works asked for fewer pings: 429, or 503 with `Retry-After` (RFC 6585 §4)."""
    return outcome.status == 429 or (outcome.status in _THROTTLED_STATUS and bool(outcome.retry_after_s))


def backoff_s(attempts: int, policy: RetryPolicy, jitter: float) -> float:
    """Return an exponential delay with full jitter, so that pings that failed together do not return together."""
    return exponential_s(attempts, policy.window_s * _BASE_SHARE, policy.window_s * _MAX_SHARE, jitter)


def exponential_s(repetition: int, base_s: float, max_s: float, share: float) -> float:
    """Return a share of a delay that doubles with each repetition, from `base_s` up to `max_s`."""
    return max(_MIN_DELAY_S, share * min(max_s, base_s * 2.0 ** min(max(repetition - 1, 0), 60)))


def policy_base_s(policy: RetryPolicy) -> float:
    """Return the longest first delay of a policy, in seconds."""
    return policy.window_s * _BASE_SHARE


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds that a `Retry-After` field asks for (RFC 9110 §10.2.3), at most a day.

    Returns None for a value that is neither seconds nor an HTTP-date.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), MAX_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - datetime.fromtimestamp(now, UTC)).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def _delay_s(outcome: Outcome, meaning: str, attempts: int, policy: RetryPolicy, jitter: float) -> float:
    if is_throttled(outcome):
        return exponential_s(attempts, _THROTTLED_BASE_S, policy.window_s * _MAX_SHARE, jitter)
    # Half of the delay after a refusal is not random, so that refusals are repeated ever more rarely.
    return backoff_s(attempts, policy, (1 + jitter) / 2 if meaning == "refused" else jitter)


def _decide_about_check(checks: int, age_s: float, policy: RetryPolicy, jitter: float) -> Decision:
    is_over = age_s >= policy.verify_timeout_s
    if policy.unverified_fails:
        if is_over:
            return Decision("failed")
    elif age_s >= policy.window_s and checks >= _MIN_CHECKS:
        return Decision("failed")
    longest_s = _CHECK_MAX_S
    if is_over:
        longest_s = min(max(_CHECK_MAX_S, age_s * _CHECK_AGE_SHARE), policy.window_s * _CHECK_MAX_SHARE)
    delay_s = exponential_s(checks + 1, _CHECK_BASE_S, longest_s, 1 + jitter / 4)
    return Decision(
        "unverified", delay_s if is_over else max(_MIN_DELAY_S, min(delay_s, policy.verify_timeout_s - age_s))
    )
