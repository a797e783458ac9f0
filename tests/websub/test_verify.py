"""Verification succeeds only for the bytes of the built document; every other response is a reason, not an error."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from hashlib import sha256

import aiohttp
import pytest
from aiohttp import web
from support.hubs import (
    RawResponder,
    RawServer,
    ReceivedRequest,
    Responder,
    hangs,
    http_server,
    raw_server,
    refusing_url,
    responds,
    sends_endlessly,
    sends_then_closes,
)

from syndicate.websub.client import open_client
from syndicate.websub.verify import CODINGS, PublicCopyVerifier

OLD, NEW = b"<feed>old</feed>", b"<feed>new and longer</feed>"
OTHER_BYTES = "the public copy has other bytes than the built document (Accept-Encoding: identity)"
STALE = "the public copy has not changed yet (Accept-Encoding: identity)"


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_client(5.0, 4) as client:
        yield client


@pytest.fixture
def verifier(client: aiohttp.ClientSession) -> PublicCopyVerifier:
    return PublicCopyVerifier(client, 5.0)


async def verify(verifier: PublicCopyVerifier, url: str, wanted: bytes = NEW) -> str:
    return await verifier.verify(url, sha256(wanted).digest(), len(wanted))


def serves(content: bytes) -> Responder:
    """Return a responder like a static host: an ETag for the content, 304 for a client that has it."""
    etag = f'"{sha256(content).hexdigest()[:8]}"'

    def respond(received: ReceivedRequest) -> web.Response:
        if received.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        return web.Response(body=content, headers={"ETag": etag})

    return respond


def redirected(received: ReceivedRequest) -> web.Response:
    return (
        web.Response(body=NEW) if received.path == "/moved" else web.Response(status=301, headers={"Location": "moved"})
    )


@pytest.mark.parametrize(
    ("responder", "reason"),
    [
        (serves(NEW), ""),
        (serves(OLD), OTHER_BYTES),
        (serves(NEW[:-1]), OTHER_BYTES),
        (serves(NEW + b"\n"), OTHER_BYTES),
        (serves(b""), OTHER_BYTES),
        (lambda _: web.Response(body=gzip.compress(NEW), headers={"Content-Encoding": "gzip"}), ""),
        (lambda _: web.Response(body=gzip.compress(OLD), headers={"Content-Encoding": "gzip"}), OTHER_BYTES),
        (redirected, ""),
        (lambda _: web.Response(status=203, body=NEW), "the public copy answers with status 203"),
        (responds(404), "the public copy answers with status 404"),
        (responds(500), "the public copy answers with status 500"),
        (responds(304), "the public copy answers with status 304"),
    ],
)  # fmt: skip
async def test_only_the_built_bytes_are_verified(
    responder: Responder, reason: str, verifier: PublicCopyVerifier
) -> None:
    async with http_server(responder) as public:
        assert await verify(verifier, public.url) == reason
    assert {received.method for received in public.received} == {"GET"}


@pytest.mark.parametrize(
    "responder",
    [
        sends_then_closes(b""),
        sends_then_closes(b"SSH-2.0-OpenSSH_9.6\r\n"),
        sends_then_closes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
        sends_then_closes(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"),
        sends_then_closes(b"HTTP/1.1 200 OK\r\nX-Huge: " + b"x" * 200_000 + b"\r\n\r\n"),
        sends_then_closes(b"HTTP/1.1 302 Found\r\nLocation: ftp://files.test/\r\nContent-Length: 0\r\n\r\n"),
        sends_then_closes(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
        hangs,
    ],
    ids=["hang-up", "garbage", "short", "gzip", "huge-header", "ftp", "endless-redirects", "hang"],
)
async def test_misbehaving_server_is_a_reason_and_raises_nothing(responder: RawResponder) -> None:
    async with open_client(0.3, 4) as client, raw_server(responder) as public:
        reason = await verify(PublicCopyVerifier(client, 5.0), public.url)
    assert reason.startswith("the public copy cannot be fetched: ")
    assert len(reason) > len("the public copy cannot be fetched: ")


async def test_refused_connection_is_a_reason(verifier: PublicCopyVerifier) -> None:
    assert "cannot be fetched" in await verify(verifier, refusing_url())


async def test_longer_document_is_not_read_to_its_end(verifier: PublicCopyVerifier) -> None:
    servers: list[RawServer] = []
    async with raw_server(sends_endlessly(servers)) as public:
        servers.append(public)
        async with asyncio.timeout(2):
            assert await verify(verifier, public.url) == OTHER_BYTES
        assert public.sent_bytes < 16 * 2**20


async def test_stale_copy_is_requested_conditionally(verifier: PublicCopyVerifier) -> None:
    async with http_server(serves(OLD)) as public:
        assert await verify(verifier, public.url) == OTHER_BYTES
        assert await verify(verifier, public.url) == STALE
        public.responder = serves(NEW)
        assert await verify(verifier, public.url) == ""
    looks = [one for one in public.received if "Cache-Control" not in one.headers]
    fields = [one.headers.get("If-None-Match") for one in looks if one.headers["Accept-Encoding"] == "identity"]
    assert fields == [None, *[f'"{sha256(OLD).hexdigest()[:8]}"'] * 2]


async def test_every_variant_that_hubs_fetch_is_compared(verifier: PublicCopyVerifier) -> None:
    """A cache has the new document for each `Accept-Encoding` but one."""
    stale = ""

    def respond(received: ReceivedRequest) -> web.Response:
        return web.Response(body=OLD if received.headers["Accept-Encoding"] == stale else NEW)

    async with http_server(respond) as public:
        for number, stale in enumerate(CODINGS):
            expected = f"the public copy has other bytes than the built document (Accept-Encoding: {stale})"
            assert await verify(verifier, f"{public.url}{number}") == expected
        stale = ""
        assert await verify(verifier, public.url) == ""
    assert {received.headers["Accept-Encoding"] for received in public.received} == {
        "identity", "gzip", "gzip, deflate", "gzip, deflate, br",
    }  # fmt: skip


async def test_look_sees_what_a_cache_gives_to_hubs_and_refreshes_it(verifier: PublicCopyVerifier) -> None:
    """The cache forwards requests with `no-cache`; one of two stores what it gets then."""
    stores = False
    cached = OLD

    def respond(received: ReceivedRequest) -> web.Response:
        nonlocal cached
        if received.headers.get("Cache-Control") == "no-cache":
            cached = NEW if stores else cached
            return web.Response(body=NEW)
        return web.Response(body=cached)

    async with http_server(respond) as public:
        assert await verify(verifier, public.url) == OTHER_BYTES
        stores = True
        assert await verify(verifier, public.url) == ""


async def test_verification_ends_within_its_timeout() -> None:
    """Each request answers in time, but all of them together do not."""

    async def slow(_: ReceivedRequest) -> web.Response:
        await asyncio.sleep(0.2)
        return web.Response(body=OLD)

    async with open_client(5.0, 4) as client, http_server(slow) as public:
        async with asyncio.timeout(2):
            reason = await verify(PublicCopyVerifier(client, 0.3), public.url)
    assert reason == "the public copy cannot be fetched: no complete answer within 0.3 seconds"


async def test_public_copy_is_fetched_through_the_proxy_of_the_environment(
    verifier: PublicCopyVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with http_server(serves(NEW)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert await verify(verifier, "http://feeds.test/all/feed.atom") == ""
    assert {received.path for received in proxy.received} == {"http://feeds.test/all/feed.atom"}


@pytest.mark.parametrize("public_bytes", [OLD, NEW, NEW + b"more"], ids=["shorter", "as-long", "longer"])
async def test_stale_copy_that_becomes_the_built_document_is_verified(
    public_bytes: bytes, verifier: PublicCopyVerifier
) -> None:
    """A build is reverted before its document was public: the public copy is right again, and 304 must not hide it."""
    built = b"x" * len(NEW)
    async with http_server(serves(public_bytes)) as public:
        assert await verify(verifier, public.url, built) == OTHER_BYTES
        assert await verify(verifier, public.url, public_bytes) == ""


async def test_verified_copy_is_fetched_again_after_another_was_wanted(
    verifier: PublicCopyVerifier,
) -> None:
    """Old is verified, new is built and deployed, old is built again: hubs must not fetch new."""
    async with http_server(serves(OLD)) as public:
        assert await verify(verifier, public.url, OLD) == ""
        assert await verify(verifier, public.url, NEW) == OTHER_BYTES
        public.responder = serves(NEW)
        assert await verify(verifier, public.url, OLD) == OTHER_BYTES


async def test_sequential_verifications_of_a_topic_share_their_requests(verifier: PublicCopyVerifier) -> None:
    async with http_server(serves(NEW)) as public:
        assert [await verify(verifier, public.url) for _ in range(3)] == ["", "", ""]
        assert len(public.received) == len(CODINGS)
        assert await verify(verifier, f"{public.url}another") == ""
        assert len(public.received) == 2 * len(CODINGS)


async def test_concurrent_verifications_of_a_topic_share_their_requests(verifier: PublicCopyVerifier) -> None:
    async with http_server(serves(NEW)) as public:
        assert await asyncio.gather(*(verify(verifier, public.url) for _ in range(3))) == ["", "", ""]
    assert len(public.received) == len(CODINGS)
