"""What is the matter with the deliveries to a hub. Pure: rows of the outbox and the time are arguments.

Theory of operation

The condition of a hub is that of its worst unacknowledged delivery: one that the hub did not answer weighs more than
one that it refused. But a hub that accepted another ping after that failure delivers, and the failed one is merely
tried again. A delivery whose public copy is not the built document waits for the site, and says nothing about the hub.
One that is due, and that no process has leased for minutes, waits for a sender: no worker runs, nor does cron.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from ..store.outbox_rows import HubTimes, WaitingDelivery
from ..websub.breaker import CircuitBreaker
from ..websub.retry import RetryPolicy, classify
from .reasons import explain, is_about_site, is_unreachable

Condition = Literal["delivers", "idle", "unsent", "stale", "site", "limits", "refuses", "fails", "unreachable"]
"""The condition of a hub, from good to bad: it delivers; no ping was tried yet; nothing sends the pings;
they wait for a site that does not show the built documents, or that cannot be reached; the hub asks to wait; it
refuses; it answers with errors; it does not answer."""

_ORDER: tuple[Condition, ...] = (
    "delivers", "idle", "unsent", "stale", "site", "limits", "refuses", "fails", "unreachable",
)  # fmt: skip
_OVERDUE_S = 600.0  # more than the time between two runs of cron
_ARCHIVE = re.compile(r"/archive/[^/]+$")


class HubDiagnosis(NamedTuple):
    """The condition of a hub, why, and since when; with the feeds that wait, and those that were given up.

    Times are seconds: from now on (`next_try_s`, `retries_end_s`, `blocked_s`), or until now (`since_s`, `oldest_s`,
    `delivered_s`: since the last acknowledgement).
    `overdue_s` is for how long a delivery has been due that nothing sends, or 0.
    """

    hub_url: str
    condition: Condition
    reason: str
    topic_url: str
    since_s: float | None
    waiting: tuple[str, ...]
    waiting_pings: int
    given_up: tuple[str, ...]
    given_up_pings: int
    oldest_s: float
    delivered_s: float | None
    next_try_s: float | None
    retries_end_s: float | None
    blocked_s: float
    is_breaker_open: bool
    overdue_s: float

    @property
    def severity(self) -> int:
        """The place of the condition, from good to bad."""
        return _ORDER.index(self.condition)


def diagnose(
    times: HubTimes,
    deliveries: Sequence[WaitingDelivery],
    breaker: CircuitBreaker,
    policy: RetryPolicy,
    now: float,
) -> HubDiagnosis:
    """Return what is the matter with a hub, from its unacknowledged deliveries."""
    active = [one for one in deliveries if one.state != "failed"]
    failed = [one for one in deliveries if one.state == "failed"]
    condition, worst = _condition(times, deliveries)
    overdue_s = _overdue_s(active, breaker, now)
    if condition == "delivers" and overdue_s:
        condition = "unsent"
    elif condition == "delivers" and times.acknowledged_at is None:
        condition = "idle"
    elif condition == "fails" and breaker.not_before > now and not breaker.is_half_open():
        condition = "limits"  # 503 with Retry-After
    blocked_until = breaker.blocked_until()
    next_try_at = min((max(one.next_attempt_at, blocked_until) for one in active), default=None)
    ends = [_retries_end_at(one, policy) for one in active if one.state in {"retrying", "refused"}]
    since = _since(condition, times, deliveries)
    return HubDiagnosis(
        hub_url=times.hub_url,
        condition=condition,
        reason="" if worst is None else _reason(worst),
        topic_url="" if worst is None else worst.topic_url,
        since_s=None if since is None else max(0.0, now - since),
        waiting=feeds_of(one.path for one in active),
        waiting_pings=len(active),
        given_up=feeds_of(one.path for one in failed),
        given_up_pings=len(failed),
        oldest_s=max((now - one.pending_since for one in deliveries), default=0.0),
        delivered_s=None if times.acknowledged_at is None else max(0.0, now - times.acknowledged_at),
        next_try_s=None if next_try_at is None else max(0.0, next_try_at - now),
        retries_end_s=max(0.0, min(ends) - now) if ends else None,
        blocked_s=max(0.0, blocked_until - now),
        is_breaker_open=breaker.is_half_open(),
        overdue_s=overdue_s,
    )


def feeds_of(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the feeds that documents belong to: their folders, where archives belong to their feed."""
    return tuple(dict.fromkeys(_ARCHIVE.sub("", path.rpartition("/")[0]) or path for path in paths))


def _condition(times: HubTimes, deliveries: Sequence[WaitingDelivery]) -> tuple[Condition, WaitingDelivery | None]:
    """Return the condition of a hub, and the delivery that it follows from."""
    failed = sorted(((_ORDER.index(_condition_of(one)), one) for one in deliveries), key=lambda each: -each[0])
    has_accepted_since = times.acknowledged_at is not None and times.failing_since is None
    for order, worst in failed:
        if not (_ORDER[order] in {"limits", "fails", "unreachable"} and has_accepted_since):
            return _ORDER[order], worst if order else _first_failed(failed)
    return "delivers", _first_failed(failed)


def _first_failed(ordered: Sequence[tuple[int, WaitingDelivery]]) -> WaitingDelivery | None:
    return ordered[0][1] if ordered and ordered[0][0] else None


def _overdue_s(active: Sequence[WaitingDelivery], breaker: CircuitBreaker, now: float) -> float:
    """Return for how long the delivery has been due that no process has leased, if that is long; else 0."""
    due = [max(one.next_attempt_at, breaker.blocked_until()) for one in active if one.leased_until <= now]
    overdue_s = now - min(due, default=now)
    return overdue_s if overdue_s > _OVERDUE_S else 0.0


def _condition_of(delivery: WaitingDelivery) -> Condition:
    """Return the condition that the last attempt of one delivery shows; `delivers` if there was none."""
    status, error = delivery.status, delivery.error
    if delivery.state == "unverified" or is_about_site(error):
        return "site" if is_unreachable(None, error) else "stale"
    if status is None:
        return "unreachable" if error else "delivers"
    match classify(status):
        case "delivered":
            return "delivers"
        case "refused":
            return "refuses"
        case "retrying":
            return "limits" if status == 429 else "fails"


def _reason(delivery: WaitingDelivery) -> str:
    if delivery.state == "unverified" or is_about_site(delivery.error):
        if is_unreachable(None, delivery.error):
            return explain(delivery.topic_url, None, delivery.error)
        return delivery.error
    return explain(delivery.hub_url, delivery.status, delivery.error)


def _since(condition: Condition, times: HubTimes, deliveries: Sequence[WaitingDelivery]) -> float | None:
    """Return when a condition began, as far as it is recorded."""
    match condition:
        case "delivers" | "idle" | "limits":
            return None
        case "unsent":
            return min(one.next_attempt_at for one in deliveries)
        case "stale" | "site":
            began = [one.first_check_at or one.pending_since for one in deliveries]
        case "refuses" | "fails" | "unreachable":
            began = [one.first_attempt_at for one in deliveries if one.first_attempt_at is not None]
            if times.failing_since is not None:
                began.append(times.failing_since)
    return min(began, default=None)


def _retries_end_at(delivery: WaitingDelivery, policy: RetryPolicy) -> float:
    """Return when a delivery may be given up; that takes longer while it has had too few attempts."""
    began = delivery.first_attempt_at or delivery.next_attempt_at
    window_s = policy.refusal_window_s if delivery.state == "refused" else policy.window_s
    return max(began + window_s, delivery.next_attempt_at)
