"""The circuit breaker of a hub: tables, and properties of whole histories."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.websub.breaker import CircuitBreaker, bound_times, requested_wait_s, update_breaker
from syndicate.websub.retry import Outcome, RetryPolicy

POLICY = RetryPolicy()
DAY_S, LONGEST_OPEN_S = 86400.0, 3600.0
NOW = 1_767_225_600.0

OK, REFUSED, BUSY, NO_ANSWER = Outcome(204), Outcome(410), Outcome(503), Outcome(error="timed out")
UNVERIFIED = Outcome(error="the public copy answers with status 404", unverified=True)
SENT_UNVERIFIED = Outcome(202, stale="the public copy answers with status 404")
THROTTLED = Outcome(429, retry_after_s=1)
OUTCOMES = st.one_of(
    st.sampled_from([OK, REFUSED, UNVERIFIED, SENT_UNVERIFIED, BUSY, NO_ANSWER, THROTTLED, Outcome(429)]),
    st.builds(Outcome, st.sampled_from([429, 500, 503]), retry_after_s=st.floats(0, 1e9)),
)
JITTER = st.floats(0, 1)


def _failed(times: int, at: float = NOW, breaker: CircuitBreaker = CircuitBreaker()) -> CircuitBreaker:  # noqa: B008 - immutable
    for _ in range(times):
        breaker = update_breaker(breaker, BUSY, at, POLICY, 0.5)
    return breaker


def test_breaker_opens_after_five_consecutive_failures() -> None:
    four = _failed(4)
    assert (four.is_half_open(), four.blocked_until()) == (False, NOW)
    five = update_breaker(four, NO_ANSWER, NOW, POLICY, 0.5)
    assert five.is_half_open()
    assert five.blocked_until() == pytest.approx(NOW + 0.75 * 30)  # half of the delay is not random
    assert update_breaker(four, BUSY, NOW, POLICY, 0.0).blocked_until() >= NOW + 15
    assert update_breaker(four, BUSY, NOW, POLICY, 1.0).blocked_until() <= NOW + 30


@pytest.mark.parametrize("between", [OK, REFUSED])
def test_breaker_counts_consecutive_failures_only(between: Outcome) -> None:
    breaker = update_breaker(_failed(4), between, NOW, POLICY, 0.5)
    assert not _failed(4, breaker=breaker).is_half_open()
    assert _failed(5, breaker=breaker).is_half_open()


def test_failures_in_flight_do_not_open_the_breaker_again() -> None:
    opened = _failed(5)
    later = _failed(20, at=opened.open_until - 0.001, breaker=opened)
    assert (later.openings, later.open_until) == (opened.openings, opened.open_until)


def test_each_failed_probe_opens_the_breaker_for_longer_up_to_a_bound() -> None:
    breaker, waits = _failed(5), []
    for _ in range(20):
        at = breaker.open_until
        breaker = update_breaker(breaker, BUSY, at, POLICY, 1.0)
        waits.append(breaker.open_until - at)
    assert waits == pytest.approx([min(60.0 * 2**n, LONGEST_OPEN_S) for n in range(20)])
    assert breaker.openings == 21


@pytest.mark.parametrize("outcome", [OK, REFUSED, Outcome(302), SENT_UNVERIFIED])
def test_any_answer_but_a_failure_closes_the_breaker(outcome: Outcome) -> None:
    closed = update_breaker(_failed(8), outcome, NOW + DAY_S, POLICY, 0.5)
    assert (closed.failures, closed.is_half_open()) == (0, False)
    assert closed.blocked_until() <= NOW + DAY_S


def test_unverified_delivery_does_not_change_the_breaker() -> None:
    for breaker in (CircuitBreaker(), _failed(3), _failed(9)):
        assert update_breaker(breaker, UNVERIFIED, NOW, POLICY, 0.5) == breaker


def test_retry_after_blocks_the_hub_even_if_another_ping_is_delivered() -> None:
    blocked = update_breaker(CircuitBreaker(), Outcome(503, retry_after_s=120), NOW, POLICY, 0.5)
    assert (blocked.is_half_open(), blocked.blocked_until()) == (False, NOW + 120)
    for outcome in (OK, REFUSED, UNVERIFIED, Outcome(503, retry_after_s=1), BUSY):
        assert update_breaker(blocked, outcome, NOW + 1, POLICY, 0.5).blocked_until() == NOW + 120
    assert _failed(5, breaker=blocked).blocked_until() == NOW + 120


@pytest.mark.parametrize("outcome", [THROTTLED, Outcome(503, retry_after_s=60), Outcome(429)])
def test_hub_that_throttles_only_waits(outcome: Outcome) -> None:
    for before in (CircuitBreaker(), _failed(4), _failed(5)):
        breaker = before
        for _ in range(100):
            breaker = update_breaker(breaker, outcome, NOW, POLICY, 0.5)
        assert breaker._replace(not_before=0) == before._replace(not_before=0)
        assert breaker.not_before == NOW + requested_wait_s(outcome)
    assert requested_wait_s(Outcome(429)) == 1


@pytest.mark.parametrize("days", [-30, 30])
def test_times_that_another_clock_set_are_over_now(days: int) -> None:
    """The times were set by a clock that differs from the present one."""
    then = NOW + days * DAY_S
    breaker = update_breaker(_failed(5, at=then), Outcome(503, retry_after_s=600), then, POLICY, 0.5)
    assert breaker.blocked_until() > then
    assert bound_times(breaker, NOW, POLICY).blocked_until() <= NOW
    assert bound_times(breaker, then, POLICY) == breaker


def test_retry_after_beyond_a_day_is_a_day() -> None:
    assert update_breaker(CircuitBreaker(), Outcome(503, retry_after_s=1e9), NOW, POLICY, 0.5).not_before == NOW + DAY_S


@given(history=st.lists(st.tuples(OUTCOMES, st.floats(0, DAY_S), JITTER), max_size=60))
@settings(derandomize=True)
def test_breaker_never_blocks_a_hub_for_more_than_a_day(history: list[tuple[Outcome, float, float]]) -> None:
    breaker, now = CircuitBreaker(), NOW
    for outcome, passed_s, jitter in history:
        now += passed_s
        before = breaker
        breaker = update_breaker(breaker, outcome, now, POLICY, jitter)
        assert breaker.open_until <= max(before.open_until, now + LONGEST_OPEN_S)
        assert before.not_before <= breaker.not_before <= max(before.not_before, now + DAY_S)
        assert breaker.failures >= 0 <= breaker.openings
