"""The interface of the outbox (repositories.py says what all repositories have in common)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from .outbox_rows import (
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


class Outbox(Protocol):
    """The state of all deliveries: what hubs are still to be sent."""

    def invalidate_digests(self, topic_urls: Iterable[str]) -> None:
        """Make the next document at each topic URL a new generation: hubs may hold bytes that were not recorded."""

    def request_deliveries(self, documents: Sequence[TopicDocument], hub_urls: Sequence[str], now: float) -> None:
        """Request the delivery of documents whose digest differs from the recorded one, to each of the hubs."""

    def known_topics(self, topic_urls: Sequence[str]) -> set[str]:
        """Return which of some topic URLs have a recorded digest."""

    def has_pinged(self) -> bool:
        """Return whether any ping was sent to a hub that is still configured."""

    def prune(self, site_url: str, hub_urls: Sequence[str], *, has_pages: bool = False) -> None:
        """Delete topics that are not documents of the site any more, and hubs that are not configured.

        `has_pages` keeps HTML pages, which hubs know by the URL of their folder.
        """

    def lease(
        self, owner: str, quotas: Mapping[str, int], now: float, expires_at: float, caches: Caches = NO_CACHES
    ) -> list[Delivery]:
        """Lease due deliveries, oldest first, up to the quota of each hub.

        A delivery to another target than the caches waits until its document is purged from each of them.
        """

    def release(self, owner: str, deliveries: Iterable[Delivery]) -> None:
        """End the leases of deliveries that were not sent."""

    def lease_owners(self, hub_urls: Iterable[str]) -> list[str]:
        """Return the owners of all leases of deliveries to these hubs."""

    def release_owners(self, owners: Iterable[str]) -> None:
        """End all leases of owners."""

    def bound_times(self, hub_urls: Iterable[str], bounds: TimeBounds) -> None:
        """Replace times that the present clock cannot have set: attempts and leases far ahead, past times to come."""

    def revive(self, hub_urls: Iterable[str], revival: Revival) -> None:
        """Make deliveries due that hubs refused or that failed at them, as these hubs accept pings again."""

    def leased_hubs(self, hub_urls: Iterable[str], now: float) -> set[str]:
        """Return the hubs that have a delivery under lease."""

    def next_due(self, hub_urls: Iterable[str]) -> dict[str, float]:
        """Return the earliest time at which a delivery of each hub is due and not under lease, if it has one."""

    def next_check(self, hub_urls: Iterable[str]) -> float | None:
        """Return the earliest time at which a public copy is checked again, if any is."""

    def acknowledge(self, owner: str, acknowledgements: Iterable[Acknowledgement]) -> None:
        """Record acknowledgements, whoever holds the leases now; leases of the owner end."""

    def record_failed_attempts(self, owner: str, attempts: Iterable[FailedAttempt]) -> None:
        """Record failed pings under leases of the owner, and end the leases."""

    def record_failed_checks(self, owner: str, checks: Iterable[FailedCheck]) -> None:
        """Record failed verifications under leases of the owner, and end the leases."""

    def record_unverified_acceptances(self, owner: str, acceptances: Iterable[UnverifiedAcceptance]) -> None:
        """Record unverified pings that hubs accepted, under leases of the owner, and end the leases."""

    def add_attempts(self, attempts: Iterable[AttemptRow]) -> None:
        """Append pings to the history."""

    def trim_attempts(self, kept: int = 20) -> None:
        """Delete all but the latest attempts of each delivery."""

    def replay(self, now: float, hub_url: str | None = None, path: str | None = None) -> int:
        """Make deliveries due that were given up or refused, or that wait for later, and return their number.

        `hub_url` limits it to one hub; `path`, of a folder or a document in the output, to the documents there.
        """

    def hub_health(self, hub_urls: Iterable[str]) -> list[HubHealth]:
        """Return the health of hubs; one that never failed may have none."""

    def put_hub_health(self, rows: Iterable[HubHealth]) -> None:
        """Replace the circuit breakers of hubs. The rate of a known hub stays."""

    def put_rates(self, rates: Mapping[str, float]) -> None:
        """Replace the rates of hubs, in pings per second."""

    def pending(self) -> list[PendingDelivery]:
        """Return all unacknowledged deliveries, the longest pending first."""

    def count_pending(self, hub_urls: Sequence[str]) -> list[PendingCount]:
        """Return the number of pending deliveries of each hub, in the order given."""

    def hub_summaries(self, hub_urls: Iterable[str]) -> list[HubSummary]:
        """Return a summary of each hub, in the given order."""

    def topic_summaries(self) -> list[TopicSummary]:
        """Return a summary of each topic, in the order of the documents' paths."""

    def waiting(self, hub_urls: Iterable[str]) -> list[WaitingDelivery]:
        """Return the unacknowledged deliveries to hubs, the longest pending first."""

    def hub_times(self, hub_urls: Iterable[str]) -> list[HubTimes]:
        """Return when each hub acknowledged and failed, in the given order."""

    def paths(self) -> list[str]:
        """Return the paths of all documents that hubs know, in order."""
