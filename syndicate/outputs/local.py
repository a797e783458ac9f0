"""Publishes documents to a local folder.

Theory of operation. A new document is staged as a file beside its place (`feed.rss.syndicate-new`), on the same file
system. `publish` first flushes all staged files to the disk, then renames each over the old document: the rename is
atomic, so a reader opens the old file or the new one, and after a power failure no document is empty or cut short. An
unchanged document is not written: it keeps its inode and its modification time, for `rsync` and for web servers.

A document's version is its size and modification time (`13311-1782864000000000000`): one `lstat` finds out whether it
is the file that was published, without reading it.

The folder may hold files of the user's own and symbolic links that the user made. A link in the place of a folder is
followed as long as it stays below the root; nothing is written or removed through a link that leaves it. A link in the
place of a document is replaced or removed as a link; the file that it names is never written. Only documents that
state the site's own address at their own path are removed without a record of them (`ownership.py`).

Workers of other machines stage documents, too, where they have the same folder. One that nobody hears of any more may
still be writing when another does its task again, or when the next run works. So the names of what such a run stages
contain its own (`feed.rss.1f0a9c.syndicate-new`), and a document appears under it in one step.

A killed run leaves staged files, which `strays` yields, and perhaps an unfinished marker, which `claim` replaces.
"""

import os
import secrets
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from .. import safe_files
from ..errors import OutputError
from ..model import Document
from .paths import FEED_NAMES, MARKER, STAGED_SUFFIX

if TYPE_CHECKING:
    from .base import StoredDocument

_MAX_MARKER_BYTES = 300
_MAX_DOCUMENT_BYTES = 256 * 1024 * 1024  # a larger file is none that a build made
_FSYNC_EACH = 4  # one sync for a larger batch takes a fifth of the time of one fsync for each file


