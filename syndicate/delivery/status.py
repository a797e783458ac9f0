"""The state of deliveries, for people and monitors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog

from ..config import Config
from ..formats import HTML_PAGE, is_feed_document
from ..store.outbox_repository import Outbox
from ..store.outbox_rows import HubSummary, TopicSummary, WaitingDelivery
from ..websub.breaker import CircuitBreaker
from ..websub.retry import RetryPolicy
from .diagnosis import HubDiagnosis, diagnose
from .reasons import explain, is_about_site
from .session import read_outbox
from .transactions import read_breakers
from .verdict import format_duration, format_verdict

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.worker")


class ScheduledDelivery(NamedTuple):
    """An unacknowledged delivery, for how long it is pending, and the seconds until its next attempt.

    `blocked` says why nothing is sent to its hub now, and is empty if something is.
    """

    hub_url: str
    topic_url: str
    state: str
    attempts: int
    pending_s: float
    due_in_s: float
    last_answer: str
    reason: str = ""
    blocked: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the delivery for machines: durations in seconds."""
        return {
            "hub": self.hub_url,
            "topic": self.topic_url,
            "state": self.state,
            "attempts": self.attempts,
            "waiting_s": self.pending_s,
            "due_in_s": self.due_in_s,
            "said": self.last_answer,
            "reason": self.reason,
            "blocked": self.blocked,
        }


class DeliveryStatus(NamedTuple):
    """The state of all deliveries at a time (seconds since 1970)."""

    now: float
    hubs: Sequence[HubSummary]
    breakers: Mapping[str, CircuitBreaker]
    topics: Sequence[TopicSummary]
    diagnoses: Sequence[HubDiagnosis]
    caches: Sequence[HubSummary] = ()
    cache_diagnoses: Sequence[HubDiagnosis] = ()

    @property
    def oldest_wait_s(self) -> float:
        """The age of the oldest change that a hub or a cache has not acknowledged, in seconds."""
        return max(
            (self.now - one.oldest_pending_at for one in self._targets if one.oldest_pending_at is not None),
            default=0.0,
        )

    @property
    def has_given_up(self) -> bool:
        """Whether a delivery was given up."""
        return any(one.failed for one in self._targets)

    @property
    def _targets(self) -> list[HubSummary]:
        return [*self.hubs, *self.caches]

    def breaker_state(self, hub_url: str) -> str:
        """Return the state of a hub's circuit breaker, and for how long it stays so."""
        return breaker_state(self.breakers[hub_url], self.now)

    def as_json(self) -> dict[str, Any]:
        """Return the status for machines: times as RFC 3339, durations in seconds."""
        return {
            "verdict": format_verdict(self.diagnoses, self.cache_diagnoses),
            "oldest_wait_s": round(self.oldest_wait_s, 1),
            "hubs": [
                {"hub": hub.hub_url, **self._target_json(hub, diagnosis)}
                for hub, diagnosis in zip(self.hubs, self.diagnoses, strict=True)
            ],
            "caches": [
                {"cache": cache.hub_url, **self._target_json(cache, diagnosis)}
                for cache, diagnosis in zip(self.caches, self.cache_diagnoses, strict=True)
            ],
            "feeds": [
                {
                    "topic": topic.topic_url,
                    "changed": _rfc3339(topic.changed_at),
                    "delivered": topic.delivered_at and _rfc3339(topic.delivered_at),
                    "waiting": topic.pending,
                }
                for topic in self.topics
            ],
        }

    def _target_json(self, hub: HubSummary, diagnosis: HubDiagnosis) -> dict[str, Any]:
        return {
            "delivered": hub.delivered,
            "due": hub.due,
            "retrying": hub.retrying,
            "failed": hub.failed,
            "breaker": self.breaker_state(hub.hub_url),
            "oldest_wait_s": None if hub.oldest_pending_at is None else round(self.now - hub.oldest_pending_at, 1),
            "median_latency_s": hub.median_latency_s and round(hub.median_latency_s, 4),
            "error": hub.error,
            "condition": diagnosis.condition,
            "reason": diagnosis.reason,
            "since_s": _rounded(diagnosis.since_s),
            "waiting_feeds": list(diagnosis.waiting),
            "failed_feeds": list(diagnosis.given_up),
            "next_try_s": _rounded(diagnosis.next_try_s),
            "retries_end_s": _rounded(diagnosis.retries_end_s),
            "overdue_s": _rounded(diagnosis.overdue_s),
        }


