"""Many and slow clients, and builds that replace the tree meanwhile: no wrong bytes, no leaked resources."""

from __future__ import annotations

import asyncio
import gc
import gzip
import os
import resource
import socket
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import brotli
import pytest
from support.editable_sites import EditableSite
from support.hubs import wait_until
from support.running import age, running
from support.sites import record

from syndicate.http import responses
from syndicate.serve import app
from syndicate.serve.app import TREE

FEED = "/news/all/feed.rss"


def has_tag(tag: str, body: bytes) -> bool:
    """Return whether a body has its entity tag."""
    if tag.endswith('-gz"'):
        return has_tag(tag[:-4] + '"', gzip.decompress(body))
    if tag.endswith('-br"'):
        return has_tag(tag[:-4] + '"', brotli.decompress(body))
    return tag == f'"{sha256(body).hexdigest()[:32]}"'


@pytest.mark.parametrize("lost", [False, True], ids=["builds", "state deleted"])
async def test_bytes_have_their_tag_while_builds_replace_the_tree(lost: bool, site: EditableSite) -> None:  # noqa: FBT001
    site.build()
    stop = asyncio.Event()
    seen: set[str] = set()
    received = 0

    async def read(encoding: str) -> None:
        nonlocal received
        while not stop.is_set():
            for path in (FEED, "/news/topics/one/feed.json", "/news/", "/news/catalog.json"):
                response = await server.request(path, Accept_Encoding=encoding)
                assert response.status == 200
                assert response.one("Content-Length") == str(len(response.body))
                assert has_tag(response.one("ETag"), response.body)
                seen.add(response.one("ETag"))
                received += 1

    def rebuild(number: int) -> None:
        site.record("a.md", title=f"Alpha {number}", topics=["One"], date="2026-04-05", excerpt="x" * number * 100)
        if lost:
            for name in ("index.db", "index.db-wal", "index.db-shm"):
                (site.state / name).unlink(missing_ok=True)
        site.build()

    async with running(site) as server:
        async with asyncio.TaskGroup() as group:
            for encoding in ("", "gzip", "br", "gzip, br"):
                group.create_task(read(encoding))
            for number in range(8):
                before_s = time.time()
                await asyncio.to_thread(rebuild, number)
                await asyncio.sleep(0.05)
            await server.until_documents(before_s)
            stop.set()
        assert received > 50
        assert len(seen) > 8
        last = await server.request(FEED)
        assert last.body == (site.output / "all/feed.rss").read_bytes()


async def test_files_of_an_uncommitted_build_have_their_own_tag(site: EditableSite) -> None:
    """Simulate the moment between the last rename of a build and its commit."""
    site.build()
    async with running(site) as server:
        other = b"<rss>" + b"new " * 100 + b"</rss>"
        for path in ("all/feed.rss", "all/feed.rss.gz", "all/feed.rss.br"):
            (site.output / path).write_bytes(other)
        for encoding in ("", "gzip", "br"):
            response = await server.request(FEED, Accept_Encoding=encoding)
            assert (response.status, response.body) == (200, other)
            assert has_tag(response.one("ETag"), response.body)
            assert "content-encoding" not in response.headers
            assert (
                await server.request(FEED, Accept_Encoding=encoding, If_None_Match=response.one("ETag"))
            ).status == 304


async def test_a_thousand_connections_are_served_and_leak_nothing(site: EditableSite) -> None:
    app._raise_file_limit()
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 3000:
        pytest.skip("the system allows too few open files")
    site.settings["serve"] = {"connections_per_address": 1000}
    site.build()
    age(site)
    content = (site.output / "all/feed.rss").read_bytes()
    request = b"GET /news/all/feed.rss HTTP/1.1\r\nHost: x\r\n\r\n"

    async with running(site) as server:

        async def once() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(len(content)) == content
            return reader, writer

        await server.request(FEED)
        gc.collect()
        before = len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())
        for _ in range(2):
            pairs = await asyncio.gather(*(once() for _ in range(1000)))
            for _, writer in pairs:
                writer.close()
            await asyncio.gather(*(writer.wait_closed() for _, writer in pairs), return_exceptions=True)
        await wait_until(
            lambda: len(os.listdir("/proc/self/fd")) <= before[0] and len(asyncio.all_tasks()) <= before[1]
        )
        assert len(os.listdir("/proc/self/fd")) <= before[0]
        assert len(asyncio.all_tasks()) <= before[1]


async def test_memory_does_not_grow_with_requests(site: EditableSite) -> None:
    site.build()
    request = b"GET /news/all/feed.rss HTTP/1.1\r\nHost: x\r\nIf-None-Match: %b\r\n\r\n"

    def objects() -> int:
        gc.collect()
        return len(gc.get_objects())

    async with running(site) as server:
        tag = (await server.request(FEED)).one("ETag").encode()
        counts = []
        for _ in range(4):
            await server.raw(request % b'"x"' * 200 + request % tag * 200 + b"GET /x HTTP/1.0\r\n\r\n")
            counts.append(objects())
        assert counts[-1] - counts[1] < 200


async def test_client_that_does_not_read_is_disconnected_and_blocks_nobody(
    site: EditableSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "_WRITE_TIMEOUT_S", 0.3)
    site.settings["feeds"]["limit"] = 5
    for part in range(5):  # a body is at most 2 MB
        site.write(f"big{part}.md", record("Big", date="2026-05-01", body="words and " * 100_000))
    site.build()
    assert (site.output / "all/feed.rss").stat().st_size > 4_000_000
    async with running(site) as server:
        loop = asyncio.get_running_loop()
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.setblocking(False)  # noqa: FBT003 - the standard library's
        await loop.sock_connect(slow, ("127.0.0.1", server.port))
        await loop.sock_sendall(slow, b"GET /news/all/feed.rss HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
        await asyncio.sleep(0.1)
        assert (await server.request("/news/catalog.json")).status == 200
        assert len((await server.request(FEED)).body) > 4_000_000
        await asyncio.sleep(0.6)
        got = 0
        with suppress(ConnectionError):
            while piece := await asyncio.wait_for(loop.sock_recv(slow, 1 << 20), 5):
                got += len(piece)
        slow.close()
        assert got < 8_000_000


async def test_client_that_sends_slowly_is_served_or_disconnected(
    site: EditableSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syndicate.serve.app._IDLE_S", 0.5)
    site.build()
    async with running(site) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for byte in b"GET /news/catalog.json HTTP/1.1\r\n":
            writer.write(bytes([byte]))
            await asyncio.sleep(0.002)
        writer.write(b"Host: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /news/catalog.json HTTP/1.1\r\nHost:")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_commit_of_deliveries_does_not_replace_the_catalogue(site: EditableSite) -> None:
    site.build()
    async with running(site) as server:
        shown = server.app[TREE].catalog
        (site.state / "index.db-wal").touch()
        os.utime(site.state / "index.db")
        await asyncio.sleep(0.7)
        assert server.app[TREE].catalog is shown


async def test_damaged_index_leaves_the_last_catalogue(site: EditableSite, tmp_path: Path) -> None:
    site.build()
    async with running(site) as server:
        (site.state / "index.db").rename(tmp_path / "aside")
        (site.state / "index.db").write_bytes(b"no database" * 1000)
        await asyncio.sleep(0.6)
        assert (await server.request(FEED)).status == 200
        health = await server.request("/healthz")
        assert (health.status, b"the index cannot be read" in health.body) == (503, True)
