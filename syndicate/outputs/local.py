"""The output tree on disk: documents appear whole or not at all, and nothing that we did not make is touched."""

import os
import re
from collections.abc import Container, Iterable, Iterator
from html import escape
from typing import NamedTuple

from ..errors import OutputError
from ..model import Document

MARKER = ".syndicate-output"
_HEAD_BYTES = 8192  # a feed names itself before its entries
_TEMPORARY = ".syndicate-new"
COMPRESSED = (".gz", ".br")
# What a build makes: feed.FORMAT for a feed at depth one (all) or two (topics/ibm-ai) and for its archives, and what is
# at the top.
_OURS = re.compile(
    r"(?:catalog\.json|feeds\.opml|[A-Za-z][\w.-]*(?:/[a-z0-9][a-z0-9._-]*)?(?:/archive/[0-9][\w-]*)?/feed\.(?:rss|atom|json)"
    r"|(?:[A-Za-z][\w.-]*/(?:[a-z0-9][a-z0-9._-]*/)?)?index\.html|feeds\.css)(?:\.(?:gz|br))?"
)
_GENERATOR = b'<meta name="generator" content="syndicate">'
_DEEPEST = 4  # folders: topics/ibm-ai/archive/2020-06


class Status(NamedTuple):
    """How the file system shows a document."""

    size_bytes: int
    mtime_ns: int


