"""Rows that the outbox takes and returns, each beside the list of SQL expressions that selects it.

Times are seconds since 1970; durations are seconds. Every column list names its expressions as the fields of the row,
in their order.
"""

from typing import NamedTuple


class TopicDocument(NamedTuple):
    """A document of the build, under the address by which hubs know it (the topic URL of WebSub §2)."""

    topic_url: str
    path: str
    digest: bytes
    size_bytes: int


class Delivery(NamedTuple):
    """A leased delivery: the generation of a topic that a hub has not acknowledged, with its digest and size.

    `attempts` counts the pings of this generation and `checks` the failed verifications of the public copy;
    `first_attempt_at` and `first_check_at` are the times of the first ones. `accepted_unverified_at` is when the hub
    accepted a ping of this generation that was sent before the public copy was right.
    """

    hub_url: str
    topic_url: str
    generation: int
    digest: bytes
    size_bytes: int
    attempts: int
    first_attempt_at: float | None
    checks: int
    first_check_at: float | None
    accepted_unverified_at: float | None = None


DELIVERY_COLUMNS = """
  deliveries.hub_url AS hub_url, topic_url, deliveries.wanted_generation AS generation, topics.digest AS digest,
  topics.size_bytes AS size_bytes, deliveries.attempts AS attempts, deliveries.first_attempt_at AS first_attempt_at,
  deliveries.checks AS checks, deliveries.first_check_at AS first_check_at,
  deliveries.accepted_unverified_at AS accepted_unverified_at"""


class Caches(NamedTuple):
    """The caches among the targets: deliveries to others wait for their purges, but no longer than `patience_s`."""

    targets: tuple[str, ...] = ()
    patience_s: float = 0.0


NO_CACHES = Caches()
"""There are no caches to purge."""


class Acknowledgement(NamedTuple):
    """A hub accepted a ping for a generation, whose document had this digest."""

    hub_url: str
    topic_url: str
    generation: int
    digest: bytes
    acknowledged_at: float
    status: int | None


class FailedAttempt(NamedTuple):
    """A ping that a hub did not accept. `state` and `next_attempt_at` are the decision about the delivery."""

    hub_url: str
    topic_url: str
    generation: int
    attempted_at: float
    state: str
    next_attempt_at: float
    status: int | None
    error: str


class FailedCheck(NamedTuple):
    """A ping that was not sent, as the public copy is not the built document. `state` is the decision about it."""

    hub_url: str
    topic_url: str
    generation: int
    checked_at: float
    state: str
    next_attempt_at: float
    error: str


class UnverifiedAcceptance(NamedTuple):
    """A ping that a hub accepted although the public copy was not the built document; `error` says what it was."""

    hub_url: str
    topic_url: str
    generation: int
    accepted_at: float
    state: str
    next_attempt_at: float
    error: str


class TimeBounds(NamedTuple):
    """The latest times that the present clock and policy can have set, and the time that replaces later ones.

    A lease of an owner in `alive` is shortened to `latest_lease_at`; later leases of others end.
    """

    now: float
    latest_attempt_at: float
    latest_lease_at: float
    alive: tuple[str, ...] = ()


class Revival(NamedTuple):
    """When deliveries that a hub did not accept are tried again, as it accepted another ping.

    That is at once, but not earlier after the last attempt than `least_delay_s`, nor than `age_share` of the time
    between the first and the last attempt.
    """

    now: float
    least_delay_s: float
    age_share: float


class AttemptRow(NamedTuple):
    """One ping in the history of a delivery. `status` is None when the hub did not answer."""

    hub_url: str
    topic_url: str
    generation: int
    attempted_at: float
    state: str
    status: int | None
    error: str
    duration_s: float


class HubHealth(NamedTuple):
    """The state of a hub's circuit breaker (`websub.breaker.CircuitBreaker`), and the pings per second that it takes.

    A `rate` of 0 is unlimited.
    """

    hub_url: str
    failures: int
    openings: int
    open_until: float
    not_before: float
    rate: float = 0.0


HUB_HEALTH_COLUMNS = "hub_url, failures, openings, open_until, not_before, rate"


