"""The outbox decides and reports the same in both databases, whatever happens to deliveries."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from support.postgres_server import PostgresServer
from support.state_machines import history_settings

from syndicate.store import memory_store, open_store
from syndicate.store.base import Transaction
from syndicate.store.outbox_repository import Outbox
from syndicate.store.outbox_rows import (
    Acknowledgement,
    AttemptRow,
    Caches,
    Delivery,
    FailedAttempt,
    FailedCheck,
    HubHealth,
    Revival,
    TimeBounds,
    TopicDocument,
    UnverifiedAcceptance,
)
from syndicate.store.rows import DocumentRow

pytestmark = pytest.mark.postgres

SITE = "https://f.example/"
HUBS = ["https://one.example/", "https://two.example/", "https://three.example/"]
PATHS = ["a/feed.atom", "a/b/feed.atom", "a/index.html", "é/feed.atom", "_x/feed.atom"]
OWNERS = ["one", "two"]
STATES = st.sampled_from(["retrying", "refused", "failed", "unverified"])
ERRORS = st.sampled_from(["", "busy", "nø"])


class Outboxes(RuleBasedStateMachine):
    """Two outboxes that receive the same calls."""

    server: ClassVar[PostgresServer]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.transactions: list[Transaction] = []
        for store in (memory_store(), open_store(self.server.url())):
            self.stack.enter_context(closing(store))
            self.transactions.append(self.stack.enter_context(store.write()))
        self.now = 1000.0
        self.leased: list[Delivery] = []

    def teardown(self) -> None:
        self.stack.close()

    def both(self, call: Callable[[Outbox], Any]) -> Any:
        one, other = (call(transaction.outbox) for transaction in self.transactions)
        assert one == other
        return one

    @rule(
        paths=st.lists(st.sampled_from(PATHS), unique=True),
        digest=st.sampled_from([b"1", b"2", b"3"]),
        hubs=st.lists(st.sampled_from(HUBS), unique=True),
        is_invalid=st.booleans(),
    )
    def build(self, paths: list[str], digest: bytes, hubs: list[str], is_invalid: bool) -> None:  # noqa: FBT001
        documents = [TopicDocument(f"{SITE}{path}", path, digest, 10) for path in paths]
        if is_invalid:
            self.both(lambda outbox: outbox.invalidate_digests([one.topic_url for one in documents]))
        self.both(lambda outbox: outbox.request_deliveries(documents, hubs, self.now))

    @rule(
        paths=st.lists(st.sampled_from(PATHS), unique=True), hubs=st.lists(st.sampled_from(HUBS)), pages=st.booleans()
    )
    def prune(self, paths: list[str], hubs: list[str], pages: bool) -> None:  # noqa: FBT001
        for transaction in self.transactions:
            transaction.documents.drop(PATHS)
            transaction.documents.put([DocumentRow(path, 1, "", b"d", 1, "v", 1) for path in paths])
        self.both(lambda outbox: outbox.prune(SITE, hubs, has_pages=pages))

    @rule(seconds=st.sampled_from([1.0, 60.0, 3600.0, -500.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @rule(
        owner=st.sampled_from(OWNERS),
        quotas=st.dictionaries(st.sampled_from(HUBS), st.integers(1, 3)),
        caches=st.sampled_from([(), tuple(HUBS[:1])]),
    )
    def lease(self, owner: str, quotas: dict[str, int], caches: tuple[str, ...]) -> None:
        one, other = (
            transaction.outbox.lease(owner, quotas, self.now, self.now + 100, Caches(caches, 50.0))
            for transaction in self.transactions
        )
        assert sorted(one, key=repr) == sorted(other, key=repr)
        self.leased += one

    def _some(self, data: st.DataObject) -> list[Delivery]:
        return data.draw(st.lists(st.sampled_from(self.leased), max_size=3)) if self.leased else []

    @rule(data=st.data(), owner=st.sampled_from(OWNERS))
    def release(self, data: st.DataObject, owner: str) -> None:
        some = self._some(data)
        self.both(lambda outbox: outbox.release(owner, some))

    @rule(data=st.data(), owner=st.sampled_from(OWNERS))
    def acknowledge(self, data: st.DataObject, owner: str) -> None:
        rows = [
            Acknowledgement(one.hub_url, one.topic_url, one.generation, one.digest, self.now, 202)
            for one in self._some(data)
        ]
        self.both(lambda outbox: outbox.acknowledge(owner, rows))

    @rule(
        data=st.data(), owner=st.sampled_from(OWNERS), state=STATES, error=ERRORS, status=st.sampled_from([None, 503])
    )
    def fail(self, data: st.DataObject, owner: str, state: str, error: str, status: int | None) -> None:
        some = self._some(data)
        attempts = [FailedAttempt(*one[:3], self.now, state, self.now + 30, status, error) for one in some]
        self.both(lambda outbox: outbox.record_failed_attempts(owner, attempts))
        history = [AttemptRow(*one[:3], self.now, state, status, error, 0.25) for one in some]
        self.both(lambda outbox: outbox.add_attempts(history))

    @rule(data=st.data(), owner=st.sampled_from(OWNERS), state=STATES, error=ERRORS, is_sent=st.booleans())
    def find_stale(self, data: st.DataObject, owner: str, state: str, error: str, is_sent: bool) -> None:  # noqa: FBT001
        some = self._some(data)
        if is_sent:
            accepted = [UnverifiedAcceptance(*one[:3], self.now, state, self.now + 5, error) for one in some]
            self.both(lambda outbox: outbox.record_unverified_acceptances(owner, accepted))
        else:
            checks = [FailedCheck(*one[:3], self.now, state, self.now + 5, error) for one in some]
            self.both(lambda outbox: outbox.record_failed_checks(owner, checks))

    @rule(owners=st.lists(st.sampled_from(OWNERS)), alive=st.sampled_from([(), ("one",)]))
    def maintain(self, owners: list[str], alive: tuple[str, ...]) -> None:
        self.both(lambda outbox: outbox.release_owners(owners))
        bounds = TimeBounds(self.now, self.now + 60, self.now + 50, alive)
        self.both(lambda outbox: outbox.bound_times(HUBS[:2], bounds))
        self.both(lambda outbox: outbox.revive(HUBS[1:], Revival(self.now, 30.0, 0.125)))

    @rule(hub=st.sampled_from([None, *HUBS]), path=st.sampled_from([None, "a", "a/feed.atom", "_x", "é"]))
    def replay(self, hub: str | None, path: str | None) -> None:
        self.both(lambda outbox: outbox.replay(self.now, hub, path))

    @rule(hub=st.sampled_from(HUBS), failures=st.integers(0, 5), rate=st.sampled_from([0.0, 2.5]))
    def keep_health(self, hub: str, failures: int, rate: float) -> None:
        self.both(lambda outbox: outbox.put_hub_health([HubHealth(hub, failures, 1, self.now, 0.0, rate)]))
        self.both(lambda outbox: outbox.put_rates({HUBS[0]: rate}))

    @rule()
    def trim(self) -> None:
        self.both(lambda outbox: outbox.trim_attempts(2))

    @invariant()
    def reports_are_equal(self) -> None:
        for report in (
            lambda outbox: outbox.pending(),
            lambda outbox: outbox.waiting(HUBS),
            lambda outbox: outbox.count_pending(HUBS),
            lambda outbox: outbox.topic_summaries(),
            lambda outbox: outbox.hub_times(HUBS),
            lambda outbox: sorted(outbox.hub_health(HUBS)),
            lambda outbox: sorted(outbox.lease_owners(HUBS)),
            lambda outbox: outbox.leased_hubs(HUBS, self.now),
            lambda outbox: outbox.next_due(HUBS),
            lambda outbox: outbox.next_check(HUBS),
            lambda outbox: outbox.paths(),
            lambda outbox: outbox.has_pinged(),
            lambda outbox: outbox.known_topics([f"{SITE}{path}" for path in PATHS]),
            # Of errors that were recorded at the same time, either is the last one.
            lambda outbox: [one._replace(error=bool(one.error)) for one in outbox.hub_summaries(HUBS)],
        ):
            self.both(report)


def test_outboxes_agree_after_any_history(server: PostgresServer) -> None:
    Outboxes.server = server
    run_state_machine_as_test(
        Outboxes,
        settings=history_settings(30, 25),
    )
