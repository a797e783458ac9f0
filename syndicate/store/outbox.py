"""The outbox: what each hub is to be told, as state, in the index's database.

One row for each hub and topic_url holds the generation that is wanted and the one that the hub acknowledged. A build
raises the wanted ones in the transaction that records its documents, so a hundred builds are one ping, and none is
lost. A ping is leased before it is sent: whoever dies over it, another takes it when the lease ends.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..websub import retry
from ..websub.retry import Breaker, Decision, Outcome, Policy

_KEPT_ATTEMPTS = 20


class Topic(NamedTuple):
    """A document that hubs are told of, by its own address (WebSub's topic URL)."""

    topic_url: str
    path: str
    digest: bytes
    size_bytes: int


class Ping(NamedTuple):
    """A change that a hub is to be told of. `attempts` and `checks` count the tries for this generation so far."""

    hub_url: str
    topic_url: str
    generation: int
    digest: bytes
    size_bytes: int
    attempts: int
    first_at: float | None
    checks: int
    checked_at: float | None


class Tried(NamedTuple):
    """A leased ping, what came of it, and when it was sent."""

    ping: Ping
    outcome: Outcome
    at: float


class Settled(NamedTuple):
    """What was decided of a ping."""

    ping: Ping
    outcome: Outcome
    decision: Decision


class Waiting(NamedTuple):
    """An undelivered change, for a person."""

    hub_url: str
    topic_url: str
    state: str
    attempts: int
    since: float
    next_at: float
    status: int | None
    error: str


class HubRow(NamedTuple):
    """How the deliveries to one hub stand. Times are seconds since 1970, latency is seconds."""

    hub_url: str
    delivered: int
    due: int
    retrying: int
    failed: int
    breaker: Breaker
    oldest: float | None
    median_latency_s: float | None
    error: str


class TopicRow(NamedTuple):
    """When a document changed last, and when its hubs were told last; `waiting` counts the hubs still to be told."""

    topic_url: str
    path: str
    changed_at: float
    delivered_at: float | None
    waiting: int


class Outbox:
    """The outbox over an open database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    # ---------------------------------------------------------------------------------------------- a build's part

    def doubt(self, topic_urls: Iterable[str]) -> None:
        """Within the build's transaction: hubs may hold other bytes of these documents, so `want` takes any for new."""
        self._sql.executemany("UPDATE topics SET digest = x'' WHERE topic_url = ?", ((url,) for url in topic_urls))

    def want(self, topics: Iterable[Topic], hubs: Sequence[str], now: float) -> None:
        """Within the build's transaction: hubs are to be told of these documents as far as their bytes changed."""
        for topic in topics:
            before = self._sql.execute("SELECT digest FROM topics WHERE topic_url = ?", (topic.topic_url,)).fetchone()
            if before is not None and before[0] == topic.digest:
                continue
            self._sql.execute(_CHANGED, (*topic, now))
            for hub in hubs:
                self._sql.execute(_WANTED, {"hub": hub, "topic": topic.topic_url, "now": now})

    def keep(self, site_url: str, hubs: Sequence[str], *, pages: bool = False) -> None:
        """Within the build's transaction: forget documents that stand no more, and hubs that are not configured.

        Of pages hubs are told by the address of their folder, if at all.
        """
        self._sql.execute(_GONE, {"site": site_url, "pages": pages})
        for table in ("deliveries", "attempts"):
            self._sql.execute(f"DELETE FROM {table} WHERE topic_url NOT IN (SELECT topic_url FROM topics)")  # noqa: S608
        for table in ("deliveries", "hubs", "attempts"):
            sql = f"DELETE FROM {table} WHERE hub_url NOT IN (SELECT value FROM json_each(?))"  # noqa: S608
            self._sql.execute(sql, (json.dumps(hubs),))

    # --------------------------------------------------------------------------------------------- a pusher's part

    def claim(self, owner: str, room: Mapping[str, int], now: float, lease_s: float) -> list[Ping]:
        """Lease what is due, at most so many pings for each hub; one alone to a hub that has to prove itself."""
        claimed: list[Ping] = []
        for hub, most in room.items():
            breaker = self._breaker(hub)
            if most <= 0 or breaker.waits_until() > now:
                continue
            if breaker.is_probing():
                if self._sql.execute(_UNDER_WAY, (hub, now)).fetchone()[0]:
                    continue  # the probe, or one that was sent before the breaker opened: its outcome decides
                limit = 1
            else:
                limit = most
            rows = self._sql.execute(_DUE, {"hub": hub, "now": now, "most": limit}).fetchall()
            self._sql.executemany(
                "UPDATE deliveries SET owner = ?, leased_until = ? WHERE hub_url = ? AND topic_url = ?",
                [(owner, now + lease_s, hub, row[1]) for row in rows],
            )
            claimed += map(Ping._make, rows)
        return claimed

    def settle(self, owner: str, tried: Iterable[Tried], policy: Policy, jitter: Callable[[], float]) -> list[Settled]:
        """Record what came of pings, whosever lease it is by now: what a hub acknowledged stays acknowledged."""
        settled: list[Settled] = []
        log: list[tuple[Any, ...]] = []
        breakers: dict[str, Breaker] = {}
        for ping, outcome, at in tried:
            decision = self._settle(owner, ping, outcome, at, retry.decide(
                outcome, *_so_far(ping, outcome, at), policy, jitter()
            ))  # fmt: skip
            settled.append(Settled(ping, outcome, decision))
            breaker = breakers.get(ping.hub_url) or self._breaker(ping.hub_url)
            breakers[ping.hub_url] = retry.after(breaker, outcome, at + outcome.seconds, policy, jitter())
            if not outcome.unseen:
                log.append((ping.hub_url, ping.topic_url, ping.generation, at, decision.state, outcome.status,
                            outcome.error, outcome.seconds))  # fmt: skip
        for hub, breaker in breakers.items():
            self._put_breaker(hub, breaker)
        self._sql.executemany(
            "INSERT INTO attempts (hub_url, topic_url, generation, at, state, status, error, seconds)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            log,
        )
        return settled

    def release(self, owner: str, pings: Iterable[Ping]) -> None:
        """Give back leases of pings that were not sent."""
        self._sql.executemany(
            "UPDATE deliveries SET owner = NULL, leased_until = 0 WHERE hub_url = ? AND topic_url = ? AND owner = ?",
            [(ping.hub_url, ping.topic_url, owner) for ping in pings],
        )

    def blocked(self, hubs: Iterable[str], now: float) -> set[str]:
        """The hubs to which no ping may go at this time."""
        return {hub for hub in hubs if self._breaker(hub).waits_until() > now}

    def next_due(self, hubs: Sequence[str]) -> float | None:
        """When something may be sent next, if anything waits: a ping's time, its hub's, the end of another's lease."""
        times: list[float] = []
        for hub in hubs:
            (at,) = self._sql.execute(_NEXT, (hub,)).fetchone()
            if at is not None:
                times.append(max(at, self._breaker(hub).waits_until()))
        return min(times, default=None)

    def replay(self, now: float, hub: str | None = None, path: str | None = None) -> int:
        """Make failed pings due again, of one hub or of one feed's folder; how many."""
        sql = f"{_REPLAY} AND (:hub IS NULL OR hub_url = :hub) AND (:path IS NULL OR {_OF_PATH})"
        return self._sql.execute(sql, {"now": now, "hub": hub, "path": path}).rowcount

    def tidy(self) -> None:
        """Forget all but the latest tries of each delivery."""
        self._sql.execute(_TIDY, (_KEPT_ATTEMPTS,))

    # --------------------------------------------------------------------------------------------------- questions

    def count_due(self, hubs: Sequence[str], now: float) -> int:
        """How many pings may be sent now."""
        return sum(
            self._sql.execute(_COUNT_DUE, {"hub": hub, "now": now}).fetchone()[0]
            for hub in hubs
            if self._breaker(hub).waits_until() <= now
        )

    def waiting(self) -> list[Waiting]:
        """Every change that a hub was not told of, the longest waiting first."""
        return [Waiting._make(row) for row in self._sql.execute(_WAITING)]

    def hubs(self, hubs: Sequence[str]) -> list[HubRow]:
        """How the deliveries to these hubs stand."""
        rows: list[HubRow] = []
        for hub in hubs:
            counts = self._sql.execute(_HUB_COUNTS, (hub,)).fetchone()
            error = self._sql.execute(_LAST_ERROR, (hub,)).fetchone()
            latencies = sorted(row[0] for row in self._sql.execute(_LATENCIES, (hub,)))
            median = latencies[len(latencies) // 2] if latencies else None
            *numbers, oldest = counts
            delivered, due, retrying, failed = (number or 0 for number in numbers)
            rows.append(
                HubRow(
                    hub, delivered, due, retrying, failed, self._breaker(hub), oldest, median, error[0] if error else ""
                )
            )
        return rows

    def topics(self) -> list[TopicRow]:
        """When each document changed, and when its hubs were told."""
        return [TopicRow._make(row) for row in self._sql.execute(_TOPICS)]

    # ------------------------------------------------------------------------------------------------------- parts

    def _settle(self, owner: str, ping: Ping, outcome: Outcome, at: float, decision: Decision) -> Decision:
        done = at + outcome.seconds
        place = {"hub": ping.hub_url, "topic": ping.topic_url, "generation": ping.generation, "owner": owner}
        if decision.state == "delivered":
            self._sql.execute(_ACKNOWLEDGED, {**place, "at": done, "status": outcome.status, "digest": ping.digest})
            return decision
        values = {
            **place, "at": at, "next": done + decision.delay_s, "state": decision.state, "status": outcome.status,
            "error": outcome.error,
        }  # fmt: skip
        self._sql.execute(_CHECKED if outcome.unseen else _ATTEMPTED, values)
        return decision

    def _breaker(self, hub: str) -> Breaker:
        sql = "SELECT failures, openings, open_until, not_before FROM hubs WHERE hub_url = ?"
        row = self._sql.execute(sql, (hub,)).fetchone()
        return Breaker._make(row) if row else Breaker()

    def _put_breaker(self, hub: str, breaker: Breaker) -> None:
        self._sql.execute("INSERT OR REPLACE INTO hubs VALUES (?, ?, ?, ?, ?)", (hub, *breaker))


def _so_far(ping: Ping, outcome: Outcome, at: float) -> tuple[int, float]:
    """The tries with this one, and the seconds since the first."""
    if outcome.unseen:
        return ping.checks, at - (ping.checked_at or at)
    return ping.attempts + 1, at - (ping.first_at or at)


# A document's new bytes are its next generation.
_CHANGED = """
INSERT INTO topics (topic_url, path, digest, size_bytes, generation, changed_at) VALUES (?, ?, ?, ?, 1, ?)
ON CONFLICT (topic_url) DO UPDATE SET path = excluded.path, digest = excluded.digest,
  size_bytes = excluded.size_bytes, generation = generation + 1, changed_at = excluded.changed_at"""

# A new generation starts its tries anew, but not at once where the hub is failing: it waits for the time that is set.
_WANTED = """
INSERT INTO deliveries (hub_url, topic_url, wanted, since, next_at)
SELECT :hub, topic_url, generation, :now, :now FROM topics WHERE topic_url = :topic
ON CONFLICT (hub_url, topic_url) DO UPDATE SET wanted = excluded.wanted,
  since = CASE WHEN acked = wanted THEN excluded.since ELSE since END,
  next_at = CASE WHEN state = 'retrying' THEN next_at ELSE excluded.next_at END,
  state = CASE WHEN state = 'retrying' THEN state ELSE 'due' END,
  attempts = 0, first_at = NULL, checks = 0, checked_at = NULL"""

_IS_DUE = """
hub_url = :hub AND acked < wanted AND state <> 'failed' AND next_at <= :now AND leased_until <= :now"""

# The longest due first.
_DUE = f"""
SELECT hub_url, topic_url, wanted, digest, size_bytes, attempts, first_at, checks, checked_at
FROM deliveries JOIN topics USING (topic_url) WHERE {_IS_DUE} ORDER BY next_at LIMIT :most"""  # noqa: S608 - of constants
_GONE = """
    DELETE FROM topics WHERE path NOT IN (SELECT path FROM documents)
    OR topic_url != :site || path AND NOT (:pages AND topic_url || 'index.html' = :site || path)"""

_UNDER_WAY = "SELECT COUNT(*) FROM deliveries WHERE hub_url = ? AND leased_until > ?"
_COUNT_DUE = f"SELECT COUNT(*) FROM deliveries WHERE {_IS_DUE}"  # noqa: S608 - of constants
_NEXT = """
SELECT MIN(MAX(next_at, leased_until)) FROM deliveries WHERE hub_url = ? AND acked < wanted AND state <> 'failed'"""

# Told of this generation. If a newer one is wanted by now, that one is due at once. A lost outbox counts anew, so that
# a ping of before it may have the number of another generation: it does not have its bytes.
_ACKNOWLEDGED = """
UPDATE deliveries SET acked = MAX(acked, :generation), acked_at = :at, status = :status, error = '',
  state = CASE WHEN :generation >= wanted THEN 'delivered' ELSE 'due' END,
  since = CASE WHEN :generation >= wanted THEN since
          ELSE (SELECT changed_at FROM topics WHERE topics.topic_url = deliveries.topic_url) END,
  next_at = CASE WHEN :generation >= wanted THEN next_at ELSE :at END,
  attempts = CASE WHEN :generation >= wanted THEN attempts + 1 ELSE 0 END,
  leased_until = CASE WHEN owner = :owner THEN 0 ELSE leased_until END,
  owner = CASE WHEN owner = :owner THEN NULL ELSE owner END
WHERE hub_url = :hub AND topic_url = :topic AND EXISTS (
  SELECT 1 FROM topics WHERE topics.topic_url = :topic
  AND (generation > :generation OR (generation = :generation AND digest = :digest)))"""

# A try that came to nothing counts for its own generation only; a newer one has its tries before it.
_ATTEMPTED = """
UPDATE deliveries SET status = :status, error = :error,
  next_at = CASE WHEN wanted = :generation OR :state = 'retrying' THEN :next ELSE next_at END,
  state = CASE WHEN wanted = :generation THEN :state WHEN :state = 'retrying' THEN :state ELSE state END,
  attempts = CASE WHEN wanted = :generation THEN attempts + 1 ELSE attempts END,
  first_at = CASE WHEN wanted = :generation THEN COALESCE(first_at, :at) ELSE first_at END,
  leased_until = 0, owner = NULL
WHERE hub_url = :hub AND topic_url = :topic AND owner = :owner AND acked < wanted"""

_CHECKED = """
UPDATE deliveries SET error = :error,
  next_at = CASE WHEN wanted = :generation THEN :next ELSE next_at END,
  state = CASE WHEN wanted = :generation THEN :state ELSE state END,
  checks = CASE WHEN wanted = :generation THEN checks + 1 ELSE checks END,
  checked_at = CASE WHEN wanted = :generation THEN COALESCE(checked_at, :at) ELSE checked_at END,
  leased_until = 0, owner = NULL
WHERE hub_url = :hub AND topic_url = :topic AND owner = :owner AND acked < wanted"""

_OF_PATH = "topic_url IN (SELECT topic_url FROM topics WHERE path = :path OR path GLOB :path || '/*')"
_REPLAY = """
UPDATE deliveries SET state = 'due', next_at = :now, attempts = 0, first_at = NULL, checks = 0, checked_at = NULL
WHERE state = 'failed' AND acked < wanted"""

_TIDY = """
DELETE FROM attempts WHERE id IN (
  SELECT id FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY hub_url, topic_url ORDER BY id DESC) AS age FROM attempts)
  WHERE age > ?)"""

_WAITING = """
SELECT hub_url, topic_url, state, attempts, since, next_at, status, error FROM deliveries
WHERE acked < wanted ORDER BY since, topic_url, hub_url"""

_HUB_COUNTS = """
SELECT SUM(acked = wanted), SUM(acked < wanted AND state = 'due'),
  SUM(acked < wanted AND state NOT IN ('due', 'failed')), SUM(acked < wanted AND state = 'failed'),
  MIN(CASE WHEN acked < wanted THEN since END)
FROM deliveries WHERE hub_url = ?"""
_LAST_ERROR = """
SELECT CASE WHEN status IS NULL THEN error ELSE status || ' ' || error END FROM deliveries
WHERE hub_url = ? AND acked < wanted AND (error <> '' OR status IS NOT NULL) ORDER BY next_at DESC LIMIT 1"""
_LATENCIES = "SELECT seconds FROM attempts WHERE hub_url = ? AND state = 'delivered' ORDER BY id DESC LIMIT 1000"
_TOPICS = """
SELECT topic_url, path, changed_at, MAX(acked_at), SUM(CASE WHEN acked < wanted THEN 1 ELSE 0 END)
FROM topics LEFT JOIN deliveries USING (topic_url) GROUP BY topic_url ORDER BY path"""
