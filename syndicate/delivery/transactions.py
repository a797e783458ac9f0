"""The transactions of a dispatcher: each reads the outbox, decides by the rules of websub.retry, and writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from ..store.outbox_rows import (
    Acknowledgement,
    AttemptRow,
    Delivery,
    FailedAttempt,
    FailedCheck,
    HubHealth,
)
from ..store.repositories import Outbox
from ..websub import retry
from ..websub.retry import CircuitBreaker, Decision, Outcome, RetryPolicy


class Attempt(NamedTuple):
    """A leased delivery, the outcome of its attempt, and when the attempt began."""

    delivery: Delivery
    outcome: Outcome
    started_at: float

    @property
    def ended_at(self) -> float:
        """The time at which the hub answered, or did not."""
        return self.started_at + self.outcome.duration_s


class DeliveryResult(NamedTuple):
    """An attempt, and the decision that follows from it."""

    attempt: Attempt
    decision: Decision


def lease_due(outbox: Outbox, owner: str, capacity: Mapping[str, int], now: float, lease_s: float) -> list[Delivery]:
    """Lease due deliveries, at most `capacity` of each hub: none of a blocked one, one of a half-open one.

    A half-open hub gets its probe only when no other delivery to it is under lease: that one may be the probe, or it
    was sent before the breaker opened, and its outcome decides.
    """
    breakers = read_breakers(outbox, capacity)
    available = [hub for hub, most in capacity.items() if most > 0 and breakers[hub].blocked_until() <= now]
    half_open = {hub for hub in available if breakers[hub].is_half_open()}
    leased = outbox.leased_hubs(half_open, now) if half_open else set()
    quotas = {hub: 1 if hub in half_open else capacity[hub] for hub in available if hub not in leased}
    return outbox.lease(owner, quotas, now, now + lease_s)


def record_attempts(
    outbox: Outbox, owner: str, attempts: Iterable[Attempt], policy: RetryPolicy, jitter: Callable[[], float]
) -> list[DeliveryResult]:
    """Decide about attempts, and record the decisions and the circuit breakers of their hubs.

    A hub's acknowledgement counts even if the lease belongs to another owner by now.
    """
    results = [DeliveryResult(attempt, _decide(attempt, policy, jitter())) for attempt in attempts]
    breakers = read_breakers(outbox, {result.attempt.delivery.hub_url for result in results})
    for attempt, _ in results:
        hub_url = attempt.delivery.hub_url
        breaker = breakers[hub_url]
        breakers[hub_url] = retry.update_breaker(breaker, attempt.outcome, attempt.ended_at, policy, jitter())
    outbox.put_hub_health(HubHealth(hub_url=hub_url, **breaker._asdict()) for hub_url, breaker in breakers.items())
    sent = [result for result in results if not result.attempt.outcome.unverified]
    unsent = [result for result in results if result.attempt.outcome.unverified]
    outbox.acknowledge(owner, [_acknowledgement(one.attempt) for one in sent if one.decision.state == "delivered"])
    outbox.record_failed_attempts(owner, [_failed_attempt(one) for one in sent if one.decision.state != "delivered"])
    outbox.record_failed_checks(owner, [_failed_check(one) for one in unsent])
    outbox.add_attempts([_history_row(one) for one in sent])
    return results


def blocked_hubs(outbox: Outbox, hub_urls: Iterable[str], now: float) -> set[str]:
    """Return the hubs to which no ping may be sent now."""
    return {hub_url for hub_url, breaker in read_breakers(outbox, hub_urls).items() if breaker.blocked_until() > now}


def next_attempt_at(outbox: Outbox, hub_urls: Sequence[str]) -> float | None:
    """Return when the next delivery may be attempted: when it is due, without a lease, and its hub is not blocked."""
    breakers = read_breakers(outbox, hub_urls)
    times = [max(at, breakers[hub_url].blocked_until()) for hub_url, at in outbox.next_due(hub_urls).items()]
    return min(times, default=None)


def read_breakers(outbox: Outbox, hub_urls: Iterable[str]) -> dict[str, CircuitBreaker]:
    """Return the circuit breaker of each hub."""
    breakers = dict.fromkeys(hub_urls, CircuitBreaker())
    for row in outbox.hub_health(breakers):
        breakers[row.hub_url] = CircuitBreaker(
            failures=row.failures, openings=row.openings, open_until=row.open_until, not_before=row.not_before
        )
    return breakers


def _decide(attempt: Attempt, policy: RetryPolicy, jitter: float) -> Decision:
    delivery, outcome, started_at = attempt
    if outcome.unverified:
        number, first_at = delivery.checks, delivery.first_check_at
    else:
        number, first_at = delivery.attempts + 1, delivery.first_attempt_at
    return retry.decide(outcome, number, started_at - (first_at or started_at), policy, jitter)


def _acknowledgement(attempt: Attempt) -> Acknowledgement:
    delivery = attempt.delivery
    return Acknowledgement(
        hub_url=delivery.hub_url,
        topic_url=delivery.topic_url,
        generation=delivery.generation,
        digest=delivery.digest,
        acknowledged_at=attempt.ended_at,
        status=attempt.outcome.status,
    )


def _failed_attempt(result: DeliveryResult) -> FailedAttempt:
    attempt, decision = result
    return FailedAttempt(
        hub_url=attempt.delivery.hub_url,
        topic_url=attempt.delivery.topic_url,
        generation=attempt.delivery.generation,
        attempted_at=attempt.started_at,
        state=decision.state,
        next_attempt_at=attempt.ended_at + decision.delay_s,
        status=attempt.outcome.status,
        error=attempt.outcome.error,
    )


def _failed_check(result: DeliveryResult) -> FailedCheck:
    attempt, decision = result
    return FailedCheck(
        hub_url=attempt.delivery.hub_url,
        topic_url=attempt.delivery.topic_url,
        generation=attempt.delivery.generation,
        checked_at=attempt.started_at,
        state=decision.state,
        next_attempt_at=attempt.ended_at + decision.delay_s,
        error=attempt.outcome.error,
    )


def _history_row(result: DeliveryResult) -> AttemptRow:
    attempt, decision = result
    return AttemptRow(
        hub_url=attempt.delivery.hub_url,
        topic_url=attempt.delivery.topic_url,
        generation=attempt.delivery.generation,
        attempted_at=attempt.started_at,
        state=decision.state,
        status=attempt.outcome.status,
        error=attempt.outcome.error,
        duration_s=attempt.outcome.duration_s,
    )
