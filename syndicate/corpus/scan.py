"""Which files a corpus folder holds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache

from ..config import Source
from ..errors import Problem

_SKIPPED = frozenset({"node_modules", "__pycache__"})  # besides every name that begins with a dot
_GLOB = re.compile(r"\*\*/|\*\*|\*|\?|\[!?-?(?:\w-\w|\w)+-?\]|.", re.DOTALL)
_WILD = re.compile(r"[*?\[]")
_SECTION_PAGE = "_index."  # Hugo's and Zola's pages about a folder: no entries by definition


def scan(source: Source, problems: list[Problem]) -> Iterator[str]:
    """The paths of a source's files, relative to its folder with slashes.

    A folder's own files come first, then its folders', each in the order of their names' bytes: on every disk the same.
    A symbolic link is followed to a file within the folder only: what lies outside is not part of the corpus.
    """
    chosen = _matcher(source.include, source.exclude)
    root = os.path.realpath(source.root)
    folders = [""]
    while folders:
        folder = folders.pop()
        below: list[str] = []
        for entry in _listed(source, folder, problems):
            path = folder + entry.name
            if entry.name.startswith((".", _SECTION_PAGE)):
                continue
            if entry.is_symlink():
                if chosen(path) and _stays_inside(entry, root, _display(source, path), problems):
                    yield path
            elif entry.is_dir():
                if entry.name not in _SKIPPED:
                    below.append(f"{path}/")
            elif chosen(path):
                yield path
        folders += reversed(below)


def _listed(source: Source, folder: str, problems: list[Problem]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(os.path.join(source.root, folder)) as entries:
            return sorted(entries, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        problems.append(Problem(_display(source, folder), 1, 1, "folder", f"cannot be read: {error.strerror}"))
        return []


def _stays_inside(entry: os.DirEntry[str], root: str, shown: str, problems: list[Problem]) -> bool:
    target = os.path.realpath(entry.path)
    if not os.path.isfile(target):
        return False  # a folder's files are read where they are; a dangling link is no file
    if target.startswith(os.path.join(root, "")):
        return True
    problems.append(Problem(shown, 1, 1, "file", "a symbolic link that leaves the corpus"))
    return False


def _display(source: Source, path: str) -> str:
    return os.path.join(source.path, path)


class _Matcher:
    """Glob patterns over relative paths: `**` spans folders, `*` and `?` do not."""

    def __init__(self, include: tuple[str, ...], exclude: tuple[str, ...]) -> None:
        self._include = _any_of(map(_translated, include))
        self._exclude = _any_of(map(_excluding, exclude))

    def __call__(self, path: str) -> bool:
        return bool(self._include.fullmatch(path)) and not self._exclude.fullmatch(path)


@cache
def _matcher(include: tuple[str, ...], exclude: tuple[str, ...]) -> _Matcher:
    return _Matcher(include, exclude)


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
