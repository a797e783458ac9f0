"""A cache is purged of changed documents before hubs are notified: durable, retried, and visible in `status`."""

from __future__ import annotations

import asyncio
import json
import shutil
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web
from support.deliveries import build, configure_hubs, pass_time, pending, push_site
from support.editable_sites import EditableSite
from support.hubs import LoopbackServer, ReceivedRequest, http_server, responds
from support.sites import run

from syndicate import config
from syndicate.delivery.status import read_status
from syndicate.errors import ConfigError

TOKEN = "token-that-no-message-may-show"
TARGET = "cdn:cloudflare:z1"


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDN_TOKEN", TOKEN)


@pytest.fixture
def site(tmp_path: Path) -> EditableSite:
    site = EditableSite(tmp_path / "site")
    site.settings["push"] = {"timeout_s": 5}
    site.record("a.md", title="A", topics=["One"])
    return site


def cloudflare(site: EditableSite, api: LoopbackServer, **settings: object) -> None:
    site.settings["cdn"] = {"kind": "cloudflare", "zone": "z1", "token_env": "CDN_TOKEN", "url": api.url, **settings}


def purged(api: LoopbackServer) -> list[str]:
    return [url for request in api.received for url in json.loads(request.body)["files"]]


SUCCESS = responds(200, '{"success": true}')


class CachingSite:
    """A public copy that keeps what it served until it is purged; with the requests in their order."""

    def __init__(self, site: EditableSite) -> None:
        self.site = site
        self.kept: dict[str, bytes] = {}
        self.events: list[str] = []

    def serve(self, received: ReceivedRequest) -> web.Response:
        path = received.path.lstrip("/")
        file = self.site.output / path
        if path not in self.kept and file.is_file():
            self.kept[path] = file.read_bytes()
        return web.Response(body=self.kept[path]) if path in self.kept else web.Response(status=404)

    def purge(self, received: ReceivedRequest) -> web.Response:
        assert received.headers["Authorization"] == f"Bearer {TOKEN}"
        for url in json.loads(received.body)["files"]:
            self.kept.pop(url.removeprefix(self.site.settings["site"]["url"]), None)
        self.events.append("purge")
        return web.json_response({"success": True})

    def ping(self, received: ReceivedRequest) -> web.Response:
        self.events.append("ping")
        return web.Response(status=202)


async def test_ping_follows_its_purge_and_the_public_bytes(site: EditableSite) -> None:
    public = CachingSite(site)
    async with AsyncExitStack() as stack:
        server, api, hub = [
            await stack.enter_async_context(http_server(responder))
            for responder in (public.serve, public.purge, public.ping)
        ]
        site.settings["site"]["url"] = server.url
        configure_hubs(site, hub, verify=True)
        cloudflare(site, api)
        await build(site)
        await push_site(site)
        assert public.events
        assert set(public.events) == {"ping"}  # no cache has a document that was never published
        site.record("a.md", title="A changed", topics=["One"])
        site.record("b.md", title="B", topics=["Two"])
        public.events.clear()
        await build(site)
        summary = await push_site(site)
        assert pending(site) == []
        assert summary.failed == summary.unverified == 0
        assert public.events[0] == "purge"
        assert set(public.events[1:]) == {"ping"}
        assert purged(api).count(f"{server.url}all/feed.atom") == 1
        assert f"{server.url}catalog.json" in purged(api)
        assert not any("/topics/two/" in url for url in purged(api))  # it is new


