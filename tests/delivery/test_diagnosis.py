"""What is the matter with a hub, and the verdict about all."""

from __future__ import annotations

from typing import Any

import pytest

from syndicate.delivery.diagnosis import HubDiagnosis, diagnose, feeds_of
from syndicate.delivery.verdict import format_duration, format_verdict
from syndicate.store.outbox_rows import HubTimes, WaitingDelivery
from syndicate.websub.breaker import CircuitBreaker
from syndicate.websub.retry import RetryPolicy

NOW = 1_800_000_000.0
DAY, HOUR, MINUTE = 86_400, 3600, 60
DNS = "ClientConnectorDNSError: Cannot connect to host hub.test:443 ssl:default [Name or service not known]"
STALE = "the public copy has other bytes than the built document"
NO_SITE = "the public copy cannot be fetched: Cannot connect to host feeds.test:443 ssl:default [Connect call failed]"


def delivery(feed: str = "all", **changes: Any) -> WaitingDelivery:
    row = WaitingDelivery(
        hub_url="https://hub.test/", topic_url=f"https://feeds.test/{feed}/feed.atom", path=f"{feed}/feed.atom",
        state="due", attempts=0, pending_since=NOW, next_attempt_at=NOW, first_attempt_at=None, first_check_at=None,
        leased_until=0.0, status=None, error="",
    )  # fmt: skip
    return row._replace(**changes)


def failing(feed: str = "all", **changes: Any) -> WaitingDelivery:
    """A delivery that is retried since two days."""
    began = NOW - 2 * DAY
    given = {"state": "retrying", "attempts": 12, "first_attempt_at": began, "pending_since": began, "error": DNS}
    return delivery(feed, **{**given, "next_attempt_at": NOW + 32 * MINUTE, **changes})


def hub(
    *deliveries: WaitingDelivery,
    acknowledged_at: float | None = None,
    failing_since: float | None = None,
    breaker: CircuitBreaker | None = None,
) -> HubDiagnosis:
    times = HubTimes("https://hub.test/", acknowledged_at, failing_since)
    return diagnose(times, deliveries, breaker or CircuitBreaker(), RetryPolicy(), NOW)


HEALTHY = hub(acknowledged_at=NOW - HOUR)
WAITING = [
    (HEALTHY, "delivers"),
    (hub(), "has had no ping yet"),
    (hub(delivery()), "has had no ping yet (1 feed waits; next try now)"),
    (hub(delivery(), acknowledged_at=NOW - HOUR), "delivers (1 feed waits; next try now)"),
    (
        hub(*map(failing, "abcd"), failing_since=NOW - 2 * DAY),
        "unreachable for 2 d (4 feeds wait; next try in 32 min; retries end in 1 d)",
    ),
    (
        hub(failing(), breaker=CircuitBreaker(9, 2, NOW + HOUR), failing_since=NOW - 2 * DAY),
        "unreachable for 2 d (1 feed waits; next try in 1 h; retries end in 1 d)",
    ),
    (
        hub(failing(), delivery("b"), acknowledged_at=NOW - 5),
        "delivers (2 feeds wait; next try now; retries end in 1 d)",
    ),
    (
        hub(failing(status=500, error="oops"), failing_since=NOW - 2 * DAY),
        "answers with errors for 2 d (1 feed waits; next try in 32 min; retries end in 1 d)",
    ),
    (
        hub(failing(status=429, error=""), failing_since=NOW),
        "asks to wait (1 feed waits; next try in 32 min; retries end in 1 d)",
    ),
    (
        hub(failing(status=503, error=""), failing_since=NOW, breaker=CircuitBreaker(1, not_before=NOW + HOUR)),
        "asks to wait (1 feed waits; next try in 1 h; retries end in 1 d)",
    ),
    (
        hub(failing(state="refused", status=404, error="unknown"), acknowledged_at=NOW),
        "refuses for 2 d (1 feed waits; next try in 32 min; retries end in 32 min)",
    ),
    (hub(failing(state="failed"), failing_since=NOW - 2 * DAY), "unreachable for 2 d (1 feed given up)"),
    (hub(failing(state="failed"), acknowledged_at=NOW), "delivers (1 feed given up)"),
    (
        hub(delivery(state="unverified", error=STALE, first_check_at=NOW - 300, next_attempt_at=NOW + 20)),
        "waits for the site to show the new feeds for 5 min (1 feed waits; next try in 20 s)",
    ),
    (
        hub(
            delivery(state="unverified", error=NO_SITE, first_check_at=NOW - 300, next_attempt_at=NOW + 20, status=202)
        ),
        "waits for the site, unreachable for 5 min (1 feed waits; next try in 20 s)",
    ),
    (
        hub(delivery(state="failed", error=STALE, first_check_at=NOW - 900)),
        "waits for the site to show the new feeds for 15 min (1 feed given up)",
    ),
    (
        hub(delivery(next_attempt_at=NOW - 2 * HOUR), acknowledged_at=NOW - DAY),
        "has been sent nothing for 2 h (1 feed waits; nothing sends it)",
    ),
    (
        hub(delivery(next_attempt_at=NOW - 2 * HOUR, leased_until=NOW + 60), acknowledged_at=NOW - DAY),
        "delivers (1 feed waits; next try now)",
    ),
]


