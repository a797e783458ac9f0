"""A state machine of builds, kills, hubs and dispatchers: no delivery is early, leased twice at once, or lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.editable_sites import EditableSite
from support.state_machines import history_settings

from syndicate.delivery.owner import Liveness
from syndicate.delivery.session import run_transaction
from syndicate.delivery.transactions import (
    Attempt,
    DeliveryResult,
    lease_due,
    maintain,
    next_attempt_at,
    read_breakers,
    record_attempts,
    revive,
)
from syndicate.errors import StoreError
from syndicate.store.outbox_rows import Delivery
from syndicate.store.sqlite.outbox import SqliteOutbox as Outbox
from syndicate.websub.breaker import CircuitBreaker
from syndicate.websub.retry import Outcome, RetryPolicy

_Result = TypeVar("_Result")
Key = tuple[str, str]

HUBS = ("https://one.example/", "https://two.example/")
SITE = "https://f.example/"
DAY_S = 86400.0
LEASE_S = 125.0
LATE_S = 45.0  # a dispatcher sends nothing in the last part of a lease
OK = Outcome(202, duration_s=0.5)
BUSY = Outcome(503, "busy", duration_s=0.5)
STALE = "the public copy answers with status 404"
OUTCOMES = {
    "delivered": OK,
    "accepted": Outcome(204, duration_s=0.1),
    "accepted-unverified": Outcome(202, stale=STALE, duration_s=0.1),
    "not-found": Outcome(404, "nobody subscribes"),
    "gone": Outcome(410),
    "forbidden": Outcome(403),
    "moved": Outcome(301, "redirects to https://elsewhere.example/, which is another host"),
    "request-timeout": Outcome(408),
    "busy": BUSY,
    "error": Outcome(500, "Topic not found"),
    "throttled": Outcome(429),
    "throttled-for-a-while": Outcome(429, retry_after_s=600.0, duration_s=0.1),
    "maintenance": Outcome(503, retry_after_s=86400.0),
    "no-answer": Outcome(error="timed out", duration_s=15.0),
    "refused-and-stale": Outcome(404, stale=STALE),
    "unverified": Outcome(error=STALE, unverified=True),
}
POLICY = RetryPolicy()


class KilledError(BaseException):
    """A build is killed."""


class UncommittableConnection(sqlite3.Connection):
    """A connection that raises KilledError instead of committing."""

    def execute(self, sql: str, *arguments: Any) -> Any:  # type: ignore[override]
        if sql == "COMMIT":
            raise KilledError
        return super().execute(sql, *arguments)


@contextmanager
def killed_before_commit() -> Iterator[None]:
    """Kill a build before its first commit, with all its files in place."""
    real, opened = sqlite3.connect, []

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        opened.append(real(*arguments, **named, factory=UncommittableConnection))
        return opened[-1]

    sqlite3.connect = connect  # type: ignore[assignment]
    try:
        yield
    finally:
        sqlite3.connect = real
        for connection in opened:
            connection.close()  # as the end of a process does


class Row(NamedTuple):
    """A delivery and its topic in the database."""

    hub_url: str
    topic_url: str
    wanted_generation: int
    acknowledged_generation: int
    generation: int
    digest: bytes
    state: str
    next_attempt_at: float
    lease_expires_at: float
    accepted_unverified_at: float | None

    @property
    def key(self) -> Key:
        return self.hub_url, self.topic_url


@dataclass
class Flight:
    """A leased delivery in the memory of its owner, and its attempt once it was sent."""

    delivery: Delivery
    owner: str
    expires_at: float
    attempt: Attempt | None = None

    @property
    def key(self) -> Key:
        return self.delivery.hub_url, self.delivery.topic_url


@dataclass
class Site:
    """A real site and its outbox. Its hubs fetch the public bytes of a document whenever they accept a ping."""

    folder: Path
    now: float = field(default_factory=lambda: time.time() + 86400)  # later than any build, which uses the clock
    flights: list[Flight] = field(default_factory=list)
    leases: dict[Key, tuple[str, float]] = field(default_factory=dict)  # owner and end of each lease
    fetched: dict[Key, bytes | None] = field(default_factory=dict)  # the digest that a hub fetched last
    dead: set[str] = field(default_factory=set)  # owners that were killed
    elapsed: float = 0.0  # the monotonic clock of all owners
    published: dict[str, set[bytes]] = field(default_factory=dict)  # all digests that were ever public
    is_consistent: bool = False  # the last build committed: the tree matches the database

    def __post_init__(self) -> None:
        self.editable_site = EditableSite(self.folder / "site")
        self.editable_site.settings["feeds"] = {"limit": 3, "by": ["topics"], "formats": ["atom"]}
        self.configure_hubs(HUBS[:1])

    def configure_hubs(self, hubs: tuple[str, ...]) -> None:
        self.editable_site.settings["hubs"] = list(hubs)

    def public_digest(self, topic_url: str) -> bytes | None:
        """Return the digest of the bytes that are public now."""
        try:
            return sha256((self.editable_site.output / topic_url.removeprefix(SITE)).read_bytes()).digest()
        except FileNotFoundError:
            return None

    # ------------------------------------------------------------------------------------------------------ build

    def build(self, *, full: bool = False) -> None:
        self.editable_site.build(full=full)
        self.is_consistent = True
        shutil.rmtree(self.folder / "built", ignore_errors=True)
        shutil.copytree(self.editable_site.folder / "corpus", self.folder / "built")
        self._record_published()
        keys = {row.key for row in self.rows()}
        self.leases = {key: lease for key, lease in self.leases.items() if key in keys}

    def build_killed(self) -> None:
        with killed_before_commit(), suppress(KilledError):
            self.editable_site.build()
        self.is_consistent = False
        self._record_published()

    def revert_corpus(self) -> None:
        """Restore the corpus of the last complete build."""
        shutil.rmtree(self.editable_site.folder / "corpus")
        shutil.copytree(self.folder / "built", self.editable_site.folder / "corpus")

    def _record_published(self) -> None:
        for path in self.editable_site.output.rglob("feed.atom"):
            name = path.relative_to(self.editable_site.output).as_posix()
            self.published.setdefault(f"{SITE}{name}", set()).add(sha256(path.read_bytes()).digest())

    # --------------------------------------------------------------------------------------------------- dispatch

    def run(self, work: Callable[[Outbox], _Result]) -> _Result:
        try:
            return run_transaction(str(self.editable_site.state), work)
        except StoreError:  # the database is of another version: a dispatcher waits for the next build
            self.build()
            return run_transaction(str(self.editable_site.state), work)

    def lease(self, owner: str, capacity: int = 8) -> list[Flight]:
        hubs = self.editable_site.settings["hubs"]
        deliveries = self.run(lambda outbox: lease_due(outbox, owner, dict.fromkeys(hubs, capacity), self.now, LEASE_S))
        assert all(sum(delivery.hub_url == hub for delivery in deliveries) <= capacity for hub in hubs)
        flights = [Flight(delivery, owner, self.elapsed + LEASE_S) for delivery in deliveries]
        for flight in flights:
            _, expires_at = self.leases.get(flight.key, ("", 0.0))
            assert expires_at <= self.now, f"leased to two owners at once: {flight.key}"
            self.leases[flight.key] = owner, self.now + LEASE_S
            public, digest = self.public_digest(flight.delivery.topic_url), flight.delivery.digest
            assert digest in self.published[flight.delivery.topic_url]
            assert public == digest or not self.is_consistent, f"leased before the document is public: {flight.key}"
        self.flights += flights
        return flights

    def send(self, flight: Flight, outcome: Outcome) -> None:
        if outcome.status in {202, 204}:
            is_right = not outcome.stale or self.fetched.get(flight.key) == flight.delivery.digest
            self.fetched[flight.key] = self.public_digest(flight.delivery.topic_url) if is_right else None
        flight.attempt = Attempt(flight.delivery, outcome, self.now)

    def record(self, flights: list[Flight], jitter: float = 0.5) -> list[DeliveryResult]:
        """Record the attempts of one owner."""
        self.flights = [flight for flight in self.flights if flight not in flights]
        attempts = [flight.attempt for flight in flights if flight.attempt]
        for flight in flights:
            self._end_lease(flight)
        before = {row.key: row.acknowledged_generation for row in self.rows()}
        owner = flights[0].owner

        def work(outbox: Outbox) -> list[DeliveryResult]:
            results = record_attempts(outbox, owner, attempts, POLICY, lambda: jitter)
            revive(
                outbox, {one.attempt.delivery.hub_url for one in results if one.decision.state == "delivered"}, self.now
            )
            return results

        results = self.run(work)
        for row in self.rows():
            sent = [
                attempt.delivery.generation
                for attempt in attempts
                if attempt.outcome.status in {202, 204}
                and not attempt.outcome.stale
                and attempt.delivery[:2] == row.key
            ]
            previous = before.get(row.key, 0)  # `run` may have built
            assert previous <= row.acknowledged_generation <= max([previous, *sent]), "acknowledged more than was sent"
        return results

    def release(self, owner: str) -> None:
        unsent = [flight for flight in self.flights if flight.owner == owner and not flight.attempt]
        self.run(lambda outbox: outbox.release(owner, [flight.delivery for flight in unsent]))
        self.flights = [flight for flight in self.flights if flight not in unsent]
        for flight in unsent:
            self._end_lease(flight)

    def maintain(self) -> None:
        """End the leases of the dead, and correct times, as a dispatcher does now and then."""
        hubs = self.editable_site.settings["hubs"]
        self.run(lambda outbox: maintain(outbox, hubs, self.now, POLICY, LEASE_S, self.liveness))
        expires_at = {row.key: row.lease_expires_at for row in self.rows() if row.lease_expires_at}
        self.leases = {key: (owner, expires_at[key]) for key, (owner, _) in self.leases.items() if key in expires_at}
        self.assert_nothing_waits_for_too_long()

    def liveness(self, owner: str) -> Liveness:
        """Return whether an owner lives. Nothing is known of owner C, which runs in another container."""
        return "unknown" if owner.startswith("C") else "dead" if owner in self.dead else "alive"

    def _end_lease(self, flight: Flight) -> None:
        owner, _ = self.leases.get(flight.key, ("", 0.0))
        if owner == flight.owner:
            del self.leases[flight.key]

    def drain(self) -> None:
        """Let all hubs accept and time pass, until every delivery is acknowledged, within a bound of rounds."""
        self.flights, max_rounds = [], 2 * len(self.rows()) + 20
        for _ in range(max_rounds):
            self.maintain()
            if flights := self.lease("last"):
                for flight in flights:
                    self.send(flight, OK)
                self.record(flights)
                continue
            at = self.run(lambda outbox: next_attempt_at(outbox, self.editable_site.settings["hubs"]))
            if at is None and not self.run(lambda outbox: outbox.replay(self.now)):
                return
            self.now = max(self.now, at or 0.0)
            self.elapsed += LEASE_S
        raise AssertionError(f"not delivered within {max_rounds} rounds: {self.run(Outbox.pending)}")

    # -------------------------------------------------------------------------------------------------- inspection

    @property
    def has_database(self) -> bool:
        return (self.editable_site.state / "index.db").exists()

    def rows(self) -> list[Row]:
        """Return all deliveries; an empty list if there is no database."""
        if not self.has_database:
            return []
        sql = f"SELECT {', '.join(Row._fields)} FROM deliveries JOIN topics USING (topic_url)"
        with closing(sqlite3.connect(self.editable_site.state / "index.db")) as connection:
            return [Row._make(row) for row in connection.execute(sql)]

    def breaker(self) -> CircuitBreaker:
        return self.run(lambda outbox: read_breakers(outbox, HUBS[:1]))[HUBS[0]]

    def assert_nothing_waits_for_too_long(self) -> None:
        """Assert that every delivery to a configured hub is attempted within the longest wait of the policy."""
        latest = self.now + POLICY.longest_delay_s
        for row in self.rows():
            if (
                row.acknowledged_generation < row.wanted_generation
                and row.hub_url in self.editable_site.settings["hubs"]
            ):
                assert row.state == "failed" or row.next_attempt_at <= latest, row
                assert row.lease_expires_at <= self.now + LEASE_S, row
        if HUBS[0] in self.editable_site.settings["hubs"]:
            assert self.breaker().blocked_until() <= latest

    def assert_all_delivered(self) -> None:
        documents = {f"{SITE}{path}" for path in self.editable_site.tree() if path.endswith("feed.atom")}
        rows = self.rows()
        assert {row.key for row in rows} == {
            (hub, url) for hub in self.editable_site.settings["hubs"] for url in documents
        }
        for row in rows:
            assert (row.acknowledged_generation, row.accepted_unverified_at) == (row.wanted_generation, None), row.key
            assert self.fetched[row.key] == self.public_digest(row.topic_url), f"the hub fetched other bytes: {row.key}"


NAMES = st.sampled_from(["a.md", "b.md", "c.md"])
TITLES = st.sampled_from(["Alpha", "Beta"])
TOPICS = st.sampled_from([(), ("One",), ("Two",), ("One", "Two")])
OWNERS = st.sampled_from(["A", "B", "C"])
HAS_DATABASE = precondition(lambda self: self.site.has_database)


class Deliveries(RuleBasedStateMachine):
    """Builds, hubs that accept or fail, and dispatchers that may be killed at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="syndicate-outbox-"))
        self.site = Site(self.folder)
        self.editable_site = self.site.editable_site
        self.editable_site.settings["executor"] = "inline"  # forks, which do not matter here, took half of the time
        self.lives = 0
        self.healthy: set[str] = set()

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.site.build()
                self.site.drain()
                self.site.assert_all_delivered()
        finally:
            shutil.rmtree(self.folder)

    # ------------------------------------------------------------------------------------------------------ build

    @initialize(topics=TOPICS)
    def begin(self, topics: tuple[str, ...]) -> None:
        self.write("a.md", "Alpha", topics)
        self.site.build()

    @rule(name=NAMES, title=TITLES, topics=TOPICS)
    def write(self, name: str, title: str, topics: tuple[str, ...]) -> None:
        self.editable_site.record(name, title=title, topics=list(topics))

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        (self.editable_site.folder / "corpus" / name).unlink(missing_ok=True)

    @rule()
    def build(self) -> None:
        self.site.build()

    @rule(name=NAMES, title=TITLES, topics=TOPICS)
    def change_and_build(self, name: str, title: str, topics: tuple[str, ...]) -> None:
        self.write(name, title, topics)
        self.site.build()

    @rule()
    def build_in_full(self) -> None:
        self.site.build(full=True)

    @rule()
    def build_is_killed_before_its_commit(self) -> None:
        self.site.build_killed()

    @rule(hubs=st.sampled_from([HUBS[:1], HUBS[1:], HUBS, ()]))
    def configure_hubs(self, hubs: tuple[str, ...]) -> None:
        self.site.configure_hubs(hubs)
        self.site.build()

    @HAS_DATABASE
    @rule()
    def database_is_of_another_version(self) -> None:
        with closing(sqlite3.connect(self.editable_site.state / "index.db")) as connection:
            connection.execute("PRAGMA user_version = 1")

    @HAS_DATABASE
    @rule(entirely=st.booleans())
    def database_is_lost(self, entirely: bool) -> None:  # noqa: FBT001
        for path in self.editable_site.state.glob("*"):
            if entirely:
                path.unlink()
            elif path.name.startswith("index.db"):
                path.write_bytes(b"damaged" * 2000)
        self.site.leases.clear()
        self.site.build()

    # --------------------------------------------------------------------------------------------------- dispatch

    def _name(self, owner: str) -> str:
        return f"{owner}{self.lives}"

    @rule(owner=OWNERS, capacity=st.sampled_from([1, 2, 8]))
    def lease(self, owner: str, capacity: int) -> None:
        try:
            self.site.lease(self._name(owner), capacity)
        except StoreError:
            assert not self.site.has_database

    def _unsent(self) -> list[Flight]:
        return [f for f in self.site.flights if not f.attempt and self.site.elapsed <= f.expires_at - LATE_S]

    @precondition(lambda self: self._unsent())
    @rule(data=st.data(), outcome=st.sampled_from(["delivered", "delivered", *OUTCOMES]))
    def send(self, data: st.DataObject, outcome: str) -> None:
        flight = data.draw(st.sampled_from(self._unsent()))
        self.site.send(flight, OK if flight.delivery.hub_url in self.healthy else OUTCOMES[outcome])

    @precondition(lambda self: self._unsent())
    @rule(outcome=st.sampled_from(list(OUTCOMES)))
    def send_all(self, outcome: str) -> None:
        for flight in self._unsent():
            self.site.send(flight, OUTCOMES[outcome])

    @precondition(lambda self: self.site.has_database and any(flight.attempt for flight in self.site.flights))
    @rule(data=st.data(), jitter=st.sampled_from([0.0, 0.5, 1.0]))
    def record(self, data: st.DataObject, jitter: float) -> None:
        first = data.draw(st.sampled_from([flight for flight in self.site.flights if flight.attempt]))
        every = data.draw(st.booleans())
        self.site.record(
            [f for f in self.site.flights if f is first or (every and f.attempt and f.owner == first.owner)], jitter
        )

    @HAS_DATABASE
    @rule(owner=OWNERS)
    def release(self, owner: str) -> None:
        self.site.release(self._name(owner))

    @rule(killed=OWNERS)
    def kill(self, killed: str) -> None:
        """Kill a dispatcher that holds leases. All return under new names; flights of the others become late."""
        self.site.flights = [flight for flight in self.site.flights if flight.owner != self._name(killed)]
        self.site.dead.add(self._name(killed))
        self.lives += 1

    @rule(seconds=st.sampled_from([1.0, 30.0, 120.0, 130.0, 3600.0, 86400.0, 4 * 86400.0]))
    def time_passes(self, seconds: float) -> None:
        self.site.now += seconds
        self.site.elapsed += seconds

    @rule(days=st.sampled_from([-30, -1, 1, 30]))
    def clock_jumps(self, days: int) -> None:
        self.site.now += days * DAY_S

    @HAS_DATABASE
    @rule()
    def maintain(self) -> None:
        self.site.maintain()

    @HAS_DATABASE
    @rule(hub=st.sampled_from([None, *HUBS]), path=st.sampled_from([None, "all", "topics/one"]))
    def replay(self, hub: str | None, path: str | None) -> None:
        self.site.run(lambda outbox: outbox.replay(self.site.now, hub, path))

    @rule(hub=st.sampled_from(HUBS))
    def hub_recovers_or_fails(self, hub: str) -> None:
        self.healthy ^= {hub}

    # -------------------------------------------------------------------------------------------------- invariants

    @invariant()
    def acknowledged_generation_was_wanted_and_fetched(self) -> None:
        for row in self.site.rows():
            assert 0 <= row.acknowledged_generation <= row.wanted_generation == row.generation, row.key
            if row.acknowledged_generation == row.wanted_generation and self.site.is_consistent:
                assert self.site.fetched.get(row.key) == row.digest, f"acknowledged but never fetched: {row.key}"


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = history_settings(int(os.environ.get("SYNDICATE_HISTORIES", "30")), 40)


