"""The bytes of documents, read from the output on first request and kept in memory within a limit.

The store decides which documents exist, and the digest of the bytes decides the entity tag. While a build moves its
files into place, before it commits, cached documents are still served with their old bytes, and uncached ones with
the new bytes under the new bytes' tag. No lock between builds and servers is needed.

Threads read the output, which may be a bucket or a slow disk, and compress a document once for each content coding
that clients ask for. Other responses go on meanwhile, and requests for the same document wait for one result. Files
that a build has compressed (`precompress`) are used as they are; the same function makes both, so the entity tag of a
coding does not depend on who compressed.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any, Generic, NamedTuple, TypeVar

from ..outputs.base import Output, StoredDocument
from ..outputs.compress import SMALLEST_BYTES, compress
from .catalog import Document

_MAX_BYTES = 64 * 1024 * 1024
_FILE_SUFFIXES = {"gzip": ".gz", "br": ".br"}
_ETAG_SUFFIXES = {"": "", "gzip": "-gz", "br": "-br", "zstd": "-zst"}
_COMPRESSING, _READING = 2, 16  # threads: processors limit the one, the other waits

Prepared = TypeVar("Prepared")
"""The form in which a document is cached."""


class Representation(NamedTuple):
    """The bytes of a document in a content coding (empty for none), and their validators (RFC 9110 §3.2, §8.8).

    `modified_s` is in seconds since 1970.
    """

    content: bytes
    encoding: str
    etag: str
    modified_s: int


class _Cached(NamedTuple, Generic[Prepared]):
    document: Document
    representation: Representation
    prepared: Prepared


def entity_tag(digest: bytes, encoding: str = "") -> str:
    """Return the strong entity tag of a document with this digest, in a content coding."""
    return f'"{digest[:16].hex()}{_ETAG_SUFFIXES[encoding]}"'


class DocumentCache(Generic[Prepared]):
    """Prepared documents by path and content coding. The least recently used ones are dropped beyond `max_bytes`.

    `prepare` gets a document, its representation in a content coding, and its bytes without one.
    """

    def __init__(
        self,
        output: Output,
        prepare: Callable[[Document, Representation, bytes], Prepared],
        max_bytes: int = _MAX_BYTES,
    ) -> None:
        self._output = output
        self._prepare = prepare
        self._max_bytes = max_bytes
        self._cached: OrderedDict[tuple[str, str], _Cached[Prepared]] = OrderedDict()
        self._cached_bytes = 0
        self._under_way: dict[tuple[Document, str], asyncio.Future[_Cached[Prepared] | None]] = {}
        self._compressing = ThreadPoolExecutor(_COMPRESSING, thread_name_prefix="compress")
        self._reading = ThreadPoolExecutor(_READING, thread_name_prefix="read")

    def cached(self, document: Document, encoding: str = "") -> Prepared | None:
        """Return a prepared document that is in memory; None for another one."""
        found = self._find(document, encoding)
        return None if found is None else found.prepared

    async def load(self, document: Document, encoding: str = "") -> Prepared | None:
        """Return a document that is not in memory; None when its file cannot be read.

        It has no content coding if that makes it no smaller, or if its bytes are not those that the store knows.
        """
        plain = self._find(document) or await self._once((document, ""), self._load)
        if plain is None or not encoding:
            return plain and plain.prepared
        content, _, etag, _ = plain.representation
        if len(content) < SMALLEST_BYTES or etag != entity_tag(document.digest):
            return plain.prepared
        encoded = await self._once((document, encoding), self._load_encoded, content)
        return encoded and encoded.prepared

    def retain(self, documents: Mapping[str, Document]) -> None:
        """Drop every document that differs from these, or is not among them."""
        for key, cached in list(self._cached.items()):
            if documents.get(key[0]) != cached.document:
                self._drop(key)

    def _find(self, document: Document, encoding: str = "") -> _Cached[Prepared] | None:
        key = document.path, encoding
        found = self._cached.get(key)
        if found is None or found.document != document:
            return None
        self._cached.move_to_end(key)
        return found

    async def _once(
        self,
        key: tuple[Document, str],
        work: Callable[..., Coroutine[Any, Any, _Cached[Prepared] | None]],
        *arguments: bytes,
    ) -> _Cached[Prepared] | None:
        """Return the result of some work on a document, which goes on if the client leaves."""
        under_way = self._under_way.get(key)
        if under_way is None:
            under_way = self._under_way[key] = asyncio.ensure_future(work(*key, *arguments))
            under_way.add_done_callback(lambda _: self._under_way.pop(key))
        return await asyncio.shield(under_way)

    async def _load(self, document: Document, encoding: str) -> _Cached[Prepared] | None:
        """Return a document without content coding from the output."""
        found = await self._read(document.path)
        if found is None:
            return None
        content = found.content
        digest = sha256(content).digest()
        if digest != document.digest:  # a build is replacing files: the new bytes go under their own tag, uncached
            representation = Representation(content, encoding, entity_tag(digest), found.modified_s)
            return _Cached(document, representation, self._prepare(document, representation, content))
        return self._store(document, encoding, content, content)

    async def _load_encoded(self, document: Document, encoding: str, content: bytes) -> _Cached[Prepared]:
        """Return a document from a compressed file whose bytes are those that the store knows, else compress it."""
        if (digest := dict(document.encoded_digests).get(encoding)) is not None:
            found = await self._read(f"{document.path}{_FILE_SUFFIXES[encoding]}")
            if found is not None and sha256(found.content).digest() == digest:
                return self._store(document, encoding, found.content, content)
        loop = asyncio.get_running_loop()
        compressed = await loop.run_in_executor(self._compressing, compress, content, encoding)
        return self._store(document, encoding, compressed, content)

    async def _read(self, path: str) -> StoredDocument | None:
        return await asyncio.get_running_loop().run_in_executor(self._reading, self._output.read, path)

    def _store(self, document: Document, encoding: str, encoded: bytes, content: bytes) -> _Cached[Prepared]:
        """Keep a document, encoded, or as it is if that is no larger."""
        key = document.path, encoding
        coding = encoding
        if encoding and len(encoded) >= len(content):
            encoded, coding = content, ""
        etag = entity_tag(document.digest, coding)
        representation = Representation(encoded, coding, etag, document.modified_s)
        prepared = self._prepare(document, representation, content)
        self._drop(key)
        self._cached[key] = cached = _Cached(document, representation, prepared)
        self._cached_bytes += len(encoded)
        while self._cached_bytes > self._max_bytes and len(self._cached) > 1:
            self._drop(next(iter(self._cached)))
        return cached

    def _drop(self, key: tuple[str, str]) -> None:
        if (cached := self._cached.pop(key, None)) is not None:
            self._cached_bytes -= len(cached.representation.content)
