"""Pings wait for a real cache: nginx stores a response for each `Accept-Encoding`, and each expires on its own."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from support.deliveries import add_topics, build, configure_hubs, pass_time, pending, push_site
from support.editable_sites import EditableSite
from support.hubs import LoopbackServer, ReceivedRequest, http_server
from support.web_servers import free_port, running_nginx

from syndicate.websub.verify import CODINGS

# The key names the variant, since nginx gives a refreshed response the key of the first variant that it stored. A
# request with `no-cache` passes the cache by and is not stored: it shows fresh documents that hubs do not get.
CACHE = """
proxy_cache_path {folder}/cache keys_zone=feeds:1m;
server {{
  listen 127.0.0.1:{port};
  location / {{
    proxy_pass {origin};
    proxy_set_header Accept-Encoding $http_accept_encoding;
    proxy_cache feeds;
    proxy_cache_key "$request_uri $http_accept_encoding";
    proxy_cache_valid 200 10m;
    proxy_cache_valid 404 1s;
    proxy_cache_bypass $http_cache_control $http_x_expire;
    proxy_no_cache $http_cache_control;
  }}
}}
"""


def serves_output(site: EditableSite, received: ReceivedRequest) -> web.Response:
    """Serve the output as a host does that compresses for those who ask for it."""
    file = site.output / received.path.lstrip("/")
    if not file.is_file():
        return web.Response(status=404)
    headers = {"Vary": "Accept-Encoding"}
    if "gzip" not in received.headers.get("Accept-Encoding", ""):
        return web.Response(body=file.read_bytes(), headers=headers)
    headers["Content-Encoding"] = "gzip"
    return web.Response(body=gzip.compress(file.read_bytes()), headers=headers)


class CachedSite:
    """A site behind nginx, and a hub that fetches the topic when it is pinged, with each `Accept-Encoding` in turn."""

    def __init__(self, site: EditableSite, url: str, client: aiohttp.ClientSession) -> None:
        self.site = site
        self.url = url
        self.client = client
        self.pings = 0
        self.stale: list[tuple[str, str]] = []

    async def fetch(self, path: str, coding: str, **headers: str) -> bytes:
        async with self.client.get(f"{self.url}{path}", headers={"Accept-Encoding": coding, **headers}) as response:
            return await response.read()

    async def respond(self, ping: ReceivedRequest) -> web.Response:
        self.pings += 1
        path = ping.topic_url.removeprefix(self.url)
        for coding in CODINGS:
            if await self.fetch(path, coding) != (self.site.output / path).read_bytes():
                self.stale.append((path, coding))
        return web.Response(status=202)

    async def expire(self, path: str, coding: str) -> None:
        """Let one variant of a document expire: nginx fetches it again and stores it."""
        await self.fetch(path, coding, **{"X-Expire": "1"})

    def documents(self) -> list[str]:
        return [path for path in self.site.tree() if path.endswith("feed.atom")]


@asynccontextmanager
async def cached(site: EditableSite, folder: Path) -> AsyncIterator[CachedSite]:
    port = free_port()
    async with aiohttp.ClientSession() as client, http_server() as origin, http_server() as hub:
        cached_site = CachedSite(site, f"http://127.0.0.1:{port}/", client)
        origin.responder = lambda received: serves_output(site, received)
        hub.responder = cached_site.respond
        site.settings["site"]["url"] = cached_site.url
        configure(site, hub)
        with running_nginx(folder, CACHE.format(folder=folder, port=port, origin=origin.url), port):
            yield cached_site


def configure(site: EditableSite, hub: LoopbackServer) -> None:
    configure_hubs(site, hub, verify=True)
    add_topics(site, 4)


async def test_ping_waits_until_every_variant_of_a_cache_is_new(site: EditableSite, tmp_path: Path) -> None:
    async with cached(site, tmp_path) as public:
        await build(site)
        assert (await push_site(site)).delivered == 7
        for record, topic in (("a.md", "One"), ("b.md", "Two")):
            site.record(record, title=f"{record}, corrected", topics=[topic])
        await build(site)
        changed = len(pending(site))
        assert changed == 3
        for coding in CODINGS:
            assert (await push_site(site)).unverified == changed, f"pinged before {coding} was new"
            for path in public.documents():
                await public.expire(path, coding)
            pass_time(site, 90)
        assert public.pings == 7
        assert (await push_site(site)).delivered == changed
        assert public.pings == 7 + changed
    assert public.stale == []
    assert pending(site) == []


@pytest.mark.parametrize("stale", CODINGS)
async def test_unverified_ping_is_repeated_when_the_last_variant_is_new(
    stale: str, site: EditableSite, tmp_path: Path
) -> None:
    async with cached(site, tmp_path) as public:
        await build(site)
        await push_site(site)
        site.record("a.md", title="Alpha, corrected", topics=["One"])
        await build(site)
        for path in public.documents():
            for coding in CODINGS:
                if coding != stale:
                    await public.expire(path, coding)
        await push_site(site)
        pass_time(site, 900)
        assert (await push_site(site)).unverified == 2
        assert {coding for _, coding in public.stale} == {stale}
        assert all(f"(Accept-Encoding: {stale})" in row.error for row in pending(site))
        before = len(public.stale)
        for path in public.documents():
            await public.expire(path, stale)
        pass_time(site, 900)
        assert (await push_site(site)).delivered == 2
        assert len(public.stale) == before
    assert pending(site) == []
