"""Documents that workers of other machines have staged for a run: objects of the bucket, below a folder of the run.

Publishing one is a copy within the service, with its headers. These depend on whether an archive is of a past period,
which a worker may not know: the name of the object says what it has assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..object_storage import ObjectStorage
from .paths import STAGED_FOLDER, STAGED_SUFFIX

_FINAL, _OTHER = "final", "other"


class StagedObject(NamedTuple):
    """A staged document: the path of its object, its length, and whether it has the headers of a past archive."""

    object_path: str
    size_bytes: int
    is_final: bool


class StagedObjects:
    """The staged documents of one run."""

    def __init__(self, objects: ObjectStorage, run: str) -> None:
        self._objects = objects
        self._folder = f"{STAGED_FOLDER}{run}/"
        self._found: dict[str, StagedObject] = {}

    def put(self, path: str, content: bytes, attributes: Mapping[str, str], *, is_final: bool) -> None:
        """Stages a document."""
        kind = _FINAL if is_final else _OTHER
        self._objects.put(f"{self._folder}{kind}/{path}{STAGED_SUFFIX}", content, attributes)

    def find(self) -> None:
        """Finds what is staged now."""
        self._found = {}
        for meta in self._objects.all(self._folder):
            kind, _, path = meta.path.removeprefix(self._folder).removesuffix(STAGED_SUFFIX).partition("/")
            self._found[path] = StagedObject(meta.path, meta.size_bytes, kind == _FINAL)

    def get(self, path: str) -> StagedObject | None:
        """Returns a document that `find` has found."""
        return self._found.get(path)

    def drop(self, paths: Iterable[str]) -> None:
        """Deletes documents that `find` has found."""
        if dropped := [self._found.pop(path).object_path for path in paths if path in self._found]:
            self._objects.delete(dropped)

    def clear(self) -> None:
        """Deletes all documents of the run."""
        self.find()
        self.drop(list(self._found))
