"""Any history of builds, kills, hubs and pushers: nothing is told early, twice at once or never."""

from __future__ import annotations

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
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.editable_sites import EditableSite

from syndicate.delivery.session import NothingBuiltError, change
from syndicate.store.outbox import Outbox, Ping, Settled, Tried
from syndicate.websub.retry import Breaker, Outcome, Policy

_Answer = TypeVar("_Answer")
Key = tuple[str, str]

HUBS = ("https://one.example/", "https://two.example/")
SITE = "https://f.example/"
LEASE_S = 125.0
LATE_S = 45.0  # a pusher sends nothing that late in a lease
OK = Outcome(202, seconds=0.5)
BUSY = Outcome(503, "busy", seconds=0.5)
OUTCOMES = {
    "delivered": OK,
    "refused": Outcome(404, "nobody subscribes"),
    "busy": BUSY,
    "asked to wait": Outcome(429, retry_after_s=600.0, seconds=0.1),
    "silent": Outcome(error="timed out", seconds=15.0),
    "unseen": Outcome(error="the public feed answers 404", unseen=True),
}


class KilledError(BaseException):
    """A build dies."""


class Dying(sqlite3.Connection):
    """Never commits: whoever tries dies."""

    def execute(self, sql: str, *arguments: Any) -> Any:  # type: ignore[override]
        if sql == "COMMIT":
            raise KilledError
        return super().execute(sql, *arguments)


@contextmanager
def dying() -> Iterator[None]:
    """Whoever opens a database in here dies before its first commit, with all files in place."""
    real, opened = sqlite3.connect, []

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        opened.append(real(*arguments, **named, factory=Dying))
        return opened[-1]

    sqlite3.connect = connect  # type: ignore[assignment]
    try:
        yield
    finally:
        sqlite3.connect = real
        for connection in opened:
            connection.close()  # as a process's end does


@dataclass
class Flight:
    """A leased ping in the hands of its owner, and what came of it once it was sent."""

    ping: Ping
    owner: str
    until: float
    tried: Tried | None = None

    @property
    def key(self) -> Key:
        return self.ping.hub_url, self.ping.topic_url


