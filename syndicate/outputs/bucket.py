"""Publishes documents to a bucket of object storage: S3, Google Cloud Storage, Azure, and services that speak S3.

Theory of operation. A service writes an object as a whole, but no two objects at once. So documents are sent in the
order of their links (publish_order.py): a reader who follows a link always finds a document. What no feed names any
more is only noted (`.syndicate-deletions`), and deleted by a later run, when the documents that named it have left the
caches (`delete_after_s`). A run that is killed has sent a part of its documents, each whole; the next one sends the
rest.

`stage` writes to a folder of the machine (spool.py), so that workers of a run need no connection. On another machine,
`forward` sends these files to a folder of the bucket (staged_objects.py), and publishing copies them. Before documents
are published, `drop_unchanged` asks the service which of them it has: by one request for each, or by a listing when
there are many. The digest in an object's metadata covers bytes and headers, so an object is sent again when either
changes.

A version is an object's ETag. Finding out whether objects are still what was published takes a listing, so `altered`
makes one only when it is told to verify. Every change to the bucket needs its lock (publish_lock.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ..errors import OutputError
from ..model import Document
from ..object_storage import ObjectExistsError, ObjectMeta, ObjectStorage
from .paths import DELETIONS, DIGEST_METADATA, FEED_NAMES, LOCK, MARKER, STAGED_FOLDER
from .publish_order import publish_order
from .staged_objects import StagedObjects

if TYPE_CHECKING:
    from .base import StoredDocument
    from .object_headers import HeaderPolicy
    from .publish_lock import PublishLock
    from .spool import Spool
    from .staged_objects import StagedObject

_LISTED_FROM = 500  # documents: a listing of 1,000 objects takes about as long as one request for each of ten
_HEAD_BYTES = 8192  # a document states its address before its entries
_OWN = frozenset({MARKER, LOCK, DELETIONS})
_MARKER_ATTRIBUTES = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
_STATE_ATTRIBUTES = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class Ownership:
    """Whose documents a bucket holds: the id of the site, and its address, which its documents state."""

    def __init__(self, owner: str, site_url: str) -> None:
        self.owner = owner
        self.site_url = site_url
        self.marker = f"{owner}\n".encode()


class Comparison(NamedTuple):
    """The staged documents beside those of the bucket: paths, and the versions of those that are unchanged."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: Mapping[str, str]


