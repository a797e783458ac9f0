"""The state of deliveries, for people and monitors."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ..config import Config
from ..store.outbox_rows import HubSummary, PendingDelivery, TopicSummary
from ..store.repositories import Outbox
from ..websub.breaker import CircuitBreaker
from .session import read_outbox
from .transactions import read_breakers

if TYPE_CHECKING:
    from rich.table import Table


_PIPED_WIDTH = 160  # columns of a table that is not written to a terminal


class ScheduledDelivery(NamedTuple):
    """An unacknowledged delivery, for how long it is pending, and the seconds until its next attempt."""

    hub_url: str
    topic_url: str
    state: str
    attempts: int
    pending_s: float
    due_in_s: float
    last_answer: str

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
        }


class DeliveryStatus(NamedTuple):
    """The state of all deliveries at a time (seconds since 1970)."""

    now: float
    hubs: Sequence[HubSummary]
    breakers: Mapping[str, CircuitBreaker]
    topics: Sequence[TopicSummary]

    @property
    def oldest_wait_s(self) -> float:
        """The age of the oldest change that a hub has not acknowledged, in seconds."""
        return max(
            (self.now - hub.oldest_pending_at for hub in self.hubs if hub.oldest_pending_at is not None), default=0.0
        )

    def breaker_state(self, hub_url: str) -> str:
        """Return the state of a hub's circuit breaker, and for how long it stays so."""
        breaker = self.breakers[hub_url]
        if breaker.blocked_until() > self.now:
            reason = "open" if breaker.is_half_open() else "asked to wait"
            return f"{reason} for {format_duration(breaker.blocked_until() - self.now)}"
        return "probing" if breaker.is_half_open() else "closed"

    def as_json(self) -> dict[str, Any]:
        """Return the status for machines: times as RFC 3339, durations in seconds."""
        return {
            "oldest_wait_s": round(self.oldest_wait_s, 1),
            "hubs": [
                {
                    "hub": hub.hub_url,
                    "delivered": hub.delivered,
                    "due": hub.due,
                    "retrying": hub.retrying,
                    "failed": hub.failed,
                    "breaker": self.breaker_state(hub.hub_url),
                    "oldest_wait_s": None
                    if hub.oldest_pending_at is None
                    else round(self.now - hub.oldest_pending_at, 1),
                    "median_latency_s": hub.median_latency_s and round(hub.median_latency_s, 4),
                    "error": hub.error,
                }
                for hub in self.hubs
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


def read_status(config: Config, now: float) -> DeliveryStatus:
    """Read the status of the deliveries to the configured hubs. Raises StoreError if there is no outbox."""
    hub_urls = [hub.url for hub in config.hubs]

    def query(outbox: Outbox) -> DeliveryStatus:
        return DeliveryStatus(
            now, outbox.hub_summaries(hub_urls), read_breakers(outbox, hub_urls), outbox.topic_summaries()
        )

    return read_outbox(config.state, query)


def scheduled_deliveries(config: Config, now: float) -> list[ScheduledDelivery]:
    """Return the unacknowledged deliveries to the configured hubs. Raises StoreError if there is no outbox."""
    hub_urls = {hub.url for hub in config.hubs}
    rows = read_outbox(config.state, lambda outbox: outbox.pending())
    return [_scheduled(row, now) for row in rows if row.hub_url in hub_urls]


def print_status(status: DeliveryStatus) -> None:
    """Print a table of hubs and a table of feeds, and the last error of each hub that has unacknowledged changes."""
    hubs = _table("hub", "delivered", "due", "retrying", "failed", "breaker", "oldest wait", "latency")
    for hub in status.hubs:
        oldest = "" if hub.oldest_pending_at is None else format_duration(status.now - hub.oldest_pending_at)
        latency = "" if hub.median_latency_s is None else f"{hub.median_latency_s * 1000:.0f} ms"
        counts = map(str, (hub.delivered, hub.due, hub.retrying, hub.failed))
        hubs.add_row(hub.hub_url, *counts, status.breaker_state(hub.hub_url), oldest, latency)
    feeds = _table("feed", "last change", "last delivery", "waiting")
    for folder, topics in groupby(status.topics, key=lambda topic: topic.path.rpartition("/")[0]):
        feeds.add_row(folder, *_feed_cells(list(topics), status.now))
    errors = [f"{hub.hub_url}: last answer: {hub.error}" for hub in status.hubs if hub.error]
    _print(hubs, *errors, feeds)


def print_scheduled(rows: Sequence[ScheduledDelivery]) -> None:
    """Print a table of unacknowledged deliveries."""
    table = _table("hub", "topic", "state", "tries", "waiting", "due", "last answer")
    for row in rows:
        if row.state == "failed":
            due = "never: use --replay"
        else:
            due = f"in {format_duration(row.due_in_s)}" if row.due_in_s else "now"
        pending = format_duration(row.pending_s)
        table.add_row(row.hub_url, row.topic_url, row.state, str(row.attempts), pending, due, row.last_answer)
    _print(table)


def format_duration(seconds: float) -> str:
    """Format a duration in its one or two largest units."""
    rest = int(max(0.0, seconds))
    parts: list[str] = []
    for unit, length_s in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        number, rest = divmod(rest, length_s)
        if number or (unit == "s" and not parts):
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2])


def _feed_cells(topics: Sequence[TopicSummary], now: float) -> tuple[str, str, str]:
    """Return the last change, the last delivery and the pending pings of one feed's documents."""
    delivered = [topic.delivered_at for topic in topics if topic.delivered_at is not None]
    last_delivery = f"{format_duration(now - max(delivered))} ago" if delivered else "never"
    pending = sum(topic.pending for topic in topics)
    last_change = f"{format_duration(now - max(topic.changed_at for topic in topics))} ago"
    return last_change, last_delivery, f"{pending} ping{'s' if pending > 1 else ''}" if pending else ""


def _scheduled(row: PendingDelivery, now: float) -> ScheduledDelivery:
    return ScheduledDelivery(
        hub_url=row.hub_url,
        topic_url=row.topic_url,
        state=row.state,
        attempts=row.attempts,
        pending_s=round(now - row.pending_since, 1),
        due_in_s=0.0 if row.state == "failed" else round(max(0.0, row.next_attempt_at - now), 1),
        last_answer=" ".join(filter(None, ("" if row.status is None else str(row.status), row.error))),
    )


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    numbers = {"delivered", "due", "retrying", "failed", "tries", "latency"}
    for column in columns:
        is_name = column in {"hub", "topic", "feed"}
        justify: Literal["left", "right"] = "right" if column in numbers else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=not is_name)
    return table


def _print(*parts: Table | str) -> None:
    from rich.console import Console

    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    console = Console(highlight=False, markup=False, width=width)
    for part in parts:
        console.print(part)
