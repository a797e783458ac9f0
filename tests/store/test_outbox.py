"""The outbox repository: rows match their columns, and the number of statements does not depend on the data."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from syndicate.store import outbox_rows
from syndicate.store.outbox_rows import (
    Acknowledgement,
    AttemptRow,
    Caches,
    FailedAttempt,
    FailedCheck,
    HubHealth,
    TopicDocument,
)
from syndicate.store.sqlite import outbox_sql, schema
from syndicate.store.sqlite.outbox import SqliteOutbox as Outbox

NOW = 1000.0


class CountingConnection(sqlite3.Connection):
    """A connection that counts its calls."""

    calls = 0

    def execute(self, sql: str, *arguments: Any) -> Any:  # type: ignore[override]
        self.calls += 1
        return super().execute(sql, *arguments)

    def executemany(self, sql: str, *arguments: Any) -> Any:  # type: ignore[override]
        self.calls += 1
        return super().executemany(sql, *arguments)


def database() -> CountingConnection:
    connection = sqlite3.connect(":memory:", isolation_level=None, factory=CountingConnection)
    connection.executescript(schema.TABLES + schema.LASTING_TABLES)
    return connection


def documents(count: int, version: int = 1) -> list[TopicDocument]:
    return [
        TopicDocument(f"https://f.test/{number}/feed.atom", f"{number}/feed.atom", b"%d" % version, 100)
        for number in range(count)
    ]


def hubs(count: int) -> list[str]:
    return [f"https://hub{number}.test/" for number in range(count)]


@pytest.mark.parametrize(
    ("row", "statement"),
    [
        (outbox_rows.Delivery, outbox_sql.SELECT_DUE),
        (outbox_rows.HubHealth, outbox_sql.SELECT_HUB_HEALTH),
        (outbox_rows.PendingDelivery, outbox_sql.SELECT_PENDING),
        (outbox_rows.HubSummary, outbox_sql.SUMMARIZE_HUBS),
        (outbox_rows.TopicSummary, outbox_sql.SUMMARIZE_TOPICS),
        (outbox_rows.WaitingDelivery, outbox_sql.SELECT_WAITING),
        (outbox_rows.HubTimes, outbox_sql.SELECT_HUB_TIMES),
    ],
)
def test_statement_selects_the_fields_of_its_row(row: Any, statement: str) -> None:
    parameters = {"hub_urls": "[]", "quotas": "[]", "largest_quota": 0, "now": NOW}
    with closing(database()) as connection:
        columns = tuple(column[0] for column in connection.execute(statement, parameters).description)
    assert columns == row._fields


def _build(outbox: Outbox, topics: int, hub_count: int) -> None:
    for version in (1, 2):
        outbox.invalidate_digests(document.topic_url for document in documents(topics))
        outbox.request_deliveries(documents(topics, version), hubs(hub_count), NOW)
        outbox.prune("https://f.test/", hubs(hub_count))


def _dispatch(outbox: Outbox, topics: int, hub_count: int) -> None:
    hub_urls = hubs(hub_count)
    leased = outbox.lease("us", dict.fromkeys(hub_urls, topics), NOW, NOW + 60)
    assert len(leased) == topics * hub_count
    keys = [(one.hub_url, one.topic_url, one.generation) for one in leased]
    outbox.acknowledge("us", [Acknowledgement(*key, b"1", NOW, 202) for key in keys])
    outbox.record_failed_attempts("us", [FailedAttempt(*key, NOW, "retrying", NOW, 503, "busy") for key in keys])
    outbox.record_failed_checks("us", [FailedCheck(*key, NOW, "unverified", NOW, "stale") for key in keys])
    outbox.add_attempts(AttemptRow(*key, NOW, "delivered", 202, "", 0.1) for key in keys)
    outbox.put_hub_health(HubHealth(hub_url, 1, 0, 0.0, 0.0) for hub_url in hub_urls)
    assert len(outbox.hub_health(hub_urls)) == hub_count
    outbox.leased_hubs(hub_urls, NOW)
    outbox.next_due(hub_urls)
    outbox.release("us", leased)


def _report(outbox: Outbox, topics: int, hub_count: int) -> None:
    assert len(outbox.pending()) == topics * hub_count
    assert len(outbox.hub_summaries(hubs(hub_count))) == hub_count
    assert len(outbox.topic_summaries()) == topics
    assert len(outbox.waiting(hubs(hub_count))) == topics * hub_count
    assert len(outbox.hub_times(hubs(hub_count))) == hub_count
    assert len(outbox.paths()) == topics
    outbox.replay(NOW)
    outbox.trim_attempts()


@pytest.mark.parametrize("work", [_build, _dispatch, _report])
def test_number_of_statements_does_not_depend_on_topics_and_hubs(work: Callable[[Outbox, int, int], None]) -> None:
    calls = set()
    for topics, hub_count in ((1, 1), (50, 1), (50, 7)):
        with closing(database()) as connection:
            outbox = Outbox(connection)
            outbox.request_deliveries(documents(topics), hubs(hub_count), NOW)
            connection.execute("INSERT INTO documents SELECT path, 0, '', digest, size_bytes, '1', 0 FROM topics")
            connection.calls = 0
            work(outbox, topics, hub_count)
            calls.add(connection.calls)
    assert len(calls) == 1


def test_lease_takes_the_longest_due_of_each_hub_up_to_its_quota() -> None:
    with closing(database()) as connection:
        outbox = Outbox(connection)
        for number, document in enumerate(documents(5)):
            outbox.request_deliveries([document], hubs(2), NOW - number)
        leased = outbox.lease("us", {hubs(2)[0]: 2, hubs(2)[1]: 4}, NOW, NOW + 60)
        again = outbox.lease("others", dict.fromkeys(hubs(2), 9), NOW, NOW + 60)
    by_hub = {hub: [one.topic_url for one in leased if one.hub_url == hub] for hub in hubs(2)}
    oldest_first = [document.topic_url for document in reversed(documents(5))]
    assert by_hub == {hubs(2)[0]: oldest_first[:2], hubs(2)[1]: oldest_first[:4]}
    assert len(again) == 3 + 1


def test_ping_is_leased_when_its_purge_is_acknowledged_given_up_or_late() -> None:
    connection = database()
    outbox = Outbox(connection)
    hub, cache = "https://hub.test/", "cdn:varnish:v"
    caches = Caches((cache,), patience_s=600)
    quotas = {hub: 10, cache: 10}
    outbox.request_deliveries(documents(2), [hub, cache], NOW)
    leased = outbox.lease("me", quotas, NOW, NOW + 60, caches)
    assert [one.hub_url for one in leased] == [cache, cache]
    outbox.acknowledge("me", [Acknowledgement(cache, leased[0].topic_url, 1, b"1", NOW, 200)])
    pings = outbox.lease("me", quotas, NOW, NOW + 60, caches)
    assert [(one.hub_url, one.topic_url) for one in pings] == [(hub, leased[0].topic_url)]
    outbox.release("me", [*leased, *pings])
    assert len(outbox.lease("me", {hub: 10}, NOW + 599, NOW + 660, caches)) == 1
    outbox.release("me", pings)
    assert len(outbox.lease("me", {hub: 10}, NOW + 601, NOW + 660, caches)) == 2
    outbox.release("me", [one._replace(hub_url=hub) for one in leased])
    connection.execute("UPDATE deliveries SET state = 'failed' WHERE hub_url = ?", [cache])
    assert len(outbox.lease("me", {hub: 10}, NOW, NOW + 60, caches)) == 2


def test_known_topics_are_those_with_a_digest() -> None:
    outbox = Outbox(database())
    outbox.request_deliveries(documents(2), [], NOW)
    urls = [document.topic_url for document in documents(3)]
    assert outbox.known_topics(urls) == set(urls[:2])


def test_request_of_the_same_bytes_changes_nothing() -> None:
    with closing(database()) as connection:
        outbox = Outbox(connection)
        outbox.request_deliveries(documents(3), hubs(2), NOW)
        before = outbox.pending(), outbox.topic_summaries()
        outbox.request_deliveries(documents(3), hubs(2), NOW + 10)
        assert (outbox.pending(), outbox.topic_summaries()) == before


def test_invalidated_document_is_requested_again_though_its_bytes_are_the_same() -> None:
    with closing(database()) as connection:
        outbox = Outbox(connection)
        outbox.request_deliveries(documents(2), hubs(1), NOW)
        leased = outbox.lease("us", {hubs(1)[0]: 2}, NOW, NOW + 60)
        outbox.acknowledge("us", [Acknowledgement(*one[:4], NOW, 202) for one in leased])
        assert outbox.pending() == []
        outbox.invalidate_digests([documents(2)[0].topic_url])
        outbox.request_deliveries(documents(2), hubs(1), NOW)
        assert [row.topic_url for row in outbox.pending()] == [documents(2)[0].topic_url]


def test_hub_summary_counts_states_and_has_the_median_latency() -> None:
    hub_url = hubs(1)[0]
    with closing(database()) as connection:
        outbox = Outbox(connection)
        outbox.request_deliveries(documents(4), hubs(1), NOW)
        keys = [one[:3] for one in outbox.lease("us", {hub_url: 4}, NOW, NOW + 60)]
        outbox.acknowledge("us", [Acknowledgement(*keys[0], b"1", NOW, 202)])
        outbox.record_failed_attempts(
            "us",
            [
                FailedAttempt(*keys[1], NOW, "retrying", NOW + 5, 503, "busy"),
                FailedAttempt(*keys[2], NOW, "failed", NOW, None, "timed out"),
            ],
        )
        durations = (0.4, 0.1, 0.3, 0.2)
        outbox.add_attempts(AttemptRow(*keys[0], NOW, "delivered", 202, "", duration_s) for duration_s in durations)
        (summary, absent) = outbox.hub_summaries([hub_url, "https://absent.test/"])
    assert summary[1:] == (1, 1, 1, 1, NOW, 0.3, "503 busy")
    assert absent[1:] == (0, 0, 0, 0, None, None, "")