class BucketOutput:
    """A prefix of a bucket; implements `base.Output`. `run` names a run whose documents other machines stage."""

    def __init__(  # noqa: PLR0913, PLR0917 - each is a part of its own
        self,
        objects: ObjectStorage,
        ownership: Ownership,
        policy: HeaderPolicy,
        spool: Spool,
        lock: PublishLock,
        delete_after_s: int = 3600,
        run: str = "",
    ) -> None:
        self._objects = objects
        self._ownership = ownership
        self._policy = policy
        self._spool = spool
        self._lock = lock
        self._delete_after_s = delete_after_s
        self._run = run
        self._shared = StagedObjects(objects, run) if run else None
        self._staged: dict[str, None] = {}
        self._final: Container[str] = ()
        self._existing: set[str] = set()
        self._listed: dict[str, ObjectMeta] | None = None

    def __reduce__(self) -> tuple[type[BucketOutput], tuple[object, ...]]:
        parts = self._objects, self._ownership, self._policy, self._spool, self._lock, self._delete_after_s, self._run
        return BucketOutput, parts

    # ------------------------------------------------------------------------------------------------------- claiming

    def check(self) -> None:
        """Raises OutputError when the prefix is another site's or holds other files; changes nothing."""
        self._spool.clear()
        found = self._objects.read(MARKER)
        if found is None:
            self._require_empty()
        elif found[0] != self._ownership.marker:
            raise self._foreign(found[0])

    def claim(self, former_owner: str = "") -> None:
        """Creates the marker when the prefix is empty, or replaces the former owner's; see `Output.claim`."""
        self._spool.clear()
        found = self._objects.read(MARKER)
        if found is None:
            self._require_empty()
            try:
                self._objects.create(MARKER, self._ownership.marker, _MARKER_ATTRIBUTES)
            except ObjectExistsError:
                found = self._objects.read(MARKER)
            else:
                return
        content, meta = found if found is not None else (b"", None)
        if content == self._ownership.marker:
            return
        if meta is None or not former_owner or content != f"{former_owner}\n".encode():
            raise self._foreign(content)
        try:
            self._objects.replace(MARKER, self._ownership.marker, meta.version)
        except ObjectExistsError:
            raise OutputError(f"{self._objects}: another run changed its owner at the same time") from None

    # --------------------------------------------------------------------------------------------------- publishing

    def stage(self, documents: Sequence[Document]) -> list[str | None]:
        """Writes each document to the spool; see `Output.stage`."""
        for path, content in documents:
            self._spool.write(path, content)
            self._staged[path] = None
        return [None] * len(documents)

    def forward(self, final: Container[str] = ()) -> None:
        """Sends what was staged on this machine to the folder of the run; see `Output.forward`."""
        if self._shared is None:
            return
        self._objects.each(lambda path: self._forward(path, is_final=path in final), self._spool.paths())
        self._spool.clear()

    def adopt(self, paths: Iterable[str]) -> None:
        """See `Output.adopt`."""
        self._staged.update(dict.fromkeys(paths))

    def drop_unchanged(self, final: Container[str] = ()) -> dict[str, str]:
        """Asks the service which staged documents it has with the same headers; see `Output.drop_unchanged`."""
        if not self._staged:
            return {}
        self._lock.require()
        comparison = self.compare(final)
        self.drop(comparison)
        return dict(comparison.unchanged)

    def compare(self, final: Container[str] = ()) -> Comparison:
        """Compares the staged documents and their headers with what the service has; changes nothing."""
        self._final = final
        self._existing = set()
        if self._shared is not None:
            self._shared.find()
        candidates = list(self._staged)
        if self._listed is not None or len(candidates) > _LISTED_FROM:
            listing = self._listing()
            self._existing = set(self._staged) & listing.keys()
            candidates = [path for path in self._existing if listing[path].size_bytes == self._size_bytes(path)]
        unchanged: dict[str, str] = {}
        found = [
            (path, meta)
            for path, meta in zip(candidates, self._objects.each(self._objects.head, candidates), strict=True)
            if meta is not None
        ]
        self._existing.update(path for path, _ in found)
        digests = self._objects.each(self._digest, [path for path, _ in found])
        for (path, meta), digest in zip(found, digests, strict=True):
            if meta.attributes.get(DIGEST_METADATA) == digest:
                unchanged[path] = meta.etag
        others = [path for path in self._staged if path not in unchanged]
        return Comparison(
            tuple(path for path in others if path not in self._existing),
            tuple(path for path in others if path in self._existing),
            unchanged,
        )

    def drop(self, comparison: Comparison) -> None:
        """Discards the staged documents that are unchanged."""
        self._spool.drop(comparison.unchanged)
        if self._shared is not None:
            self._shared.drop(comparison.unchanged)
        for path in comparison.unchanged:
            del self._staged[path]

    def publish(self) -> dict[str, str]:
        """Sends the staged documents in the order of their links; see `Output.publish`."""
        versions: dict[str, str] = {}
        try:
            for group in publish_order(self._staged, self._existing):
                self._lock.require()
                versions |= zip(group, self._objects.each(self._send, group), strict=True)
        except OutputError:
            self.discard()
            raise
        ordered = {path: versions[path] for path in self._staged}
        self.discard()
        self._listed = None
        return ordered

    def discard(self) -> None:
        """See `Output.discard`."""
        self._spool.drop(self._staged)
        if self._shared is not None and self._staged:
            with suppress(OutputError):  # a later run finds them
                self._shared.clear()
        self._staged.clear()
        self._existing.clear()

    def release(self) -> None:
        """See `Output.release`."""
        self._lock.release()

    # ----------------------------------------------------------------------------------------------------- removing

    def remove(self, paths: Iterable[str]) -> None:
        """Notes documents to be deleted when the caches have forgotten what named them; see `Output.remove`."""
        removed = sorted(set(paths))
        if not removed:
            return
        self._lock.require()
        if not self._delete_after_s:
            self._objects.delete(removed)
            self._listed = None
            return
        pending = self._pending()
        due_at = int(time.time()) + self._delete_after_s
        self._put_pending({**dict.fromkeys(removed, due_at), **pending})

    def sweep(self, published: Callable[[Sequence[str]], Collection[str]]) -> list[str]:
        """Deletes removed documents whose time has come; see `Output.sweep`."""
        pending = self._pending()
        if not pending:
            return []
        again = set(published(sorted(pending)))
        now = time.time()
        # A time beyond the longest delay was written under another clock.
        due = sorted(
            path
            for path, due_at in pending.items()
            if path not in again and not now < due_at <= now + max(self._delete_after_s, 86400)
        )
        if not due and not again:
            return []
        self._lock.require()
        if due:
            self._objects.delete(due)
        done = again.union(due)
        self._put_pending({path: due_at for path, due_at in pending.items() if path not in done})
        self._listed = None
        return due

    # ------------------------------------------------------------------------------------------------------ reading

    def read(self, path: str) -> StoredDocument | None:
        """Returns a document; see `Output.read`."""
        from .base import StoredDocument

        try:
            found = self._objects.read(path)
        except OutputError:
            return None
        if found is None:
            return None
        content, meta = found
        return StoredDocument(content, meta.etag, meta.modified_s)

    def altered(self, versions: Iterable[tuple[str, str]], *, verify: bool = True) -> Iterator[str]:
        """See `Output.altered`. Takes one request for 1,000 objects, so that it is only done when asked to."""
        if not verify:
            return
        listing = self._listing()
        for path, version in versions:
            if path not in listing or listing[path].etag != version:
                yield path

    def strays(self, known: Container[str]) -> Iterator[str]:
        """See `Output.strays`. Reads the beginning of each object that is not known and has the path of a document."""
        from .ownership import document_pattern

        pattern, pending = document_pattern(FEED_NAMES), self._pending()
        unknown = [
            path for path in self._listing() if path not in known and path not in pending and pattern.fullmatch(path)
        ]
        are_own = self._objects.each(self._is_own, unknown)
        for path, is_own in zip(unknown, are_own, strict=True):
            if is_own:
                yield path
        yield from (path for path in self._listing() if path.startswith(STAGED_FOLDER) and path not in pending)

    def holds_foreign(self, path: str) -> bool:
        """See `Output.holds_foreign`."""
        return self._objects.head(path) is not None and not self._is_own(path)

    # -------------------------------------------------------------------------------------------------------- parts

    def _require_empty(self) -> None:
        if any(one.path not in _OWN for one in self._objects.all()):
            raise OutputError(f"{self._objects}: holds files that syndicate did not write: choose an empty folder")

    def _foreign(self, marker: bytes) -> OutputError:
        shown, owner = marker.decode("utf-8", "replace").strip(), self._ownership.owner
        return OutputError(f"{self._objects}: belongs to the site {shown!r} ({MARKER}), not to {owner!r}")

    def _send(self, path: str) -> str:
        staged = self._staged_elsewhere(path)
        if staged is not None and staged.is_final == (path in self._final):
            return self._objects.copy(staged.object_path, path)
        content = self._content(path, staged)
        return self._objects.put(path, content, self._attributes(path, content))

    def _forward(self, path: str, *, is_final: bool) -> None:
        content = self._spool.read(path)
        attributes = self._policy.attributes(path, content, is_final=is_final)
        if self._shared is not None:
            self._shared.put(path, content, attributes, is_final=is_final)

    def _staged_elsewhere(self, path: str) -> StagedObject | None:
        """Returns a document that another machine has staged; None for one that this machine has."""
        return None if self._shared is None or self._spool.holds(path) else self._shared.get(path)

    def _size_bytes(self, path: str) -> int:
        staged = self._staged_elsewhere(path)
        return self._spool.size_bytes(path) if staged is None else staged.size_bytes

    def _content(self, path: str, staged: StagedObject | None) -> bytes:
        if staged is None:
            return self._spool.read(path)
        found = self._objects.read(staged.object_path)
        if found is None:
            raise OutputError(f"{self._objects}{staged.object_path}: a staged document does not exist any more")
        return found[0]

    def _digest(self, path: str) -> str:
        """Returns the digest of a staged document and the headers that it is to have."""
        staged = self._staged_elsewhere(path)
        if staged is not None and staged.is_final == (path in self._final):
            meta = self._objects.head(staged.object_path)
            return meta.attributes.get(DIGEST_METADATA, "") if meta is not None else ""
        return self._attributes(path, self._content(path, staged))[DIGEST_METADATA]

    def _attributes(self, path: str, content: bytes) -> dict[str, str]:
        return self._policy.attributes(path, content, is_final=path in self._final)

    def _is_own(self, path: str) -> bool:
        from .ownership import states_address

        found = self._objects.read(path, _HEAD_BYTES)
        return found is not None and states_address(path, found[0], self._ownership.site_url)

    def _listing(self) -> dict[str, ObjectMeta]:
        if self._listed is None:
            self._listed = {one.path: one for one in self._objects.all()}
        return self._listed

    def _pending(self) -> dict[str, int]:
        """Returns the documents to be deleted, and when, in seconds since 1970."""
        found = self._objects.read(DELETIONS)
        try:
            stated = json.loads(found[0]) if found is not None else {}
        except ValueError:
            return {}  # altered from outside: `strays` finds the documents again
        if not isinstance(stated, dict):
            return {}
        return {path: due_at for path, due_at in stated.items() if isinstance(due_at, int) and path not in _OWN}

    def _put_pending(self, pending: Mapping[str, int]) -> None:
        self._objects.put(DELETIONS, json.dumps(pending, indent=0).encode() + b"\n", _STATE_ATTRIBUTES)