class Tree:
    """The folder that documents are written to. It belongs to one site, which its marker names.

    New documents are staged beside the old ones, and put in place together: a reader never meets half of one.
    """

    def __init__(self, root: str, owner: str) -> None:
        self._root = root
        self._owner = owner
        self._staged: dict[str, None] = {}
        self._safe_folders: set[str] = set()
        self._new_folders: set[str] = set()

    def __reduce__(self) -> "tuple[type[Tree], tuple[str, str]]":
        return Tree, (self._root, self._owner)  # another process stages beside the same places, and tells us

    def claim(self) -> None:
        """Make the folder ours when it is new or empty. Raises OutputError when it is somebody else's."""
        try:
            os.makedirs(self._root, exist_ok=True)
            marker = self._read(MARKER)
            if marker == f"{self._owner}\n".encode():
                return
            if marker is not None:
                shown = marker.decode("utf-8", "replace").strip()
                raise OutputError(f"{self._root}: belongs to the site {shown!r} ({MARKER}), not to {self._owner!r}")
            if set(os.listdir(self._root)) - {f"{MARKER}{_TEMPORARY}"}:  # a run may have been killed right here
                raise OutputError(f"{self._root}: holds files, and syndicate did not make it: choose an empty folder")
            self.stage(Document(path=MARKER, content=f"{self._owner}\n".encode()))
            self.publish()
        except OSError as error:
            raise _failure(self._root, error) from None

    def status(self, path: str) -> Status | None:
        """How a document stands, if it does."""
        try:
            status = os.stat(os.path.join(self._root, path), follow_symlinks=False)
        except OSError:
            return None
        return Status(status.st_size, status.st_mtime_ns)

    def altered(self, documents: Iterable[tuple[str, int, int]]) -> Iterator[str]:
        """Those of the documents, given with their sizes and modification times, that do not stand so."""
        root, stat = os.path.join(self._root, ""), os.lstat
        for path, size_bytes, mtime_ns in documents:
            try:
                status = stat(root + path)
            except OSError:
                yield path
                continue
            if status.st_mtime_ns != mtime_ns or status.st_size != size_bytes:
                yield path

    def stage(self, document: Document) -> bool:
        """Write a document beside its place, unless its bytes stand there already; whether it was written."""
        full = os.path.join(self._root, document.path)
        temporary = f"{full}{_TEMPORARY}"
        folder = os.path.dirname(full)
        try:
            if folder not in self._new_folders and not self._make_folder(folder):
                if self._read(document.path) == document.content:
                    return False
                if os.path.lexists(temporary):
                    os.unlink(temporary)  # a killed run's, or a link
            self.expect(document.path)
            with open(temporary, "xb") as file:
                file.write(document.content)
        except OSError as error:
            self.discard()
            raise _failure(full, error) from None
        return True

    def expect(self, path: str) -> None:
        """A document is staged, perhaps by another process."""
        self._staged[path] = None

    def publish(self) -> list[str]:
        """Put the staged documents in place; their paths. They are on the disk before they are seen."""
        staged = list(self._staged)
        full = ""
        try:
            self._flush()
            for path in staged:
                full = os.path.join(self._root, path)
                os.replace(f"{full}{_TEMPORARY}", full)
        except OSError as error:
            self.discard()
            raise _failure(full, error) from None
        self._staged = {}
        self._new_folders.clear()
        return staged

    def discard(self) -> None:
        """Remove what was staged and is not in place."""
        for path in self._staged:
            temporary = os.path.join(self._root, f"{path}{_TEMPORARY}")
            if os.path.lexists(temporary):
                os.unlink(temporary)
        self._staged = {}

    def remove(self, path: str) -> None:
        """Remove a document, and its folder when that leaves it empty."""
        full = os.path.join(self._root, path)
        try:
            self._refuse_detour(os.path.dirname(full))
            if os.path.lexists(full):
                os.unlink(full)
            self._remove_empty_folders(os.path.dirname(path))
        except OSError as error:
            raise _failure(full, error) from None

    def strays(self, site_url: str, known: Container[str]) -> Iterator[str]:
        """Every document in the tree that is ours, by its name and its own address, but for the known ones; and what a
        killed run left.

        A feed that the user put there has another address, and is not touched. Links are not followed.
        """
        for folder, below, names in os.walk(self._root):
            relative = os.path.relpath(folder, self._root).replace(os.sep, "/")
            prefix = "" if relative == "." else f"{relative}/"
            if prefix.count("/") >= _DEEPEST:
                below.clear()
            for name in names:
                path = prefix + name
                if path in known:
                    continue
                if name.endswith(_TEMPORARY) or (_OURS.fullmatch(path) and self._says(path, f"{site_url}{path}")):
                    yield path

    def _says(self, path: str, address: str) -> bool:
        """Whether a document gives itself this address. A page says its folder's, as people's own pages may, too: ours
        say who made them.
        """
        head = self._read(path) or b""
        if plain_path(path) != path:
            from .compress import head_of

            head = head_of(path, head, _HEAD_BYTES)
        head = head[:_HEAD_BYTES]
        path, address = plain_path(path), plain_path(address)
        if path.endswith("index.html"):
            address = address.removesuffix("index.html")
            if _GENERATOR not in head:
                return False
        return address.encode() in head or escape(address).encode() in head

    def holds_another(self, path: str, site_url: str) -> bool:
        """Whether a file that we did not make stands in a document's place."""
        return os.path.lexists(os.path.join(self._root, path)) and not self._says(path, f"{site_url}{path}")

    def _read(self, path: str) -> bytes | None:
        try:
            with open(os.path.join(self._root, path), "rb") as file:
                return file.read()
        except OSError:
            return None

    def _make_folder(self, folder: str) -> bool:
        """Make a folder within the tree, unless it is there; whether it is new, and so has nothing in it but ours."""
        if folder in self._safe_folders:
            return False
        if folder != self._root:
            self._make_folder(os.path.dirname(folder))
        self._safe_folders.add(folder)
        try:
            os.mkdir(folder)
        except FileExistsError:
            if os.path.islink(folder):
                self._refuse_detour(folder)
            if not os.path.isdir(folder):
                raise
            return False
        self._new_folders.add(folder)
        return True

    def _refuse_detour(self, folder: str) -> None:
        """A link inside the tree must not lead our writing out of it."""
        root = os.path.realpath(self._root)
        if not os.path.join(os.path.realpath(folder), "").startswith(os.path.join(root, "")):
            raise OutputError(f"{folder}: a symbolic link that leaves the output folder")

    def _flush(self) -> None:
        """One sync for a batch costs a fifth of one for each file."""
        if len(self._staged) > 4:
            os.sync()
            return
        for path in self._staged:
            handle = os.open(os.path.join(self._root, f"{path}{_TEMPORARY}"), os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def _remove_empty_folders(self, folder: str) -> None:
        while folder:
            try:
                os.rmdir(os.path.join(self._root, folder))
            except OSError:
                return  # not empty: holds another document, or a file of the user's own
            folder = os.path.dirname(folder)


def plain_path(path: str) -> str:
    """The path of a document whose compressed form stands at a path; the path itself of any other."""
    return path[: path.rindex(".")] if path.endswith(COMPRESSED) else path


def is_document(path: str) -> bool:
    """Whether a path of the tree is a document's own: not what a killed run left, nor a document compressed."""
    return plain_path(path) == path and not path.endswith(_TEMPORARY)


def _failure(path: str, error: OSError) -> OutputError:
    return OutputError(f"{path}: cannot be written: {error.strerror or error}")
