"""The outbox: the state of every delivery, in the database of the state folder.

Theory of operation

A *delivery* is one row for a target (a hub) and a topic URL. It is state, not a message in a queue: it holds the
generation that the hub is to know and the highest one that the hub acknowledged, and it is *pending* while the second
is smaller. A build raises the wanted generation of each document whose bytes changed, in the transaction that records
the documents. So a hundred builds between two pings cost one ping, and a build that is killed before its commit
requests nothing, while the next one completes its work.

A pending delivery is in one of five states. `due`: not tried for this generation. `retrying` and `refused`: tried, and
tried again at `next_attempt_at`. `unverified`: not sent, as the public copy was not the built document. `failed`: given
up until the next generation or a replay, or until the hub accepts another ping. Acknowledging the wanted generation
ends with `delivered`. A ping that was sent before the public copy was right acknowledges nothing: the delivery stays
`unverified`, and is sent again when the copy is right.

A *lease* gives one owner the right to send a delivery until `lease_expires_at`. It is taken before the ping is sent, in
a committed transaction, and it ends when the outcome is recorded, when the owner releases it, or when its time is over.
Others end the leases of an owner that is known to be dead (delivery/owner.py). If the hub had accepted the ping by
then, it receives a second one: a delivery is repeated, never lost. An acknowledgement counts whoever holds the lease; a
failure counts only for the holder, and only for the generation that was sent. If a newer generation is wanted when an
acknowledgement of an older one arrives, the delivery stays pending and is due at once.

The repository decides nothing: it reads rows, and writes rows that callers decided (see delivery/transactions.py,
websub/retry.py for the retry schedule and websub/breaker.py for the circuit breaker). Every method is part of a
transaction of the caller, takes and returns batches, and executes a number of statements that depends on neither the
deliveries nor the hubs.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

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

_Row = TypeVar("_Row", bound=NamedTuple)

KEPT_ATTEMPTS = 20
"""The number of attempts that the history of a delivery keeps."""


class SqliteOutbox:
    """The repository of deliveries, over an open database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    # ------------------------------------------------------------------------------------------------------ build

    def invalidate_digests(self, topic_urls: Iterable[str]) -> None:
        """Make the next document at each topic URL a new generation: hubs may hold bytes that were not recorded."""
        self._connection.execute(sql.INVALIDATE_DIGESTS, {"topic_urls": json.dumps(list(topic_urls))})

    def request_deliveries(self, documents: Sequence[TopicDocument], hub_urls: Sequence[str], now: float) -> None:
        """Request the delivery of documents whose digest differs from the recorded one, to each of the hubs."""
        parameters = {"topic_urls": json.dumps([document.topic_url for document in documents])}
        recorded = dict(self._connection.execute(sql.SELECT_DIGESTS, parameters).fetchall())
        changed = [document for document in documents if recorded.get(document.topic_url) != document.digest]
        self._write(sql.UPSERT_TOPIC, changed, changed_at=now)
        parameters = {
            "topic_urls": json.dumps([document.topic_url for document in changed]),
            "hub_urls": json.dumps(hub_urls),
        }
        self._connection.execute(sql.REQUEST_DELIVERIES, {**parameters, "now": now})

    def known_topics(self, topic_urls: Sequence[str]) -> set[str]:
        """Return which of some topic URLs have a recorded digest."""
        return {url for url, _ in self._connection.execute(sql.SELECT_DIGESTS, {"topic_urls": json.dumps(topic_urls)})}

    def has_pinged(self) -> bool:
        """Return whether any ping was sent to a hub that is still configured."""
        return self._connection.execute(sql.HAS_PINGED).fetchone() is not None

    def prune(self, site_url: str, hub_urls: Sequence[str], *, has_pages: bool = False) -> None:
        """Delete topics that are not documents of the site any more, and hubs that are not configured.

        `has_pages` keeps HTML pages, which hubs know by the URL of their folder.
        """
        self._connection.execute(sql.DELETE_TOPICS, {"site_url": site_url, "has_pages": has_pages})
        for statement in (sql.DELETE_DELIVERIES, sql.DELETE_ATTEMPTS, sql.DELETE_HUBS):
            self._connection.execute(statement, {"hub_urls": json.dumps(hub_urls)})

    # --------------------------------------------------------------------------------------------------- dispatch

    def lease(
        self, owner: str, quotas: Mapping[str, int], now: float, expires_at: float, caches: Caches = NO_CACHES
    ) -> list[Delivery]:
        """Lease due deliveries, oldest first, up to the quota of each hub; pings after their documents' purges."""
        if not quotas:
            return []
        parameters = {
            "quotas": json.dumps([{"hub_url": hub_url, "quota": quota} for hub_url, quota in quotas.items()]),
            "largest_quota": max(quotas.values()),
            "now": now,
        }
        statement = sql.SELECT_DUE
        if caches.targets:
            statement = sql.SELECT_DUE_AFTER_PURGES
            parameters |= {"caches": json.dumps(caches.targets), "patience_s": caches.patience_s}
        deliveries = [Delivery._make(row) for row in self._connection.execute(statement, parameters)]
        self._write(sql.LEASE, deliveries, owner=owner, expires_at=expires_at)
        return deliveries

    def release(self, owner: str, deliveries: Iterable[Delivery]) -> None:
        """End the leases of deliveries that were not sent."""
        self._write(sql.RELEASE, deliveries, owner=owner)

    def lease_owners(self, hub_urls: Iterable[str]) -> list[str]:
        """Return the owners of all leases of deliveries to these hubs."""
        return [owner for (owner,) in self._connection.execute(sql.SELECT_LEASE_OWNERS, _hubs(hub_urls))]

    def release_owners(self, owners: Iterable[str]) -> None:
        """End all leases of owners."""
        self._connection.execute(sql.RELEASE_OWNERS, {"owners": json.dumps(list(owners))})

    def bound_times(self, hub_urls: Iterable[str], bounds: TimeBounds) -> None:
        """Replace times that the present clock cannot have set: attempts and leases far ahead, past times to come."""
        parameters = {**_hubs(hub_urls), **bounds._asdict(), "alive": json.dumps(bounds.alive)}
        self._connection.execute(sql.BOUND_TIMES, parameters)

    def revive(self, hub_urls: Iterable[str], revival: Revival) -> None:
        """Make deliveries due that hubs refused or that failed at them, as these hubs accept pings again."""
        self._connection.execute(sql.REVIVE, {**_hubs(hub_urls), **revival._asdict()})

    def leased_hubs(self, hub_urls: Iterable[str], now: float) -> set[str]:
        """Return the hubs that have a delivery under lease."""
        parameters = {"hub_urls": json.dumps(list(hub_urls)), "now": now}
        return {hub_url for (hub_url,) in self._connection.execute(sql.SELECT_LEASED_HUBS, parameters)}

    def next_due(self, hub_urls: Iterable[str]) -> dict[str, float]:
        """Return the earliest time at which a delivery of each hub is due and not under lease, if it has one."""
        return dict(self._connection.execute(sql.SELECT_NEXT_DUE, _hubs(hub_urls)).fetchall())

    def next_check(self, hub_urls: Iterable[str]) -> float | None:
        """Return the earliest time at which a public copy is checked again, if any is."""
        (at,) = self._connection.execute(sql.SELECT_NEXT_CHECK, _hubs(hub_urls)).fetchone()
        return None if at is None else float(at)

    def acknowledge(self, owner: str, acknowledgements: Iterable[Acknowledgement]) -> None:
        """Record acknowledgements, whoever holds the leases now; leases of the owner end."""
        self._write(sql.ACKNOWLEDGE, acknowledgements, owner=owner)

    def record_failed_attempts(self, owner: str, attempts: Iterable[FailedAttempt]) -> None:
        """Record failed pings under leases of the owner, and end the leases."""
        self._write(sql.RECORD_FAILED_ATTEMPT, attempts, owner=owner)

    def record_failed_checks(self, owner: str, checks: Iterable[FailedCheck]) -> None:
        """Record failed verifications under leases of the owner, and end the leases."""
        self._write(sql.RECORD_FAILED_CHECK, checks, owner=owner)

    def record_unverified_acceptances(self, owner: str, acceptances: Iterable[UnverifiedAcceptance]) -> None:
        """Record unverified pings that hubs accepted, under leases of the owner, and end the leases."""
        self._write(sql.RECORD_UNVERIFIED_ACCEPTANCE, acceptances, owner=owner)

    def add_attempts(self, attempts: Iterable[AttemptRow]) -> None:
        """Append pings to the history."""
        self._write(sql.INSERT_ATTEMPT, attempts)

    def trim_attempts(self, kept: int = KEPT_ATTEMPTS) -> None:
        """Delete all but the latest attempts of each delivery."""
        self._connection.execute(sql.TRIM_ATTEMPTS, {"kept": kept})

    def replay(self, now: float, hub_url: str | None = None, path: str | None = None) -> int:
        """Make deliveries due that were given up or refused, or that wait for later, and return their number.

        `hub_url` limits it to one hub; `path`, of a folder or a document in the output, to the documents there.
        """
        return self._connection.execute(sql.REPLAY, {"now": now, "hub_url": hub_url, "path": path}).rowcount

    def hub_health(self, hub_urls: Iterable[str]) -> list[HubHealth]:
        """Return the health of hubs; one that never failed may have none."""
        return [HubHealth._make(row) for row in self._connection.execute(sql.SELECT_HUB_HEALTH, _hubs(hub_urls))]

    def put_hub_health(self, rows: Iterable[HubHealth]) -> None:
        """Replace the circuit breakers of hubs. The rate of a known hub stays."""
        self._write(sql.UPSERT_HUB_HEALTH, rows)

    def put_rates(self, rates: Mapping[str, float]) -> None:
        """Replace the rates of hubs, in pings per second."""
        rows = [{"hub_url": hub_url, "rate": rate} for hub_url, rate in rates.items()]
        self._connection.executemany(sql.UPDATE_RATE, rows)

    # ---------------------------------------------------------------------------------------------------- reports

    def pending(self) -> list[PendingDelivery]:
        """Return all unacknowledged deliveries, the longest pending first."""
        return [PendingDelivery._make(row) for row in self._connection.execute(sql.SELECT_PENDING)]

    def count_pending(self, hub_urls: Sequence[str]) -> list[PendingCount]:
        """Return the number of pending deliveries of each hub, in the order given."""
        rows = self._connection.execute(sql.COUNT_PENDING, {"hub_urls": json.dumps(hub_urls)})
        return [PendingCount._make(row) for row in rows]

    def hub_summaries(self, hub_urls: Iterable[str]) -> list[HubSummary]:
        """Return a summary of each hub, in the given order."""
        return [HubSummary._make(row) for row in self._connection.execute(sql.SUMMARIZE_HUBS, _hubs(hub_urls))]

    def topic_summaries(self) -> list[TopicSummary]:
        """Return a summary of each topic, in the order of the documents' paths."""
        return [TopicSummary._make(row) for row in self._connection.execute(sql.SUMMARIZE_TOPICS)]

    def waiting(self, hub_urls: Iterable[str]) -> list[WaitingDelivery]:
        """Return the unacknowledged deliveries to hubs, the longest pending first."""
        return [WaitingDelivery._make(row) for row in self._connection.execute(sql.SELECT_WAITING, _hubs(hub_urls))]

    def hub_times(self, hub_urls: Iterable[str]) -> list[HubTimes]:
        """Return when each hub acknowledged and failed, in the given order."""
        return [HubTimes._make(row) for row in self._connection.execute(sql.SELECT_HUB_TIMES, _hubs(hub_urls))]

    def paths(self) -> list[str]:
        """Return the paths of all documents that hubs know, in order."""
        return [path for (path,) in self._connection.execute(sql.SELECT_PATHS)]

    def _write(self, statement: str, rows: Iterable[_Row], **constants: Any) -> None:
        """Execute a statement for each row, whose fields are the parameters beside the constants."""
        self._connection.executemany(statement, (row._asdict() | constants for row in rows))


def _hubs(hub_urls: Iterable[str]) -> dict[str, str]:
    return {"hub_urls": json.dumps(list(hub_urls))}