@pytest.mark.parametrize(("diagnosis", "expected"), WAITING, ids=[expected for _, expected in WAITING])
def test_verdict_about_one_hub(diagnosis: HubDiagnosis, expected: str) -> None:
    assert format_verdict([diagnosis]) == f"1 hub: {expected}"


def test_verdict_about_several_hubs_names_the_worst_last() -> None:
    unreachable = hub(*map(failing, "abcd"), failing_since=NOW - 2 * DAY)
    assert format_verdict([unreachable, HEALTHY]) == (
        "2 hubs: 1 delivers, 1 unreachable for 2 d (4 feeds wait; next try in 32 min; retries end in 1 d)"
    )
    other = hub(failing("d"), failing("e"), failing_since=NOW - HOUR)
    assert format_verdict([HEALTHY, unreachable, HEALTHY, other]) == (
        "4 hubs: 2 deliver, 2 unreachable for up to 2 d (5 feeds wait; next try in 32 min; retries end in 1 d)"
    )


def test_no_hubs_have_a_verdict_too() -> None:
    assert format_verdict([]) == "no hubs are configured: nothing is delivered"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (failing(), "the name hub.test is not known (DNS)"),
        (failing(status=503, error="no room"), "answers 503 Service Unavailable: no room"),
        (delivery(state="unverified", error=NO_SITE), "feeds.test refuses connections"),
        (delivery(state="unverified", error=STALE, status=202), STALE),
    ],
)
def test_reason_names_hub_or_site(row: WaitingDelivery, reason: str) -> None:
    assert hub(row, failing_since=NOW).reason == reason


def test_worst_delivery_decides() -> None:
    refused = failing("b", state="refused", status=404, error="unknown")
    assert hub(refused, failing("a"), failing_since=NOW).condition == "unreachable"
    assert hub(refused, failing("a"), acknowledged_at=NOW).condition == "refuses"


def test_archives_belong_to_their_feed() -> None:
    paths = ["all/feed.rss", "all/archive/2026-01/feed.rss", "topics/archive/feed.rss", "feeds.opml"]
    assert feeds_of(paths) == ("all", "topics/archive", "feeds.opml")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (61, "1 min 1 s"),
        (3601, "1 h"),
        (7260, "2 h 1 min"),
        (200_000, "2 d 7 h"),
        (-5, "0 s"),
    ],
)
def test_durations_have_one_or_two_units(seconds: float, expected: str) -> None:
    assert format_duration(seconds) == expected
    assert format_duration(seconds, units=1) == " ".join(expected.split()[:2])
