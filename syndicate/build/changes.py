"""What changed in the corpus since the last run, by how the file system shows its files."""

from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

from ..config import Config
from ..corpus.scan import Found, look, scan
from ..errors import Problem
from ..store.index import FileStatus, Index

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
            found = [] if anew else look(source, below, names)
            if folder and not anew and _stands(found, index.statuses(folder), racy_ns):
                continue
            known = index.files(folder) if folder else {}
            folder = folder or index.add_folder(number, below)
            there = names if anew else [file[0] for file in found]
            for name in there if anew else _differing(found, known, racy_ns):
                before = known.get(name)
                record = index.record(before[0]) if before and not anew else None
                file, hashed = before[0] if before else 0, record.hash if record else None
                changes.candidates.append(Candidate(number, folder, below, name, file, hashed))
            changes.gone.extend(Gone(folder, name, known[name][0]) for name in known.keys() - there)
        changes.folders.extend(known_folders.values())
    for number in index.sources():
        if number >= len(config.sources):
            changes.folders.extend(index.folders(number).values())
    return changes


def _stands(found: list[Found], known: list[Found], racy_ns: int) -> bool:
    """Whether all files of a folder are as they were: nearly all folders are, and whole lists compare fastest."""
    return found == known and max(map(_mtime_ns, found)) < racy_ns


def _differing(found: list[Found], known: dict[bytes, FileStatus], racy_ns: int) -> Iterator[bytes]:
    for file in found:
        before = known.get(file[0])
        if before is None or before[1:] != file[1:] or file[2] >= racy_ns:
            yield file[0]
