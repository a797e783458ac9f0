"""The transactions of a dispatcher: each reads the outbox, decides by the rules of websub.retry, and writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from ..store.outbox_repository import Outbox
from ..store.outbox_rows import (
    NO_CACHES,
    Acknowledgement,
    AttemptRow,
    Caches,
    Delivery,
    FailedAttempt,
    FailedCheck,
    HubHealth,
    Revival,
    TimeBounds,
    UnverifiedAcceptance,
)
from ..websub import breaker as circuit
from ..websub import retry
from ..websub.breaker import CircuitBreaker
from ..websub.retry import Decision, Outcome, RetryPolicy
from .owner import Liveness, liveness

_REVIVAL_DELAY_S, _REVIVAL_AGE_SHARE = 30.0, 1 / 8


class Attempt(NamedTuple):
    """A leased delivery, the outcome of its attempt, and when the attempt began.

    `position` is the place of the topic URL in a request for several, which has one answer of the hub.
    """

    delivery: Delivery
    outcome: Outcome
    started_at: float
    position: int = 0

    @property
    def ended_at(self) -> float:
        """The time at which the hub answered, or did not."""
        return self.started_at + self.outcome.duration_s


class DeliveryResult(NamedTuple):
    """An attempt, and the decision that follows from it."""

    attempt: Attempt
    decision: Decision


def lease_due(
    outbox: Outbox, owner: str, capacity: Mapping[str, int], now: float, lease_s: float, caches: Caches = NO_CACHES
) -> list[Delivery]:
    """Lease due deliveries, at most `capacity` of each hub: none of a blocked one, one of a half-open one.

    Deliveries to hubs wait for the purges of their documents from caches.

    A half-open hub gets its probe only when no other delivery to it is under lease: that one may be the probe, or it
    was sent before the breaker opened, and its outcome decides.
    """
    breakers = read_breakers(outbox, capacity)
    available = [hub for hub, most in capacity.items() if most > 0 and breakers[hub].blocked_until() <= now]
    half_open = {hub for hub in available if breakers[hub].is_half_open()}
    leased = outbox.leased_hubs(half_open, now) if half_open else set()
    quotas = {hub: 1 if hub in half_open else capacity[hub] for hub in available if hub not in leased}
    return outbox.lease(owner, quotas, now, now + lease_s, caches)


def record_attempts(
    outbox: Outbox, owner: str, attempts: Iterable[Attempt], policy: RetryPolicy, jitter: Callable[[], float]
) -> list[DeliveryResult]:
    """Decide about attempts, and record the decisions and the circuit breakers of their hubs.

    A hub's acknowledgement counts even if the lease belongs to another owner by now.
    """
    results = [DeliveryResult(attempt, _decide(attempt, policy, jitter())) for attempt in attempts]
    breakers = read_breakers(outbox, {result.attempt.delivery.hub_url for result in results})
    for attempt, _ in results:
        if attempt.position == 0:
            hub_url = attempt.delivery.hub_url
            breaker = breakers[hub_url]
            breakers[hub_url] = circuit.update_breaker(breaker, attempt.outcome, attempt.ended_at, policy, jitter())
    _put_breakers(outbox, breakers)
    acknowledged, failed, unsent, unverified = _by_kind(results)
    outbox.acknowledge(owner, [_acknowledgement(one.attempt) for one in acknowledged])
    outbox.record_failed_attempts(owner, [_failed_attempt(one) for one in failed])
    outbox.record_failed_checks(owner, [_failed_check(one) for one in unsent])
    outbox.record_unverified_acceptances(owner, [_unverified_acceptance(one) for one in unverified])
    outbox.add_attempts([_history_row(one) for one in results if not one.attempt.outcome.unverified])
    return results


def maintain(
    outbox: Outbox,
    hub_urls: Sequence[str],
    now: float,
    policy: RetryPolicy,
    lease_s: float,
    liveness: Callable[[str], Liveness] = liveness,
) -> None:
    """End the leases of dead owners, and correct times that were written under another clock."""
    by_liveness: defaultdict[Liveness, list[str]] = defaultdict(list)
    for owner in outbox.lease_owners(hub_urls):
        by_liveness[liveness(owner)].append(owner)
    if dead := by_liveness["dead"]:
        outbox.release_owners(dead)
    bounds = TimeBounds(now, now + policy.longest_delay_s, now + lease_s, tuple(by_liveness["alive"]))
    outbox.bound_times(hub_urls, bounds)
    breakers = read_breakers(outbox, hub_urls)
    bounded = {hub_url: circuit.bound_times(breaker, now, policy) for hub_url, breaker in breakers.items()}
    _put_breakers(outbox, {hub_url: breaker for hub_url, breaker in bounded.items() if breaker != breakers[hub_url]})


def revive(outbox: Outbox, hub_urls: Iterable[str], now: float) -> None:
    """Try deliveries again that hubs refused or failed to accept, as these hubs have accepted another ping.

    A hub may also refuse some topics only, so each of its refusals is repeated ever more rarely nevertheless.
    """
    outbox.revive(hub_urls, Revival(now, _REVIVAL_DELAY_S, _REVIVAL_AGE_SHARE))


def blocked_hubs(outbox: Outbox, hub_urls: Iterable[str], now: float) -> set[str]:
    """Return the hubs to which no ping may be sent now."""
    return {hub_url for hub_url, breaker in read_breakers(outbox, hub_urls).items() if breaker.blocked_until() > now}


def next_attempt_at(outbox: Outbox, hub_urls: Sequence[str]) -> float | None:
    """Return when the next delivery may be attempted: when it is due, without a lease, and its hub is not blocked."""
    breakers = read_breakers(outbox, hub_urls)
    times = [max(at, breakers[hub_url].blocked_until()) for hub_url, at in outbox.next_due(hub_urls).items()]
    return min(times, default=None)


def next_attempt_soon_at(outbox: Outbox, hub_urls: Sequence[str], now: float) -> float | None:
    """Return when the next attempt follows that is not a retry: a check of a public copy, or after `Retry-After`."""
    breakers = read_breakers(outbox, hub_urls)
    throttling = [url for url, one in breakers.items() if one.not_before > now and not one.is_half_open()]
    times = [max(at, breakers[hub_url].not_before) for hub_url, at in outbox.next_due(throttling).items()]
    check_at = outbox.next_check(hub_urls)
    return min([*times, *([] if check_at is None else [check_at])], default=None)


def read_breakers(outbox: Outbox, hub_urls: Iterable[str]) -> dict[str, CircuitBreaker]:
    """Return the circuit breaker of each hub."""
    breakers = dict.fromkeys(hub_urls, CircuitBreaker())
    for row in outbox.hub_health(breakers):
        breakers[row.hub_url] = CircuitBreaker(
            failures=row.failures, openings=row.openings, open_until=row.open_until, not_before=row.not_before
        )
    return breakers


def _put_breakers(outbox: Outbox, breakers: Mapping[str, CircuitBreaker]) -> None:
    outbox.put_hub_health(HubHealth(hub_url=hub_url, **breaker._asdict()) for hub_url, breaker in breakers.items())


class _Results(NamedTuple):
    """Results by what is recorded about them."""

    acknowledged: list[DeliveryResult]
    failed: list[DeliveryResult]
    unsent: list[DeliveryResult]
    unverified: list[DeliveryResult]


def _by_kind(results: Iterable[DeliveryResult]) -> _Results:
    kinds = _Results([], [], [], [])
    for result in results:
        outcome, decision = result.attempt.outcome, result.decision
        if outcome.unverified:
            kinds.unsent.append(result)
        elif decision.state == "delivered":
            kinds.acknowledged.append(result)
        elif retry.is_about_check(outcome):
            kinds.unverified.append(result)
        else:
            kinds.failed.append(result)
    return kinds


def _decide(attempt: Attempt, policy: RetryPolicy, jitter: float) -> Decision:
    delivery, outcome, started_at, _ = attempt
    if retry.is_about_check(outcome):
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


def _unverified_acceptance(result: DeliveryResult) -> UnverifiedAcceptance:
    attempt, decision = result
    return UnverifiedAcceptance(
        hub_url=attempt.delivery.hub_url,
        topic_url=attempt.delivery.topic_url,
        generation=attempt.delivery.generation,
        accepted_at=attempt.ended_at,
        state=decision.state,
        next_attempt_at=attempt.ended_at + decision.delay_s,
        error=attempt.outcome.stale,
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
