"""Compares the corpus with the store: which files may have changed since the last run, and which were deleted."""

from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from ..config import Config
from ..corpus.scan import scan, stat_files
from ..errors import Problem
from ..store.rows import FileStatus, KnownFile

if TYPE_CHECKING:
    from ..store.base import Transaction

_BATCH_FILES = 20_000
_BATCH_FOLDERS = 500

# A file written to within a clock's tick of the scan that read it may have been written to again without a trace, so
# its hash is compared once more (the "racily clean" case of git). Clocks of file systems tick up to two seconds (FAT).
_TICK_NS = 2_000_000_000

_name = itemgetter(0, 1)
_mtime_ns = itemgetter(3)


class Candidate(NamedTuple):
    """A file that may have changed. `record_id` is 0 for a new file; `hash` is that of the content parsed last."""

    source: int
    folder_id: int
    folder: bytes
    name: bytes
    record_id: int
    hash: bytes | None

    @property
    def path(self) -> bytes:
        """The file's path in its source."""
        return self.folder + self.name


class CorpusDiff(NamedTuple):
    """The files to parse, the deleted files, the ids of deleted folders, and the problems of the scan.

    `emptied` are the sources in which the scan found no file, with the number of files known before, if it is known.
    """

    candidates: list[Candidate]
    gone_files: list[KnownFile]
    gone_folders: list[int]
    problems: list[Problem]
    emptied: dict[int, int | None]

    def any(self) -> bool:
        """Returns whether anything may have changed."""
        return bool(self.candidates or self.gone_files or self.gone_folders)


class _Folder(NamedTuple):
    """A folder of a source, with the names of its files in byte order."""

    source: int
    path: bytes
    folder_id: int
    names: list[bytes]


def diff_corpus(transaction: "Transaction", config: Config, last_scan_ns: int, *, parse_all: bool) -> CorpusDiff:
    """Compares corpus and store; with `parse_all` every file counts as changed. Stores folders that are new."""
    comparison = _Comparison(transaction, config, last_scan_ns - _TICK_NS, parse_all=parse_all)
    known = transaction.corpus.folders()
    last_id = max(known.values(), default=0)
    added: list[tuple[int, int, bytes]] = []
    empty_sources = set(range(len(config.sources)))
    for source, settings in enumerate(config.sources):
        for path, names in scan(settings, comparison.diff.problems):
            empty_sources.discard(source)
            folder_id = known.pop((source, path), 0)
            if not folder_id:
                last_id += 1
                added.append((last_id, source, path))
                comparison.add_new(_Folder(source, path, last_id, names))
            else:
                comparison.add(_Folder(source, path, folder_id, names))
    comparison.compare()
    if added:
        transaction.corpus.add_folders(added)
    comparison.diff.gone_folders.extend(known.values())
    if empty_sources:
        files = transaction.published.count_files()
        comparison.diff.emptied.update((source, files.get(source)) for source in sorted(empty_sources))
    return comparison.diff


class _Comparison:
    """Compares folders in batches: one query for many folders, and lists that are mostly equal as a whole."""

    def __init__(self, transaction: "Transaction", config: Config, racy_ns: int, *, parse_all: bool) -> None:
        self._corpus = transaction.corpus
        self._config = config
        self._racy_ns = racy_ns
        self._parse_all = parse_all
        self._pending: list[_Folder] = []
        self._pending_files = 0
        self.diff = CorpusDiff([], [], [], [], {})

    def add_new(self, folder: _Folder) -> None:
        source, path, folder_id, names = folder
        self.diff.candidates.extend([Candidate(source, folder_id, path, name, 0, None) for name in names])

    def add(self, folder: _Folder) -> None:
        self._pending.append(folder)
        self._pending_files += len(folder.names)
        if self._pending_files >= _BATCH_FILES or len(self._pending) >= _BATCH_FOLDERS:
            self.compare()

    def compare(self) -> None:
        """Compares the folders that were added."""
        if not self._pending:
            return
        folders = sorted(self._pending, key=lambda folder: folder.folder_id)
        known = self._corpus.file_statuses([folder.folder_id for folder in folders])
        if self._parse_all:
            changed = [(folder.folder_id, name) for folder in folders for name in folder.names]
            gone = set(map(_name, known)).difference(changed)
        else:
            found: list[FileStatus] = []
            for folder in folders:
                found += stat_files(self._config.sources[folder.source], folder.path, folder.names, folder.folder_id)
            changed, gone = _compared(found, known, self._racy_ns)
        self._collect(folders, changed, gone)
        self._pending, self._pending_files = [], 0

    def _collect(
        self, folders: Sequence[_Folder], changed: list[tuple[int, bytes]], gone: set[tuple[int, bytes]]
    ) -> None:
        if not changed and not gone:
            return
        known = {row[:2]: row for row in self._corpus.known_files([*changed, *gone])}
        by_id = {folder.folder_id: folder for folder in folders}
        for key in changed:
            source, path, folder_id, _ = by_id[key[0]]
            row = known.get(key)
            hashed = row.hash if row and not self._parse_all else None
            record_id = row.record_id if row else 0
            self.diff.candidates.append(Candidate(source, folder_id, path, key[1], record_id, hashed))
        self.diff.gone_files.extend(known[key] for key in gone if key in known)


def _compared(
    found: list[FileStatus], known: list[FileStatus], racy_ns: int
) -> tuple[list[tuple[int, bytes]], set[tuple[int, bytes]]]:
    """Returns the files that may have changed, in order, and the deleted ones, each by folder id and name.

    Nearly all folders are as they were, and nearly all files of the others: whole lists, then sets, compare fastest.
    """
    if found == known:
        if not found or max(map(_mtime_ns, found)) < racy_ns:
            return [], set()
        return [file[:2] for file in found if file[3] >= racy_ns], set()
    differing = set(found).difference(known)
    changed = [file[:2] for file in found if file in differing or file[3] >= racy_ns]
    gone = {file[:2] for file in set(known).difference(found)} - {file[:2] for file in differing}
    return changed, gone
