"""Compares the reported changes of a corpus with the store, at the cost of what changed.

Theory of operation. A process that is told of every change need not look at all files for each build. It keeps a
`ScanMemory`: what the last full scan found that the store does not hold. A run for reported changes looks at these
paths alone: at a file as a second look does, at a folder as a scan does, and at what the store knows there. All that
follows the comparison is the same as after a full scan, and so is the result.

Nothing but a change of the file itself is trusted to be reported. A symbolic link changes with the file that it leads
to, so each run compares the status of all links. Files that a run left as they were, since they were still being
written, are looked at again by the next run.

A run looks at everything instead when the memory is not that of the last full scan of this store, because another
process built, or when the reports do not name single files of a source.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from ..corpus.scan import (
    BUNDLE_PREFIX,
    LinkStatus,
    display_path,
    find_again,
    folders_above,
    has_files,
    is_reached,
    link_status,
    scan,
)
from ..errors import Problem
from .diff import Candidate, Comparison, CorpusDiff, ListedFolder, add_stopped, hold
from .second_look import Place

if TYPE_CHECKING:
    from ..config import Config, Source
    from ..store.base import Transaction

_MOST_LINKS = 1000  # compared by each run


class ScanMemory:
    """What a process knows of a corpus since its last full scan, beside what the store holds.

    `scanned_ns` is the time of that scan, 0 if the next run must scan everything. `links` are the symbolic links that
    match the patterns of a source, `problems` those that the scans reported, and `again` the places to look at again.
    """

    def __init__(self) -> None:
        self.scanned_ns = 0
        self.links: dict[Place, LinkStatus] = {}
        self.problems: list[Problem] = []
        self.again: set[Place] = set()

    def copy(self) -> ScanMemory:
        """Returns a copy for a run to change, which `replace` takes back when the run has committed."""
        copy = ScanMemory()
        copy.replace(self)
        return copy

    def replace(self, other: ScanMemory) -> None:
        """Takes over what another memory holds."""
        self.scanned_ns, self.links = other.scanned_ns, dict(other.links)
        self.problems, self.again = list(other.problems), set(other.again)

    def forget(self) -> None:
        """Forgets everything: the next run must scan everything."""
        self.replace(ScanMemory())

    def scanned(self, diff: CorpusDiff, scanned_ns: int) -> None:
        """Remembers a full scan at a time; forgets it if later runs may not rely on reports of changes."""
        self.forget()
        if not diff.emptied and len(diff.links) <= _MOST_LINKS:
            self.scanned_ns, self.links, self.problems = scanned_ns, dict(diff.links), list(diff.problems)


def diff_reported(
    transaction: Transaction,
    config: Config,
    memory: ScanMemory,
    paths: Collection[str],
    *,
    held: frozenset[Place] = frozenset(),
    stopped: Collection[Place] = (),
) -> CorpusDiff | None:
    """Compares absolute paths, at which files or folders may have changed, with the store; see `diff_corpus`.

    Changes `memory` accordingly. Returns None if that takes a full scan.
    """
    places = _places(config, paths)
    if places is None:
        return None
    look = _Look(transaction, config, memory)
    places |= memory.again | look.changed_links()
    for source in sorted({number for number, _ in places}):
        if not look.at(source, {path for number, path in places if number == source}):
            return None
    diff = look.finish()
    if any(not has_files(config.sources[source]) for source in look.sources_with_missing_files):
        return None  # what the guard says of a source without files, it says after a full scan
    if stopped:
        add_stopped(diff, transaction, stopped)
    if held:
        hold(diff, config, held)
    return diff


class _Look:
    """Looks at places of the corpus, and compares what is there with the store."""

    def __init__(self, transaction: Transaction, config: Config, memory: ScanMemory) -> None:
        self._corpus = transaction.corpus
        self._config = config
        self._memory = memory
        self._comparison = Comparison(transaction, config, memory.scanned_ns, parse_all=False)
        self._gone_folders: dict[Place, int] = {}
        self._last_id = transaction.corpus.last_folder_id()
        self._added: dict[Place, int] = {}
        self.sources_with_missing_files: set[int] = set()

    def changed_links(self) -> set[Place]:
        """Returns the links that lead to another file, or to one that changed, and remembers their status."""
        memory, changed = self._memory, set[Place]()
        for place, before in list(memory.links.items()):
            status = link_status(self._config.sources[place[0]], place[1])
            if status != before:
                memory.links[place] = status
                changed.add(place)
        return changed

    def at(self, number: int, paths: Collection[bytes]) -> bool:
        """Compares the files and folders at paths of a source; returns False if that takes a scan of all of it."""
        source = self._config.sources[number]
        sorted_paths = _sorted_paths(source, paths)
        if sorted_paths is None:
            return False
        files, folders = sorted_paths
        self._drop_problems(source, [*files, *folders])
        for path in files:
            # What was a folder may be a file now, or nothing.
            self._gone_folders |= self._corpus.folders_below(number, path + b"/")
        for folder in folders:
            self._scan(number, folder)
        self._look_at_files(number, files)
        return True

    def finish(self) -> CorpusDiff:
        """Returns all differences."""
        comparison = self._comparison
        comparison.compare()
        if self._added:
            self._corpus.add_folders([(folder_id, *place) for place, folder_id in self._added.items()])
        self._memory.problems += comparison.diff.problems
        comparison.diff.problems[:] = self._memory.problems
        comparison.collect_gone_folders(self._gone_folders)
        self.sources_with_missing_files = {source for source, _ in comparison.diff.missing}
        return comparison.diff

    # ---------------------------------------------------------------------------------------------------------- parts

    def _scan(self, number: int, folder: bytes) -> None:
        """Compares all files in a folder, and in those within it."""
        source, comparison = self._config.sources[number], self._comparison
        known = self._corpus.folders_below(number, folder)
        links: dict[bytes, LinkStatus] = {}
        if is_reached(source, folder):
            for path, names in scan(source, comparison.diff.problems, below=folder, links=links):
                folder_id = known.pop((number, path), 0)
                if folder_id:
                    comparison.add(ListedFolder(number, path, folder_id, names))
                else:
                    comparison.add_new(ListedFolder(number, path, self._new_folder((number, path)), names))
        self._gone_folders |= known
        for place in [one for one in self._memory.links if one[0] == number and one[1].startswith(folder)]:
            del self._memory.links[place]
        self._memory.links |= {(number, path): status for path, status in links.items()}

    def _look_at_files(self, number: int, paths: Collection[bytes]) -> None:
        """Compares single files: each that is there is a candidate, and each that is not may be gone."""
        source, comparison = self._config.sources[number], self._comparison
        self._remember_links(number, paths)
        listed = set(find_again(source, paths, comparison.diff.problems))
        split = {path: _split(path) for path in paths}
        folders = self._corpus.folders_at([(number, folder) for folder, _ in {split[path] for path in paths}])
        keys = {
            path: (folders[number, folder], name)
            for path, (folder, name) in split.items()
            if (number, folder) in folders
        }
        known = {(row.folder_id, row.name): row for row in self._corpus.known_files(list(keys.values()))}
        for path, (folder, name) in split.items():
            row = known.get(keys[path]) if path in keys else None
            if path in listed:
                folder_id = folders.get((number, folder)) or self._new_folder((number, folder))
                record_id, hashed = (row.record_id, row.hash) if row else (0, None)
                comparison.diff.candidates.append(Candidate(number, folder_id, folder, name, record_id, hashed))
            elif row is not None:
                comparison.add_gone((number, folder), row)

    def _remember_links(self, number: int, paths: Collection[bytes]) -> None:
        source, links = self._config.sources[number], self._memory.links
        for path in paths:
            if os.path.islink(os.path.join(os.fsencode(source.root), path)):
                links[number, path] = link_status(source, path)
            else:
                links.pop((number, path), None)

    def _new_folder(self, place: Place) -> int:
        if place not in self._added:
            self._last_id += 1
            self._added[place] = self._last_id
        return self._added[place]

    def _drop_problems(self, source: Source, paths: Iterable[bytes]) -> None:
        """Forgets the problems of scans that lie at or below these paths: they are found again if they are true."""
        if self._memory.problems:
            shown = [display_path(source, path).rstrip("/") for path in paths]
            self._memory.problems[:] = [
                problem
                for problem in self._memory.problems
                if not any(problem.path.rstrip("/") == one or problem.path.startswith(f"{one}/") for one in shown)
            ]


def _places(config: Config, paths: Collection[str]) -> set[Place] | None:
    """Returns the places that paths have in the sources; None if one is a source itself, or a folder that holds one."""
    roots = {
        (number, os.path.join(root, ""))
        for number, source in enumerate(config.sources)
        for root in (source.root, os.path.realpath(source.root))
    }
    places: set[Place] = set()
    for path in paths:
        as_folder = os.path.join(path, "")
        for number, root in roots:
            if root.startswith(as_folder):
                return None
            if path.startswith(root):
                places.add((number, os.fsencode(path[len(root) :])))
    return places


def _sorted_paths(source: Source, paths: Collection[bytes]) -> tuple[list[bytes], list[bytes]] | None:
    """Returns which paths to look at as files, and which folders to scan; None if that is the source itself."""
    root = os.fsencode(source.root)
    files: set[bytes] = set()
    folders: set[bytes] = set()
    for path in paths:
        folder, name = _split(path)
        try:
            is_folder = stat.S_ISDIR(os.lstat(os.path.join(root, path)).st_mode)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                folders.add(folder)  # it cannot be read
                continue
            is_folder = False
        if is_folder:
            folders.add(path + b"/")
        elif source.site.has_bundles and name.startswith(BUNDLE_PREFIX):
            folders.add(folder)  # it decides what else is listed there
        else:
            files.add(path)
    if b"" in folders:
        return None
    outermost = sorted(folder for folder in folders if folders.isdisjoint(folders_above(folder)))
    within = set(outermost)
    return sorted(path for path in files if within.isdisjoint(folders_above(path + b"/"))), outermost


def _split(path: bytes) -> tuple[bytes, bytes]:
    folder, slash, name = path.rpartition(b"/")
    return folder + slash, name
