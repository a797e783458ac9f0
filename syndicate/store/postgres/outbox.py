"""The outbox: the state of every delivery, as store/sqlite/outbox.py explains it.

Every method executes a number of statements that depends on neither the deliveries nor the hubs, and each statement is
one round trip. Several dispatchers may lease at the same time: each skips the rows that another one is leasing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from ...model import encode_path
from ..outbox_rows import (
    NO_CACHES,
    Acknowledgement,
    AttemptRow,
    Caches,
    Delivery,
    FailedAttempt,
    FailedCheck,
    HubHealth,
    HubSummary,
    HubTimes,
    PendingCount,
    PendingDelivery,
    Revival,
    TimeBounds,
    TopicDocument,
    TopicSummary,
    UnverifiedAcceptance,
    WaitingDelivery,
)
from . import outbox_sql as sql
from .session import Session

_Row = TypeVar("_Row", bound=tuple[Any, ...])

KEPT_ATTEMPTS = 20
"""The number of attempts that the history of a delivery keeps."""


class PostgresOutbox:
    """The repository of deliveries, over a transaction or a snapshot."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # ------------------------------------------------------------------------------------------------------ build

    def invalidate_digests(self, topic_urls: Iterable[str]) -> None:
        """Make the next document at each topic URL a new generation: hubs may hold bytes that were not recorded."""
        if urls := list(topic_urls):
            self._session.before_deliveries()
            self._session.execute(sql.INVALIDATE_DIGESTS, topic_urls=urls)

    def request_deliveries(self, documents: Sequence[TopicDocument], hub_urls: Sequence[str], now: float) -> None:
        """Request the delivery of documents whose digest differs from the recorded one, to each of the hubs."""
        if not documents:
            return
        self._session.before_deliveries()
        urls = [document.topic_url for document in documents]
        recorded: dict[str, bytes] = dict(self._session.rows(sql.SELECT_DIGESTS, topic_urls=urls))
        changed = [document for document in documents if recorded.get(document.topic_url) != document.digest]
        for wave in _waves(changed, 1):
            self._session.write(sql.UPSERT_TOPICS, sql.TOPIC, wave, changed_at=now)
        if changed and hub_urls:
            changed_urls = [document.topic_url for document in changed]
            hubs = list(dict.fromkeys(hub_urls))
            self._session.execute(sql.REQUEST_DELIVERIES, topic_urls=changed_urls, hub_urls=hubs, now=now)

    def known_topics(self, topic_urls: Sequence[str]) -> set[str]:
        """Return which of some topic URLs have a recorded digest."""
        return {url for url, _ in self._session.rows(sql.SELECT_DIGESTS, topic_urls=list(topic_urls))}

    def has_pinged(self) -> bool:
        """Return whether any ping was sent to a hub that is still configured."""
        return bool(self._session.value(sql.HAS_PINGED))

    def prune(self, site_url: str, hub_urls: Sequence[str], *, has_pages: bool = False) -> None:
        """Delete topics that are not documents of the site any more, and hubs that are not configured.

        `has_pages` keeps HTML pages, which hubs know by the URL of their folder.
        """
        self._session.before_deliveries()
        paths = [path for (path,) in self._session.rows(sql.SELECT_ENCODED_PATHS)]
        addresses = [encode_path(path) for path in paths]
        self._session.execute(
            sql.DELETE_TOPICS, paths=paths, addresses=addresses, site_url=site_url, has_pages=has_pages
        )
        self._session.execute(sql.DELETE_ORPHANS, hub_urls=list(hub_urls))

    # --------------------------------------------------------------------------------------------------- dispatch

    def lease(
        self, owner: str, quotas: Mapping[str, int], now: float, expires_at: float, caches: Caches = NO_CACHES
    ) -> list[Delivery]:
        """Lease due deliveries, oldest first, up to the quota of each hub; pings after their documents' purges."""
        if not quotas:
            return []
        values: dict[str, Any] = {"hubs": list(quotas), "quotas": list(quotas.values()), "now": now}
        values |= {"owner": owner, "expires_at": expires_at}
        statement = sql.LEASE
        if caches.targets:
            statement = sql.LEASE_AFTER_PURGES
            values |= {"caches": list(caches.targets), "patience_s": caches.patience_s}
        return [Delivery._make(row) for row in self._session.rows(statement, **values)]

    def release(self, owner: str, deliveries: Iterable[Delivery]) -> None:
        """End the leases of deliveries that were not sent."""
        self._session.write(sql.RELEASE, sql.KEY, [one[:2] for one in deliveries], owner=owner)

    def lease_owners(self, hub_urls: Iterable[str]) -> list[str]:
        """Return the owners of all leases of deliveries to these hubs."""
        return [owner for (owner,) in self._session.rows(sql.SELECT_LEASE_OWNERS, hub_urls=list(hub_urls))]

    def release_owners(self, owners: Iterable[str]) -> None:
        """End all leases of owners."""
        self._session.execute(sql.RELEASE_OWNERS, owners=list(owners))

    def bound_times(self, hub_urls: Iterable[str], bounds: TimeBounds) -> None:
        """Replace times that the present clock cannot have set: attempts and leases far ahead, past times to come."""
        values = {**bounds._asdict(), "alive": list(bounds.alive)}
        self._session.execute(sql.BOUND_TIMES, hub_urls=list(hub_urls), **values)

    def revive(self, hub_urls: Iterable[str], revival: Revival) -> None:
        """Make deliveries due that hubs refused or that failed at them, as these hubs accept pings again."""
        if urls := list(hub_urls):
            self._session.execute(sql.REVIVE, hub_urls=urls, **revival._asdict())

    def leased_hubs(self, hub_urls: Iterable[str], now: float) -> set[str]:
        """Return the hubs that have a delivery under lease."""
        return {hub for (hub,) in self._session.rows(sql.SELECT_LEASED_HUBS, hub_urls=list(hub_urls), now=now)}

    def next_due(self, hub_urls: Iterable[str]) -> dict[str, float]:
        """Return the earliest time at which a delivery of each hub is due and not under lease, if it has one."""
        urls = list(hub_urls)
        return dict(self._session.rows(sql.SELECT_NEXT_DUE, hub_urls=urls)) if urls else {}

    def next_check(self, hub_urls: Iterable[str]) -> float | None:
        """Return the earliest time at which a public copy is checked again, if any is."""
        at = self._session.value(sql.SELECT_NEXT_CHECK, hub_urls=list(hub_urls))
        return None if at is None else float(at)

    def acknowledge(self, owner: str, acknowledgements: Iterable[Acknowledgement]) -> None:
        """Record acknowledgements, whoever holds the leases now; leases of the owner end."""
        self._write(sql.ACKNOWLEDGE, sql.ACKNOWLEDGEMENT, acknowledgements, owner)

    def record_failed_attempts(self, owner: str, attempts: Iterable[FailedAttempt]) -> None:
        """Record failed pings under leases of the owner, and end the leases."""
        self._write(sql.RECORD_FAILED_ATTEMPTS, sql.FAILED_ATTEMPT, attempts, owner)

    def record_failed_checks(self, owner: str, checks: Iterable[FailedCheck]) -> None:
        """Record failed verifications under leases of the owner, and end the leases."""
        self._write(sql.RECORD_FAILED_CHECKS, sql.FAILED_CHECK, checks, owner)

    def record_unverified_acceptances(self, owner: str, acceptances: Iterable[UnverifiedAcceptance]) -> None:
        """Record unverified pings that hubs accepted, under leases of the owner, and end the leases."""
        self._write(sql.RECORD_UNVERIFIED_ACCEPTANCES, sql.UNVERIFIED_ACCEPTANCE, acceptances, owner)

    def add_attempts(self, attempts: Iterable[AttemptRow]) -> None:
        """Append pings to the history."""
        self._session.write(sql.INSERT_ATTEMPTS, sql.ATTEMPT, attempts)

    def trim_attempts(self, kept: int = KEPT_ATTEMPTS) -> None:
        """Delete all but the latest attempts of each delivery."""
        self._session.execute(sql.TRIM_ATTEMPTS, kept=kept)

    def replay(self, now: float, hub_url: str | None = None, path: str | None = None) -> int:
        """Make deliveries due that were given up or refused, or that wait for later, and return their number.

        `hub_url` limits it to one hub; `path`, of a folder or a document in the output, to the documents there.
        """
        return self._session.execute(sql.REPLAY, now=now, hub_url=hub_url, path=path)

    def hub_health(self, hub_urls: Iterable[str]) -> list[HubHealth]:
        """Return the health of hubs; one that never failed may have none."""
        urls = list(hub_urls)
        if not urls:
            return []
        return [HubHealth._make(row) for row in self._session.rows(sql.SELECT_HUB_HEALTH, hub_urls=urls)]

    def put_hub_health(self, rows: Iterable[HubHealth]) -> None:
        """Replace the circuit breakers of hubs. The rate of a known hub stays."""
        latest = {row.hub_url: row for row in rows}
        self._session.write(sql.UPSERT_HUB_HEALTH, sql.HUB_HEALTH, latest.values())

    def put_rates(self, rates: Mapping[str, float]) -> None:
        """Replace the rates of hubs, in pings per second."""
        self._session.write(sql.UPDATE_RATES, {"hub_url": "text", "rate": "double precision"}, rates.items())

    # ---------------------------------------------------------------------------------------------------- reports

    def pending(self) -> list[PendingDelivery]:
        """Return all unacknowledged deliveries, the longest pending first."""
        return [PendingDelivery._make(row) for row in self._session.rows(sql.SELECT_PENDING)]

    def count_pending(self, hub_urls: Sequence[str]) -> list[PendingCount]:
        """Return the number of pending deliveries of each hub, in the order given."""
        return [PendingCount._make(row) for row in self._session.rows(sql.COUNT_PENDING, hub_urls=list(hub_urls))]

    def hub_summaries(self, hub_urls: Iterable[str]) -> list[HubSummary]:
        """Return a summary of each hub, in the given order."""
        return [HubSummary._make(row) for row in self._session.rows(sql.SUMMARIZE_HUBS, hub_urls=list(hub_urls))]

    def topic_summaries(self) -> list[TopicSummary]:
        """Return a summary of each topic, in the order of the documents' paths."""
        return [TopicSummary._make(row) for row in self._session.rows(sql.SUMMARIZE_TOPICS)]

    def waiting(self, hub_urls: Iterable[str]) -> list[WaitingDelivery]:
        """Return the unacknowledged deliveries to hubs, the longest pending first."""
        return [WaitingDelivery._make(row) for row in self._session.rows(sql.SELECT_WAITING, hub_urls=list(hub_urls))]

    def hub_times(self, hub_urls: Iterable[str]) -> list[HubTimes]:
        """Return when each hub acknowledged and failed, in the given order."""
        return [HubTimes._make(row) for row in self._session.rows(sql.SELECT_HUB_TIMES, hub_urls=list(hub_urls))]

    def paths(self) -> list[str]:
        """Return the paths of all documents that hubs know, in order."""
        return [path for (path,) in self._session.rows(sql.SELECT_PATHS)]

    def _write(self, statement: str, types: Mapping[str, str], rows: Iterable[_Row], owner: str) -> None:
        """Execute a statement over rows that begin with hub and topic URL."""
        for wave in _waves(rows, 2):
            self._session.write(statement, types, wave, owner=owner)


def _waves(rows: Iterable[_Row], key_length: int) -> Iterator[list[_Row]]:
    """Yields the rows in groups without a repeated key: one statement changes each row of a table once."""
    waves: list[list[_Row]] = []
    seen: dict[tuple[Any, ...], int] = {}
    for row in rows:
        number = seen[row[:key_length]] = seen.get(row[:key_length], -1) + 1
        if number == len(waves):
            waves.append([])
        waves[number].append(row)
    yield from waves