def read_status(config: Config, now: float) -> DeliveryStatus:
    """Read the status of the deliveries to the configured hubs and caches. Raises StoreError if there is no outbox."""
    hub_urls = [hub.url for hub in config.hubs]
    caches = [cdn.target for cdn in config.cdns]
    targets = [*hub_urls, *caches]
    policy = RetryPolicy(attempts=config.push.attempts, window_s=config.push.window_h * 3600)

    def query(outbox: Outbox) -> DeliveryStatus:
        breakers = read_breakers(outbox, targets)
        waiting: dict[str, list[WaitingDelivery]] = {hub_url: [] for hub_url in targets}
        for delivery in outbox.waiting(targets):
            waiting[delivery.hub_url].append(delivery)
        diagnoses = [
            diagnose(times, waiting[times.hub_url], breakers[times.hub_url], policy, now)
            for times in outbox.hub_times(targets)
        ]
        summaries, first = outbox.hub_summaries(targets), len(hub_urls)
        topics = [topic for topic in outbox.topic_summaries() if _is_announced(topic, config)]
        return DeliveryStatus(
            now, summaries[:first], breakers, topics, diagnoses[:first], summaries[first:], diagnoses[first:]
        )

    return read_outbox(config.state, query)


def scheduled_deliveries(config: Config, now: float) -> list[ScheduledDelivery]:
    """Return the unacknowledged deliveries to hubs and caches. Raises StoreError if there is no outbox."""
    hub_urls = [*(hub.url for hub in config.hubs), *(cdn.target for cdn in config.cdns)]

    def query(outbox: Outbox) -> list[ScheduledDelivery]:
        breakers = read_breakers(outbox, hub_urls)
        return [_scheduled(row, breakers[row.hub_url], now) for row in outbox.waiting(hub_urls)]

    return read_outbox(config.state, query)


def log_deliveries(config: Config, now: float) -> None:
    """Log the state of the deliveries to each hub. Raises StoreError if there is no outbox."""
    status = read_status(config, now)
    targets = zip([*status.hubs, *status.caches], [*status.diagnoses, *status.cache_diagnoses], strict=True)
    for hub, diagnosis in targets:
        log.info(
            "state of deliveries", hub=hub.hub_url, condition=diagnosis.condition, reason=diagnosis.reason,
            delivered=hub.delivered, due=hub.due, retrying=hub.retrying, failed=hub.failed,
            breaker=status.breaker_state(hub.hub_url), next_try_s=_rounded(diagnosis.next_try_s),
        )  # fmt: skip


def breaker_state(breaker: CircuitBreaker, now: float) -> str:
    """Return the state of a circuit breaker, and for how long it stays so."""
    if breaker.blocked_until() > now:
        reason = "open" if breaker.is_half_open() else "asked to wait"
        return f"{reason} for {format_duration(breaker.blocked_until() - now)}"
    return "probing" if breaker.is_half_open() else "closed"


def _scheduled(row: WaitingDelivery, breaker: CircuitBreaker, now: float) -> ScheduledDelivery:
    due_at = max(row.next_attempt_at, breaker.blocked_until())
    url = row.topic_url if is_about_site(row.error) else row.hub_url
    has_answer = bool(row.error) or row.status is not None
    return ScheduledDelivery(
        hub_url=row.hub_url,
        topic_url=row.topic_url,
        state=row.state,
        attempts=row.attempts,
        pending_s=round(now - row.pending_since, 1),
        due_in_s=0.0 if row.state == "failed" else round(max(0.0, due_at - now), 1),
        last_answer=" ".join(filter(None, ("" if row.status is None else str(row.status), row.error))),
        reason=explain(url, row.status, row.error) if has_answer else "",
        blocked=breaker_state(breaker, now) if breaker.blocked_until() > now else "",
    )


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _is_announced(topic: TopicSummary, config: Config) -> bool:
    """Return whether hubs know a document; caches keep others, too."""
    if topic.path.endswith(f"/{HTML_PAGE.file_name}") or topic.path == HTML_PAGE.file_name:
        return config.push.pages
    return is_feed_document(topic.path) and "/archive/" not in topic.path
