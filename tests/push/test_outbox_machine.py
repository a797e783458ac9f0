"""Any history of builds, kills, hubs and pushers: nothing is told early, twice at once or never."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from killing import BUSY, HUBS, LATE_S, LEASE_S, OK, OUTCOMES, Flight, Site

from syndicate.push.office import NothingBuiltError
from syndicate.retry import Outcome

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
        self.world = self.site.world
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
        self.world.record(name, title=title, topics=list(topics))

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        (self.world.folder / "corpus" / name).unlink(missing_ok=True)

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
        with closing(sqlite3.connect(self.world.state / "index.db")) as connection:
            connection.execute("PRAGMA user_version = 1")

    @HAS_INDEX
    @rule(wholly=st.booleans())
    def index_is_lost(self, wholly: bool) -> None:  # noqa: FBT001
        for path in self.world.state.glob("*"):
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
    site.world.record("a.md", title="Alpha", topics=[])
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
    site.world.record("a.md", title="Beta", topics=[])
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
    site.world.record("b.md", title="Beta", topics=["One"])
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
    site.world.record("a.md", title="Beta", topics=[])
    site.build()
    new = site.claim("B")
    site.settle(old)
    assert [row[2:4] for row in site.rows()] == [(2, 1)]
    assert site.claim("C") == []  # the newer one is under way
    deliver(site, new, OK)
    assert [row[2:4] for row in site.rows()] == [(2, 2)]
