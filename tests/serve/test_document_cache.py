"""The cache of documents: its limit, its tags, and compression in threads."""

from __future__ import annotations

import asyncio
import gzip
import os
import random
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from syndicate.outputs.base import StoredDocument
from syndicate.outputs.local import LocalOutput
from syndicate.serve.catalog import Document
from syndicate.serve.document_cache import DocumentCache, Representation

Cache = DocumentCache[Representation]


@pytest.fixture
def prepared() -> list[tuple[str, str]]:
    """The path and the content coding of each representation that a cache prepared."""
    return []


@pytest.fixture
def cache_of(tmp_path: Path, prepared: list[tuple[str, str]]) -> Callable[..., Cache]:
    def prepare(document: Document, representation: Representation, content: bytes) -> Representation:
        prepared.append((document.path, representation.encoding))
        return representation

    output = LocalOutput(str(tmp_path), "f.example,2026", "https://f.example/")
    return lambda **limits: DocumentCache(output, prepare, **limits)


def document(folder: Path, name: str, content: bytes) -> Document:
    (folder / name).write_bytes(content)
    return Document(name, "feed", "x", sha256(content).digest(), 0, is_final=False)


async def test_cache_stays_within_its_limit(
    tmp_path: Path, cache_of: Callable[..., Cache], prepared: list[tuple[str, str]]
) -> None:
    documents = [document(tmp_path, str(number), bytes([number]) * 100) for number in range(10)]
    cache = cache_of(max_bytes=300)
    for one in documents:
        assert cache.cached(one) is None
        assert await cache.load(one) == cache.cached(one) is not None
    assert len(prepared) == 10
    assert cache.cached(documents[9])
    assert cache.cached(documents[0]) is None
    assert await cache.load(documents[0])
    assert prepared[10:] == [("0", "")]
    cache.retain({})
    assert cache._cached_bytes == 0


async def test_slow_output_delays_no_other_response(tmp_path: Path) -> None:
    slow, quick = document(tmp_path, "slow", b"s"), document(tmp_path, "quick", b"q")
    may_end, reads = threading.Event(), []

    class SlowOutput(LocalOutput):
        def read(self, path: str) -> StoredDocument | None:
            reads.append(path)
            assert path == "quick" or may_end.wait(30)
            return super().read(path)

    output = SlowOutput(str(tmp_path), "f.example,2026", "https://f.example/")
    cache: Cache = DocumentCache(output, lambda _, representation, __: representation)
    waiting = [asyncio.ensure_future(cache.load(slow)) for _ in range(5)]
    assert await cache.load(quick) is not None
    assert not any(one.done() for one in waiting)
    may_end.set()
    assert {found.content for found in await asyncio.gather(*waiting) if found} == {b"s"}
    assert sorted(reads) == ["quick", "slow"]


async def test_compressed_documents_count_for_the_limit(tmp_path: Path, cache_of: Callable[..., Cache]) -> None:
    documents = [
        document(tmp_path, str(number), random.Random(number).randbytes(200).hex().encode()) for number in range(9)
    ]
    cache = cache_of(max_bytes=1000)
    for one in documents:
        for encoding in ("gzip", "br", "zstd"):
            assert (await cache.load(one, encoding)).encoding == encoding  # type: ignore[union-attr]
            assert cache._cached_bytes <= 1000
    assert cache._cached_bytes == sum(len(one.representation.content) for one in cache._cached.values())


async def test_bytes_unknown_to_the_store_have_their_own_tag(tmp_path: Path, cache_of: Callable[..., Cache]) -> None:
    content = b"new" * 1000
    document(tmp_path, "x", content)
    os.utime(tmp_path / "x", (50, 50))
    old = Document("x", "feed", "x", sha256(b"old").digest(), 0, is_final=False)
    for encoding in ("", "gzip"):
        loaded = await cache_of().load(old, encoding)
        assert loaded == Representation(content, "", f'"{sha256(content).hexdigest()[:32]}"', 50)


async def test_concurrent_requests_share_one_compression(
    tmp_path: Path, cache_of: Callable[..., Cache], prepared: list[tuple[str, str]]
) -> None:
    one = document(tmp_path, "x", b"text " * 100_000)
    cache = cache_of()
    loaded = await asyncio.gather(*(cache.load(one, "br") for _ in range(50)))
    assert len({id(each) for each in loaded}) == 1
    assert prepared == [("x", ""), ("x", "br")]


async def test_client_that_leaves_does_not_stop_the_compression(tmp_path: Path, cache_of: Callable[..., Cache]) -> None:
    one = document(tmp_path, "x", b"text " * 100_000)
    cache = cache_of()
    first = asyncio.create_task(cache.load(one, "gzip"))
    await asyncio.sleep(0)
    second = asyncio.create_task(cache.load(one, "gzip"))
    await asyncio.sleep(0)
    first.cancel()
    loaded = await second
    assert loaded is not None
    assert gzip.decompress(loaded.content) == b"text " * 100_000
    assert cache._under_way == {}


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
async def test_event_loop_goes_on_while_a_thread_compresses(
    encoding: str, tmp_path: Path, cache_of: Callable[..., Cache]
) -> None:
    numbers = random.Random(1)
    one = document(tmp_path, "x", b"".join(numbers.randbytes(6).hex().encode() + b" text " for _ in range(400_000)))
    cache = cache_of()
    task = asyncio.create_task(cache.load(one, encoding))
    turns = 0
    while not task.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert (await task).encoding == encoding  # type: ignore[union-attr]
    assert turns > 5  # a compression in the loop leaves one or two


@pytest.mark.parametrize("content", [b"short", random.Random(1).randbytes(5000)])
async def test_what_does_not_get_smaller_is_sent_as_it_is(
    content: bytes, tmp_path: Path, cache_of: Callable[..., Cache], prepared: list[tuple[str, str]]
) -> None:
    one = document(tmp_path, "x", content)
    cache = cache_of()
    for _ in range(3):
        loaded = cache.cached(one, "gzip") or await cache.load(one, "gzip")
        assert loaded is not None
        assert (loaded.content, loaded.encoding) == (content, "")
    assert len(prepared) <= 2


async def test_file_that_cannot_be_read_is_none(tmp_path: Path, cache_of: Callable[..., Cache]) -> None:
    gone = document(tmp_path, "x", b"x" * 1000)
    (tmp_path / "x").unlink()
    cache = cache_of()
    assert await cache.load(gone) is None
    assert await cache.load(gone, "gzip") is None
