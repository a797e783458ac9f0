"""What every store does, stated once: a test module subclasses `StoreContract` and opens its store."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

import pytest
from support.holders import holding

from syndicate.errors import LockedError, Problem, StoreMissingError
from syndicate.store.base import Snapshot, Store, Transaction
from syndicate.store.outbox_rows import TopicDocument
from syndicate.store.packing import pack
from syndicate.store.partner_rows import EntryFilter
from syndicate.store.rows import (
    FAULTY,
    HIDDEN,
    MERGED,
    PARSING,
    RESOLVING,
    SHOWN,
    STOPPED,
    WAITING,
    AddressRow,
    ChangeRow,
    DocumentRow,
    DocumentSetRow,
    EntryRow,
    FeedRow,
    FileRow,
    KnownFile,
    LinkRow,
    Loss,
    MemberRow,
    MonthCount,
    OriginRow,
    PartnerEntryRow,
    PartnerTextRow,
    PublishedEntry,
    PublishedFeed,
    RecordRow,
    RenderedRow,
    Span,
    TombstoneRow,
    TouchedEntryRow,
    UnrenderedRow,
)

DAY_S = 86400
JANUARY, FEBRUARY = 1735689600, 1738368000  # 2025
BATCH = 1200  # above every limit on the parameters of one statement
HUB = "https://hub.test/"


class Stores(Protocol):
    """Opens the store under test. Two stores of one factory are the same store, as two processes open it."""

    def __call__(self) -> Store:
        """Returns the store, opened anew."""

    @property
    def opening(self) -> str:
        """Python source that binds `store` to the store, opened anew in another process."""


def record(number: int, **values: Any) -> RecordRow:
    return RecordRow(
        **{"record_id": number, "source": 0, "path": b"%d.md" % number, "hash": b"hash", "state": SHOWN, **values}
    )


def entry(number: int, published: int = JANUARY, **values: Any) -> EntryRow:
    return EntryRow(number, f"id-{number}", published, published + 1, b"d%d" % number, **values)


def member(feed_id: int, number: int, published: int) -> MemberRow:
    return MemberRow(feed_id, number, f"id-{number}", published, published + 1, b"d%d" % number)


def document(path: str, feed_id: int = 1, period: str = "") -> DocumentRow:
    return DocumentRow(path, feed_id, period, b"digest", 10, f"version of {path}", 100)


def put_members(transaction: Transaction, *members: tuple[int, int, int]) -> None:
    """Stores entries and memberships, given as feed id, record id and publication time."""
    transaction.feeds.put_entries([entry(number, at) for number, at in sorted({one[1:] for one in members})])
    transaction.feeds.add_members([(feed_id, at, number, "One") for feed_id, number, at in members])


def state(store: Store) -> dict[str, Any]:
    with store.read() as snapshot:
        return snapshot.run_state()


def put_and_fail(transaction: Transaction) -> None:
    """Changes two repositories, and raises RuntimeError."""
    transaction.record_run_state({"run": 2})
    transaction.corpus.put_records([record(1)])
    raise RuntimeError("boom")


def put_lasting(transaction: Transaction) -> None:
    """Stores something in everything that outlives a store."""
    transaction.tombstones.bury([TombstoneRow("topics", "one", "buried", 100)])
    transaction.documents.record_removed(["topics/gone/feed.rss"], 100)
    transaction.published.put_feeds([PublishedFeed("topics", "gone", "Gone", "topics/gone", 0, 100)])
    transaction.published.record_site({"authority": "f.test,2026"})
    transaction.change_log.start_run("epoch")
    transaction.change_log.append([ChangeRow(1, "id-1", b"state", '["one"]')], 100)
    transaction.outbox.request_deliveries([TopicDocument("https://f.test/1", "1", b"digest", 10)], [HUB], 100.0)


def lasting(snapshot: Snapshot) -> list[Any]:
    """Everything that `put_lasting` stored."""
    return [
        snapshot.tombstones.of_feeds([("topics", "one")]),
        snapshot.documents.removed(),
        snapshot.published.feeds(),
        snapshot.published.site(),
        snapshot.partner_changes.position(),
        [(change.seq, change.id) for change in snapshot.partner_changes.after(EntryFilter(), 10, 0, 0)],
        snapshot.outbox.pending(),
        snapshot.outbox.topic_summaries(),
    ]


def process(stores: Stores, body: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """A process that opens the store and runs `body`, which prints a line; it is killed at the end."""
    return holding(f"import sys\n{stores.opening}\n{body}", says="ready")


HOLD_LOCK = """
with store.lock():
    print("ready", flush=True)
    sys.stdin.read()
"""
WRITE = """
from random import randbytes
from syndicate.store.rows import RenderedRow
with store.write() as transaction:
    transaction.record_run_state({"run": 2})
    for n in range(1, 300):
        transaction.fragments.put([RenderedRow(n, b"d", "T", [("rss", randbytes(50_000))])])
    print("ready", flush=True)
    sys.stdin.read()
