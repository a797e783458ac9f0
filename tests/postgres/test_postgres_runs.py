"""Runs, deliveries and servers on one database: beside each other, killed, and with a network that fails."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.editable_sites import EditableSite
from support.holders import holding
from support.postgres_server import PostgresServer
from support.sites import clean_environment
from support.toxic_proxy import ToxicProxy, toxic_proxy

from syndicate.delivery.session import OutboxSession, read_outbox, run_transaction
from syndicate.errors import (
    LockedError,
    StoreError,
    StoreMissingError,
    StoreUnavailableError,
)
from syndicate.store import open_store
from syndicate.store.outbox_repository import Outbox
from syndicate.store.outbox_rows import Acknowledgement, PendingDelivery, TopicDocument
from syndicate.store.postgres import migrate
from syndicate.store.rows import RecordRow

pytestmark = pytest.mark.postgres

HUB = "https://hub.example/"
LEASE_S = 60.0


@pytest.fixture
def url(server: PostgresServer) -> str:
    return server.url()


@pytest.fixture
def proxy(server: PostgresServer) -> Iterator[ToxicProxy]:
    with toxic_proxy(server.folder / ".s.PGSQL.5432") as proxy:
        yield proxy


@pytest.fixture
def site(tmp_path: Path, url: str) -> EditableSite:
    """A site with some entries, and its state in the database."""
    site = EditableSite(tmp_path / "site")
    site.settings |= {"state": url, "hubs": [HUB]}
    for number in range(5):
        site.record(f"{number}.md", title=f"Title {number}", topics=["One"])
    return site


def pending(outbox: Outbox) -> list[PendingDelivery]:
    return outbox.pending()


def paths(outbox: Outbox) -> list[str]:
    return outbox.paths()


def request(url: str, *numbers: int, digest: bytes = b"digest") -> None:
    """Requests deliveries as a build does."""
    with closing(open_store(url)) as store, store.write() as transaction:
        documents = [TopicDocument(f"https://f.example/{n}", str(n), digest, 10) for n in numbers]
        transaction.outbox.request_deliveries(documents, [HUB], 100.0)


def lease(url: str, owner: str, quota: int, now: float = 200.0) -> list[str]:
    leased = run_transaction(url, lambda outbox: outbox.lease(owner, {HUB: quota}, now, now + LEASE_S))
    return [one.topic_url for one in leased]


# ---------------------------------------------------------------------------------------------------------------- runs

IN_TRANSACTION = """
import sys
from syndicate.pipeline import run
from syndicate.cli import main
summary = run.Run._summary
def stop(*arguments):
    print("ready", flush=True)
    sys.stdin.read()
    return summary(*arguments)
