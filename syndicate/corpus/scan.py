"""Which files a corpus folder holds, and how the file system shows them. Paths are bytes: names need not be text."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator

from ..config import Source
from ..errors import Problem

_GLOB = re.compile(r"\*\*/|\*\*|\*|\?|\[!?-?(?:\w-\w|\w)+-?\]|.", re.DOTALL)
_WILD = re.compile(r"[*?\[]")
_SKIPPED = frozenset({b"node_modules", b"__pycache__"})
# Names that begin with a dot are passed over, and Hugo's and Zola's pages about a folder: no entries by definition.
_PASSED_OVER = (b".", b"_index.")


Found = tuple[bytes, int, int, int]
"""A file: its name in its folder, its size in bytes, its modification and change time in nanoseconds."""


def scan(source: Source, problems: list[Problem]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Each folder of a source (its path ends in a slash, the top's is empty) with its files' names, in bytes' order.

    A symbolic link is followed to a file within the source only: what lies outside is not part of the corpus.
    """
    root = os.fsencode(source.root)
    real_root = os.path.join(os.path.realpath(root), b"")
    chosen = _matcher(source.include, source.exclude)
    folders = [b""]
    while folders:
        folder = folders.pop()
        names: list[bytes] = []
        below: list[bytes] = []
        for entry in _listed(source, root, folder, problems):
            name = entry.name
            if entry.is_dir(follow_symlinks=False):
                if name not in _SKIPPED:
                    below.append(folder + name + b"/")
            elif chosen(folder + name) and (
                not entry.is_symlink() or _stays_inside(entry, real_root, source, folder, problems)
            ):
                names.append(name)
        if names:
            names.sort()
            yield folder, names
        folders += sorted(below, reverse=True)


def look(source: Source, folder: bytes, names: list[bytes]) -> list[Found]:
    """How the file system shows the files of a folder; those that went away meanwhile are left out."""
    found: list[Found] = []
    try:
        handle = os.open(os.path.join(os.fsencode(source.root), folder), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return found
    try:
        for name in names:
            try:
                status = os.stat(name, dir_fd=handle)  # a quarter faster than by a whole path
            except OSError:
                continue
            found.append((name, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    finally:
        os.close(handle)
    return found


def shown_path(source: Source, path: bytes) -> str:
    """A path for messages: as the configuration writes the source, then the file within it."""
    return os.path.join(source.path, os.fsdecode(path)).encode("utf-8", "backslashreplace").decode()


def _listed(source: Source, root: bytes, folder: bytes, problems: list[Problem]) -> list[os.DirEntry[bytes]]:
    try:
        with os.scandir(os.path.join(root, folder)) as entries:
            return [entry for entry in entries if not entry.name.startswith(_PASSED_OVER)]
    except OSError as error:
        shown = shown_path(source, folder)
        problems.append(Problem(shown, 1, 1, "folder", f"cannot be read: {error.strerror}"))
        return []


def _stays_inside(
    entry: os.DirEntry[bytes], root: bytes, source: Source, folder: bytes, problems: list[Problem]
) -> bool:
    target = os.path.realpath(entry.path)
    if not os.path.isfile(target):
        return False  # a folder's files are read where they are; a dangling link is no file
    if target.startswith(root):
        return True
    shown = shown_path(source, folder + entry.name)
    problems.append(Problem(shown, 1, 1, "file", "a symbolic link that leaves the corpus"))
    return False


def _matcher(include: tuple[str, ...], exclude: tuple[str, ...]) -> Callable[[bytes], object]:
    """Whether a path is of the corpus, by glob patterns: `**` spans folders, `*` and `?` do not."""
    if include == ("**/*.md",) and not exclude:
        return lambda path: path.endswith(b".md")
    included, excluded = _any_of(map(_translated, include)), _any_of(map(_excluding, exclude))

    def chosen(path: bytes) -> bool:
        text = os.fsdecode(path)
        return bool(included.fullmatch(text)) and not excluded.fullmatch(text)

    return chosen


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns) or r"(?!)", re.DOTALL)


def _excluding(pattern: str) -> str:
    """A pattern that names a folder (`drafts`, `drafts/`, `**/private`) matches what lies below, too."""
    name = pattern.rstrip("/")
    is_folder = name != pattern or not _WILD.search(name.rpartition("/")[2])
    return _translated(name) + ("(?:/.*)?" if is_folder else "")


def _translated(pattern: str) -> str:
    return _GLOB.sub(_token, pattern.removeprefix("./").lstrip("/"))


def _token(found: re.Match[str]) -> str:
    match found[0]:
        case "**/":
            return "(?:[^/]+/)*"
        case "**":
            return ".*"
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case text if len(text) > 1:
            return _class(text)
        case text:
            return re.escape(text)


def _class(text: str) -> str:
    """`[a-c]`, or `[!a-c]`, which never is a slash."""
    pattern = f"[^/{text[2:]}" if text[1] == "!" else text
    try:
        re.compile(pattern)
    except re.error:  # [z-a]
        return re.escape(text)
    return pattern
