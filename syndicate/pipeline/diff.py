"""Compares the corpus with the store: which files may have changed since the last run, and which were deleted."""

from collections.abc import Collection, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from ..config import Config
from ..corpus.scan import LinkStatus, scan, stat_files
from ..errors import Problem
from ..store.rows import FileStatus, KnownFile
from .second_look import Place, is_unreadable, wait_and_find, waiting_problem

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
    `missing` are the places of deleted files, `kept` the records whose files are still being written, `links` the
    symbolic links that match the patterns, with what they lead to.
    """

    candidates: list[Candidate]
    gone_files: list[KnownFile]
    gone_folders: list[int]
    problems: list[Problem]
    emptied: dict[int, int | None]
    missing: list[Place]
    kept: list[int]
    links: dict[Place, LinkStatus]

    def any(self) -> bool:
        """Returns whether anything may have changed."""
        return bool(self.candidates or self.gone_files or self.gone_folders)


class ListedFolder(NamedTuple):
    """A folder of a source, with the names of its files in byte order."""

    source: int
    path: bytes
    folder_id: int
    names: list[bytes]


def diff_corpus(
    transaction: "Transaction",
    config: Config,
    last_scan_ns: int,
    *,
    parse_all: bool,
    held: frozenset[Place] = frozenset(),
    stopped: Collection[Place] = (),
) -> CorpusDiff:
    """Compares corpus and store; with `parse_all` every file counts as changed. Stores folders that are new.

    The files of `held` are still being written: they are as they were. Those of `stopped` count as changed.
    """
    comparison = Comparison(transaction, config, last_scan_ns, parse_all=parse_all)
    known = transaction.corpus.folders()
    last_id = max(known.values(), default=0)
    added: list[tuple[int, int, bytes]] = []
    empty_sources = set(range(len(config.sources)))
    for source, settings in enumerate(config.sources):
        found: dict[bytes, LinkStatus] = {}
        for path, names in scan(settings, comparison.diff.problems, links=found):
            empty_sources.discard(source)
            folder_id = known.pop((source, path), 0)
            if not folder_id:
                last_id += 1
                added.append((last_id, source, path))
                comparison.add_new(ListedFolder(source, path, last_id, names))
            else:
                comparison.add(ListedFolder(source, path, folder_id, names))
        comparison.diff.links.update(((source, path), status) for path, status in found.items())
    comparison.compare()
    if added:
        transaction.corpus.add_folders(added)
    comparison.collect_gone_folders(known)
    diff = comparison.diff
    if stopped:
        add_stopped(diff, transaction, stopped)
    empty_sources.difference_update(candidate.source for candidate in diff.candidates)
    if held:
        hold(diff, config, held)
    if empty_sources:
        files = transaction.published.count_files()
        diff.emptied.update((source, files.get(source)) for source in sorted(empty_sources))
    return diff


def add_stopped(diff: CorpusDiff, transaction: "Transaction", stopped: Collection[Place]) -> None:
    """Adds known files that exceed the limits to the candidates."""
    folders = transaction.corpus.folders()
    found = {(candidate.source, candidate.path) for candidate in diff.candidates}
    names: dict[tuple[int, bytes], tuple[int, bytes]] = {}  # source and folder, by id of the folder and name
    for source, path in set(stopped) - found:
        folder, slash, name = path.rpartition(b"/")
        if (folder_id := folders.get((source, folder + slash))) is not None:
            names[folder_id, name] = source, folder + slash
    for row in transaction.corpus.known_files(list(names)):
        source, folder = names[row.folder_id, row.name]
        diff.candidates.append(Candidate(source, row.folder_id, folder, row.name, row.record_id, None))


def hold(diff: CorpusDiff, config: Config, held: frozenset[Place]) -> None:
    """Removes files that are still being written from the candidates."""
    places = [(candidate.source, candidate.path) for candidate in diff.candidates]
    diff.kept.extend(
        candidate.record_id
        for candidate, place in zip(diff.candidates, places, strict=True)
        if place in held and candidate.record_id
    )
    diff.problems.extend(waiting_problem(config, place) for place in places if place in held)
    diff.candidates[:] = [
        candidate for candidate, place in zip(diff.candidates, places, strict=True) if place not in held
    ]


class Comparison:
    """Compares folders in batches: one query for many folders, and lists that are mostly equal as a whole."""

    def __init__(self, transaction: "Transaction", config: Config, last_scan_ns: int, *, parse_all: bool) -> None:
        self._corpus = transaction.corpus
        self._config = config
        self._racy_ns = last_scan_ns - _TICK_NS
        self._parse_all = parse_all
        self._pending: list[ListedFolder] = []
        self._pending_files = 0
        self._gone: dict[Place, tuple[int, KnownFile]] = {}  # by place: the length of the folder's path, and the file
        self.diff = CorpusDiff([], [], [], [], {}, [], [], {})

    def add_new(self, folder: ListedFolder) -> None:
        """Adds a folder that is not known."""
        source, path, folder_id, names = folder
        self.diff.candidates.extend([Candidate(source, folder_id, path, name, 0, None) for name in names])

    def add(self, folder: ListedFolder) -> None:
        """Adds a known folder."""
        self._pending.append(folder)
        self._pending_files += len(folder.names)
        if self._pending_files >= _BATCH_FILES or len(self._pending) >= _BATCH_FOLDERS:
            self.compare()

    def add_gone(self, folder: Place, file: KnownFile) -> None:
        """Adds a known file of a folder that is missing."""
        source, path = folder
        self._gone[source, path + file.name] = len(path), file

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
        self, folders: Sequence[ListedFolder], changed: list[tuple[int, bytes]], gone: set[tuple[int, bytes]]
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
        for key in gone & known.keys():
            source, path, _, _ = by_id[key[0]]
            self.add_gone((source, path), known[key])

    def collect_gone_folders(self, folders: dict[tuple[int, bytes], int]) -> None:
        """Collects the files of folders in which the scan found none, and looks for all missing files again."""
        unreadable = [id_ for place, id_ in folders.items() if is_unreadable(self._config, place)]
        if unreadable:
            self.diff.kept.extend(self._corpus.records_of_folders(unreadable))
        places = {folder_id: place for place, folder_id in folders.items() if folder_id not in unreadable}
        of_folders = self._corpus.known_files_of_folders(sorted(places)) if places else []
        for file in of_folders:
            self.add_gone(places[file.folder_id], file)
        found = wait_and_find(self._config, self._gone) if self._gone else set()
        for place in sorted(found):
            length, file = self._gone.pop(place)
            source, path = place
            hashed = None if self._parse_all else file.hash
            self.diff.candidates.append(
                Candidate(source, file.folder_id, path[:length], file.name, file.record_id, hashed)
            )
        kept_folders = {candidate.folder_id for candidate in self.diff.candidates}
        self.diff.gone_folders.extend(folder_id for folder_id in places if folder_id not in kept_folders)
        gone_folders = set(self.diff.gone_folders)
        self.diff.gone_files.extend(file for _, file in self._gone.values() if file.folder_id not in gone_folders)
        self.diff.missing.extend(self._gone)


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
