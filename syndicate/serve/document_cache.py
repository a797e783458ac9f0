"""The bytes of documents, read from the output on first request and kept in memory within a limit.

The store decides which documents exist, and the digest of the bytes decides the entity tag. While a build moves its
files into place, before it commits, cached documents are still served with their old bytes, and uncached ones with
the new bytes under the new bytes' tag. No lock between builds and servers is needed.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Generic, NamedTuple, TypeVar

from ..outputs.base import Output
from .catalog import Document

_MAX_BYTES = 64 * 1024 * 1024
_FILE_SUFFIXES = {"": "", "gzip": ".gz", "br": ".br"}
_ETAG_SUFFIXES = {"": "", "gzip": "-gz", "br": "-br"}

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


def entity_tag(digest: bytes, encoding: str = "") -> str:
    """Return the strong entity tag of a document with this digest, in a content coding."""
    return f'"{digest[:16].hex()}{_ETAG_SUFFIXES[encoding]}"'


class DocumentCache(Generic[Prepared]):
    """Prepared documents by path and content coding. The least recently used ones are dropped beyond `max_bytes`."""

    def __init__(
        self, output: Output, prepare: Callable[[Document, Representation], Prepared], max_bytes: int = _MAX_BYTES
    ) -> None:
        self._output = output
        self._prepare = prepare
        self._max_bytes = max_bytes
        self._cached: OrderedDict[tuple[str, str], tuple[Document, int, Prepared]] = OrderedDict()
        self._cached_bytes = 0

    def get(self, document: Document, encoding: str = "") -> Prepared | None:
        """Return a prepared document; None when its file cannot be read.

        The content coding is used only if the compressed file has the bytes that the store knows.
        """
        key = document.path, encoding
        cached = self._cached.get(key)
        if cached is not None and cached[0] == document:
            self._cached.move_to_end(key)
            return cached[2]
        if encoding:
            return self._get_encoded(document, encoding)
        found = self._output.read(document.path)
        if found is None:
            return None
        content = found.content
        digest = sha256(content).digest()
        if digest != document.digest:  # a build is replacing files: the new bytes go under their own tag, uncached
            return self._prepare(document, Representation(content, "", entity_tag(digest), found.modified_s))
        return self._store(document, Representation(content, "", entity_tag(digest), document.modified_s))

    def retain(self, documents: Mapping[str, Document]) -> None:
        """Drop every document that differs from these, or is not among them."""
        for key, (document, *_) in list(self._cached.items()):
            if documents.get(key[0]) != document:
                self._drop(key)

    def _get_encoded(self, document: Document, encoding: str) -> Prepared | None:
        found = self._output.read(f"{document.path}{_FILE_SUFFIXES[encoding]}")
        if found is None or sha256(found.content).digest() != dict(document.encoded_digests)[encoding]:
            return self.get(document)
        etag = entity_tag(document.digest, encoding)
        return self._store(document, Representation(found.content, encoding, etag, document.modified_s))

    def _store(self, document: Document, representation: Representation) -> Prepared:
        key = document.path, representation.encoding
        self._drop(key)
        prepared = self._prepare(document, representation)
        self._cached[key] = document, len(representation.content), prepared
        self._cached_bytes += len(representation.content)
        while self._cached_bytes > self._max_bytes and len(self._cached) > 1:
            self._drop(next(iter(self._cached)))
        return prepared

    def _drop(self, key: tuple[str, str]) -> None:
        if (cached := self._cached.pop(key, None)) is not None:
            self._cached_bytes -= cached[1]
