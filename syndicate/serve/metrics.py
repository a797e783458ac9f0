"""Metrics for Prometheus: responses, the age of the build and of feeds, undelivered changes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..config import Config
from ..errors import StoreError
from ..store.base import Store
from ..store.outbox_rows import PendingCount
from .catalog import FEED, Catalog

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric


class ResponseCounters:
    """Counts of responses in plain dictionaries: a counter with a lock costs a tenth of a response."""

    def __init__(self) -> None:
        self.responses: Counter[tuple[str, int]] = Counter()
        self.body_bytes: Counter[str] = Counter()

    def add(self, kind: str, status: int, body_bytes: int) -> None:
        """Count a response by the kind of its document and its status."""
        self.responses[kind, status] += 1
        self.body_bytes[kind] += body_bytes


class _Collector:
    """A collector of prometheus_client, which calls `collect` once for each scrape."""

    def __init__(self, counters: ResponseCounters, catalog: Catalog, hubs: Sequence[PendingCount]) -> None:
        self._counters = counters
        self._catalog = catalog
        self._hubs = hubs

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield from self._response_metrics()
        yield from self._age_metrics()
        yield from self._delivery_metrics()

    def _response_metrics(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        responses = CounterMetricFamily("syndicate_http_requests", "Responses.", labels=["kind", "status"])
        for (kind, status), number in sorted(self._counters.responses.items()):
            responses.add_metric([kind, str(status)], number)
        yield responses
        body_bytes = CounterMetricFamily("syndicate_http_body_bytes", "Bytes of whole bodies sent.", labels=["kind"])
        for kind, number in sorted(self._counters.body_bytes.items()):
            body_bytes.add_metric([kind], number)
        yield body_bytes
        by_status = dict.fromkeys((200, 304), 0)
        for (_, status), number in self._counters.responses.items():
            by_status[status] = by_status.get(status, 0) + number
        ratio = GaugeMetricFamily("syndicate_http_not_modified_ratio", "Share of 304 among all 200 and 304.")
        ratio.add_metric([], by_status[304] / max(1, by_status[200] + by_status[304]))
        yield ratio

    def _age_metrics(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        now = time.time()
        build_age = GaugeMetricFamily("syndicate_build_age_seconds", "Seconds since the newest build.")
        if self._catalog.built_s:
            build_age.add_metric([], now - self._catalog.built_s)
        yield build_age
        changed_s: dict[str, int] = {}
        for document in self._catalog.documents.values():
            if document.kind == FEED:
                folder = document.path.rpartition("/")[0]
                changed_s[folder] = max(changed_s.get(folder, 0), document.modified_s)
        feed_ages = GaugeMetricFamily(
            "syndicate_feed_age_seconds", "Seconds since the last change of a feed.", labels=["feed"]
        )
        for folder, modified_s in sorted(changed_s.items()):
            feed_ages.add_metric([folder], now - modified_s)
        yield feed_ages

    def _delivery_metrics(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        due = GaugeMetricFamily(
            "syndicate_deliveries_due", "Changes of which a hub is still to be notified.", labels=["hub"]
        )
        failed = GaugeMetricFamily("syndicate_deliveries_failed", "Changes that were given up.", labels=["hub"])
        for hub in self._hubs:
            due.add_metric([hub.hub_url], hub.due)
            failed.add_metric([hub.hub_url], hub.failed)
        yield due
        yield failed


def count_deliveries(config: Config, store: Store) -> Sequence[PendingCount]:
    """Return the undelivered changes of each configured hub; nothing when the store cannot be read."""
    if not config.hubs:
        return ()
    try:
        with store.read() as snapshot:
            return snapshot.outbox.count_pending([hub.url for hub in config.hubs])
    except StoreError:
        return ()


def render_metrics(counters: ResponseCounters, catalog: Catalog, hubs: Sequence[PendingCount]) -> tuple[bytes, str]:
    """Return all metrics in the text format of Prometheus, and its media type."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(counters, catalog, hubs))
    return generate_latest(registry), CONTENT_TYPE_LATEST
