"""No hub starves another."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from support.deliveries import add_topics, build, configure_hubs, push_site
from support.editable_sites import EditableSite
from support.hubs import ReceivedRequest, hangs, http_server, raw_server

from syndicate.delivery.pacing import connection_shares


@pytest.mark.parametrize(
    ("wanted", "total", "shares"),
    [
        ({"a": 8}, 32, {"a": 8}),
        ({"a": 64}, 32, {"a": 32}),
        ({"a": 2, "b": 4}, 5, {"a": 2, "b": 3}),
        (dict.fromkeys("abcdef", 8), 32, {"a": 6, "b": 6, "c": 5, "d": 5, "e": 5, "f": 5}),
        (dict.fromkeys("abc", 8), 1, dict.fromkeys("abc", 1)),
        ({}, 32, {}),
    ],
)
def test_connections_are_shared_equally_up_to_the_limit_of_each_hub(
    wanted: Mapping[str, int], total: int, shares: Mapping[str, int]
) -> None:
    assert connection_shares(wanted, total) == shares


@given(wanted=st.dictionaries(st.text(max_size=3), st.integers(1, 50), max_size=12), total=st.integers(1, 80))
def test_every_hub_has_a_connection_and_the_total_is_used(wanted: dict[str, int], total: int) -> None:
    shares = connection_shares(wanted, total)
    assert all(1 <= shares[hub] <= wanted[hub] for hub in wanted)
    assert sum(shares.values()) == max(len(wanted), min(total, sum(wanted.values())))


async def test_five_hanging_hubs_do_not_delay_a_healthy_one(site: EditableSite) -> None:
    """The healthy hub is done within twice its time alone."""

    async def slow(_: ReceivedRequest) -> web.Response:
        await asyncio.sleep(0.05)
        return web.Response(status=202)

    loop = asyncio.get_running_loop()
    documents = add_topics(site, 77)
    async with AsyncExitStack() as stack:
        healthy = await stack.enter_async_context(http_server(slow))
        hanging = [await stack.enter_async_context(raw_server(hangs)) for _ in range(5)]

        async def time_of_delivery() -> float:
            healthy.received.clear()
            await build(site)
            begun = loop.time()
            pushing = asyncio.create_task(push_site(site))
            while len(healthy.received) < documents:
                await asyncio.sleep(0.005)
                assert loop.time() - begun < 20
            seconds = loop.time() - begun
            await pushing
            return seconds

        configure_hubs(site, healthy, timeout_s=2)
        alone_s = await time_of_delivery()
        configure_hubs(site, *(hub.url for hub in hanging), healthy, timeout_s=2)
        together_s = await time_of_delivery()
        assert all(hub.requests >= 5 for hub in hanging)
    assert together_s < 2 * alone_s
