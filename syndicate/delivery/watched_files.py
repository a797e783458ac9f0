"""The folders and files that a build reads: which reported changes matter."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal

from ..config import Config, Source
from ..config.bucket import is_bucket
from ..corpus.scan import matcher
from .unfinished import is_partial

_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__"})


class WatchedFiles:
    """The files of the corpus, the descriptions of topics and the templates of a site.

    `buckets` are the sources that are in object storage, which reports no changes; all else is about folders.
    """

    def __init__(self, config: Config) -> None:
        self.buckets = tuple(source for source in config.sources if is_bucket(source.root))
        local = tuple(source for source in config.sources if not is_bucket(source.root))
        others = [*config.topic_folders, *([config.template_folder] if config.template_folder else [])]
        self.corpus = tuple(source.root for source in local)
        self.sources = (*local, *(Source(path=path, root=path, include=("**",)) for path in others))
        self.folders = tuple(source.root for source in self.sources)
        self._matchers: list[tuple[str, Callable[[bytes], object]]] = [
            (os.path.join(path, ""), matcher(source))
            for source in self.sources
            for path in dict.fromkeys((source.root, os.path.realpath(source.root)))
        ]
        # They may be inside the corpus.
        self._own = tuple(os.path.join(os.path.realpath(path), "") for path in (config.output, config.scratch))

    def classify(self, path: str) -> Literal["read", "partial"] | None:
        """Return whether a build may read a changed path, or whether it is a partial file; None if neither.

        A folder may hold files that a build reads, and so may a path that does not exist any more.
        """
        if os.path.join(os.path.realpath(path), "").startswith(self._own):
            return None
        found = [(path[len(folder) :], matches) for folder, matches in self._matchers if path.startswith(folder)]
        if any(is_partial(relative) for relative, _ in found):
            return "partial"
        is_read = any(
            not _is_skipped(relative) and (matches(os.fsencode(relative)) or not os.path.isfile(path))
            for relative, matches in found
        )
        return "read" if is_read else None

    def existing_folders(self) -> list[str]:
        """Return the folders that exist now."""
        return [folder for folder in self.folders if os.path.isdir(folder)]

    def missing_corpus_folders(self) -> list[str]:
        """Return the corpus folders that do not exist now."""
        return [folder for folder in self.corpus if not os.path.isdir(folder)]


def _is_skipped(relative: str) -> bool:
    return any(name.startswith(".") or name in _SKIPPED_FOLDERS for name in relative.split(os.sep))
