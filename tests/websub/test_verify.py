"""Whether the public address serves the bytes just built: every other answer has a reason, and nothing is raised."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from hashlib import sha256

import aiohttp
import pytest
from aiohttp import web
from support.hubs import (
    Answer,
    Raw,
    Received,
    Talk,
    bytes_then_close,
    endless,
    raw,
    refusing_url,
    says,
    served,
    silence,
)

from syndicate.websub.ping import session
from syndicate.websub.verify import PublicCopyVerifier

OLD, NEW = b"<feed>old</feed>", b"<feed>new and longer</feed>"
OTHER_BYTES = "the public feed has other bytes than were built"
STALE = "the public feed has not changed yet"


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with session(5.0, 4) as client:
        yield client


@pytest.fixture
def sight(client: aiohttp.ClientSession) -> PublicCopyVerifier:
    return PublicCopyVerifier(client)


async def look(sight: PublicCopyVerifier, url: str, wanted: bytes = NEW) -> str:
    return await sight.look(url, sha256(wanted).digest(), len(wanted))


def shows(content: bytes) -> Answer:
    """A static host: an ETag for each content, 304 for those who have it."""
    etag = f'"{sha256(content).hexdigest()[:8]}"'

    def answer(received: Received) -> web.Response:
        if received.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        return web.Response(body=content, headers={"ETag": etag})

    return answer


def redirected(received: Received) -> web.Response:
    return (
        web.Response(body=NEW) if received.path == "/moved" else web.Response(status=301, headers={"Location": "moved"})
    )


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (shows(NEW), ""),
        (shows(OLD), OTHER_BYTES),
        (shows(NEW[:-1]), OTHER_BYTES),
        (shows(NEW + b"\n"), OTHER_BYTES),
        (shows(b""), OTHER_BYTES),
        (lambda _: web.Response(body=gzip.compress(NEW), headers={"Content-Encoding": "gzip"}), ""),
        (lambda _: web.Response(body=gzip.compress(OLD), headers={"Content-Encoding": "gzip"}), OTHER_BYTES),
        (redirected, ""),
        (lambda _: web.Response(status=203, body=NEW), "the public feed answers 203"),
        (says(404), "the public feed answers 404"),
        (says(500), "the public feed answers 500"),
        (says(304), "the public feed answers 304"),
    ],
)  # fmt: skip
async def test_only_the_bytes_just_built_are_seen(answer: Answer, why: str, sight: PublicCopyVerifier) -> None:
    async with served(answer) as public:
        assert await look(sight, public.url) == why
    assert {received.method for received in public.received} == {"GET"}


@pytest.mark.parametrize(
    "talk",
    [
        bytes_then_close(b""),
        bytes_then_close(b"SSH-2.0-OpenSSH_9.6\r\n"),
        bytes_then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
        bytes_then_close(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"),
        bytes_then_close(b"HTTP/1.1 200 OK\r\nX-Huge: " + b"x" * 200_000 + b"\r\n\r\n"),
        bytes_then_close(b"HTTP/1.1 302 Found\r\nLocation: ftp://files.test/\r\nContent-Length: 0\r\n\r\n"),
        bytes_then_close(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
        silence,
    ],
    ids=["hang-up", "garbage", "short", "gzip", "huge-header", "ftp", "redirects-for-ever", "hang"],
)
async def test_ill_server_is_a_reason_and_never_raises(talk: Talk) -> None:
    async with session(0.3, 4) as client, raw(talk) as public:
        why = await look(PublicCopyVerifier(client), public.url)
    assert why.startswith("the public feed cannot be fetched: ")
    assert len(why) > len("the public feed cannot be fetched: ")


async def test_server_that_is_down_is_a_reason(sight: PublicCopyVerifier) -> None:
    assert "cannot be fetched" in await look(sight, refusing_url())


async def test_longer_document_is_not_read_to_its_end(sight: PublicCopyVerifier) -> None:
    server: list[Raw] = []
    async with raw(endless(server)) as public:
        server.append(public)
        async with asyncio.timeout(2):
            assert await look(sight, public.url) == OTHER_BYTES
        assert public.sent_bytes < 16 * 2**20


async def test_stale_document_is_asked_for_only_if_it_changed(sight: PublicCopyVerifier) -> None:
    async with served(shows(OLD)) as public:
        assert await look(sight, public.url) == OTHER_BYTES
        assert await look(sight, public.url) == STALE
        public.answer = shows(NEW)
        assert await look(sight, public.url) == ""
    first, second, third = (received.headers.get("If-None-Match") for received in public.received)
    assert first is None
    assert second == third == f'"{sha256(OLD).hexdigest()[:8]}"'


@pytest.mark.parametrize("shown", [OLD, NEW, NEW + b"more"], ids=["shorter", "as-long", "longer"])
async def test_bytes_that_are_wanted_again_are_not_taken_for_stale(shown: bytes, sight: PublicCopyVerifier) -> None:
    """A build is undone before its feed was public: what stands there is right again, and a 304 must not hide it."""
    built = b"x" * len(NEW)
    async with served(shows(shown)) as public:
        assert await look(sight, public.url, built) == OTHER_BYTES
        assert await look(sight, public.url, shown) == ""


async def test_what_was_seen_once_is_looked_at_anew_after_something_else_was_wanted(sight: PublicCopyVerifier) -> None:
    """Old is seen, new is built and uploaded, old is built again: hubs must not fetch new."""
    async with served(shows(OLD)) as public:
        assert await look(sight, public.url, OLD) == ""
        assert await look(sight, public.url, NEW) == OTHER_BYTES
        public.answer = shows(NEW)
        assert await look(sight, public.url, OLD) == OTHER_BYTES


async def test_several_hubs_of_a_topic_cost_one_look_after_the_other(sight: PublicCopyVerifier) -> None:
    async with served(shows(NEW)) as public:
        assert [await look(sight, public.url) for _ in range(3)] == ["", "", ""]
        assert len(public.received) == 1
        assert await look(sight, f"{public.url}another") == ""
        assert len(public.received) == 2


async def test_several_hubs_of_a_topic_cost_one_look_at_the_same_time(sight: PublicCopyVerifier) -> None:
    async with served(shows(NEW)) as public:
        assert await asyncio.gather(*(look(sight, public.url) for _ in range(3))) == ["", "", ""]
    assert len(public.received) == 1
