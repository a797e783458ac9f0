"""The output tree on disk: documents appear whole or not at all, and nothing that we did not make is touched."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from ..errors import OutputError
from ..model import Document

MARKER = ".syndicate-output"
_TEMPORARY = ".syndicate-new"
# What a build makes: FEED/feed.FORMAT for a feed at depth one (all) or two (topics/ibm-ai), and the catalogue.
_OURS = re.compile(r"(?:catalog\.json|[A-Za-z][\w.-]*(?:/[a-z0-9][a-z0-9._-]*)?/feed\.(?:rss|atom|json))")


class Tree:
    """The folder that documents are written to. It belongs to one site, which its marker names."""

    def __init__(self, root: str, owner: str) -> None:
        self._root = root
        self._owner = owner

    def claim(self) -> None:
        """Make the folder ours when it is new or empty. Raises OutputError when it is somebody else's."""
        try:
            os.makedirs(self._root, exist_ok=True)
            names = set(os.listdir(self._root)) - {f"{MARKER}{_TEMPORARY}"}  # a run may have been killed right here
            if not names:
                self._replace(MARKER, f"{self._owner}\n".encode())
            elif MARKER not in names:
                raise OutputError(f"{self._root}: holds files, and syndicate did not make it: choose an empty folder")
            elif (owner := self._read(MARKER)) != f"{self._owner}\n".encode():
                shown = (owner or b"").decode("utf-8", "replace").strip()
                raise OutputError(f"{self._root}: belongs to the site {shown!r} ({MARKER}), not to {self._owner!r}")
        except OSError as error:
            raise _failure(self._root, error) from None

    def write(self, document: Document) -> bool:
        """Put a document in place unless its bytes stand there already; whether it was written."""
        if self._read(document.path) == document.content:
            return False
        try:
            self._replace(document.path, document.content)
        except OSError as error:
            raise _failure(os.path.join(self._root, document.path), error) from None
        return True

    def remove_all_but(self, wanted: set[str]) -> int:
        """Remove the documents that no feed makes any more, and what a killed run left; how many documents."""
        removed = 0
        for path in list(self._ours()):
            if path in wanted:
                continue
            full = os.path.join(self._root, path)
            try:
                os.unlink(full)
                removed += not path.endswith(_TEMPORARY)
                self._remove_empty_folders(os.path.dirname(path))
            except OSError as error:
                raise _failure(full, error) from None
        return removed

    def _ours(self) -> Iterator[str]:
        """The documents in the tree, and temporary files. Links to other places are not followed."""
        for folder, below, names in os.walk(self._root):
            relative = os.path.relpath(folder, self._root).replace(os.sep, "/")
            prefix = "" if relative == "." else f"{relative}/"
            if prefix.count("/") >= 2:
                below.clear()
            for name in names:
                path = prefix + name
                if _OURS.fullmatch(path) or name.endswith(_TEMPORARY):
                    yield path

    def _read(self, path: str) -> bytes | None:
        try:
            with open(os.path.join(self._root, path), "rb") as file:
                return file.read()
        except OSError:
            return None

    def _replace(self, path: str, content: bytes) -> None:
        full = os.path.join(self._root, path)
        folder = os.path.dirname(full)
        self._refuse_detour(folder)
        os.makedirs(folder, exist_ok=True)
        temporary = f"{full}{_TEMPORARY}"
        try:
            if os.path.lexists(temporary):
                os.unlink(temporary)  # a killed run's, or a link
            with open(temporary, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, full)
        except OSError:
            if os.path.lexists(temporary):
                os.unlink(temporary)
            raise

    def _refuse_detour(self, folder: str) -> None:
        """A link inside the tree must not lead our writing out of it."""
        root = os.path.realpath(self._root)
        if not os.path.join(os.path.realpath(folder), "").startswith(os.path.join(root, "")):
            raise OutputError(f"{folder}: a symbolic link that leaves the output folder")

    def _remove_empty_folders(self, folder: str) -> None:
        while folder:
            try:
                os.rmdir(os.path.join(self._root, folder))
            except OSError:
                return  # not empty: holds another document, or a file of the user's own
            folder = os.path.dirname(folder)


def _failure(path: str, error: OSError) -> OutputError:
    return OutputError(f"{path}: cannot be written: {error.strerror or error}")
