"""The documents that the server knows: every document of the newest build, and the paths of removed ones."""

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..http.media_types import media_type
from ..store.published_documents import PublishedDocument
from ..store.reader import StoreReader

FEED, ARCHIVE, PAGE, LIST, STYLE = "feed", "archive", "page", "list", "style"
"""Kinds of documents: the newest entries of a feed; an archive of a feed; an HTML page; OPML or the catalogue; CSS."""

_ENCODINGS = {".gz": "gzip", ".br": "br"}
_PERIOD_CHARACTERS = {"year": 4, "month": 7, "day": 10}


class Document(NamedTuple):
    """A document of the output tree.

    `is_final` holds for an archive of a period that is over. `encoded_digests` are the content codings that exist on
    the disk, each with the digest of its bytes; `encodings` are their names.
    """

    path: str
    kind: str
    content_type: str
    digest: bytes
    mtime_ns: int
    is_final: bool
    encoded_digests: tuple[tuple[str, bytes], ...] = ()
    encodings: frozenset[str] = frozenset()


class Catalog(NamedTuple):
    """All documents by path, the paths of removed documents, and the time of the build in seconds since 1970.

    The time is 0 before the first build.
    """

    documents: Mapping[str, Document]
    removed_paths: frozenset[str]
    built_s: float


EMPTY_CATALOG = Catalog({}, frozenset(), 0.0)


class CatalogReader:
    """Reads the catalogue of the newest build. `archive` is the unit of archives (`feeds.archive`)."""

    def __init__(self, store: StoreReader, archive: str) -> None:
        self._store = store
        self._period_characters = _PERIOD_CHARACTERS.get(archive, 0)
        self._build_time_ns: int | None = None

    def read(self) -> Catalog | None:
        """Return the catalogue; None when no build committed since the last call. Raises StoreUnavailableError."""
        with self._store.snapshot() as snapshot:
            published = snapshot.published_documents
            build_time_ns = published.build_time_ns()
            if build_time_ns == self._build_time_ns:
                return None
            documents = documents_by_path(published.documents(), self._period_characters)
            catalog = Catalog(documents, published.removed_paths(), build_time_ns / 1e9)
        self._build_time_ns = build_time_ns
        return catalog


def documents_by_path(rows: Iterable[PublishedDocument], period_characters: int) -> dict[str, Document]:
    """Return documents by path, compressed files merged into the documents whose bytes they hold.

    An archive may be one of several parts of its period; the first `period_characters` of its name are the period's.
    """
    rows = list(rows)
    newest_period: dict[int, str] = {}
    encoded: dict[str, list[tuple[str, bytes]]] = {}
    for row in rows:
        if row.period > newest_period.get(row.feed, ""):
            newest_period[row.feed] = row.period
        path, suffix = os.path.splitext(row.path)
        if suffix in _ENCODINGS:
            encoded.setdefault(path, []).append((_ENCODINGS[suffix], row.digest))
    return {
        row.path: Document(
            row.path,
            _kind(row),
            media_type(row.path).content_type,
            row.digest,
            row.mtime_ns,
            bool(row.period) and row.period[:period_characters] != newest_period[row.feed][:period_characters],
            tuple(sorted(encoded.get(row.path, ()))),
            frozenset(encoding for encoding, _ in encoded.get(row.path, ())),
        )
        for row in rows
        if not row.path.endswith(tuple(_ENCODINGS))
    }


def _kind(row: PublishedDocument) -> str:
    if row.path.endswith(".html"):
        return PAGE
    if row.path.endswith(".css"):
        return STYLE
    if row.path.rpartition("/")[2].startswith("feed."):
        return ARCHIVE if row.period else FEED
    return LIST
