"""What was served, and how the site stands, for Prometheus."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from ..config import Config
from ..store.index import connect
from ..store.outbox import Outbox
from ..store.outbox_rows import HubSummary
from ..store.schema import VERSION
from .documents import FEED, Catalog

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric


class Counts:
    """What was served: dictionaries, since a counter with a lock costs a tenth of an answer."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.sent_bytes: Counter[str] = Counter()

    def add(self, kind: str, status: int, sent_bytes: int) -> None:
        """One more answer."""
        self.requests[kind, status] += 1
        self.sent_bytes[kind] += sent_bytes


class _Figures:
    """A collector of prometheus_client's: asked once for each scrape."""

    def __init__(self, counts: Counts, catalog: Catalog, hubs: Sequence[HubSummary]) -> None:
        self._counts = counts
        self._catalog = catalog
        self._hubs = hubs

    def collect(self) -> Iterator[Metric]:
        """Every figure."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        requests = CounterMetricFamily("syndicate_http_requests", "Answers.", labels=["kind", "status"])
        for (kind, status), number in sorted(self._counts.requests.items()):
            requests.add_metric([kind, str(status)], number)
        yield requests
        sent = CounterMetricFamily("syndicate_http_body_bytes", "Bytes of whole bodies sent.", labels=["kind"])
        for kind, number in sorted(self._counts.sent_bytes.items()):
            sent.add_metric([kind], number)
        yield sent
        served = dict.fromkeys((200, 304), 0)
        for (_, status), number in self._counts.requests.items():
            served[status] = served.get(status, 0) + number
        share = GaugeMetricFamily("syndicate_http_not_modified_ratio", "304 among all 200 and 304.")
        share.add_metric([], served[304] / max(1, served[200] + served[304]))
        yield share
        yield from self._ages()
        yield from self._deliveries()

    def _ages(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        now = time.time()
        built = GaugeMetricFamily("syndicate_build_age_seconds", "Since the newest build.")
        if self._catalog.built_s:
            built.add_metric([], now - self._catalog.built_s)
        yield built
        changed: dict[str, int] = {}
        for document in self._catalog.documents.values():
            if document.kind == FEED:
                folder = document.path.rpartition("/")[0]
                changed[folder] = max(changed.get(folder, 0), document.mtime_ns)
        ages = GaugeMetricFamily("syndicate_feed_age_seconds", "Since a feed's last change.", labels=["feed"])
        for folder, mtime_ns in sorted(changed.items()):
            ages.add_metric([folder], now - mtime_ns / 1e9)
        yield ages

    def _deliveries(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        due = GaugeMetricFamily("syndicate_deliveries_due", "Changes a hub is still to be told.", labels=["hub"])
        failed = GaugeMetricFamily("syndicate_deliveries_failed", "Changes that were given up.", labels=["hub"])
        for hub in self._hubs:
            due.add_metric([hub.hub_url], hub.due + hub.retrying)
            failed.add_metric([hub.hub_url], hub.failed)
        yield due
        yield failed


def deliveries(config: Config) -> Sequence[HubSummary]:
    """How the deliveries to each hub stand; nothing when there is no index to tell."""
    path = os.path.join(config.state, "index.db")
    if not config.hubs or not os.path.exists(path):
        return ()
    try:
        with closing(connect(path)) as sql:
            if sql.execute("PRAGMA user_version").fetchone() != (VERSION,):
                return ()
            return Outbox(sql).hub_summaries([hub.url for hub in config.hubs])
    except sqlite3.Error:
        return ()


def exposition(counts: Counts, catalog: Catalog, hubs: Sequence[HubSummary]) -> tuple[bytes, str]:
    """All figures in Prometheus's text format, and its media type."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(counts, catalog, hubs))
    return generate_latest(registry), CONTENT_TYPE_LATEST
