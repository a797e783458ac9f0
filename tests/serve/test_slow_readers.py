"""Clients that ask for partner responses and do not read them: memory stays bounded, and goes back."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from support.editable_sites import EditableSite
from support.hubs import wait_until
from support.running import running
from support.serving import serving
from support.sites import record

from syndicate.api.routes import add_routes
from syndicate.http import responses

ENTRIES = b"GET /news/api/v1/entries?limit=500 HTTP/1.1\r\nHost: x\r\n\r\n"
ENTRIES_NUMBER = 60


@pytest.fixture
def large_site(site: EditableSite) -> EditableSite:
    """A site whose partner response would have 18 MB if it were one page."""
    site.settings["api"] = {"public": True, "rate": 100_000}
    site.settings["precompress"] = False
    for number in range(ENTRIES_NUMBER):
        site.write(f"big{number}.md", record(f"Big {number}", date="2026-05-01", body="words and " * 30_000))
    site.build()
    return site


def resident_mb(process_id: int) -> float:
    text = Path(f"/proc/{process_id}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) / 1024  # type: ignore[index]


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=90) as response:
        content: bytes = response.read()
        return content


def greedy(port: int, requests: bytes) -> socket.socket:
    """Send requests, and read nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(60)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)  # noqa: FBT003 - the standard library's
    with suppress(BlockingIOError):
        client.sendall(requests)
    return client


@pytest.mark.parametrize("path", ["entries?limit=500", "entries?since=&limit=500"])
async def test_page_ends_at_a_megabyte_and_the_next_one_continues(path: str, large_site: EditableSite) -> None:
    seen: list[str] = []
    async with running(large_site, [add_routes]) as server:
        url = f"/news/api/v1/{path}"
        while url:
            response = await server.request(url)
            assert len(response.body) < 1_010_000
            page = json.loads(response.body)
            seen += [item["id"] for item in page["items"]]
            assert page["items"]
            url = page.get("next_url", "").removeprefix("https://f.example")
    assert len(seen) == len(set(seen)) == ENTRIES_NUMBER + 3


async def test_entry_larger_than_a_page_is_a_page_of_its_own(site: EditableSite) -> None:
    site.settings["api"] = {"public": True}
    for name in ("x.md", "y.md"):
        site.write(name, record("Huge", date="2026-05-01", body="words and " * 150_000))
    site.build()
    async with running(site, [add_routes]) as server:
        page = json.loads((await server.request("/news/api/v1/entries")).body)
        assert [item["title"] for item in page["items"]] == ["Huge"]
        page = json.loads((await server.request(page["next_url"].removeprefix("https://f.example"))).body)
        assert [item["title"] for item in page["items"]] == ["Huge"]


async def test_response_that_is_not_read_ends_its_connection(
    large_site: EditableSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "_WRITE_TIMEOUT_S", 0.3)
    async with running(large_site, [add_routes]) as server:
        client = greedy(server.port, ENTRIES * 40)
        await wait_until(lambda: len(server.connections()) == 1)
        await wait_until(lambda: not server.connections())
        client.close()


async def test_requests_behind_an_unread_response_are_not_read(large_site: EditableSite) -> None:
    """What a client sends meanwhile stays in the buffers of the system, and the client cannot send more."""
    bulky = b"GET /news/none HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 8000) for n in range(60))
    async with running(large_site, [add_routes]) as server:
        client = greedy(server.port, ENTRIES * 5)
        await asyncio.sleep(0.5)
        sent = 0
        loop = asyncio.get_running_loop()
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                while sent < 50_000_000:
                    await loop.sock_sendall(client, bulky + b"\r\n")
                    sent += len(bulky)
        client.close()
        assert sent < 20_000_000


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket", b"TLS/1.2, h2c"])
async def test_request_behind_an_upgrade_that_is_declined_is_answered(upgrade: bytes, site: EditableSite) -> None:
    site.settings["api"] = {"public": True}
    site.build()
    async with running(site, [add_routes]) as server:
        for path in (b"/news/catalog.json", b"/news/none", b"/news/api/v1/feeds", b"/healthz"):
            first = (
                b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: %b\r\n"
                b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n" % (path, upgrade)
            )
            last = b"GET /news/feeds.css HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            received = await server.raw(first + first + last)
            assert received.count(b"HTTP/1.1 ") == 3, path
            assert b"text/css" in received


async def test_connections_of_one_address_are_limited(site: EditableSite) -> None:
    site.settings["serve"] = {"connections_per_address": 5}
    site.build()
    request = b"GET /news/catalog.json HTTP/1.1\r\nHost: x\r\n\r\n"
    async with running(site) as server:
        kept = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(5)]
        for reader, writer in kept:
            writer.write(request)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        assert await server.raw(request) == b""
        kept[0][1].close()
        await wait_until(lambda: len(server.connections()) < 5)
        assert (await server.request("/news/catalog.json")).status == 200
        for _, writer in kept:
            writer.close()


async def test_connections_of_a_trusted_proxy_are_not_limited(site: EditableSite) -> None:
    site.settings["serve"] = {"connections_per_address": 2, "proxies": ["127.0.0.0/8"]}
    site.build()
    async with running(site) as server:
        idle = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(5)]
        assert (await server.request("/news/catalog.json")).status == 200
        for _, writer in idle:
            writer.close()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc to measure memory")
def test_memory_of_unread_responses_is_bounded_and_goes_back(large_site: EditableSite) -> None:
    with serving(large_site) as (process, port):
        url = f"http://127.0.0.1:{port}/news/api/v1/entries"
        assert len(fetch(url)) > 500_000
        before = resident_mb(process.pid)
        clients = [greedy(port, ENTRIES * 40) for _ in range(80)]
        peak = before
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            peak = max(peak, resident_mb(process.pid))
            time.sleep(0.05)
        assert len(fetch(url)) > 500_000  # a client that reads is served meanwhile
        for client in clients:
            client.close()
        assert peak - before < 60
        deadline = time.monotonic() + 30
        while resident_mb(process.pid) - before > 18:
            assert time.monotonic() < deadline, f"{before} MB before, {resident_mb(process.pid)} MB after"
            time.sleep(0.2)