class PendingDelivery(NamedTuple):
    """A delivery whose current generation the hub has not acknowledged, with its last error.

    `error_origin` is `hub` or `site`: which of the two has to be repaired. `status` is the answer of the hub, if the
    error is its own. `accepted_unverified_at` is as in `Delivery`.
    """

    hub_url: str
    topic_url: str
    state: str
    attempts: int
    pending_since: float
    next_attempt_at: float
    status: int | None
    error: str
    error_origin: str
    accepted_unverified_at: float | None


PENDING_DELIVERY_COLUMNS = """
  hub_url, topic_url, state, attempts, pending_since, next_attempt_at, last_status AS status, last_error AS error,
  error_origin, accepted_unverified_at"""


class HubSummary(NamedTuple):
    """Counts of the deliveries to one hub, the time of its oldest unacknowledged change, and its last error."""

    hub_url: str
    delivered: int
    due: int
    retrying: int
    failed: int
    oldest_pending_at: float | None
    median_latency_s: float | None
    error: str


HUB_SUMMARY_COLUMNS = """
  hub.value AS hub_url,
  COALESCE(SUM(acknowledged_generation = wanted_generation), 0) AS delivered,
  COALESCE(SUM(acknowledged_generation < wanted_generation AND state = 'due'), 0) AS due,
  COALESCE(SUM(acknowledged_generation < wanted_generation AND state NOT IN ('due', 'failed')), 0) AS retrying,
  COALESCE(SUM(acknowledged_generation < wanted_generation AND state = 'failed'), 0) AS failed,
  MIN(CASE WHEN acknowledged_generation < wanted_generation THEN pending_since END) AS oldest_pending_at,
  (SELECT duration_s FROM (
     SELECT duration_s, ROW_NUMBER() OVER (ORDER BY duration_s) - 1 AS position, COUNT(*) OVER () AS total FROM (
       SELECT duration_s FROM attempts WHERE attempts.hub_url = hub.value AND attempts.state = 'delivered'
       ORDER BY id DESC LIMIT 1000))
   WHERE position = total / 2) AS median_latency_s,
  COALESCE((
    SELECT CASE WHEN last_status IS NULL THEN last_error ELSE last_status || ' ' || last_error END
    FROM deliveries AS pending
    WHERE pending.hub_url = hub.value AND pending.acknowledged_generation < pending.wanted_generation
      AND (last_error <> '' OR last_status IS NOT NULL)
    ORDER BY next_attempt_at DESC LIMIT 1), '') AS error"""


class TopicSummary(NamedTuple):
    """When a document changed last, when a hub acknowledged it last, and how many hubs have not acknowledged it."""

    topic_url: str
    path: str
    changed_at: float
    delivered_at: float | None
    pending: int


TOPIC_SUMMARY_COLUMNS = """
  topic_url, path, changed_at, MAX(acknowledged_at) AS delivered_at,
  SUM(CASE WHEN acknowledged_generation < wanted_generation THEN 1 ELSE 0 END) AS pending"""


class PendingCount(NamedTuple):
    """The pending deliveries of a hub: `due` are waiting or retried, `failed` were given up."""

    hub_url: str
    due: int
    failed: int


class WaitingDelivery(NamedTuple):
    """An unacknowledged delivery, as reports describe it: with the path of its document in the output.

    `first_attempt_at` and `first_check_at` are the times of the first ping and of the first failed verification of the
    wanted generation; `leased_until` is the end of a lease, or 0.
    """

    hub_url: str
    topic_url: str
    path: str
    state: str
    attempts: int
    pending_since: float
    next_attempt_at: float
    first_attempt_at: float | None
    first_check_at: float | None
    leased_until: float
    status: int | None
    error: str


WAITING_DELIVERY_COLUMNS = """
  hub_url, topic_url, path, state, attempts, pending_since, next_attempt_at, first_attempt_at, first_check_at,
  lease_expires_at AS leased_until, last_status AS status, last_error AS error"""


class HubTimes(NamedTuple):
    """When a hub acknowledged a delivery last, and when the first attempt after that failed that is still recorded."""

    hub_url: str
    acknowledged_at: float | None
    failing_since: float | None


HUB_TIMES_COLUMNS = """
  hub_url, acknowledged_at,
  (SELECT MIN(attempted_at) FROM attempts
   WHERE attempts.hub_url = hub.hub_url AND state <> 'delivered' AND attempted_at > COALESCE(acknowledged_at, 0))
  AS failing_since"""
