"""Documents that are staged for a bucket: files of the state folder, from which they are sent.

Workers of a run write them, and the process that publishes reads them. A killed run leaves them; the next one deletes
them before it begins.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable

from ..errors import OutputError


class Spool:
    """A folder of staged documents by their paths in the output."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._made: set[str] = set()

    def write(self, path: str, content: bytes) -> None:
        """Writes a document, instead of one that was written before."""
        full = self._full(path)
        try:
            folder = os.path.dirname(full)
            if folder not in self._made:
                os.makedirs(folder, exist_ok=True)
                self._made.add(folder)
            with open(full, "wb") as file:
                file.write(content)
        except OSError as error:
            raise OutputError(f"{full}: cannot be written: {error.strerror or error}") from None

    def read(self, path: str) -> bytes:
        """Returns a document that was written."""
        full = self._full(path)
        try:
            with open(full, "rb") as file:
                return file.read()
        except OSError as error:
            raise OutputError(f"{full}: a staged document cannot be read: {error.strerror or error}") from None

    def size_bytes(self, path: str) -> int:
        """Returns the length of a document that was written."""
        try:
            return os.path.getsize(self._full(path))
        except OSError as error:
            raise OutputError(f"{self._full(path)}: a staged document cannot be read: {error.strerror}") from None

    def holds(self, path: str) -> bool:
        """Returns whether a document was written."""
        return os.path.isfile(self._full(path))

    def paths(self) -> list[str]:
        """Returns the paths of all documents."""
        return [
            os.path.relpath(os.path.join(folder, name), self._folder)
            for folder, _, names in os.walk(self._folder)
            for name in names
        ]

    def drop(self, paths: Iterable[str]) -> None:
        """Deletes documents."""
        for path in paths:
            if os.path.lexists(self._full(path)):
                os.unlink(self._full(path))

    def clear(self) -> None:
        """Deletes everything, whoever wrote it."""
        self._made.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _full(self, path: str) -> str:
        return os.path.join(self._folder, path)
