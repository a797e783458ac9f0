"""Deliveries to stand-ins for hubs that exist: each understands every ping, once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from support.deliveries import ALL, ONE, TWO, add_topics, breaker, build, configure_hubs, pass_time, pending, push_site
from support.editable_sites import EditableSite
from support.foreign_hubs import FOREIGN_HUBS, ForeignHub, RateLimitedHub
from support.hubs import ReceivedRequest, http_server, responds

from syndicate.delivery.session import read_outbox
from syndicate.websub.breaker import CircuitBreaker

EVERY_HUB = pytest.mark.parametrize("name", FOREIGN_HUBS)


@EVERY_HUB
async def test_every_hub_understands_each_ping_once(name: str, site: EditableSite) -> None:
    hub = ForeignHub(name)
    async with http_server(hub) as server:
        configure_hubs(site, server)
        await build(site)
        assert (await push_site(site)).delivered == 3
    assert hub.known == Counter([ALL, ONE, TWO])
    assert pending(site) == []


@EVERY_HUB
async def test_topic_without_subscriber_is_delivered_when_it_has_one(name: str, site: EditableSite) -> None:
    """Two of the hubs refuse it or fail until then; nobody subscribes for eight hours."""
    hub = ForeignHub(name)
    hub.has_subscribers = False
    async with http_server(hub) as server:
        configure_hubs(site, server)
        await build(site)
        for _ in range(4):
            await push_site(site)
            pass_time(site, 2 * 3600)
        assert bool(pending(site)) == (hub.peculiarities.unknown is not None)
        hub.has_subscribers = True
        pass_time(site, 6 * 3600)
        await push_site(site)
        pass_time(site, 6 * 3600)  # the breaker of a hub that fails lets one probe through first
        await push_site(site)
    assert set(hub.known) == {ALL, ONE, TWO}
    assert pending(site) == []


@pytest.mark.parametrize(("name", "requests"), [("appspot", 2), ("rsscloud", 2 + 13)])
async def test_batch_is_one_request_and_falls_back_to_single_ones(name: str, requests: int, site: EditableSite) -> None:
    hub = ForeignHub(name)
    async with http_server(hub) as server:
        configure_hubs(site, {"url": server.url, "batch": 10, "concurrency": 1})
        assert add_topics(site, 10) == 13
        await build(site)
        assert (await push_site(site)).delivered == 13
        assert len(server.received) == requests
    assert set(hub.known.values()) == {1}
    assert len(hub.known) == 13
    assert breaker(site, server.url) == CircuitBreaker()


async def test_failed_batch_is_one_failure_of_the_hub(site: EditableSite) -> None:
    async with http_server(responds(500)) as server:
        configure_hubs(site, {"url": server.url, "batch": 10, "concurrency": 1})
        add_topics(site, 7)
        await build(site)
        assert (await push_site(site)).retrying == 10
        assert len(server.received) == 1
        assert breaker(site, server.url).failures == 1


async def test_unverified_topics_are_left_out_of_a_batch(site: EditableSite) -> None:
    def public(request: ReceivedRequest) -> Any:
        path = request.path.lstrip("/")
        return responds(404)(request) if "two" in path else responds(200, (site.output / path).read_text())(request)

    hub = ForeignHub("appspot")
    async with http_server(public) as host, http_server(hub) as server:
        site.settings["site"]["url"] = host.url
        configure_hubs(site, {"url": server.url, "batch": 10, "concurrency": 1}, verify=True)
        await build(site)
        summary = await push_site(site)
    assert (summary.delivered, summary.unverified) == (2, 1)
    assert set(hub.known) == {f"{host.url}all/feed.atom", f"{host.url}topics/one/feed.atom"}


async def test_publish_url_takes_the_pings_and_feeds_name_the_hub(site: EditableSite) -> None:
    async with http_server() as server:
        configure_hubs(site, {"url": "https://hub.example/", "publish_url": f"{server.url}publish"})
        await build(site)
        assert (await push_site(site)).delivered == 3
        assert {received.path for received in server.received} == {"/publish"}
    document = (site.output / "all/feed.atom").read_text()
    assert 'href="https://hub.example/"' in document
    assert server.url not in document


# ------------------------------------------------------------------------------------------------------ rate limits


async def test_hub_that_allows_20_pings_a_second_is_sent_at_least_15(site: EditableSite) -> None:
    hub = RateLimitedHub(rate=20, burst=20)
    async with http_server(hub) as server:
        configure_hubs(site, server)
        documents = add_topics(site, 157)
        await build(site)
        summary = await push_site(site)
        assert summary.delivered == documents
        assert breaker(site, server.url)._replace(not_before=0) == CircuitBreaker()
    assert len(hub.accepted) == documents
    assert documents / (hub.accepted[-1] - hub.accepted[0]) >= 15
    assert hub.refused <= 32


async def test_adapted_rate_is_kept_for_the_next_push(site: EditableSite) -> None:
    hub = RateLimitedHub(rate=20, burst=20)
    async with http_server(hub) as server:
        configure_hubs(site, server)
        add_topics(site, 57)
        await build(site)
        await push_site(site)
        (health,) = read_outbox(str(site.state), lambda outbox: outbox.hub_health([server.url]))
        assert 10 <= health.rate <= 30
        refused = hub.refused
        for number in range(25):
            site.record(f"many/{number}.md", title=f"Story {number}, corrected", topics=[f"Subject {number}"])
        await build(site)
        await push_site(site)
    assert hub.refused <= refused + 1


async def test_retry_after_with_a_burst_of_429_leaves_the_breaker_closed(site: EditableSite) -> None:
    async with http_server(responds(429, Retry_After="1")) as server:
        configure_hubs(site, server)
        add_topics(site, 8)
        await build(site)
        await push_site(site)
        assert len(server.received) >= 8
        assert breaker(site, server.url)._replace(not_before=0) == CircuitBreaker()
        server.responder = responds(202)
        pass_time(site, 120)
        await push_site(site)
        pass_time(site, 120)
        await push_site(site)
    assert pending(site) == []