@pytest.mark.parametrize(("status", "headers"), [(503, {}), (429, {"Retry_After": "1"}), (400, {}), (403, {})], ids=str)
async def test_failed_purge_is_retried_and_its_pings_wait(
    site: EditableSite, status: int, headers: dict[str, str]
) -> None:
    async with http_server(SUCCESS) as api, http_server(responds()) as hub:
        configure_hubs(site, hub, verify=False)
        cloudflare(site, api)
        await build(site)
        await push_site(site)
        pings = len(hub.received)
        site.record("a.md", title="A changed", topics=["One"])
        await build(site)
        site.settings["cdn"]["requests_per_minute"] = 0
        api.responder = responds(status, f"no: {TOKEN}", **headers)
        await push_site(site)
        assert len(hub.received) == pings
        waiting = pending(site)
        assert {row.hub_url for row in waiting} == {TARGET, hub.url}
        assert not any(TOKEN in row.error for row in waiting)
        report = read_status(config.load(str(site.configure())), 2e9)
        assert [cache.hub_url for cache in report.caches] == [TARGET]
        assert "cache" in report.as_json()["verdict"]
        api.responder = SUCCESS
        pass_time(site, 500)  # less than verify_timeout_s, for which pings wait
        await push_site(site)
        assert pending(site) == []
        assert len(hub.received) > pings


async def test_ping_does_not_wait_forever_for_a_purge(site: EditableSite) -> None:
    async with http_server(SUCCESS) as api, http_server(responds()) as hub:
        configure_hubs(site, hub, verify=False, verify_timeout_s=600)
        cloudflare(site, api)
        await build(site)
        await push_site(site)
        pings = len(hub.received)
        site.record("a.md", title="A changed", topics=["One"])
        await build(site)
        api.responder = responds(403)
        await push_site(site)
        assert len(hub.received) == pings
        pass_time(site, 601)
        await push_site(site)
        assert len(hub.received) > pings
        assert {row.hub_url for row in pending(site)} == {TARGET}


async def test_change_costs_one_purge_request_although_all_is_built_again(site: EditableSite) -> None:
    async with http_server(SUCCESS) as api:
        cloudflare(site, api)
        await build(site)
        shutil.rmtree(site.output)
        await asyncio.to_thread(site.build, full=True)
        await push_site(site)
        assert api.received == []  # the same bytes
        site.record("a.md", title="A changed", topics=["One"])
        await asyncio.to_thread(site.build, full=True)
        await push_site(site)
        assert len(api.received) == 1
        assert len(purged(api)) == len(set(purged(api)))


async def test_cache_that_is_no_longer_configured_is_forgotten(site: EditableSite) -> None:
    async with http_server(responds(503)) as api, http_server(responds()) as hub:
        configure_hubs(site, hub, verify=False)
        cloudflare(site, api)
        await build(site)
        site.record("a.md", title="A changed", topics=["One"])
        await build(site)
        await push_site(site)
        del site.settings["cdn"]
        await build(site)
        site.record("a.md", title="A changed again", topics=["One"])
        await build(site)
        await push_site(site)
        assert pending(site) == []


def test_missing_token_is_named(site: EditableSite, monkeypatch: pytest.MonkeyPatch) -> None:
    from syndicate.delivery import push

    monkeypatch.delenv("CDN_TOKEN")
    site.settings["cdn"] = {"kind": "cloudflare", "zone": "z1", "token_env": "CDN_TOKEN"}
    site.build()
    with pytest.raises(ConfigError, match=r"CDN_TOKEN.*cdn:cloudflare:z1 is empty"):
        push(config.load(str(site.configure())))


def test_status_shows_purges_beside_pings(site: EditableSite) -> None:
    site.settings["hubs"] = ["https://hub.example/"]
    site.settings["cdn"] = {"kind": "cloudflare", "zone": "z1", "token_env": "CDN_TOKEN"}
    site.build()
    site.record("a.md", title="A changed", topics=["One"])
    site.build()
    shown = run("status", "-c", str(site.configure()), cwd=site.folder).stdout
    assert "1 cache: has had no purge yet" in shown
    assert TARGET in shown
    assert "purges), the oldest for" in shown
    scheduled = run("push", "--dry-run", "-c", str(site.configure()), cwd=site.folder).stdout
    assert TARGET in scheduled