"""


def kill(running: subprocess.Popen[str]) -> None:
    running.send_signal(signal.SIGKILL)
    running.wait(timeout=10)


class StoreContract:
    """The tests. A subclass defines the fixture `stores`, whose store does not exist yet."""

    @pytest.fixture
    def store(self, stores: Stores) -> Store:
        """A store of one committed run."""
        store = stores()
        with store.write() as transaction:
            transaction.record_run_state({"run": 1})
        return store

    @pytest.fixture
    def transaction(self, stores: Stores) -> Iterator[Transaction]:
        """A transaction in a new store."""
        with stores().write() as transaction:
            yield transaction

    # --------------------------------------------------------------------------------------- transactions and snapshots

    def test_store_that_does_not_exist_cannot_be_read_or_updated(self, stores: Stores) -> None:
        with pytest.raises(StoreMissingError), stores().read():
            pass
        with pytest.raises(StoreMissingError), stores().update():
            pass

    def test_run_state_round_trip(self, store: Store, stores: Stores) -> None:
        with store.write() as transaction:
            transaction.record_run_state({"run": 2, "text": "é", "bytes": b"\0\xff", "ns": 2**62})
            transaction.record_run_state({"run": 3})
        assert state(stores()) == {"run": 3, "text": "é", "bytes": b"\0\xff", "ns": 2**62}

    @pytest.mark.parametrize("kind", ["write", "update"])
    def test_transaction_with_an_exception_changes_nothing(self, store: Store, stores: Stores, kind: str) -> None:
        with pytest.raises(RuntimeError, match="boom"), getattr(store, kind)() as transaction:
            put_and_fail(transaction)
        for one in (store, stores()):
            with one.read() as snapshot:
                assert snapshot.run_state() == {"run": 1}
                assert snapshot.corpus.last_record_id() == 0
        with getattr(store, kind)() as transaction:
            transaction.record_run_state({"run": 3})
        assert state(store) == {"run": 3}

    def test_first_transaction_with_an_exception_creates_no_store(self, stores: Stores) -> None:
        with pytest.raises(RuntimeError, match="boom"), stores().write():
            raise RuntimeError("boom")
        with pytest.raises(StoreMissingError), stores().read():
            pass

    def test_transaction_is_seen_by_others_once_it_is_committed(self, store: Store, stores: Stores) -> None:
        reader = stores()
        with store.write() as transaction:
            transaction.record_run_state({"run": 2})
            assert transaction.run_state() == {"run": 2}
            assert state(reader) == {"run": 1}
        assert state(reader) == {"run": 2}

    def test_snapshot_stays_the_same_while_others_commit(self, store: Store, stores: Stores) -> None:
        reader = stores()
        with reader.read() as snapshot:
            with store.write() as transaction:
                transaction.record_run_state({"run": 2})
                transaction.corpus.put_records([record(1)])
            with stores().update() as transaction:
                transaction.record_run_state({"update": 1})
            assert snapshot.run_state() == {"run": 1}
            assert snapshot.corpus.last_record_id() == 0
        assert state(reader) == {"run": 2, "update": 1}

    def test_snapshot_sees_a_commit_whole_or_not_at_all(self, store: Store, stores: Stores) -> None:
        """Each run stores its number in two repositories, which a concurrent reader finds equal."""
        ended = threading.Event()
        seen: list[tuple[int, int]] = []

        def read() -> None:
            reader = stores()
            while not ended.is_set():
                with reader.read() as snapshot:
                    run = snapshot.run_state()["run"]
                    time.sleep(0.001)
                    seen.append((run, snapshot.corpus.last_record_id() or 1))

        thread = threading.Thread(target=read)
        thread.start()
        try:
            for number in range(2, 30):
                with store.write() as transaction:
                    transaction.record_run_state({"run": number})
                    time.sleep(0.002)
                    transaction.corpus.put_records([record(number)])
        finally:
            ended.set()
            thread.join()
        assert len(set(seen)) > 1
        assert all(run == record_id for run, record_id in seen)

    def test_version_changes_with_every_commit(self, store: Store, stores: Stores) -> None:
        reader = stores()
        for kind in ("write", "update", "write"):
            time.sleep(0.15)
            before = reader.version()
            assert reader.version() == before
            with getattr(store, kind)() as transaction:
                transaction.record_run_state({"run": kind})
            assert reader.version() != before

    def test_writer_that_is_killed_leaves_the_former_state(self, store: Store, stores: Stores) -> None:
        with process(stores, WRITE) as running:
            kill(running)
        with stores().read() as snapshot:
            assert snapshot.run_state() == {"run": 1}
            assert snapshot.fragments.titles([1]) == {}
        with store.write() as transaction:
            transaction.record_run_state({"run": 3})
        assert state(stores()) == {"run": 3}

    def test_first_writer_that_is_killed_leaves_no_store(self, stores: Stores) -> None:
        with process(stores, WRITE) as running:
            kill(running)
        with pytest.raises(StoreMissingError), stores().read():
            pass
        with stores().write() as transaction:
            transaction.record_run_state({"run": 3})
        assert state(stores()) == {"run": 3}

    # ------------------------------------------------------------------------------------------------------------- lock

    def test_lock_is_exclusive_and_names_its_holder(self, stores: Stores) -> None:
        with process(stores, HOLD_LOCK) as running:
            started = time.monotonic()
            with pytest.raises(LockedError, match=f"process {running.pid} "), stores().lock():
                pass
            assert time.monotonic() - started < 2

    def test_lock_is_exclusive_within_a_process(self, stores: Stores) -> None:
        with stores().lock(), pytest.raises(LockedError, match=f"process {os.getpid()} "), stores().lock():
            pass
        with stores().lock():
            pass

    def test_lock_of_a_killed_process_is_free(self, stores: Stores) -> None:
        with process(stores, HOLD_LOCK) as running:
            kill(running)
            with stores().lock():
                pass

    def test_readers_and_updates_need_no_lock(self, store: Store, stores: Stores) -> None:
        with store.lock():
            assert state(stores()) == {"run": 1}
            with stores().update() as transaction:
                transaction.record_run_state({"run": 2})
            assert state(stores()) == {"run": 2}

    # ------------------------------------------------------------------------------------------- what outlives a corpus

    def test_clear_corpus_keeps_what_outlives_it(self, store: Store) -> None:
        with store.write() as transaction:
            put_lasting(transaction)
            transaction.corpus.add_folders([(1, 0, b"a")])
            transaction.corpus.put_files([FileRow(1, b"1.md", 1, 1, 1, 1)])
            transaction.corpus.put_records([record(1)])
            transaction.corpus.put_problems(PARSING, {1: [Problem("a/1.md", 1, 1, "f", "m")]})
            transaction.feeds.add_feeds([(1, "topics", "one")])
            put_members(transaction, (1, 1, JANUARY))
            transaction.fragments.put([RenderedRow(1, b"d", "T", [("rss", pack(b"x"))])])
            transaction.documents.put_sets([DocumentSetRow(1, "", b"d")])
            transaction.documents.put([document("one/feed.rss")])
        with store.read() as snapshot:
            before = lasting(snapshot)
            assert all(before)
        with store.write() as transaction:
            transaction.clear_corpus()
        with store.read() as snapshot:
            assert lasting(snapshot) == before
            assert snapshot.run_state() == {}
            assert (snapshot.corpus.folders(), snapshot.corpus.file_statuses([1])) == ({}, [])
            assert (snapshot.corpus.records([1]), snapshot.corpus.problems()) == ({}, [])
            assert (snapshot.feeds.feed_ids(), snapshot.feeds.entries([1])) == ({}, {})
            assert (snapshot.feeds.month_counts([1]), list(snapshot.feeds.newest_members([1], 5))) == ([], [])
            assert (snapshot.fragments.titles([1]), snapshot.documents.sets([1])) == ({}, [])
            assert snapshot.documents.count() == 0

    def test_store_that_replaces_one_set_aside_takes_over_what_outlives_it(self, store: Store, stores: Stores) -> None:
        with store.write() as transaction:
            put_lasting(transaction)
            transaction.feeds.add_feeds([(1, "topics", "one")])
            transaction.feeds.put_entries([entry(1, memberships=((1, "One"),))])
        with store.read() as snapshot:
            before = lasting(snapshot)
        assert store.set_aside()
        with pytest.raises(StoreMissingError), stores().read():
            pass
        with stores().write() as transaction:
            assert lasting(transaction) == before
            assert transaction.run_state() == {}
            assert transaction.feeds.feed_ids() == {}
            transaction.tombstones.bury_missing(200)
        with stores().read() as snapshot:
            buried = snapshot.tombstones.of_feeds([("topics", "one")])
        assert [(row.id, row.deleted_at) for row in buried] == [("id-1", 200), ("buried", 100)]

    # ----------------------------------------------------------------------------------------------------------- corpus

    def test_folders_and_files(self, transaction: Transaction) -> None:
        corpus = transaction.corpus
        corpus.add_folders([(1, 0, b"a"), (2, 0, b"\xff"), (3, 1, b"a")])
        assert corpus.folders() == {(0, b"a"): 1, (0, b"\xff"): 2, (1, b"a"): 3}
        corpus.put_files([FileRow(2, b"b", 22, 5, 6, 7), FileRow(1, b"\xff.md", 11, 1, 2**62, 3)])
        corpus.put_files([FileRow(2, b"a", 21, 5, 6, 7), FileRow(3, b"a", 31, 5, 6, 7), FileRow(2, b"b", 22, 8, 9, 9)])
        assert corpus.file_statuses([2, 1]) == [(1, b"\xff.md", 1, 2**62, 3), (2, b"a", 5, 6, 7), (2, b"b", 8, 9, 9)]
        assert sorted(corpus.records_of_folders([2, 3])) == [21, 22, 31]
        corpus.drop_files([(2, b"b"), (9, b"unknown")])
        corpus.drop_folders([3])
        assert corpus.folders() == {(0, b"a"): 1, (0, b"\xff"): 2}
        assert corpus.file_statuses([1, 2, 3]) == [(1, b"\xff.md", 1, 2**62, 3), (2, b"a", 5, 6, 7)]

    def test_topics_by_key_and_path(self, transaction: Transaction) -> None:
        feeds, partners = transaction.feeds, transaction.partner_entries
        feeds.add_feeds([(1, "topics", "ibm ai"), (2, "topics", "new"), (3, "provider", "mine")])
        feeds.set_feeds([FeedRow(1, "topics", "ibm ai", "topics/ibm-ai", b"1", None)])
        transaction.change_log.start_run("epoch")
        transaction.change_log.put([PartnerEntryRow(1, "id", 1, "", "", "", None, None, '["rare"]')], [])
        assert partners.known_topics({"ibm ai", "new", "mine", "rare", "other"}) == {"ibm ai", "new", "rare"}
        assert partners.known_topics(()) == set()
        assert (partners.topic_of_feed("topics/ibm-ai"), partners.topic_of_feed("topics/new")) == ("ibm ai", None)

    def test_folders_by_place(self, transaction: Transaction) -> None:
        corpus = transaction.corpus
        assert (corpus.last_folder_id(), corpus.folders_at([(0, b"")]), corpus.folders_below(0, b"a/")) == (0, {}, {})
        paths = [b"", b"a/", b"a/b/", b"a/b/c/", b"a0/", b"a-/", b"a/\xff/"]
        corpus.add_folders([(number, 0, path) for number, path in enumerate(paths, 1)])
        corpus.add_folders([(8, 1, b"a/")])
        assert corpus.last_folder_id() == 8
        assert corpus.folders_at([(0, b"a/"), (1, b"a/"), (1, b"a/b/"), (0, b"")]) == {
            (0, b"a/"): 2, (1, b"a/"): 8, (0, b""): 1,
        }  # fmt: skip
        assert corpus.folders_at([(0, b"%d/" % number) for number in range(BATCH)]) == {}
        assert set(corpus.folders_below(0, b"a/")) == {(0, b"a/"), (0, b"a/b/"), (0, b"a/b/c/"), (0, b"a/\xff/")}
        assert corpus.folders_below(1, b"a/b/") == {}

    def test_known_files(self, transaction: Transaction) -> None:
        corpus, numbers = transaction.corpus, range(1, BATCH + 1)
        corpus.add_folders([(1, 0, b"a")])
        corpus.put_files(FileRow(1, b"%d" % number, number, 1, 1, 1) for number in numbers)
        corpus.put_records(record(number, hash=b"other") for number in numbers if number > 1)
        names = [(1, b"%d" % number) for number in numbers]
        found = sorted(corpus.known_files([*names, (1, b"unknown"), (2, b"1")]), key=lambda known: known.record_id)
        assert found[0] == KnownFile(1, b"1", 1, None)
        assert found[1:] == [KnownFile(1, b"%d" % number, number, b"other") for number in numbers if number > 1]

    def test_records(self, transaction: Transaction) -> None:
        corpus = transaction.corpus
        assert corpus.last_record_id() == 0
        full = record(1, stated_id="s", url="u", published=1, updated=2, expires=3, traits="{}", digest=b"d")
        corpus.put_records([full, record(2, state=FAULTY), record(3)])
        corpus.put_records([record(3, state=HIDDEN)])
        assert corpus.records(iter([1, 2, 3, 4])) == {1: full, 2: record(2, state=FAULTY), 3: record(3, state=HIDDEN)}
        assert corpus.last_record_id() == 3
        corpus.set_states([(WAITING, 1), (FAULTY, 3)])
        assert corpus.count_states() == {WAITING: 1, FAULTY: 2}
        corpus.drop_records([3])
        assert corpus.records([1, 2, 3]).keys() == {1, 2}

    def test_batches_are_not_limited(self, transaction: Transaction) -> None:
        rows = {number: record(number, url=f"u{number}") for number in range(1, BATCH + 1)}
        transaction.corpus.put_records(rows.values())
        transaction.corpus.create_indexes()
        transaction.corpus.create_indexes()
        assert transaction.corpus.records(rows) == rows
        assert len(transaction.corpus.records_of_urls([f"u{number}" for number in rows])) == BATCH
        batches = list(transaction.corpus.entry_records(500))
        assert [len(batch) for batch in batches] == [500, 500, 200]
        assert {row for batch in batches for row in batch} == set(rows.values())
        transaction.corpus.drop_records(list(rows))
        assert transaction.corpus.last_record_id() == 0

    def test_records_by_url(self, transaction: Transaction) -> None:
        rows = [record(1, url="a"), record(2, url="b"), record(3, url="a", state=MERGED), record(4)]
        transaction.corpus.put_records(rows)
        assert transaction.corpus.shared_urls() == ["a"]
        assert set(transaction.corpus.records_of_urls(["a", "unknown"])) == {rows[0], rows[2]}
        assert sorted(row for batch in transaction.corpus.entry_records(2) for row in batch) == rows[:3]

    def test_urls_between_two_times_excludes_the_first(self, transaction: Transaction) -> None:
        transaction.corpus.put_records(
            [
                record(1, url="at the first", published=10),
                record(2, url="between", published=11, state=WAITING),
                record(3, url="at the second", published=20),
                record(4, url="later", published=21),
                record(5, url="expires at the first", published=1, expires=10),
                record(6, url="expires at the second", published=1, expires=20),
                record(7, published=15, state=HIDDEN),
            ]
        )
        assert transaction.corpus.urls_between(10, 20) == {"between", "at the second", "expires at the second"}

    def test_claimants_lead_an_entry(self, transaction: Transaction) -> None:
        rows = [record(1, stated_id="a"), record(2, stated_id="a"), record(3, stated_id="b"), record(4)]
        transaction.corpus.put_records(rows)
        transaction.feeds.put_entries([entry(1), entry(3), entry(4)])
        assert sorted(transaction.corpus.stated_ids()) == ["a", "b"]
        assert transaction.corpus.claimants(["a", "unknown"]) == [rows[0]]
        assert transaction.corpus.claimants(["a", "b"]) == [rows[0], rows[2]]

    def test_leading_records_at(self, transaction: Transaction) -> None:
        numbers = range(1, BATCH + 1)
        transaction.corpus.add_folders([(1, 0, b"a"), (2, 1, b"a")])
        transaction.corpus.put_files(FileRow(1, b"%d" % number, number, 1, 1, 1) for number in numbers)
        transaction.corpus.put_files([FileRow(2, b"1", BATCH + 1, 1, 1, 1)])
        transaction.feeds.put_entries(entry(number) for number in numbers if number > 1)
        found = transaction.corpus.leading_records_at(
            [(0, b"a", b"%d" % number) for number in numbers] + [(1, b"a", b"1")]
        )
        assert found == {(0, b"a", b"%d" % number): number for number in numbers if number > 1}

    def test_links(self, transaction: Transaction) -> None:
        links = transaction.links
        assert not links.any()
        transaction.corpus.put_records(
            [record(1, url="https://w.test/1"), record(2, url="https://w.test/2"), record(3)]
        )
        rows = [
            LinkRow(1, 0, "path/b.md", "b", has_fallback=True),
            LinkRow(1, 0, "path/c.md", "c", has_fallback=False),
            LinkRow(2, 0, "path/c.md", "c", has_fallback=False),
        ]
        links.put([1, 2], rows)
        assert links.any()
        assert links.of_records([1, 2, 3]) == rows
        assert links.urls_of_linking(["b"]) == {"https://w.test/1"}
        assert links.urls_of_linking(["b", "c"]) == links.urls_of_linking() == {"https://w.test/1", "https://w.test/2"}
        links.put([1], rows[:1])
        transaction.corpus.drop_records([2])
        assert links.of_records([1, 2]) == rows[:1]

    def test_addresses_by_place_and_by_name(self, transaction: Transaction) -> None:
        corpus, links = transaction.corpus, transaction.links
        corpus.add_folders([(1, 0, b"a/"), (2, 1, b"")])
        corpus.put_files(
            [FileRow(1, b"x.md", 1, 1, 1, 1), FileRow(2, b"x.md", 2, 1, 1, 1), FileRow(2, b"y.md", 3, 1, 1, 1)]
        )
        corpus.put_records([record(1, url="https://w.test/1"), record(2, url="https://w.test/2"), record(3)])
        first, second = AddressRow(0, b"a/x.md", "https://w.test/1"), AddressRow(1, b"x.md", "https://w.test/2")
        assert links.addresses_at([(0, b"a/", b"x.md"), (0, b"", b"x.md"), (1, b"", b"y.md")]) == [first]
        assert sorted(links.addresses_named(["x.md", "y.md", "z.md"])) == [first, second]

    def test_problems_are_replaced_by_record_and_origin(self, transaction: Transaction) -> None:
        corpus = transaction.corpus
        one, two, three = (Problem("a.md", line, 1, "f", "m", "warning") for line in (1, 2, 3))
        corpus.put_problems(PARSING, {1: [one, two], 2: [three]})
        corpus.put_problems(RESOLVING, {1: [three]})
        assert sorted(corpus.problems()) == [one, two, three, three]
        corpus.put_problems(PARSING, {1: [two], 2: []})
        assert sorted(corpus.problems()) == [two, three]
        corpus.drop_problems(PARSING)
        assert corpus.problems() == [three]
        corpus.drop_records([1])
        assert corpus.problems() == []

    def test_stopped_records_have_their_hash_and_problem(self, transaction: Transaction) -> None:
        corpus = transaction.corpus
        corpus.put_records(
            [record(1, path=b"a.md", hash=b"a", state=STOPPED), record(2, path=b"b.md", state=FAULTY), record(3)]
        )
        stopped, faulty = Problem("a.md", 1, 1, "record", "too slow"), Problem("b.md", 1, 1, "date", "unknown")
        corpus.put_problems(PARSING, {1: [stopped], 2: [faulty]})
        corpus.put_problems(RESOLVING, {1: [faulty]})
        assert corpus.stopped_records() == {(0, b"a.md"): (b"a", stopped)}

    # ------------------------------------------------------------------------------------------------------------ feeds

    def test_entries(self, transaction: Transaction) -> None:
        rows = {1: entry(1, memberships=((1, "é"), (2, "b"))), 2: entry(2, record_ids=(2, 7)), 3: entry(3)}
        transaction.feeds.put_entries(rows.values())
        assert transaction.feeds.entries(iter([1, 2, 3, 4])) == rows
        assert transaction.feeds.count_members() == (1, JANUARY)
        transaction.feeds.drop_entries([1])
        assert transaction.feeds.entries([1, 2]) == {2: rows[2]}
        assert transaction.feeds.count_members() == (0, None)

    def test_feeds(self, transaction: Transaction) -> None:
        feeds = transaction.feeds
        feeds.add_feeds([(2, "topics", "two"), (1, "topics", "one")])
        assert feeds.feed_ids() == {("topics", "one"): 1, ("topics", "two"): 2}
        assert feeds.feeds([2, 1, 3]) == [FeedRow(1, "topics", "one"), FeedRow(2, "topics", "two")]
        assert feeds.listed() == []
        row = FeedRow(1, "topics", "one", "topics/one", b"h", "{}")
        feeds.set_feeds([row])
        assert feeds.set_index_html([(1, b"<li>"), (2, b"<li>")])
        assert feeds.set_index_html([(1, b"<li>"), (2, b"<b>")])
        assert not feeds.set_index_html([(1, b"<li>"), (2, b"<b>")])
        assert feeds.feeds([1]) == [row._replace(index_html=b"<li>")]
        assert feeds.listed() == [("{}", b"<li>")]
        transaction.documents.put_sets([DocumentSetRow(1, "", b"d"), DocumentSetRow(2, "", b"d")])
        assert feeds.count_feeds() == 1
        feeds.drop_feeds([1])
        assert (feeds.count_feeds(), transaction.documents.sets([1, 2])) == (0, [DocumentSetRow(2, "", b"d")])

    def test_month_counts_follow_memberships(self, transaction: Transaction) -> None:
        feeds = transaction.feeds
        first = [(1, JANUARY, 1, "a"), (1, JANUARY, 2, "a"), (2, FEBRUARY, 1, "b")]
        feeds.add_members(first)
        feeds.add_members([(1, JANUARY, 3, "A"), (1, FEBRUARY - 1, 4, "a")])
        assert feeds.month_counts([2, 1]) == [
            MonthCount(1, "2025-01", "A", 1),
            MonthCount(1, "2025-01", "a", 3),
            MonthCount(2, "2025-02", "b", 1),
        ]
        assert [feeds.most_in_a_month(first_month) for first_month in ("", "2025-02", "2026")] == [4, 1, 0]
        feeds.drop_members(first)
        assert feeds.month_counts([1, 2]) == [MonthCount(1, "2025-01", "A", 1), MonthCount(1, "2025-01", "a", 1)]
        feeds.clear()
        assert feeds.month_counts([1, 2]) == []

    def test_collected_members_are_stored_at_once(self, transaction: Transaction) -> None:
        feeds = transaction.feeds
        feeds.put_entries([entry(1), entry(2)])
        feeds.collect_members([(1, JANUARY, 1, "a")])
        feeds.collect_members([(1, JANUARY, 2, "a")])
        assert list(feeds.newest_members([1], 5)) == []
        feeds.store_collected_members()
        feeds.store_collected_members()
        assert len(list(feeds.newest_members([1], 5))) == 2
        assert feeds.month_counts([1]) == [MonthCount(1, "2025-01", "a", 2)]

    def test_newest_members_include_ties(self, transaction: Transaction) -> None:
        put_members(transaction, (1, 1, 10), (1, 2, 20), (1, 3, 20), (1, 4, 20), (1, 5, 30), (2, 1, 10))
        found = sorted(transaction.feeds.newest_members([1, 2, 3], 2))
        assert found == [
            member(1, 2, 20), member(1, 3, 20), member(1, 4, 20), member(1, 5, 30), member(2, 1, 10),
        ]  # fmt: skip
        assert list(transaction.feeds.newest_members([1], 1)) == [member(1, 5, 30)]

    def test_members_of_spans_come_newest_first(self, transaction: Transaction) -> None:
        put_members(transaction, *((feed_id, number, 10 * number) for feed_id in (1, 2) for number in range(1, 6)))
        spans = [Span(2, 40, 2**62), Span(1, 20, 40), Span(2, -(2**62), 20), Span(3, 0, 99)]
        found = [(row.feed_id, row.record_id) for row in transaction.feeds.members(spans)]
        assert found == [(2, 5), (2, 4), (1, 3), (1, 2), (2, 1)]
        assert list(transaction.feeds.members([Span(1, 10, 11)])) == [member(1, 1, 10)]

    def test_dropped_members_are_gone(self, transaction: Transaction) -> None:
        put_members(transaction, (1, 1, 10), (1, 2, 20), (2, 1, 10))
        transaction.feeds.drop_members([(1, 10, 1, "One")])
        assert list(transaction.feeds.members([Span(1, 0, 99)])) == [member(1, 2, 20)]
        assert list(transaction.feeds.members([Span(2, 0, 99)])) == [member(2, 1, 10)]

    # -------------------------------------------------------------------------------------------------------- fragments

    def test_unrendered_entries_come_with_their_records(self, transaction: Transaction) -> None:
        transaction.corpus.put_records(record(number) for number in (1, 2, 3))
        transaction.feeds.put_entries([entry(1), entry(2, record_ids=(2, 3))])
        first, *parts = (OriginRow(number, 0, b"%d.md" % number, b"hash") for number in (1, 2, 3))
        two = UnrenderedRow(2, "id-2", b"d2", parts)
        one = UnrenderedRow(1, "id-1", b"d1", [first])
        fragments = transaction.fragments
        assert fragments.unrendered([2, 1, 9], ["rss", "json"]) == [two, one]
        fragments.put([RenderedRow(1, b"d1", "T", [("rss", pack(b"x")), ("json", pack(b"y"))])])
        fragments.put([RenderedRow(2, b"d2", "T", [("rss", pack(b"x"))])])
        assert fragments.unrendered([1, 2], ["rss", "json"]) == [two]
        assert fragments.unrendered([1, 2], ["rss"]) == []
        transaction.feeds.put_entries([entry(1)._replace(digest=b"other")])
        assert fragments.unrendered([1, 2], ["rss"]) == [one._replace(digest=b"other")]

    def test_put_replaces_the_fragments_of_all_formats(self, transaction: Transaction) -> None:
        fragments = transaction.fragments
        fragments.put(
            [
                RenderedRow(1, b"d", "T", [("rss", pack(b"x")), ("json", pack(b"y"))]),
                RenderedRow(2, b"d", "U", [("rss", pack(b"z"))]),
            ]
        )
        assert fragments.contents([1, 2, 3], ["rss", "json"]) == {"rss": {1: b"x", 2: b"z"}, "json": {1: b"y"}}
        fragments.put([RenderedRow(1, b"e", "V", [("rss", pack(b"new"))])])
        assert fragments.contents([1, 2], ["rss", "json"]) == {"rss": {1: b"new", 2: b"z"}, "json": {}}
        assert fragments.titles([1, 2, 3]) == {1: "V", 2: "U"}
        fragments.drop_format("rss")
        assert fragments.contents([1, 2], ["rss"]) == {"rss": {}}

    def test_dropped_records_have_no_fragments(self, transaction: Transaction) -> None:
        transaction.fragments.put([RenderedRow(1, b"d", "T", [("rss", pack(b"x"))])])
        transaction.corpus.drop_records([1])
        assert transaction.fragments.titles([1]) == {}
        assert transaction.fragments.contents([1], ["rss"]) == {"rss": {}}

    # -------------------------------------------------------------------------------------------------------- documents

    def test_document_sets(self, transaction: Transaction) -> None:
        documents = transaction.documents
        rows = [DocumentSetRow(1, "", b"a"), DocumentSetRow(1, "2025-01", b"b"), DocumentSetRow(2, "", b"c")]
        documents.put_sets(reversed(rows))
        assert documents.sets([2, 1, 3]) == rows
        documents.put_sets([rows[0]._replace(content_digest=b"z")])
        documents.drop_sets([(1, "2025-01"), (3, "")])
        assert documents.sets([1]) == [DocumentSetRow(1, "", b"z")]

    def test_documents(self, transaction: Transaction) -> None:
        documents = transaction.documents
        rows = [document("a"), document("b", 1, "2025-01"), document("c", 2), document("d", 2, "2025-01")]
        documents.put(rows)
        assert sorted(documents.all()) == rows
        assert dict(documents.versions()) == {row.path: f"version of {row.path}" for row in rows}
        assert documents.at(["b", "unknown"]) == [rows[1]]
        assert sorted(documents.paths_of_feeds([2, 3])) == [(2, "", "c"), (2, "2025-01", "d")]
        assert sorted(documents.paths_of_sets([(1, "2025-01"), (2, "")])) == [(1, "2025-01", "b"), (2, "", "c")]
        documents.put([rows[0]._replace(version="2")])
        assert documents.at(["a"]) == [rows[0]._replace(version="2")]
        documents.drop(["a", "b", "unknown"])
        assert documents.count() == 2

    def test_removed_documents_are_forgotten_when_they_are_published_again_or_after_a_year(
        self, transaction: Transaction
    ) -> None:
        documents = transaction.documents
        documents.record_removed(["a", "b"], 100)
        documents.record_removed(["c"], 200)
        assert documents.removed() == {"a", "b", "c"}
        documents.put([document("a")])
        documents.record_removed([], 300)
        assert documents.removed() == {"b", "c"}
        documents.record_removed([], 101 + 366 * DAY_S)
        assert documents.removed() == {"c"}

    # ------------------------------------------------------------------------------------------------------- tombstones

    def test_tombstones(self, transaction: Transaction) -> None:
        tombstones = transaction.tombstones
        one, two = ("topics", "one"), ("topics", "two")
        rows = [TombstoneRow(*one, "b", 10), TombstoneRow(*one, "a", 10), TombstoneRow(*one, "c", 20)]
        tombstones.bury([*rows, TombstoneRow(*two, "c", 20)])
        tombstones.bury([rows[0]._replace(deleted_at=99)])
        assert tombstones.of_feeds([two, one]) == [TombstoneRow(*two, "c", 20), rows[2], rows[1], rows[0]]
        assert (tombstones.any_until(9), tombstones.any_until(10)) == (False, True)
        assert tombstones.drop({"c", "unknown"}) == {one, two}
        assert (tombstones.expire(9), tombstones.expire(10), tombstones.expire(10)) == (set(), {one}, set())
        tombstones.bury(rows)
        tombstones.clear()
        assert tombstones.of_feeds([one, two]) == []

    def test_entries_missing_from_what_was_published_are_buried(self, transaction: Transaction) -> None:
        feeds, tombstones, name = transaction.feeds, transaction.tombstones, ("topics", "one")
        feeds.add_feeds([(1, *name)])
        feeds.put_entries([*(entry(number, memberships=((1, "One"),)) for number in (1, 2, 3)), entry(4)])
        tombstones.bury([TombstoneRow(*name, "id-3", 5)])
        transaction.published.remember()
        feeds.clear()
        transaction.published.remember()  # is remembered already
        feeds.put_entries([entry(1), entry(3, memberships=((1, "One"),))])
        tombstones.bury_missing(50)
        assert tombstones.of_feeds([name]) == [TombstoneRow(*name, "id-1", 50), TombstoneRow(*name, "id-2", 50)]
        tombstones.bury_missing(60)
        assert len(tombstones.of_feeds([name])) == 2

    # -------------------------------------------------------------------------------------------------------- published

    def test_entries_that_are_lost_are_counted_by_source_and_state(self, transaction: Transaction) -> None:
        feeds, published, name = transaction.feeds, transaction.published, ("topics", "one")
        feeds.add_feeds([(1, *name), (2, "topics", "two")])
        transaction.corpus.put_records([record(number, source=int(number > 3)) for number in range(1, 7)])
        feeds.put_entries([entry(number, memberships=((1, "One"),)) for number in range(1, 7)])
        assert (published.is_remembered(), published.publishes(1), published.publishes(2)) == (False, True, False)
        published.remember()
        assert (published.is_remembered(), published.count(), published.losses(0, 0)) == (True, 6, [])
        feeds.drop_entries([2, 3, 4, 5])
        transaction.corpus.drop_records([2])
        transaction.corpus.put_records([record(3, state=HIDDEN), record(4, source=1, state=FAULTY)])
        transaction.corpus.put_records([record(5, source=1, state=WAITING, expires=100)])
        gone = [Loss(0, None, 1), Loss(0, HIDDEN, 1), Loss(1, FAULTY, 1)]
        assert published.losses(100, 200) == [*gone, Loss(1, WAITING, 1)]
        assert published.losses(99, 100) == gone  # expired as planned
        assert published.gone_paths() == [(0, b"2.md")]
        published.forget()
        assert not published.is_remembered()

    def test_feeds_that_gained_the_entries_of_another(self, transaction: Transaction) -> None:
        feeds, published = transaction.feeds, transaction.published
        feeds.add_feeds([(1, "topics", "one"), (2, "topics", "two"), (3, "topics", "three"), (4, "provider", "two")])
        transaction.corpus.put_records([record(1), record(2)])
        feeds.put_entries([entry(1, memberships=((1, "One"), (3, "3"))), entry(2, memberships=((1, "One"),))])
        published.remember()
        feeds.put_entries(
            [entry(1, memberships=((2, "2"), (3, "3"), (4, "2"))), entry(2, memberships=((2, "2"), (3, "3")))]
        )
        assert published.gained("topics", "one") == [("2", 2), ("3", 1)]
        assert published.gained("topics", "two") == []

    def test_published_entries_of_another_store(self, transaction: Transaction) -> None:
        feeds, published = transaction.feeds, transaction.published
        feeds.add_feeds([(1, "topics", "one"), (2, "topics", "two")])
        transaction.corpus.put_records([record(1), record(2, source=1), record(3)])
        feeds.put_entries(
            [entry(1, memberships=((2, "Two"), (1, "One"))), entry(2, memberships=((1, "One"),)), entry(3)]
        )
        both, one = (("topics", "two"), ("topics", "one")), (("topics", "one"),)
        rows = [PublishedEntry("id-1", 0, b"1.md", both), PublishedEntry("id-2", 1, b"2.md", one)]
        assert list(published.entries()) == rows
        published.load([*rows, PublishedEntry("other", 0, b"other.md", one)])
        assert (published.count(), published.losses(0, 0)) == (3, [Loss(0, None, 1)])

    def test_published_feeds(self, transaction: Transaction) -> None:
        published = transaction.published
        one = PublishedFeed("topics", "one", "One", "topics/one", 12, 100)
        two = PublishedFeed("topics", "two", "Two", "topics/two", 5, 90)
        published.put_feeds([two, one._replace(entries=1)])
        published.put_feeds([one])
        assert published.feeds() == [one, two]
        assert published.feeds_named([("topics", "one"), ("topics", "none")]) == {("topics", "one"): one}
        assert (published.emptied(4), published.emptied(5), published.emptied(12)) == ([one, two], [one], [])
        transaction.feeds.add_feeds([(1, "topics", "one")])
        put_members(transaction, (1, 1, JANUARY))
        assert published.emptied(4) == [two]
        published.drop_feeds([("topics", "one"), ("topics", "none")])
        assert published.feeds() == [two]

    def test_files_are_counted_by_source(self, transaction: Transaction) -> None:
        transaction.corpus.add_folders([(1, 0, b"a"), (2, 0, b"b"), (3, 2, b"")])
        transaction.corpus.put_files([FileRow(folder, b"x.md", folder, 1, 1, 1) for folder in (1, 2, 3)])
        assert transaction.published.count_files() == {0: 2, 2: 1}

    def test_state_of_the_site(self, transaction: Transaction) -> None:
        transaction.published.record_site({"authority": "a", "served_at": 1})
        transaction.published.record_site({"authority": "b"})
        assert transaction.published.site() == {"authority": "b", "served_at": 1}

    # ------------------------------------------------------------------------------------------------------- change log

    def test_change_log_of_two_runs(self, transaction: Transaction) -> None:
        log, everything = transaction.change_log, EntryFilter()
        assert transaction.partner_changes.position() is None
        log.start_run("first")
        publish(transaction, 1, 2, 3)
        assert log.touched() == [1, 2, 3]
        log_changes(transaction, 1, 2, 3, now=10)
        assert changes(transaction) == [(1, "id-1", 1), (2, "id-2", 2), (3, "id-3", 3)]

        log.start_run("second")
        assert log.touched() == []
        transaction.feeds.drop_entries([1])
        publish(transaction, 2)
        assert log.touched() == [2]
        log_changes(transaction, 2, now=20)
        assert changes(transaction) == [(3, "id-3", 3), (4, "id-2", 2), (5, "id-1", None)]
        position = transaction.partner_changes.position()
        assert position is not None
        assert position == ("first", 5, 0)
        assert [one.seq for one in transaction.partner_changes.after(everything, 1, 3, 0)] == [4]
        assert [one.seq for one in transaction.partner_changes.after(everything, 9, 0, 5)] == [3, 4]

        log.expire(19)
        assert transaction.partner_changes.position() == ("first", 5, 0)
        log.expire(20)
        assert transaction.partner_changes.position() == ("first", 5, 5)
        assert changes(transaction) == [(3, "id-3", 3), (4, "id-2", 2)]

    def test_touched_entries_have_their_content_and_logged_state(self, transaction: Transaction) -> None:
        log = transaction.change_log
        log.start_run("epoch")
        publish(transaction, 1, 2)
        log.append([ChangeRow(1, "id-1", b"state", '["one"]')], 10)
        assert list(log.entries(iter([2, 1, 9]))) == [
            [
                TouchedEntryRow(2, "id-2", JANUARY + 2, (), "{}", "T2", b"{2}", None, None),
                TouchedEntryRow(1, "id-1", JANUARY + 1, (), "{}", "T1", b"{1}", b"state", '["one"]'),
            ]
        ]

    def test_cleared_change_log_gets_another_epoch(self, transaction: Transaction) -> None:
        transaction.change_log.start_run("first")
        transaction.change_log.append([ChangeRow(1, "id-1", b"s", "[]")], 10)
        transaction.change_log.clear()
        assert transaction.partner_changes.position() is None
        transaction.change_log.start_run("second")
        assert transaction.partner_changes.position() == ("second", 0, 0)

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({}, [4, 3, 2, 1]),
            ({"topics": ("one",)}, [3, 1]),
            ({"topics": ("one", "two")}, [3, 2, 1]),
            ({"topics": ("one", "two"), "match_all_topics": True}, [3]),
            ({"topics": ()}, []),
            ({"topics": (*map(str, range(30)), "two")}, [3, 2]),
            ({"provider": "p"}, [2]),
            ({"type": "t"}, [1]),
            ({"language": "DE", "site_language": "en"}, [2, 1]),
            ({"language": "en", "site_language": "en"}, [4, 3]),
            ({"min_quality": 50}, [3, 2]),
            ({"min_heat": 1, "min_quality": 1}, [1]),
            ({"published_after": JANUARY + 1.5, "published_before": float(JANUARY + 4)}, [3, 2]),
            ({"words": '"gamma" "ray"'}, [2, 1]),
            ({"words": '"gamma-ray"'}, [1]),
            ({"words": '"CREME"'}, [4]),
            ({"words": '"!!"'}, []),
        ],
        ids=str,
    )
    def test_partners_filter_entries(
        self, transaction: Transaction, values: dict[str, Any], expected: list[int]
    ) -> None:
        publish(transaction, 1, 2, 3, 4)
        log, first = transaction.change_log, JANUARY
        log.start_run("epoch")
        log.put(
            [
                PartnerEntryRow(1, "id-1", first + 1, "", "t", "de", 10, 5, '["one"]'),
                PartnerEntryRow(2, "id-2", first + 2, "p", "", "de-AT", 50, None, '["two"]'),
                PartnerEntryRow(3, "id-3", first + 3, "", "", "", 90, None, '["one", "two"]'),
                PartnerEntryRow(4, "id-4", first + 4, "", "", "", None, None, "[]"),
            ],
            [
                PartnerTextRow(1, "Gamma-ray", ""),
                PartnerTextRow(2, "Gamma", "a ray"),
                PartnerTextRow(3, "Beta", ""),
                PartnerTextRow(4, "Crème", ""),
            ],
        )
        log.append([ChangeRow(number, f"id-{number}", b"state", '["one"]') for number in (1, 2, 3, 4)], 10)
        entry_filter = EntryFilter(**values)
        newest = transaction.partner_entries.newest(entry_filter, 9, None)
        assert [ref.record_id for ref in newest] == expected
        after = transaction.partner_entries.newest(entry_filter, 9, (first + 3, "id-3"))
        assert [ref.record_id for ref in after] == [number for number in expected if number < 3]
        assert [ref.record_id for ref in transaction.partner_entries.newest(entry_filter, 1, None)] == expected[:1]
        found = transaction.partner_changes.after(entry_filter, 9, 0, 9)
        assert sorted(one.record_id or 0 for one in found) == sorted(expected)
        deletions = [one.id for one in transaction.partner_changes.after(entry_filter, 9, 0, 0) if not one.record_id]
        is_about_one = "topics" not in values or "one" in values["topics"]
        assert len(deletions) == (4 - len(expected) if is_about_one else 0)
        assert transaction.partner_entries.items([2, 1]) == [b"{2}", b"{1}"]
        assert transaction.partner_entries.item_sizes([2, 1]) == [3, 3]

    def test_moved_entry_keeps_its_position(self, transaction: Transaction) -> None:
        transaction.change_log.start_run("epoch")
        publish(transaction, 1)
        log_changes(transaction, 1, now=10)
        transaction.change_log.start_run("epoch")
        transaction.feeds.drop_entries([1])
        publish(transaction, 5, entry_id="id-1")
        assert transaction.change_log.touched() == [5]
        transaction.change_log.clear_touched()
        transaction.change_log.put([partner_entry(5, "id-1")], [PartnerTextRow(5, "T", "")])
        transaction.change_log.move([(5, "id-1")])
        transaction.change_log.append_deletions(20)
        assert changes(transaction) == [(1, "id-1", 5)]


def publish(transaction: Transaction, *numbers: int, entry_id: str = "") -> None:
    """Stores visible, rendered entries."""
    transaction.corpus.put_records(record(number, url=f"u{number}", traits="{}") for number in numbers)
    rows = [entry(number, JANUARY + number, memberships=((1, "One"),)) for number in numbers]
    transaction.feeds.put_entries(row._replace(id=entry_id or row.id) for row in rows)
    transaction.fragments.put(
        [RenderedRow(number, b"d%d" % number, f"T{number}", [("json", pack(b"{%d}" % number))]) for number in numbers]
    )


def partner_entry(number: int, entry_id: str = "") -> PartnerEntryRow:
    return PartnerEntryRow(number, entry_id or f"id-{number}", JANUARY + number, "", "", "", None, None, '["one"]')


def log_changes(transaction: Transaction, *numbers: int, now: int) -> None:
    """Ends a run in which these entries are new or changed."""
    log = transaction.change_log
    log.clear_touched()
    log.put([partner_entry(number) for number in numbers], [PartnerTextRow(number, "T", "") for number in numbers])
    log.append([ChangeRow(number, f"id-{number}", b"state", '["one"]') for number in numbers], now)
    log.append_deletions(now)


def changes(transaction: Transaction) -> list[tuple[int, str, int | None]]:
    return [(one.seq, one.id, one.record_id) for one in transaction.partner_changes.after(EntryFilter(), 99, 0, 0)]
