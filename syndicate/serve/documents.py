"""What can be asked for: the documents that stand in the tree, by the index; their bytes once they were asked for.

The index decides what there is, and the digest of the bytes what their tag is: while a build puts its files in place,
before it commits, who was here before goes on reading the old bytes from memory, and who comes then reads new ones
under their own tag.
"""

import os
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import closing
from hashlib import sha256
from typing import Generic, NamedTuple, TypeVar

from ..config import Config
from ..feeds.rules import TopicNames
from ..feeds.slugs import topic_key
from ..outputs.base import Output
from ..store.gone import Gone
from ..store.index import connect
from ..store.schema import VERSION
from ..store.shelf import DocumentRow, Shelf

_KEPT_BYTES = 64 * 1024 * 1024
_ENCODINGS = {".gz": "gzip", ".br": "br"}
_SUFFIXES = {"": "", "gzip": ".gz", "br": ".br"}
_TAG_MARKS = {"": "", "gzip": "-gz", "br": "-br"}
_CUT_CHARACTERS = {"year": 4, "month": 7, "day": 10}
_TYPES = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "opml": "text/x-opml; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
}
FEED, ARCHIVE, PAGE, LIST, STYLE = "feed", "archive", "page", "list", "style"


class Document(NamedTuple):
    """A document of the tree. `settled` is an archive of a period that is over; `kept` are its encodings on the disk,
    each with the digest of its bytes, and `encodings` their names.
    """

    path: str
    kind: str
    media_type: str
    digest: bytes
    mtime_ns: int
    settled: bool
    kept: tuple[tuple[str, bytes], ...] = ()
    encodings: frozenset[str] = frozenset()


class Known(NamedTuple):
    """The tag of a document, and the second of its last change."""

    etag: str
    modified_s: int


class Body(NamedTuple):
    """The bytes of a document in an encoding (an empty one is none), and what tells them from others."""

    content: bytes
    encoding: str
    known: Known


class Catalog(NamedTuple):
    """All documents by path, the paths of those that are gone, and when the index that says so was last renewed."""

    documents: Mapping[str, Document]
    gone: frozenset[str]
    built_s: float


Ready = TypeVar("Ready")
"""What a document is made into, to be given to who asks."""

NOTHING = Catalog({}, frozenset(), 0.0)


def media_type(path: str) -> str:
    """The media type that a document is served with."""
    name = path.rpartition("/")[2]
    if name == "feed.json":
        return "application/feed+json"
    return _TYPES.get(name.rpartition(".")[2], "application/json")


def tag(digest: bytes, encoding: str = "") -> str:
    """The strong entity tag of a document with this digest, in an encoding."""
    return f'"{digest[:16].hex()}{_TAG_MARKS[encoding]}"'


class Reader:
    """The index, read again when a build renewed it."""

    def __init__(self, config: Config) -> None:
        self._path = os.path.join(config.state, "index.db")
        self._cut = _CUT_CHARACTERS.get(config.selection.archive, 0)
        self._stamp: tuple[object, ...] | None = None

    def read(self) -> Catalog | None:
        """What there is now; none when that did not change. Raises OSError or sqlite3.Error when there is no index."""
        status = os.stat(self._path)
        with closing(connect(self._path)) as sql:
            sql.execute("BEGIN")
            (version,) = sql.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                raise sqlite3.DatabaseError(f"made by another version ({version}, not {VERSION})")
            row = sql.execute("SELECT value FROM meta WHERE name = 'scanned_ns'").fetchone()
            scanned_ns = int(row[0]) if row else 0
            stamp = (status.st_dev, status.st_ino, scanned_ns)
            if stamp == self._stamp:
                return None
            catalog = Catalog(arranged(Shelf(sql).documents(), self._cut), Gone(sql).paths(), scanned_ns / 1e9)
        self._stamp = stamp
        return catalog


def arranged(rows: list[DocumentRow], cut: int) -> dict[str, Document]:
    """Documents by path. A period's name begins with `cut` characters of the whole period that it is part of."""
    newest: dict[int, str] = {}
    kept: dict[str, list[tuple[str, bytes]]] = {}
    for row in rows:
        if row.period > newest.get(row.feed, ""):
            newest[row.feed] = row.period
        path, ending = os.path.splitext(row.path)
        if ending in _ENCODINGS:
            kept.setdefault(path, []).append((_ENCODINGS[ending], row.digest))
    return {
        row.path: Document(
            row.path,
            _kind(row),
            media_type(row.path),
            row.digest,
            row.mtime_ns,
            bool(row.period) and row.period[:cut] != newest[row.feed][:cut],
            tuple(sorted(kept.get(row.path, ()))),
            frozenset(name for name, _ in kept.get(row.path, ())),
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


class DocumentCache(Generic[Ready]):
    """The bytes of documents, made ready once they are asked for, and kept in memory as far as there is room."""

    def __init__(self, output: Output, make: Callable[[Document, Body], Ready], room_bytes: int = _KEPT_BYTES) -> None:
        self._output = output
        self._make = make
        self._room_bytes = room_bytes
        self._held: OrderedDict[tuple[str, str], tuple[Document, int, Ready]] = OrderedDict()
        self._held_bytes = 0

    def ready(self, document: Document, encoding: str = "") -> Ready | None:
        """A document, in an encoding if its bytes are those that the index knows; none when it cannot be read."""
        place = document.path, encoding
        held = self._held.get(place)
        if held is not None and held[0] == document:
            self._held.move_to_end(place)
            return held[2]
        if encoding:
            return self._encoded(document, encoding)
        found = self._output.read(document.path)
        if found is None:
            return None
        content = found.content
        digest = sha256(content).digest()
        if digest != document.digest:  # a build is at work: these are right, too, under their own name
            return self._make(document, Body(content, "", Known(tag(digest), found.modified_s)))
        return self._hold(document, Body(content, "", Known(tag(digest), document.mtime_ns // 10**9)))

    def forget(self, documents: Mapping[str, Document]) -> None:
        """Let go of what is not in a catalogue any more."""
        for place, (document, *_) in list(self._held.items()):
            if documents.get(place[0]) != document:
                self._release(place)

    def _encoded(self, document: Document, encoding: str) -> Ready | None:
        found = self._output.read(f"{document.path}{_SUFFIXES[encoding]}")
        if found is None or sha256(found.content).digest() != dict(document.kept)[encoding]:
            return self.ready(document)
        known = Known(tag(document.digest, encoding), document.mtime_ns // 10**9)
        return self._hold(document, Body(found.content, encoding, known))

    def _hold(self, document: Document, body: Body) -> Ready:
        place = document.path, body.encoding
        self._release(place)
        ready = self._make(document, body)
        self._held[place] = document, len(body.content), ready
        self._held_bytes += len(body.content)
        while self._held_bytes > self._room_bytes and len(self._held) > 1:
            self._release(next(iter(self._held)))
        return ready

    def _release(self, place: tuple[str, str]) -> None:
        if (held := self._held.pop(place, None)) is not None:
            self._held_bytes -= held[1]


def moves(config: Config) -> dict[str, str]:
    """Folders of feeds that have another address now: the old path, the new one."""
    topics = config.selection.topics
    names = TopicNames(topics)
    return {
        f"topics/{old}": f"topics/{names.slug(topic_key(topic.name))}" for topic in topics for old in topic.moved_from
    }