run.Run._summary = stop
sys.exit(main(["build", "-c", sys.argv[1]]))
"""


def test_of_two_builds_at_once_one_works(site: EditableSite) -> None:
    path = site.configure()
    with holding(IN_TRANSACTION, str(path), says="ready") as running:
        with pytest.raises(LockedError, match=f"another run is at work: process {running.pid} on "):
            site.build()
        running.kill()
        running.wait()
    assert site.build().entries == 5


@pytest.mark.parametrize("end", ["process", "backend"])
def test_run_that_ends_before_its_commit_leaves_the_old_state(
    site: EditableSite, server: PostgresServer, end: str
) -> None:
    site.build()
    pings = read_outbox(str(site.settings["state"]), pending)
    site.record("0.md", title="New", topics=["Two"])
    with holding(IN_TRANSACTION, str(site.configure()), says="ready") as running:
        if end == "process":
            running.send_signal(signal.SIGKILL)
        else:
            assert server.end_backends(f"application_name LIKE 'syndicate: process {running.pid} %%'") >= 1
            assert running.stdin is not None
            running.stdin.close()
        assert running.wait(timeout=20) != 0
    with closing(open_store(str(site.settings["state"]))) as store, store.read() as snapshot:
        assert ("topics", "two") not in snapshot.feeds.feed_ids()
        assert snapshot.outbox.pending() == pings
    site.build()
    assert (site.output / "topics" / "two" / "feed.rss").exists()
    with closing(open_store(str(site.settings["state"]))) as store:
        assert store.note("unfinished") is None


def test_lost_connection_ends_a_build_with_one_line(site: EditableSite, server: PostgresServer) -> None:
    site.configure()
    with subprocess.Popen(
        [sys.executable, "-c", IN_TRANSACTION, str(site.folder / "config.yaml")], env=clean_environment(),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        server.end_backends(f"application_name LIKE 'syndicate: process {running.pid} %%'")
        _, errors = running.communicate(timeout=30)
    (line,) = errors.splitlines()
    assert line.startswith(f"syndicate: {site.settings['state']}: ")
    assert "Traceback" not in errors


def test_run_without_its_lock_commits_nothing(url: str, server: PostgresServer) -> None:
    with closing(open_store(url)) as store, store.lock():
        with store.write() as transaction:
            transaction.record_run_state({"run": 1})
        server.end_backends("application_name LIKE 'syndicate: %%'")
        for _ in range(2):
            with pytest.raises(StoreUnavailableError), store.write() as transaction:
                transaction.record_run_state({"run": 2})
    with closing(open_store(url)) as store, store.read() as snapshot:
        assert snapshot.run_state() == {"run": 1}


def test_two_first_runs_create_the_tables_once(url: str) -> None:
    failures: list[BaseException] = []

    def create() -> None:
        try:
            with closing(open_store(url)) as store, store.write() as transaction:
                transaction.record_run_state({"run": 1})
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_newer_schema_is_refused_and_left_alone(site: EditableSite, server: PostgresServer) -> None:
    site.build()
    schema = str(site.settings["state"]).rpartition("schema=")[2]
    server.execute("INSERT INTO migrations (number) VALUES (99)", schema=schema)
    known = migrate.last_migration()
    refusal = f"its tables are of version 99, this program knows version {known}: update syndicate"
    with pytest.raises(StoreError, match=refusal):
        site.build()
    with pytest.raises(StoreError, match=refusal):
        read_outbox(str(site.settings["state"]), pending)
    with pytest.raises(StoreError, match=refusal):
        run_transaction(str(site.settings["state"]), pending)


def test_damaged_state_is_set_aside_and_built_anew(site: EditableSite, server: PostgresServer) -> None:
    site.build()
    schema = str(site.settings["state"]).rpartition("schema=")[2]
    pings = read_outbox(str(site.settings["state"]), pending)
    server.execute("DROP TABLE records", schema=schema)
    site.record("new.md")
    summary = site.build()
    assert f"set aside as schema {schema}_old, and built anew" in summary.notes[0]
    assert summary.entries == 6
    topics = {one.topic_url for one in read_outbox(str(site.settings["state"]), pending)}
    assert topics >= {one.topic_url for one in pings}


# ---------------------------------------------------------------------------------------------------------- deliveries


def test_deliveries_and_readers_wait_for_no_run(url: str) -> None:
    request(url, 1, 2, 3)
    with closing(open_store(url)) as running, running.write() as transaction:
        transaction.corpus.put_records([RecordRow(1, 0, b"1.md", b"hash", 3)])
        started = time.monotonic()
        assert len(lease(url, "owner", 2)) == 2
        with closing(open_store(url)) as store, store.read() as snapshot:
            assert snapshot.corpus.last_record_id() == 0
        assert time.monotonic() - started < 5
        transaction.outbox.request_deliveries([TopicDocument("https://f.example/1", "1", b"new", 10)], [HUB], 300.0)
        with closing(open_store(url)) as store, store.read() as snapshot:
            assert {one.state for one in snapshot.outbox.pending()} == {"due"}
    assert len(lease(url, "owner", 9)) == 1


def test_dispatchers_that_lease_at_the_same_time_get_different_deliveries(url: str) -> None:
    request(url, *range(200))
    leased: list[str] = []
    lock = threading.Lock()

    def dispatch(owner: str) -> None:
        with closing(open_store(url)) as store:
            while True:
                with store.update() as transaction:
                    found = transaction.outbox.lease(owner, {HUB: 7}, 200.0, 260.0)
                if not found:
                    return
                with lock:
                    leased.extend(one.topic_url for one in found)

    threads = [threading.Thread(target=dispatch, args=(f"owner{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(leased) == sorted(f"https://f.example/{n}" for n in range(200))


def test_lease_of_a_dead_owner_passes_on_when_its_time_is_over(url: str) -> None:
    request(url, 1)
    assert lease(url, "dead", 1) == ["https://f.example/1"]
    assert lease(url, "other", 1, now=200.0 + LEASE_S - 1) == []
    assert lease(url, "other", 1, now=200.0 + LEASE_S) == ["https://f.example/1"]


def acknowledge(outbox: Outbox) -> None:
    outbox.acknowledge("owner", [Acknowledgement(HUB, "https://f.example/1", 1, b"digest", 210.0, 202)])


@pytest.mark.parametrize(
    ("fault", "when"), [("cut", b"UPDATE deliveries AS d"), ("cut", b"COMMIT\0"), ("lose", b"COMMIT\0")]
)
def test_outcome_is_recorded_once_though_the_connection_is_cut(
    server: PostgresServer, url: str, proxy: ToxicProxy, fault: str, when: bytes
) -> None:
    request(url, 1)
    assert lease(url, "owner", 1)
    distant = server.through(url, proxy.port)
    faults: list[bytes] = []

    def fail_once(data: bytes) -> str:
        if when in data and not faults:
            faults.append(data)
            return fault
        return ""

    proxy.fault = fail_once
    session = OutboxSession(distant)
    calls: list[int] = []

    def work(outbox: Outbox) -> None:
        calls.append(1)
        acknowledge(outbox)

    session._run(work)
    session._store.close()
    assert faults
    assert len(calls) == (1 if fault == "lose" else 2)
    assert read_outbox(url, pending) == []
    with closing(open_store(url)) as store, store.read() as snapshot:
        (summary,) = snapshot.outbox.hub_summaries([HUB])
        assert summary.delivered == 1


def test_session_goes_on_when_the_database_answers_again(server: PostgresServer, url: str, proxy: ToxicProxy) -> None:
    request(url, 1)
    lease(url, "owner", 1)
    distant = server.through(url, proxy.port)
    session = OutboxSession(distant)
    session._run(paths)
    with proxy.down():
        thread = threading.Thread(target=session._run, args=(acknowledge,))
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join(20)
    assert not thread.is_alive()
    session._store.close()
    assert read_outbox(url, pending) == []


def test_session_gives_up_after_its_patience(server: PostgresServer, url: str, proxy: ToxicProxy) -> None:
    request(url, 1)
    distant = server.through(url, proxy.port)
    session = OutboxSession(distant, patience_s=0.3)
    with proxy.down(), pytest.raises(StoreUnavailableError):
        session._run(paths)


# ------------------------------------------------------------------------------------------------------------- network


def test_commit_whose_answer_is_lost_counts(server: PostgresServer, url: str, proxy: ToxicProxy) -> None:
    distant = server.through(url, proxy.port)
    with closing(open_store(distant)) as store, store.write() as transaction:
        transaction.record_run_state({"run": 1})
        proxy.fault = lambda data: "lose" if b"COMMIT\0" in data else ""
    with closing(open_store(url)) as store, store.read() as snapshot:
        assert snapshot.run_state() == {"run": 1}


def test_round_trips_of_a_build_depend_on_the_batches_alone(
    server: PostgresServer, tmp_path: Path, url: str, proxy: ToxicProxy
) -> None:
    trips: dict[int, tuple[int, int, int]] = {}
    for records in (20, 200):
        site = EditableSite(tmp_path / str(records))
        state = server.through(f"{url}_{records}", proxy.port)
        site.settings |= {"state": state, "hubs": [HUB], "api": {"public": True}}
        for number in range(records):
            site.record(f"{number}.md", title=f"Title {number}", topics=["One"], body=f"[next]({number + 1}.md)")
        counts: list[int] = []
        for title in ("", "New", ""):
            if title:
                site.record("3.md", title=title, topics=["One"])
            before = proxy.round_trips
            site.build()
            counts.append(proxy.round_trips - before)
        trips[records] = (counts[0], counts[1], counts[2])
    few, many = trips[20], trips[200]
    assert abs(few[0] - many[0]) < 40
    assert abs(few[1] - many[1]) <= 4
    assert many[1] < 200
    assert many[2] < 70


def test_server_that_does_not_answer_is_reported_in_one_line(site: EditableSite, proxy: ToxicProxy) -> None:
    proxy.is_down = True
    site.settings["state"] = f"postgresql://nobody@127.0.0.1:{proxy.port}/postgres"
    for verb in ("build", "status", "check", "doctor"):
        done = subprocess.run(
            [sys.executable, "-m", "syndicate", verb, "-c", str(site.configure())],
            env=clean_environment(), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        if verb == "check":
            assert done.returncode == 0
        elif verb == "doctor":
            assert f"{site.settings['state']}: " in done.stdout
            assert "look whether the database runs" in done.stdout
        else:
            (line,) = done.stderr.splitlines()
            assert (done.returncode, line.startswith(f"syndicate: {site.settings['state']}: ")) == (1, True)


def test_missing_state_is_reported(url: str) -> None:
    with pytest.raises(StoreMissingError, match="nothing is built yet: run `syndicate build`"):
        read_outbox(url, pending)


STRIDE = 6  # every sixth statement, others for each fault


class FaultAtStatement:
    """A fault of the proxy at one of the statements that are sent from now on."""

    def __init__(self, kind: str, number: int) -> None:
        self.kind, self.number, self.sent = kind, number, 0

    def __call__(self, data: bytes) -> str:
        self.sent += 1
        return self.kind if self.sent == self.number else ""


def build_with(site: EditableSite, state: str) -> bool:
    """Builds with a state; returns whether the connection to it held."""
    site.settings["state"] = state
    while True:
        try:
            site.build()
        except LockedError:  # the server has not noticed yet that the session of the last run is over
            time.sleep(0.02)
        except StoreUnavailableError:
            return False
        else:
            return True


def newest(site: EditableSite) -> dict[str, bytes]:
    """Returns the documents without deletions, whose times depend on which of two builds found them."""
    return {path: content for path, content in site.tree().items() if path.endswith(".rss")}


@pytest.mark.parametrize(("fault", "first"), [("cut", 1), ("lose", 4)])
def test_connection_that_ends_at_any_statement_costs_a_run_and_nothing_else(
    server: PostgresServer, proxy: ToxicProxy, tmp_path: Path, fault: str, first: int
) -> None:
    """A site whose builds lose their connections has the tree and the deliveries of one whose builds do not."""
    site, reference = EditableSite(tmp_path / "site"), EditableSite(tmp_path / "reference")
    (reference.folder / "corpus").rmdir()
    (reference.folder / "corpus").symlink_to(site.folder / "corpus")
    for one in (site, reference):
        one.settings |= {"hubs": [HUB], "api": {"public": True}}
    direct = server.url()
    through = server.through(direct, proxy.port)

    def edit(number: int) -> None:
        site.record("0.md", title=f"Title {number}", topics=["One", f"Topic {number % 3}"])
        site.record(f"new/{number % 5}.md", title=f"New {number}", topics=["Two"])

    edit(0)
    assert build_with(site, direct)
    edit(1)
    proxy.fault = counting = FaultAtStatement(fault, 0)
    assert build_with(site, through)
    edit(0)
    build_with(reference, ".syndicate")
    edit(1)
    build_with(reference, ".syndicate")
    assert counting.sent > 80
    failures = 0
    for number in range(first, counting.sent, STRIDE):
        edit(number + 2)
        proxy.fault = FaultAtStatement(fault, number)
        failures += not build_with(site, through)
        assert build_with(site, direct)
        build_with(reference, ".syndicate")
        assert newest(site) == newest(reference), number
        wanted = {one.topic_url for one in read_outbox(str(reference.state), pending)}
        assert {one.topic_url for one in read_outbox(direct, pending)} == wanted
        with closing(open_store(direct)) as store:
            assert store.note("unfinished") is None
    assert failures > counting.sent // (2 * STRIDE)
