"""What changed in the corpus since the last run, by how the file system shows its files."""

from operator import itemgetter
from typing import NamedTuple

from ..config import Config
from ..corpus.scan import ListedFile, scan, stat_files
from ..errors import Problem
from ..store.index import Index

_mtime_ns = itemgetter(2)

# A file written to within a clock's tick of the scan that read it may have been written to again with no trace. Its
# hash is compared once more (the "racily clean" case of git). Clocks of file systems tick up to two seconds (FAT).
_TICK_NS = 2_000_000_000


class Candidate(NamedTuple):
    """A file that may have changed, in a folder by number and path.

    `file` is 0 for one that is new; `known` is the hash of what was read last.
    """

    source: int
    folder: int
    below: bytes
    name: bytes
    file: int
    known: bytes | None

    @property
    def path(self) -> bytes:
        """The file's path in its source."""
        return self.below + self.name


class Gone(NamedTuple):
    """A file that is there no more."""

    folder: int
    name: bytes
    file: int


class Changes(NamedTuple):
    """What a scan found: files to read, files that are gone, folders that are gone with all their files."""

    candidates: list[Candidate]
    gone: list[Gone]
    folders: list[int]
    problems: list[Problem]

    def any(self) -> bool:
        """Whether there is something to do."""
        return bool(self.candidates or self.gone or self.folders)


def find(index: Index, config: Config, *, anew: bool) -> Changes:
    """Compare the corpus with the index; `anew` takes every file for changed."""
    changes = Changes([], [], [], [])
    racy_ns = (index.meta("scanned_ns") or 0) - _TICK_NS
    for number, source in enumerate(config.sources):
        known_folders = index.folders(number)
        for below, names in scan(source, changes.problems):
            folder = known_folders.pop(below, 0)
            if anew:
                known = {name: status[0] for name, status in index.files(folder).items()} if folder else {}
                changed, gone = names, known.keys() - names
            else:
                listed = stat_files(source, below, names)
                changed, gone = _compared(listed, index.statuses(folder) if folder else [], racy_ns)
                known = {name: file for name in (*changed, *gone) if folder and (file := index.file_in(folder, name))}
            folder = folder or index.add_folder(number, below)
            for name in changed:
                record = index.record(known[name]) if name in known and not anew else None
                hashed = record.hash if record else None
                changes.candidates.append(Candidate(number, folder, below, name, known.get(name, 0), hashed))
            changes.gone.extend(Gone(folder, name, known[name]) for name in gone)
        changes.folders.extend(known_folders.values())
    for number in index.sources():
        if number >= len(config.sources):
            changes.folders.extend(index.folders(number).values())
    return changes


def _compared(found: list[ListedFile], known: list[ListedFile], racy_ns: int) -> tuple[list[bytes], set[bytes]]:
    """The names of a folder's files that may have changed, in order, and of those that are gone.

    Nearly all folders stand as they were, and nearly all files of the others: whole lists, then sets, compare fastest.
    """
    if found == known:
        if not found or max(map(_mtime_ns, found)) < racy_ns:
            return [], set()
        return [file[0] for file in found if file[2] >= racy_ns], set()
    differing = set(found).difference(known)
    changed = [file[0] for file in found if file in differing or file[2] >= racy_ns]
    gone = {file[0] for file in set(known).difference(found)} - {file[0] for file in differing}
    return changed, gone