@dataclass
class Site:
    """A real site and its outbox, with hubs that fetch a document's public bytes whenever they accept a ping."""

    folder: Path
    now: float = field(default_factory=lambda: time.time() + 86400)  # builds use the clock: they are always before
    flights: list[Flight] = field(default_factory=list)
    leases: dict[Key, tuple[str, float]] = field(default_factory=dict)
    knows: dict[Key, bytes | None] = field(default_factory=dict)
    stood: dict[str, set[bytes]] = field(default_factory=dict)
    in_line: bool = False  # the last build ended: the tree is what the index says

    def __post_init__(self) -> None:
        self.editable_site = EditableSite(self.folder / "site")
        self.editable_site.settings["feeds"] = {"limit": 3, "by": ["topics"], "formats": ["atom"]}
        self.hubs(HUBS[:1])

    def hubs(self, hubs: tuple[str, ...]) -> None:
        self.editable_site.settings["hubs"] = list(hubs)

    def digest(self, topic_url: str) -> bytes | None:
        """What the world sees at an address now."""
        try:
            return sha256((self.editable_site.output / topic_url.removeprefix(SITE)).read_bytes()).digest()
        except FileNotFoundError:
            return None

    # ----------------------------------------------------------------------------------------------------- building

    def build(self, *, full: bool = False) -> None:
        self.editable_site.build(full=full)
        self.in_line = True
        shutil.rmtree(self.folder / "built", ignore_errors=True)
        shutil.copytree(self.editable_site.folder / "corpus", self.folder / "built")
        self._look()
        rows = {row[:2] for row in self.rows()}
        self.leases = {key: lease for key, lease in self.leases.items() if key in rows}

    def build_killed(self) -> None:
        with dying(), suppress(KilledError):
            self.editable_site.build()
        self.in_line = False
        self._look()

    def take_back(self) -> None:
        """The corpus as it was when a build ended last."""
        shutil.rmtree(self.editable_site.folder / "corpus")
        shutil.copytree(self.folder / "built", self.editable_site.folder / "corpus")

    def _look(self) -> None:
        for path in self.editable_site.output.rglob("feed.atom"):
            name = path.relative_to(self.editable_site.output).as_posix()
            self.stood.setdefault(f"{SITE}{name}", set()).add(sha256(path.read_bytes()).digest())

    # ------------------------------------------------------------------------------------------------------ pushing

    def ask(self, work: Callable[[Outbox], _Answer]) -> _Answer:
        try:
            return change(str(self.editable_site.state), work)
        except NothingBuiltError:  # the index is of another version: a pusher waits for the next build
            self.build()
            return change(str(self.editable_site.state), work)

    def claim(self, owner: str, room: int = 8) -> list[Flight]:
        hubs = self.editable_site.settings["hubs"]
        pings = self.ask(lambda outbox: outbox.claim(owner, dict.fromkeys(hubs, room), self.now, LEASE_S))
        assert all(sum(ping.hub_url == hub for ping in pings) <= room for hub in hubs)
        flights = [Flight(ping, owner, self.now + LEASE_S) for ping in pings]
        for flight in flights:
            _, until = self.leases.get(flight.key, ("", 0.0))
            assert until <= self.now, f"leased to two at once: {flight.key}"
            self.leases[flight.key] = owner, flight.until
            standing, digest = self.digest(flight.ping.topic_url), flight.ping.digest
            assert digest in self.stood[flight.ping.topic_url]
            assert standing == digest or not self.in_line, f"to be told before it stands: {flight.key}"
        self.flights += flights
        return flights

    def send(self, flight: Flight, outcome: Outcome) -> None:
        if outcome.status == 202:
            self.knows[flight.key] = self.digest(flight.ping.topic_url)
        flight.tried = Tried(flight.ping, outcome, self.now)

    def settle(self, flights: list[Flight], jitter: float = 0.5) -> list[Settled]:
        """Settle what one owner sent."""
        self.flights = [flight for flight in self.flights if flight not in flights]
        tried = [flight.tried for flight in flights if flight.tried]
        for flight in flights:
            self._end(flight)
        before = {row[:2]: row for row in self.rows()}
        settled = self.ask(lambda outbox: outbox.settle(flights[0].owner, tried, Policy(), lambda: jitter))
        for hub, topic, _, acked, *_ in self.rows():
            told = [one.ping.generation for one in tried if one.outcome is OK and one.ping[:2] == (hub, topic)]
            so_far = before[hub, topic][3] if (hub, topic) in before else 0  # `ask` may have built
            assert so_far <= acked <= max([so_far, *told]), "told of more than was sent"
        return settled

    def release(self, owner: str) -> None:
        unsent = [flight for flight in self.flights if flight.owner == owner and not flight.tried]
        self.ask(lambda outbox: outbox.release(owner, [flight.ping for flight in unsent]))
        self.flights = [flight for flight in self.flights if flight not in unsent]
        for flight in unsent:
            self._end(flight)

    def _end(self, flight: Flight) -> None:
        owner, _ = self.leases.get(flight.key, ("", 0.0))
        if owner == flight.owner:
            del self.leases[flight.key]

    def drain(self) -> None:
        """All hubs are well, and time passes: everything that stands is told, once."""
        self.flights, most = [], 2 * len(self.rows()) + 20
        for _ in range(most):
            if flights := self.claim("last"):
                for flight in flights:
                    self.send(flight, OK)
                self.settle(flights)
                continue
            at = self.ask(lambda outbox: outbox.next_due(self.editable_site.settings["hubs"]))
            if at is None and not self.ask(lambda outbox: outbox.replay(self.now)):
                return
            self.now = max(self.now, at or 0.0)
        raise AssertionError(f"not told within {most} rounds: {self.ask(Outbox.waiting)}")

    # ---------------------------------------------------------------------------------------------------- questions

    @property
    def has_index(self) -> bool:
        return (self.editable_site.state / "index.db").exists()

    def rows(self) -> list[tuple[Any, ...]]:
        """Hub, topic, wanted, acked, generation and digest of every delivery; nothing where nothing was built."""
        if not self.has_index:
            return []
        sql = (
            "SELECT hub_url, topic_url, wanted, acked, generation, digest FROM deliveries JOIN topics USING (topic_url)"
        )
        with closing(sqlite3.connect(self.editable_site.state / "index.db")) as connection:
            return connection.execute(sql).fetchall()

    def breaker(self) -> Breaker:
        return self.ask(lambda outbox: outbox.hubs(HUBS[:1]))[0].breaker

    def assert_all_is_told(self) -> None:
        documents = {f"{SITE}{path}" for path in self.editable_site.tree() if path.endswith("feed.atom")}
        assert {row[:2] for row in self.rows()} == {
            (hub, url) for hub in self.editable_site.settings["hubs"] for url in documents
        }
        for hub, topic, wanted, acked, *_ in self.rows():
            assert acked == wanted, (hub, topic)
            assert self.knows[hub, topic] == self.digest(topic), f"{hub} knows other bytes than stand at {topic}"


