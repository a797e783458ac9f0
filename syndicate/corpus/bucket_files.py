"""The files of a corpus in a bucket of object storage: what `files` and `scan` have of those of a folder.

Theory of operation. An object is replaced as a whole, so that it is never half written, and its ETag changes with its
content. Its status, in the place of that of a file, has its size, no time, and a number made of the ETag: so it is
neither "racily clean" nor taken for one that is still being written.

One listing finds all objects, at 1,000 a request, and holds until the next. A listing that fails ends the run with a
`CorpusError`, since nothing is known of the files then; so does an object that cannot be read although it is there.

Connections stay in the process that made them, and out of those that it forks. Whoever hands tasks to a worker reads
the objects that they need, many at once, and sends them along (`pipeline.fetching`): the worker finds them in
`provided`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ..config.bucket import BucketOptions, is_bucket, parse_bucket_url
from ..errors import CorpusError, OutputError
from .files import UNKNOWN_STATUS, FileContent, FileStatus, UnreadableFile, VanishedFile, too_large

if TYPE_CHECKING:
    from ..config import Source
    from ..object_storage import ObjectMeta

_VERSION_BYTES = 7  # less than a time of today in nanoseconds, with which a run compares the third part of a status
Listing = Mapping[bytes, Mapping[bytes, FileStatus]]
"""The status of objects, by folder, whose path is empty or ends in a slash, and by name."""


class ReadObject(NamedTuple):
    """An object as `files.read_file` returns it, and its status."""

    content: FileContent | UnreadableFile | VanishedFile
    status: FileStatus


Provided = Mapping[tuple[str, bytes], ReadObject]
"""Objects that were read, by the root of their source and their path in it."""


class _Process:
    """The objects that were sent to this process."""

    provided: ClassVar[Provided] = {}


@contextmanager
def provided(objects: Provided) -> Iterator[None]:
    """Lets `read_object` return these objects."""
    before, _Process.provided = _Process.provided, objects
    try:
        yield
    finally:
        _Process.provided = before


class BucketFiles:
    """The objects of a source. Raises CorpusError when the service does not answer, or denies access."""

    def __init__(self, root: str, options: BucketOptions, max_bytes: int) -> None:
        from ..object_storage import ObjectStorage

        self._objects = ObjectStorage(parse_bucket_url(root), options)
        self._max_bytes = max_bytes
        self._listing: dict[bytes, dict[bytes, FileStatus]] = {}

    def find_all(self) -> Listing:
        """Returns all objects."""
        self._listing = {}
        with _errors():
            for meta in self._objects.all():
                folder, slash, name = meta.path.encode().rpartition(b"/")
                self._listing.setdefault(folder + slash, {})[name] = _status(meta)
        return self._listing

    def listed(self, folder: bytes, names: Iterable[bytes]) -> Iterator[tuple[bytes, FileStatus]]:
        """Yields the named objects of a folder as the last listing found them."""
        statuses = self._listing.get(folder, {})
        return ((name, statuses[name]) for name in names if name in statuses)

    def statuses(self, paths: Sequence[bytes]) -> list[FileStatus | None]:
        """Returns what objects are now; None for those that do not exist."""
        with _errors():
            found = self._objects.each(self._objects.head, [path.decode() for path in paths])
        return [None if meta is None else _status(meta) for meta in found]

    def read(self, path: bytes) -> ReadObject:
        """Returns an object as a whole."""
        with _errors():
            found = self._objects.read_below(path.decode(), self._max_bytes)
        if found is None:
            return ReadObject(VanishedFile(path), UNKNOWN_STATUS)
        content, meta = found
        status = _status(meta)
        if content is None:
            return ReadObject(too_large(meta.size_bytes, self._max_bytes), status)
        return ReadObject(FileContent(content, status), status)


def files_of(source: Source) -> BucketFiles | None:
    """Returns the files of a source that is in a bucket; None for a folder."""
    return _open(source.root, source.bucket, source.max_bytes) if is_bucket(source.root) else None


def read_object(source: Source, path: bytes) -> ReadObject | None:
    """Returns an object of a source that is in a bucket, read already or now; None for a folder."""
    if (sent := _Process.provided.get((source.root, path))) is not None:
        return sent
    files = files_of(source)
    return None if files is None else files.read(path)


@lru_cache(maxsize=16)
def _open(root: str, options: BucketOptions, max_bytes: int) -> BucketFiles:
    return BucketFiles(root, options, max_bytes)


def _status(meta: ObjectMeta) -> FileStatus:
    version = int.from_bytes(sha256(meta.etag.encode()).digest()[:_VERSION_BYTES])
    return meta.size_bytes, 0, version


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except OutputError as error:
        raise CorpusError(f"the corpus cannot be read: {error}") from None