class LocalOutput:
    """A folder of the local file system; implements `base.Output`."""

    def __init__(
        self, root: str, owner: str, site_url: str, feed_names: tuple[str, ...] = FEED_NAMES, run: str = ""
    ) -> None:
        self._root = root
        self._run = run
        self._suffix = f".{run}{STAGED_SUFFIX}" if run else STAGED_SUFFIX
        self._owner = owner
        self._site_url = site_url
        self._feed_names = feed_names
        self._is_shared = False
        self._staged: dict[str, None] = {}
        self._safe_folders: set[str] = set()
        self._new_folders: set[str] = set()

    def __reduce__(self) -> "tuple[type[LocalOutput], tuple[str, str, str, tuple[str, ...], str]]":
        return LocalOutput, (self._root, self._owner, self._site_url, self._feed_names, self._run)

    def claim(self, former_owner: str = "") -> None:
        """Writes the marker into the folder when it is new, empty or the former owner's; see `Output.claim`."""
        try:
            os.makedirs(self._root, exist_ok=True)
            marker = self._marker()
            if marker == f"{self._owner}\n".encode():
                return
            if marker is not None and not (former_owner and marker == f"{former_owner}\n".encode()):
                shown = marker.decode("utf-8", "replace").strip()
                raise OutputError(f"{self._root}: belongs to the site {shown!r} ({MARKER}), not to {self._owner!r}")
            # A run may have been killed in this method.
            if marker is None and set(os.listdir(self._root)) - {f"{MARKER}{self._suffix}"}:
                raise OutputError(f"{self._root}: holds files that syndicate did not write: choose an empty folder")
            self._stage(Document(path=MARKER, content=f"{self._owner}\n".encode()))
            self.publish()
        except OSError as error:
            raise _failure(self._root, error) from None

    def stage(self, documents: Sequence[Document]) -> list[str | None]:
        """Writes each document beside its place unless its place holds the same bytes; see `Output.stage`."""
        if self._run and not self._is_shared:
            self._require_shared()
        return [self._stage(document) for document in documents]

    def forward(self, final: Container[str] = ()) -> None:
        """See `Output.forward`: the folder is shared."""

    def adopt(self, paths: Iterable[str]) -> None:
        """See `Output.adopt`."""
        self._staged.update(dict.fromkeys(paths))

    def drop_unchanged(self, final: Container[str] = ()) -> dict[str, str]:  # noqa: ARG002 - for caches
        """See `Output.drop_unchanged`: `stage` has compared all."""
        return {}

    def publish(self) -> dict[str, str]:
        """Flushes the staged files, then renames each into its place; see `Output.publish`."""
        versions: dict[str, str] = {}
        full = self._root
        try:
            self._flush()
            for path in self._staged:
                full = os.path.join(self._root, path)
                with self._folder_of(path) as (folder, name):
                    os.replace(f"{name}{self._suffix}", name, src_dir_fd=folder, dst_dir_fd=folder)
                    versions[path] = _version(os.stat(name, dir_fd=folder, follow_symlinks=False))
        except OSError as error:
            self.discard()
            raise _failure(full, error) from None
        self._staged.clear()
        self._new_folders.clear()
        return versions

    def discard(self) -> None:
        """Deletes the staged files; see `Output.discard`."""
        for path in self._staged:
            with suppress(FileNotFoundError, NotADirectoryError, safe_files.LeavesFolderError):
                self._unlink(f"{path}{self._suffix}")
        self._staged.clear()

    def remove(self, paths: Iterable[str]) -> None:
        """Deletes documents, and the folders that this leaves empty; see `Output.remove`."""
        for path in paths:
            full = os.path.join(self._root, path)
            try:
                self._refuse_outside(os.path.dirname(full))
                with suppress(FileNotFoundError):
                    self._unlink(path)
                self._remove_empty_folders(os.path.dirname(path))
            except OSError as error:
                raise _failure(full, error) from None

    def sweep(self, published: Callable[[Sequence[str]], Collection[str]]) -> list[str]:  # noqa: ARG002
        """See `Output.sweep`: `remove` has deleted all."""
        return []

    def release(self) -> None:
        """See `Output.release`: the lock of the store is enough."""

    def read(self, path: str) -> "StoredDocument | None":
        """Returns a document; see `Output.read`. No symbolic link below the root is followed."""
        from .base import StoredDocument

        try:
            handle = safe_files.open_strictly_below(self._root, path)
        except OSError:
            return None
        try:
            status = os.fstat(handle)
            content = safe_files.read(handle, _MAX_DOCUMENT_BYTES)
            return StoredDocument(content, _version(status), status.st_mtime_ns // 10**9)
        except OSError:
            return None
        finally:
            os.close(handle)

    def altered(self, versions: Iterable[tuple[str, str]], *, verify: bool = True) -> Iterator[str]:  # noqa: ARG002
        """See `Output.altered`. Costs one `lstat` a document: a run calls this for every document of the site."""
        root, lstat = os.path.join(self._root, ""), os.lstat
        for path, version in versions:
            try:
                status = lstat(root + path)
            except OSError:
                yield path
                continue
            if f"{status.st_size}-{status.st_mtime_ns}" != version:
                yield path

    def strays(self, known: Container[str]) -> Iterator[str]:
        """See `Output.strays`. Symbolic links to folders are not followed."""
        from .ownership import DEEPEST_FOLDERS, document_pattern

        pattern = document_pattern(self._feed_names)
        for folder, below, names in os.walk(self._root):
            relative = os.path.relpath(folder, self._root).replace(os.sep, "/")
            prefix = "" if relative == "." else f"{relative}/"
            if prefix.count("/") >= DEEPEST_FOLDERS:
                below.clear()
            for name in names:
                path = prefix + name
                if path in known:
                    continue
                if name.endswith(STAGED_SUFFIX) or (pattern.fullmatch(path) and self._is_own(path)):
                    yield path

    def holds_foreign(self, path: str) -> bool:
        """See `Output.holds_foreign`."""
        return os.path.lexists(os.path.join(self._root, path)) and not self._is_own(path)

    def _marker(self) -> bytes | None:
        """Returns the content of the marker; None if there is none. Raises OSError if it is no regular file."""
        if not os.path.lexists(os.path.join(self._root, MARKER)):
            return None
        handle = self._open(MARKER)
        try:
            return safe_files.read_head(handle, _MAX_MARKER_BYTES)
        finally:
            os.close(handle)

    def _require_shared(self) -> None:
        """Raises OutputError unless this machine has the folder that the run has claimed."""
        try:
            self._is_shared = self._marker() == f"{self._owner}\n".encode()
        except OSError as error:
            raise _failure(self._root, error) from None
        if not self._is_shared:
            raise OutputError(f"{self._root}: a worker finds another folder there: the output must be shared")

    def _is_own(self, path: str) -> bool:
        from .ownership import MAX_HEAD_BYTES, states_address

        return states_address(path, self._head(path, MAX_HEAD_BYTES), self._site_url)

    def _head(self, path: str, max_bytes: int) -> bytes:
        """Returns the first bytes of a file, which a link may lead to; nothing if there is no regular file."""
        try:
            handle = safe_files.open_regular(os.path.join(self._root, path))
        except OSError:
            return b""
        try:
            return safe_files.read_head(handle, max_bytes)
        except OSError:
            return b""
        finally:
            os.close(handle)

    def _version_if_same(self, path: str, content: bytes) -> str | None:
        """Returns the version of a document if it has this content; it is read only if it has the same size."""
        try:
            handle = self._open(path)
        except OSError:
            return None
        try:
            status = os.fstat(handle)
            is_same = status.st_size == len(content) and safe_files.read_head(handle, len(content) + 1) == content
            return _version(status) if is_same else None
        except OSError:
            return None
        finally:
            os.close(handle)

    def _open(self, path: str) -> int:
        """Returns a descriptor of a regular file. Its folder may be a link within the root; the file itself may not."""
        with self._folder_of(path) as (folder, name):
            return safe_files.open_unlinked(name, dir_fd=folder)

    def _unlink(self, path: str) -> None:
        with self._folder_of(path) as (folder, name):
            os.unlink(name, dir_fd=folder)

    @contextmanager
    def _folder_of(self, path: str) -> Iterator[tuple[int, str]]:
        """Yields a descriptor of a file's folder, which lies within the root whatever links lead to it, and its name.

        What is done relative to the descriptor is done in that folder, even if a link takes its place meanwhile.
        """
        folder, _, name = path.rpartition("/")
        handle = safe_files.open_folder_below(self._root, folder)
        try:
            yield handle, name
        finally:
            os.close(handle)

    def _stage(self, document: Document) -> str | None:
        path, content = document
        full = os.path.join(self._root, path)
        folder = os.path.dirname(full)
        try:
            # A folder that this run made holds nothing but its staged files: there is nothing to compare with.
            if folder not in self._new_folders and not self._make_folder(folder):
                if (version := self._version_if_same(path, content)) is not None:
                    return version
                if not self._run:
                    with suppress(FileNotFoundError):
                        self._unlink(f"{path}{self._suffix}")  # left by a killed run, or a link
            self._staged[path] = None
            with self._folder_of(path) as (handle, name):
                staged = f"{name}{self._suffix}"
                made = f"{staged[: -len(STAGED_SUFFIX)]}.{secrets.token_hex(4)}{STAGED_SUFFIX}" if self._run else staged
                with safe_files.create(made, handle) as file:
                    file.write(content)
                if made != staged:
                    os.replace(made, staged, src_dir_fd=handle, dst_dir_fd=handle)
        except OSError as error:
            self.discard()
            raise _failure(full, error) from None
        return None

    def _make_folder(self, folder: str) -> bool:
        """Makes a folder below the root unless it exists; returns whether it is new."""
        if folder in self._safe_folders:
            return False
        if folder != self._root:
            self._make_folder(os.path.dirname(folder))
        self._safe_folders.add(folder)
        try:
            os.mkdir(folder)
        except FileExistsError:
            if os.path.islink(folder):
                self._refuse_outside(folder)
            if not os.path.isdir(folder):
                raise
            return False
        self._new_folders.add(folder)
        return True

    def _refuse_outside(self, folder: str) -> None:
        """Raises OutputError when symbolic links lead from a folder of the output to one outside it."""
        root = os.path.realpath(self._root)
        if not os.path.join(os.path.realpath(folder), "").startswith(os.path.join(root, "")):
            raise OutputError(f"{folder}: a symbolic link that leaves the output folder")

    def _flush(self) -> None:
        """Flushes the staged files to the disk."""
        if len(self._staged) > _FSYNC_EACH:
            os.sync()
            return
        for path in self._staged:
            handle = self._open(f"{path}{self._suffix}")
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def _remove_empty_folders(self, folder: str) -> None:
        while folder:
            try:
                os.rmdir(os.path.join(self._root, folder))
            except OSError:
                return  # not empty: it holds another document, or a file of the user's own
            folder = os.path.dirname(folder)


def _version(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}"


def _failure(path: str, error: OSError) -> OutputError:
    return OutputError(f"{path}: cannot be written: {error.strerror or error}")
