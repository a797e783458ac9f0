"""How the deliveries stand, for a person or a monitor."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from ..config import Config
from ..store.outbox import HubRow, Outbox, TopicRow, Waiting
from .session import read

if TYPE_CHECKING:
    from rich.table import Table


_PIPED_WIDTH = 160  # where no terminal says how wide it is


class Due(NamedTuple):
    """An undelivered change, and in how many seconds it may be tried."""

    hub: str
    topic: str
    state: str
    attempts: int
    waiting_s: float
    due_in_s: float
    said: str


class Report(NamedTuple):
    """How everything stands at a time (seconds since 1970)."""

    now: float
    hubs: Sequence[HubRow]
    topics: Sequence[TopicRow]

    @property
    def oldest_wait_s(self) -> float:
        """For how long the oldest change waits that a hub was not told of."""
        return max((self.now - hub.oldest for hub in self.hubs if hub.oldest is not None), default=0.0)

    def as_json(self) -> dict[str, Any]:
        """All of it, for machines: times as RFC 3339, durations in seconds."""
        return {
            "oldest_wait_s": round(self.oldest_wait_s, 1),
            "hubs": [
                {
                    "hub": hub.hub_url,
                    "delivered": hub.delivered,
                    "due": hub.due,
                    "retrying": hub.retrying,
                    "failed": hub.failed,
                    "breaker": _breaker(hub, self.now),
                    "oldest_wait_s": None if hub.oldest is None else round(self.now - hub.oldest, 1),
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
                    "waiting": topic.waiting,
                }
                for topic in self.topics
            ],
        }


def look(config: Config, now: float) -> Report:
    """How the deliveries to the configured hubs stand."""
    urls = [hub.url for hub in config.hubs]

    def ask(outbox: Outbox) -> Report:
        return Report(now, outbox.hubs(urls), outbox.topics())

    return read(config.state, ask)


def waiting(config: Config, now: float) -> list[Due]:
    """What would go where, and when."""
    urls = {hub.url for hub in config.hubs}
    rows = read(config.state, Outbox.waiting)
    return [_due(row, now) for row in rows if row.hub_url in urls]


def show(report: Report) -> None:
    """Two tables on standard output, a row for each hub and each feed, and what hubs said that were not told."""
    hubs = _table("hub", "delivered", "due", "retrying", "failed", "breaker", "oldest wait", "latency")
    for hub in report.hubs:
        oldest = "" if hub.oldest is None else lasting(report.now - hub.oldest)
        latency = "" if hub.median_latency_s is None else f"{hub.median_latency_s * 1000:.0f} ms"
        counts = map(str, (hub.delivered, hub.due, hub.retrying, hub.failed))
        hubs.add_row(hub.hub_url, *counts, _breaker(hub, report.now), oldest, latency)
    feeds = _table("feed", "last change", "last delivery", "waiting")
    for folder, topics in groupby(report.topics, key=lambda topic: topic.path.rpartition("/")[0]):
        feeds.add_row(folder, *_feed(list(topics), report.now))
    said = [f"{hub.hub_url} answered last: {hub.error}" for hub in report.hubs if hub.error]
    _print(hubs, *said, feeds)


def _feed(topics: Sequence[TopicRow], now: float) -> tuple[str, str, str]:
    """Last change, last delivery and pings that wait, of one feed's documents."""
    delivered = [topic.delivered_at for topic in topics if topic.delivered_at is not None]
    told = f"{lasting(now - max(delivered))} ago" if delivered else "never"
    waits = sum(topic.waiting for topic in topics)
    changed = f"{lasting(now - max(topic.changed_at for topic in topics))} ago"
    return changed, told, f"{waits} ping{'s' if waits > 1 else ''}" if waits else ""


def show_waiting(rows: Sequence[Due]) -> None:
    """One table on standard output."""
    table = _table("hub", "topic", "state", "tries", "waiting", "due", "last answer")
    for row in rows:
        due = "never: replay it" if row.state == "failed" else f"in {lasting(row.due_in_s)}" if row.due_in_s else "now"
        table.add_row(row.hub, row.topic, row.state, str(row.attempts), lasting(row.waiting_s), due, row.said)
    _print(table)


def lasting(seconds: float) -> str:
    """A duration in one or two units."""
    left = int(max(0.0, seconds))
    parts: list[str] = []
    for unit, length_s in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        number, left = divmod(left, length_s)
        if number or (unit == "s" and not parts):
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2])


def _due(row: Waiting, now: float) -> Due:
    said = " ".join(filter(None, ("" if row.status is None else str(row.status), row.error)))
    due_in_s = 0.0 if row.state == "failed" else max(0.0, row.next_at - now)
    return Due(row.hub_url, row.topic_url, row.state, row.attempts, round(now - row.since, 1), round(due_in_s, 1), said)


def _breaker(hub: HubRow, now: float) -> str:
    if hub.breaker.waits_until() > now:
        why = "open" if hub.breaker.is_probing() else "asked to wait"
        return f"{why} for {lasting(hub.breaker.waits_until() - now)}"
    return "probing" if hub.breaker.is_probing() else "closed"


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    numbers = {"delivered", "due", "retrying", "failed", "tries", "latency"}
    for column in columns:
        name = column in {"hub", "topic", "feed"}
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold", no_wrap=not name)
    return table


def _print(*parts: Table | str) -> None:
    from rich.console import Console

    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    console = Console(highlight=False, markup=False, width=width)
    for part in parts:
        console.print(part)
