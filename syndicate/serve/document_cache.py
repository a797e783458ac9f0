"""The bytes of documents, read from the output on first request and kept in memory within a limit.

The store decides which documents exist, and the digest of the bytes decides the entity tag. While a build moves its
files into place, before it commits, cached documents are still served with their old bytes, and uncached ones with
the new bytes under the new bytes' tag. No lock between builds and servers is needed.

A thread compresses a document once for each content coding that clients ask for, and the result is kept beside the
plain bytes. Requests that come meanwhile wait for the same result. Files that a build has compressed (`precompress`)
are used as they are; the same function makes both, so the entity tag of a coding does not depend on who compressed.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Generic, NamedTuple, TypeVar

from ..outputs.base import Output
from ..outputs.compress import SMALLEST_BYTES, compress
from .catalog import Document

_MAX_BYTES = 64 * 1024 * 1024
_FILE_SUFFIXES = {"gzip": ".gz", "br": ".br"}
_ETAG_SUFFIXES = {"": "", "gzip": "-gz", "br": "-br", "zstd": "-zst"}
_THREADS = 2

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
        self._under_way: dict[tuple[Document, str], asyncio.Future[Prepared]] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="compress")

    def cached(self, document: Document, encoding: str = "") -> Prepared | None:
        """Return a prepared document that is in memory; None for another one."""
        key = document.path, encoding
        cached = self._cached.get(key)
        if cached is None or cached.document != document:
            return None
        self._cached.move_to_end(key)
        return cached.prepared

    async def load(self, document: Document, encoding: str = "") -> Prepared | None:
        """Return a document that is not in memory; None when its file cannot be read.

        It has no content coding if that makes it no smaller, or if its bytes are not those that the store knows.
        """
        plain = self._read(document)
        if plain is None or not encoding:
            return plain and plain.prepared
        content, _, etag, _ = plain.representation
        if len(content) < SMALLEST_BYTES or etag != entity_tag(document.digest):
            return plain.prepared
        if (compressed := self._read_compressed(document, encoding)) is not None:
            return self._store(document, encoding, compressed, content)
        under_way = self._under_way.get((document, encoding))
        if under_way is None:
            under_way = asyncio.ensure_future(self._compress(document, encoding, content))
            self._under_way[document, encoding] = under_way
        return await asyncio.shield(under_way)  # the work goes on if the client leaves

    def retain(self, documents: Mapping[str, Document]) -> None:
        """Drop every document that differs from these, or is not among them."""
        for key, cached in list(self._cached.items()):
            if documents.get(key[0]) != cached.document:
                self._drop(key)

    def _read(self, document: Document) -> _Cached[Prepared] | None:
        """Return a document without content coding, from memory or the output."""
        cached = self._cached.get((document.path, ""))
        if cached is not None and cached.document == document:
            return cached
        found = self._output.read(document.path)
        if found is None:
            return None
        content = found.content
        digest = sha256(content).digest()
        if digest != document.digest:  # a build is replacing files: the new bytes go under their own tag, uncached
            representation = Representation(content, "", entity_tag(digest), found.modified_s)
            return _Cached(document, representation, self._prepare(document, representation, content))
        self._store(document, "", content, content)
        return self._cached[document.path, ""]

    def _read_compressed(self, document: Document, encoding: str) -> bytes | None:
        """Return the bytes of a compressed file if they are those that the store knows."""
        digest = dict(document.encoded_digests).get(encoding)
        found = self._output.read(f"{document.path}{_FILE_SUFFIXES[encoding]}") if digest else None
        return found.content if found is not None and sha256(found.content).digest() == digest else None

    async def _compress(self, document: Document, encoding: str, content: bytes) -> Prepared:
        loop = asyncio.get_running_loop()
        try:
            compressed = await loop.run_in_executor(self._threads, compress, content, encoding)
            return self._store(document, encoding, compressed, content)
        finally:
            del self._under_way[document, encoding]

    def _store(self, document: Document, encoding: str, encoded: bytes, content: bytes) -> Prepared:
        """Keep a document, encoded, or as it is if that is no larger."""
        key = document.path, encoding
        coding = encoding
        if encoding and len(encoded) >= len(content):
            encoded, coding = content, ""
        etag = entity_tag(document.digest, coding)
        representation = Representation(encoded, coding, etag, document.modified_s)
        prepared = self._prepare(document, representation, content)
        self._drop(key)
        self._cached[key] = _Cached(document, representation, prepared)
        self._cached_bytes += len(encoded)
        while self._cached_bytes > self._max_bytes and len(self._cached) > 1:
            self._drop(next(iter(self._cached)))
        return prepared

    def _drop(self, key: tuple[str, str]) -> None:
        if (cached := self._cached.pop(key, None)) is not None:
            self._cached_bytes -= len(cached.representation.content)