# ---------------------------------------------------------------------------------------------- named histories


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with one feed of one document, built and not delivered."""
    site = Site(tmp_path)
    site.editable_site.record("a.md", title="Alpha", topics=[])
    site.build()
    return site


def deliver(site: Site, flights: list[Flight], outcome: Outcome) -> None:
    for flight in flights:
        site.send(flight, outcome)
    site.record(flights, jitter=1.0)


@pytest.mark.parametrize("kills", [1, 2])
def test_change_that_is_reverted_after_a_killed_build_is_delivered_again(site: Site, kills: int) -> None:
    """The hub fetches the bytes of a killed build; then the tree has again the bytes that the outbox recorded."""
    flights = site.lease("A")
    site.editable_site.record("a.md", title="Beta", topics=[])
    site.build_killed()
    deliver(site, flights, OK)
    site.revert_corpus()
    if kills == 2:
        site.build_killed()
    site.build()
    site.drain()
    site.assert_all_delivered()


def test_each_failed_probe_blocks_a_hub_for_longer(site: Site) -> None:
    waits: list[float] = []
    while (at := site.run(lambda outbox: next_attempt_at(outbox, HUBS[:1]))) is not None:
        site.now = max(site.now, at)
        deliver(site, site.lease("A"), BUSY)
        if site.breaker().is_half_open():
            waits.append(round(site.breaker().open_until - site.now - BUSY.duration_s))
    assert waits[:8] == [30, 60, 120, 240, 480, 960, 1920, 3600]
    assert set(waits[8:]) <= {3600}


def test_lease_of_a_killed_probe_expires(site: Site) -> None:
    site.editable_site.record("b.md", title="Beta", topics=["One"])
    site.build()
    while not site.breaker().is_half_open():
        site.now = max(site.now, site.run(lambda outbox: next_attempt_at(outbox, HUBS[:1])) or 0.0)
        deliver(site, site.lease("A"), BUSY)
    site.now += 3600.0
    assert len(site.lease("killed")) == 1
    assert site.lease("B") == []
    site.now += LEASE_S
    probe = site.lease("B")
    assert len(probe) == 1
    deliver(site, probe, OK)
    assert not site.breaker().is_half_open()
    site.drain()
    site.assert_all_delivered()


def test_late_acknowledgement_of_an_older_generation_leaves_the_newer_pending(site: Site) -> None:
    def generations() -> list[tuple[int, int]]:
        return [(row.wanted_generation, row.acknowledged_generation) for row in site.rows()]

    old = site.lease("A")
    for flight in old:
        site.send(flight, OK)
    site.now += LEASE_S
    site.editable_site.record("a.md", title="Beta", topics=[])
    site.build()
    new = site.lease("B")
    site.record(old)
    assert generations() == [(2, 1)]
    assert site.lease("C") == []  # the newer one is in flight
    deliver(site, new, OK)
    assert generations() == [(2, 2)]


@pytest.mark.parametrize("days", [-30, 30])
def test_clock_that_jumps_while_a_delivery_waits_does_not_lose_or_delay_it(site: Site, days: int) -> None:
    """The unverified ping was accepted before the jump; the public copy is right a day later."""
    deliver(site, site.lease("A"), OUTCOMES["accepted-unverified"])
    site.now += days * DAY_S
    site.maintain()
    for _ in range(30):
        site.now += 3600.0 * 1.25
        deliver(site, site.lease("A"), OUTCOMES["unverified"])
    assert {row.state for row in site.rows()} == {"unverified"}
    site.now += 3600.0 * 1.25
    deliver(site, site.lease("A"), OK)
    site.assert_all_delivered()


@pytest.mark.parametrize(("owner", "waits"), [("A", False), ("C", True)])
def test_lease_of_an_owner_that_is_known_to_be_dead_ends_at_once(site: Site, owner: str, *, waits: bool) -> None:
    assert len(site.lease(owner)) == 1
    site.dead.add(owner)
    site.maintain()
    assert len(site.lease("B")) == (0 if waits else 1)


def test_acceptance_of_an_unverified_ping_is_no_acknowledgement(site: Site) -> None:
    deliver(site, site.lease("A"), OUTCOMES["accepted-unverified"])
    (row,) = site.rows()
    assert (row.state, row.acknowledged_generation, row.accepted_unverified_at) == ("unverified", 0, site.now + 0.1)
    site.now += 300.0
    deliver(site, site.lease("A"), OK)
    site.assert_all_delivered()


def test_new_generation_forgets_the_unverified_ping_of_the_last_one(site: Site) -> None:
    deliver(site, site.lease("A"), OUTCOMES["accepted-unverified"])
    site.editable_site.record("a.md", title="Beta", topics=[])
    site.build()
    (flight,) = site.lease("A")
    assert (flight.delivery.generation, flight.delivery.accepted_unverified_at) == (2, None)