NAMES = st.sampled_from(["a.md", "b.md", "c.md"])
TITLES = st.sampled_from(["Alpha", "Beta"])
TOPICS = st.sampled_from([(), ("One",), ("Two",), ("One", "Two")])
OWNERS = st.sampled_from(["A", "B", "C"])
HAS_INDEX = precondition(lambda self: self.site.has_index)


class Deliveries(RuleBasedStateMachine):
    """Builds, hubs that fare well or not, and pushers that may die at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="syndicate-outbox-"))
        self.site = Site(self.folder)
        self.editable_site = self.site.editable_site
        self.lives = 0
        self.well: set[str] = set()

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.site.build()
                self.site.drain()
                self.site.assert_all_is_told()
        finally:
            shutil.rmtree(self.folder)

    # ----------------------------------------------------------------------------------------------------- building

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
        self.site.hubs(hubs)
        self.site.build()

    @HAS_INDEX
    @rule()
    def index_is_of_another_version(self) -> None:
        with closing(sqlite3.connect(self.editable_site.state / "index.db")) as connection:
            connection.execute("PRAGMA user_version = 1")

    @HAS_INDEX
    @rule(wholly=st.booleans())
    def index_is_lost(self, wholly: bool) -> None:  # noqa: FBT001
        for path in self.editable_site.state.glob("*"):
            if wholly:
                path.unlink()
            elif path.name.startswith("index.db"):
                path.write_bytes(b"damaged" * 2000)
        self.site.leases.clear()
        self.site.build()

    # ------------------------------------------------------------------------------------------------------ pushing

    def _name(self, owner: str) -> str:
        return f"{owner}{self.lives}"

    @rule(owner=OWNERS, room=st.sampled_from([1, 2, 8]))
    def claim(self, owner: str, room: int) -> None:
        try:
            self.site.claim(self._name(owner), room)
        except NothingBuiltError:
            assert not self.site.has_index

    def _unsent(self) -> list[Flight]:
        return [f for f in self.site.flights if not f.tried and self.site.now <= f.until - LATE_S]

    @precondition(lambda self: self._unsent())
    @rule(data=st.data(), what=st.sampled_from(["delivered", "delivered", *OUTCOMES]))
    def send(self, data: st.DataObject, what: str) -> None:
        flight = data.draw(st.sampled_from(self._unsent()))
        self.site.send(flight, OK if flight.ping.hub_url in self.well else OUTCOMES[what])

    @precondition(lambda self: self._unsent())
    @rule(what=st.sampled_from(list(OUTCOMES)))
    def send_all(self, what: str) -> None:
        for flight in self._unsent():
            self.site.send(flight, OUTCOMES[what])

    @precondition(lambda self: self.site.has_index and any(flight.tried for flight in self.site.flights))
    @rule(data=st.data(), jitter=st.sampled_from([0.0, 0.5, 1.0]))
    def settle(self, data: st.DataObject, jitter: float) -> None:
        first = data.draw(st.sampled_from([flight for flight in self.site.flights if flight.tried]))
        every = data.draw(st.booleans())
        self.site.settle(
            [f for f in self.site.flights if f is first or (every and f.tried and f.owner == first.owner)], jitter
        )

    @HAS_INDEX
    @rule(owner=OWNERS)
    def give_back(self, owner: str) -> None:
        self.site.release(self._name(owner))

    @rule(dies=OWNERS)
    def die(self, dies: str) -> None:
        """A pusher dies with its leases; all come back under new names, and what others have in hand is late."""
        self.site.flights = [flight for flight in self.site.flights if flight.owner != self._name(dies)]
        self.lives += 1

    @rule(seconds=st.sampled_from([1.0, 30.0, 120.0, 130.0, 3600.0, 86400.0, 4 * 86400.0]))
    def time_passes(self, seconds: float) -> None:
        self.site.now += seconds

    @HAS_INDEX
    @rule(hub=st.sampled_from([None, *HUBS]), path=st.sampled_from([None, "all", "topics/one"]))
    def replay(self, hub: str | None, path: str | None) -> None:
        self.site.ask(lambda outbox: outbox.replay(self.site.now, hub, path))

    @rule(hub=st.sampled_from(HUBS))
    def hub_gets_well_or_ill(self, hub: str) -> None:
        self.well ^= {hub}

    # --------------------------------------------------------------------------------------------------- invariants

    @invariant()
    def what_is_acknowledged_was_wanted_and_is_known(self) -> None:
        for hub, topic, wanted, acked, generation, digest in self.site.rows():
            assert 0 <= acked <= wanted == generation, (hub, topic)
            if acked == wanted and self.site.in_line:
                assert self.site.knows.get((hub, topic)) == digest, f"{hub} was never told of {topic} as it stands"


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


# ------------------------------------------------------------------------------------------- histories worth a name


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with one feed of one document, built and not told."""
    site = Site(tmp_path)
    site.editable_site.record("a.md", title="Alpha", topics=[])
    site.build()
    return site


