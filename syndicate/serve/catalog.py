"""The documents that the server knows: every document of the newest build, and the paths of removed ones."""

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..feeds.archive import is_over
from ..http.media_types import media_type
from ..model import ArchivePeriod
from ..store.base import Store
from ..store.rows import DocumentRow

FEED, ARCHIVE, PAGE, LIST, STYLE = "feed", "archive", "page", "list", "style"
"""Kinds of documents: the newest entries of a feed; an archive of a feed; an HTML page; OPML or the catalogue; CSS."""

_ENCODINGS = {".gz": "gzip", ".br": "br"}


class Document(NamedTuple):
    """A document of the output tree.

    `is_final` holds for an archive of a period that is over. `encoded_digests` are the content codings that exist on
    the disk, each with the digest of its bytes.
    """

    path: str
    kind: str
    content_type: str
    digest: bytes
    modified_s: int
    is_final: bool
    encoded_digests: tuple[tuple[str, bytes], ...] = ()


class Catalog(NamedTuple):
    """All documents by path, the paths of removed documents, and the time of the build in seconds since 1970.

    The time is 0 before the first build.
    """

    documents: Mapping[str, Document]
    removed_paths: frozenset[str]
    built_s: float


EMPTY_CATALOG = Catalog({}, frozenset(), 0.0)


class CatalogReader:
    """Reads the catalogue of the newest build. `archive` is the period of archives (`feeds.archive`), if configured."""

    def __init__(self, store: Store, archive: ArchivePeriod | None) -> None:
        self._store = store
        self._archive = archive
        self._build_time_ns: int | None = None

    def read(self) -> Catalog | None:
        """Return the catalogue; None when no build committed since the last call. Raises StoreError."""
        with self._store.read() as snapshot:
            build_time_ns = snapshot.run_state().get("built_ns", 0)
            if build_time_ns == self._build_time_ns:
                return None
            documents = documents_by_path(snapshot.documents.all(), self._archive)
            catalog = Catalog(documents, snapshot.documents.removed(), build_time_ns / 1e9)
        self._build_time_ns = build_time_ns
        return catalog


def documents_by_path(rows: Iterable[DocumentRow], archive: ArchivePeriod | None) -> dict[str, Document]:
    """Return documents by path, compressed files merged into the documents whose bytes they hold."""
    rows = list(rows)
    newest_period: dict[int, str] = {}
    encoded: dict[str, list[tuple[str, bytes]]] = {}
    for row in rows:
        if row.period > newest_period.get(row.feed_id, ""):
            newest_period[row.feed_id] = row.period
        path, suffix = os.path.splitext(row.path)
        if suffix in _ENCODINGS:
            encoded.setdefault(path, []).append((_ENCODINGS[suffix], row.digest))
    return {
        row.path: Document(
            row.path,
            _kind(row),
            media_type(row.path).content_type,
            row.digest,
            row.modified_at,
            bool(row.period) and is_over(archive, row.period, newest_period[row.feed_id]),
            tuple(sorted(encoded.get(row.path, ()))),
        )
        for row in rows
        if not row.path.endswith(tuple(_ENCODINGS))
    }


def _kind(row: DocumentRow) -> str:
    if row.path.endswith(".html"):
        return PAGE
    if row.path.endswith(".css"):
        return STYLE
    if row.path.rpartition("/")[2].startswith("feed."):
        return ARCHIVE if row.period else FEED
    return LIST
