"""Decisions about outcomes, as tables; whole schedules, as properties."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syndicate.websub.retry import (
    Outcome,
    RetryPolicy,
    backoff_s,
    classify,
    decide,
    is_throttled,
    parse_retry_after,
)

POLICY = RetryPolicy()
HOUR_S, DAY_S = 3600.0, 86400.0
LONGEST_S = 6 * HOUR_S  # the longest delay with a window of 72 hours
NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()

OK, REFUSED, BUSY, NO_ANSWER = Outcome(204), Outcome(410), Outcome(503), Outcome(error="timed out")
STALE = "the public copy has other bytes than the built document"
UNVERIFIED = Outcome(error=STALE, unverified=True)
SENT_UNVERIFIED = Outcome(202, stale=STALE)
FAILURES = st.sampled_from([BUSY, NO_ANSWER, Outcome(500), Outcome(408), Outcome(425), Outcome(429), Outcome(599)])
OUTCOMES = st.one_of(
    FAILURES,
    st.sampled_from([OK, REFUSED, UNVERIFIED, SENT_UNVERIFIED]),
    st.builds(Outcome, st.sampled_from([429, 503]), retry_after_s=st.floats(0, 1e9)),
)
JITTER = st.floats(0, 1)


@pytest.mark.parametrize(
    ("statuses", "meaning"),
    [
        ((200, 201, 202, 204, 299), "delivered"),
        ((None, 408, 425, 429, 500, 502, 503, 504, 599), "retrying"),
        ((100, 199, 300, 301, 302, 303, 304, 307, 308), "refused"),
        ((400, 401, 403, 404, 405, 410, 413, 422, 424, 426, 428, 430, 499), "refused"),
    ],
)
def test_status_is_delivered_retrying_or_refused(statuses: tuple[int | None, ...], meaning: str) -> None:
    assert {status: classify(status) for status in statuses} == dict.fromkeys(statuses, meaning)


class Row(NamedTuple):
    """A case: the outcome of an attempt, its number, its age, the decision, and the delays at jitter 0, 0.5 and 1."""

    outcome: Outcome
    attempts: int
    age_s: float
    state: str
    delays_s: tuple[float, float, float] = (0.0, 0.0, 0.0)


LAST = (0.05, LONGEST_S / 2, LONGEST_S)
FIRST = (0.05, 15.0, 30.0)
ROWS = [
    Row(OK, 1, 0, "delivered"),
    Row(OK, 50, 90 * DAY_S, "delivered"),
    # Full jitter; the longest delay doubles up to 6 hours.
    Row(BUSY, 1, 0, "retrying", FIRST),
    Row(BUSY, 2, 60, "retrying", (0.05, 30.0, 60.0)),
    Row(NO_ANSWER, 5, 600, "retrying", (0.05, 240.0, 480.0)),
    Row(NO_ANSWER, 10, HOUR_S, "retrying", (0.05, 7680.0, 15360.0)),
    Row(BUSY, 11, HOUR_S, "retrying", LAST),
    # A delivery fails after both twelve attempts and 72 hours.
    Row(BUSY, 11, 72 * HOUR_S, "retrying", LAST),
    Row(BUSY, 1, 1000 * DAY_S, "retrying", FIRST),
    Row(BUSY, 12, 72 * HOUR_S - 0.001, "retrying", LAST),
    Row(BUSY, 10**6, 72 * HOUR_S - 0.001, "retrying", LAST),
    Row(BUSY, 12, 72 * HOUR_S, "failed"),
    Row(NO_ANSWER, 12, 72 * HOUR_S, "failed"),
    Row(Outcome(503, retry_after_s=60), 12, 72 * HOUR_S, "failed"),
    # A refusal is retried ever more rarely, for a third of the window.
    Row(REFUSED, 1, 0, "refused", (15.0, 22.5, 30.0)),
    Row(REFUSED, 4, 600, "refused", (120.0, 180.0, 240.0)),
    Row(REFUSED, 11, 1000 * DAY_S, "refused", (LONGEST_S / 2, LONGEST_S * 0.75, LONGEST_S)),
    Row(REFUSED, 12, 24 * HOUR_S - 0.001, "refused", (LONGEST_S / 2, LONGEST_S * 0.75, LONGEST_S)),
    Row(REFUSED, 12, 24 * HOUR_S, "failed"),
    Row(Outcome(301, "redirects to https://h/"), 12, 24 * HOUR_S, "failed"),
    # `Retry-After` is a minimum, of at most a day. A hub that throttles is pinged again soon.
    Row(Outcome(503, retry_after_s=20), 1, 0, "retrying", (20.0, 20.0, 20.0)),
    Row(Outcome(429, retry_after_s=120), 1, 0, "retrying", (120.0, 120.0, 120.0)),
    Row(Outcome(429), 1, 0, "retrying", (0.05, 0.5, 1.0)),
    Row(Outcome(429, retry_after_s=1), 6, 0, "retrying", (1.0, 16.0, 32.0)),
    Row(Outcome(503, retry_after_s=0), 1, 0, "retrying", FIRST),
    Row(Outcome(500, retry_after_s=20), 1, 0, "retrying", (20.0, 20.0, 30.0)),
    Row(Outcome(503, retry_after_s=10 * DAY_S), 1, 0, "retrying", (DAY_S, DAY_S, DAY_S)),
    Row(Outcome(404, retry_after_s=120), 1, 0, "refused", (120.0, 120.0, 120.0)),
    # Nothing was sent: the public copy is checked soon, and later ever more rarely. Jitter lengthens the delay.
    Row(UNVERIFIED, 0, 0, "unverified", (0.2, 0.225, 0.25)),
    Row(UNVERIFIED, 1, 0.2, "unverified", (0.4, 0.45, 0.5)),
    Row(UNVERIFIED, 4, 3, "unverified", (3.2, 3.6, 4.0)),
    Row(UNVERIFIED, 10, 100, "unverified", (60.0, 67.5, 75.0)),
    Row(UNVERIFIED, 10, 570, "unverified", (30.0, 30.0, 30.0)),  # not later than `verify_timeout_s`
    Row(UNVERIFIED, 17, 600, "unverified", (75.0, 84.375, 93.75)),
    Row(UNVERIFIED, 40, 2 * HOUR_S, "unverified", (900.0, 1012.5, 1125.0)),
    Row(UNVERIFIED, 10**6, 71 * HOUR_S, "unverified", (HOUR_S, 1.125 * HOUR_S, 1.25 * HOUR_S)),
    Row(UNVERIFIED, 10**6, 72 * HOUR_S, "failed"),
    Row(UNVERIFIED, 19, 1000 * DAY_S, "unverified", (HOUR_S, 1.125 * HOUR_S, 1.25 * HOUR_S)),  # a clock jumped
    # A ping that was accepted before the public copy was right is not delivered.
    Row(SENT_UNVERIFIED, 17, 600, "unverified", (75.0, 84.375, 93.75)),
    Row(SENT_UNVERIFIED, 10**6, 72 * HOUR_S, "failed"),
    Row(Outcome(503, stale=STALE), 1, 0, "retrying", FIRST),
    Row(Outcome(404, stale=STALE), 1, 0, "refused", (15.0, 22.5, 30.0)),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.outcome.status}-{row.attempts}-{row.age_s}-{row.state}")
def test_decision_has_state_and_delay(row: Row) -> None:
    decisions = [decide(row.outcome, row.attempts, row.age_s, POLICY, jitter) for jitter in (0.0, 0.5, 1.0)]
    assert {decision.state for decision in decisions} == {row.state}
    assert tuple(decision.delay_s for decision in decisions) == pytest.approx(row.delays_s)


@pytest.mark.parametrize(
    ("policy", "outcome", "attempts", "age_s", "state"),
    [
        (RetryPolicy(attempts=12, window_s=30), REFUSED, 11, 10, "refused"),
        (RetryPolicy(attempts=12, window_s=30), REFUSED, 12, 9.9, "refused"),
        (RetryPolicy(attempts=12, window_s=30), REFUSED, 12, 10, "failed"),
        (RetryPolicy(attempts=100, window_s=30), REFUSED, 100, 10, "failed"),
        (RetryPolicy(attempts=1), REFUSED, 1, 0, "failed"),
        (RetryPolicy(attempts=2, window_s=33), REFUSED, 1, 1, "refused"),
        (RetryPolicy(attempts=2, window_s=33), REFUSED, 2, 0.9, "refused"),
        (RetryPolicy(attempts=2, window_s=33), REFUSED, 2, 1, "failed"),
        (RetryPolicy(attempts=1, window_s=10), BUSY, 1, 9, "retrying"),
        (RetryPolicy(attempts=1, window_s=10), BUSY, 1, 10, "failed"),
        (RetryPolicy(attempts=20, window_s=10), BUSY, 19, 1000, "retrying"),
        (RetryPolicy(verify_timeout_s=2), UNVERIFIED, 0, 1.9, "unverified"),
        (RetryPolicy(verify_timeout_s=2), UNVERIFIED, 0, 2, "unverified"),
        (RetryPolicy(verify_timeout_s=2, unverified_fails=True), UNVERIFIED, 0, 1.9, "unverified"),
        (RetryPolicy(verify_timeout_s=2, unverified_fails=True), UNVERIFIED, 0, 2, "failed"),
        (RetryPolicy(verify_timeout_s=2, window_s=60), SENT_UNVERIFIED, 20, 60, "failed"),
    ],
)
def test_policy_bounds_attempts_and_time(
    policy: RetryPolicy, outcome: Outcome, attempts: int, age_s: float, state: str
) -> None:
    assert decide(outcome, attempts, age_s, policy, 0.5).state == state


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(429), True),
        (Outcome(429, retry_after_s=1), True),
        (Outcome(503, retry_after_s=1), True),
        (Outcome(503), False),
        (Outcome(503, retry_after_s=0), False),
        (Outcome(500, retry_after_s=1), False),
        (OK, False),
    ],
)
def test_hub_throttles_with_429_or_with_503_and_retry_after(outcome: Outcome, expected: bool) -> None:  # noqa: FBT001
    assert is_throttled(outcome) == expected


# ----------------------------------------------------------------------------------------------------------- schedules


def _schedule(outcomes: random.Random, chance: random.Random, policy: RetryPolicy) -> tuple[list[float], list[float]]:
    """Return the ages of all attempts at a hub that always fails, and the delays between them."""
    ages, delays = [0.0], []
    while len(ages) < 100_000:
        outcome = outcomes.choice([BUSY, NO_ANSWER, Outcome(500), Outcome(429, retry_after_s=outcomes.uniform(0, 600))])
        decision = decide(outcome, len(ages), ages[-1], policy, chance.random())
        if decision.state == "failed":
            return ages, delays
        assert decision.state == "retrying"
        delays.append(decision.delay_s)
        ages.append(ages[-1] + decision.delay_s)
    raise AssertionError("the delivery never failed")


@given(seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=200, derandomize=True)
def test_any_schedule_has_twelve_attempts_over_72_hours_and_an_end(seed: int) -> None:
    ages, delays = _schedule(random.Random(seed), random.Random(seed + 1), POLICY)
    assert len(ages) >= 12
    assert 72 * HOUR_S <= ages[-1] <= 72 * HOUR_S + 12 * LONGEST_S
    assert all(0 < delay <= LONGEST_S for delay in delays)
    assert len(ages) < 200


@given(seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=100, derandomize=True)
def test_refusals_are_retried_ever_more_rarely_for_a_day(seed: int) -> None:
    chance, ages, delays = random.Random(seed), [0.0], list[float]()
    while (decision := decide(REFUSED, len(ages), ages[-1], POLICY, chance.random())).state == "refused":
        delays.append(decision.delay_s)
        ages.append(ages[-1] + decision.delay_s)
    assert ages[-1] >= 24 * HOUR_S
    assert 12 <= len(ages) <= 20
    assert all(2 * later >= earlier for earlier, later in itertools.pairwise(delays))
    assert ages[3] < 300  # the first ones follow soon


def test_public_copy_is_looked_for_often_at_first_and_for_72_hours() -> None:
    ages = [0.0]
    while (decision := decide(UNVERIFIED, len(ages) - 1, ages[-1], POLICY, 0.0)).state == "unverified":
        ages.append(ages[-1] + decision.delay_s)
    assert ages[:5] == pytest.approx([0.0, 0.2, 0.6, 1.4, 3.0])
    assert 600.0 in ages
    assert len(ages) < 150
    assert 72 * HOUR_S <= ages[-1] <= 73 * HOUR_S


@given(seed=st.integers(0, 2**32), attempts=st.integers(1, 40), window_s=st.floats(1, 1e6))
@settings(deadline=None, max_examples=100, derandomize=True)
def test_schedule_has_at_least_the_attempts_and_window_of_its_policy(seed: int, attempts: int, window_s: float) -> None:
    policy = RetryPolicy(attempts=attempts, window_s=window_s)
    ages, delays = _schedule(random.Random(seed), random.Random(seed), policy)
    assert len(ages) >= attempts
    assert ages[-1] >= window_s
    assert min(delays) > 0


@given(outcome=OUTCOMES, attempts=st.integers(0, 10**9), age_s=st.floats(0, 1e12), jitter=JITTER)
@example(outcome=BUSY, attempts=10**9, age_s=0, jitter=1.0)
@example(outcome=UNVERIFIED, attempts=10**9, age_s=0, jitter=1.0)
@settings(derandomize=True)
def test_delay_is_bounded_and_never_negative(outcome: Outcome, attempts: int, age_s: float, jitter: float) -> None:
    decision = decide(outcome, attempts, age_s, POLICY, jitter)
    waits = decision.state in {"retrying", "refused", "unverified"}
    assert decision.delay_s <= POLICY.longest_delay_s
    assert (decision.delay_s > 0) == waits
    assert decision.delay_s <= max(LONGEST_S, min(outcome.retry_after_s or 0, DAY_S))


@given(attempts=st.integers(1, 10**6), jitter=JITTER)
@settings(derandomize=True)
def test_backoff_grows_with_attempts_and_with_jitter(attempts: int, jitter: float) -> None:
    delay_s = backoff_s(attempts, POLICY, jitter)
    assert delay_s <= backoff_s(attempts + 1, POLICY, jitter) <= LONGEST_S
    assert delay_s <= backoff_s(attempts, POLICY, 1.0)


# --------------------------------------------------------------------------------------------------------- Retry-After


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        ("120", 120.0),
        (" 120\t", 120.0),
        ("0", 0.0),
        ("007", 7.0),
        ("86401", DAY_S),
        ("9" * 5000, DAY_S),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120.0),  # IMF-fixdate
        ("Thursday, 01-Jan-26 00:02:00 GMT", 120.0),  # RFC 850
        ("Thu Jan  1 00:02:00 2026", 120.0),  # asctime
        ("Thu, 01 Jan 2026 01:02:00 +0100", 120.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0.0),
        ("Sun Nov  6 08:49:37 1994", 0.0),
        ("Thu, 01 Jan 2026 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY_S),
    ],
)
def test_retry_after_is_parsed_in_every_form(field: str, seconds: float) -> None:
    assert parse_retry_after(field, NOW) == seconds


@pytest.mark.parametrize(
    "field",
    [None, "", " ", "soon", "-5", "+5", "1.5", "1e3", "0x10", "1_000", "120, 60", "120s", "٣", "१२०", "²", "½",
     "\uff11\uff12\uff10", "nan", "inf",
     "2026-01-01T00:02:00Z", "Thu, 99 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 99999 00:00:00 GMT",
     "Thu, 01 Jan 2026 00:00:00 +9999", "Thu, 01 Jan 2026 25:00:00 GMT", "\x00", "1\x002", ",", ", ,", "GMT"],
)  # fmt: skip
def test_retry_after_that_is_neither_seconds_nor_a_date_is_none(field: str | None) -> None:
    assert parse_retry_after(field, NOW) is None


@given(field=st.one_of(st.text(), st.text("0123456789 ,:-+GMTJanThu", max_size=40)), now=st.floats(0, 4e9))
@example(field="Mon, 01 Jan 1900 00:00:00 -2359", now=0.0)
@example(field="Fri, 31 Dec 9999 23:59:59 -2359", now=0.0)
@settings(derandomize=True, max_examples=500)
def test_retry_after_of_any_text_is_none_or_at_most_a_day(field: str, now: float) -> None:
    seconds = parse_retry_after(field, now)
    assert seconds is None or 0 <= seconds <= DAY_S


@given(seconds=st.integers(0, 2 * 86400), form=st.sampled_from(["%a, %d %b %Y", "%A, %d-%b-%y"]))
@settings(derandomize=True)
def test_date_and_seconds_are_equivalent(seconds: int, form: str) -> None:
    moment = datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=seconds)
    assert parse_retry_after(moment.strftime(f"{form} %H:%M:%S GMT"), NOW) == parse_retry_after(str(seconds), NOW)