def deliver(site: Site, flights: list[Flight], outcome: Outcome) -> None:
    for flight in flights:
        site.send(flight, outcome)
    site.settle(flights, jitter=1.0)


@pytest.mark.parametrize("kills", [1, 2])
def test_change_taken_back_after_a_killed_build_is_told_again(site: Site, kills: int) -> None:
    """The hub fetches what a killed build left in place; then the tree is again what the outbox knows already."""
    flights = site.claim("A")
    site.editable_site.record("a.md", title="Beta", topics=[])
    site.build_killed()
    deliver(site, flights, OK)
    site.take_back()
    if kills == 2:
        site.build_killed()
    site.build()
    site.drain()
    site.assert_all_is_told()


def test_each_failed_probe_holds_a_hub_for_longer(site: Site) -> None:
    waits: list[float] = []
    while (at := site.ask(lambda outbox: outbox.next_due(HUBS[:1]))) is not None:
        site.now = max(site.now, at)
        deliver(site, site.claim("A"), BUSY)
        if site.breaker().is_probing():
            waits.append(round(site.breaker().open_until - site.now - BUSY.seconds))
    assert waits[:8] == [30, 60, 120, 240, 480, 960, 1920, 3600]
    assert set(waits[8:]) <= {3600}


def test_dead_probe_frees_the_hub_when_its_lease_ends(site: Site) -> None:
    site.editable_site.record("b.md", title="Beta", topics=["One"])
    site.build()
    while not site.breaker().is_probing():
        site.now = max(site.now, site.ask(lambda outbox: outbox.next_due(HUBS[:1])) or 0.0)
        deliver(site, site.claim("A"), BUSY)
    site.now += 3600.0
    assert len(site.claim("dies")) == 1
    assert site.claim("B") == []
    site.now += LEASE_S
    probe = site.claim("B")
    assert len(probe) == 1
    deliver(site, probe, OK)
    assert not site.breaker().is_probing()
    site.drain()
    site.assert_all_is_told()


def test_late_answer_for_an_older_generation_leaves_the_newer_wanted(site: Site) -> None:
    old = site.claim("A")
    for flight in old:
        site.send(flight, OK)
    site.now += LEASE_S
    site.editable_site.record("a.md", title="Beta", topics=[])
    site.build()
    new = site.claim("B")
    site.settle(old)
    assert [row[2:4] for row in site.rows()] == [(2, 1)]
    assert site.claim("C") == []  # the newer one is under way
    deliver(site, new, OK)
    assert [row[2:4] for row in site.rows()] == [(2, 2)]
