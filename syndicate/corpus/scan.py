"""Which files a corpus folder holds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache

from ..config import Source
from ..errors import Problem

_SKIPPED = frozenset({"node_modules", "__pycache__"})  # besides every name that begins with a dot
_GLOB = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[\w-]+\]|.", re.DOTALL)
_SECTION_PAGE = "_index."  # Hugo's and Zola's pages about a folder: no entries by definition


def scan(source: Source, problems: list[Problem]) -> Iterator[str]:
    """The paths of a source's files, relative to its folder with slashes, in the order of their bytes.

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
            if entry.is_symlink():
                if chosen(path) and _stays_inside(entry, root, _display(source, path), problems):
                    yield path
            elif entry.is_dir():
                if not entry.name.startswith(".") and entry.name not in _SKIPPED:
                    below.append(f"{path}/")
            elif chosen(path) and not entry.name.startswith(_SECTION_PAGE):
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
        self._include = _any_of(include)
        self._exclude = _any_of(exclude) if exclude else None

    def __call__(self, path: str) -> bool:
        return bool(self._include.fullmatch(path)) and not (self._exclude and self._exclude.fullmatch(path))


@cache
def _matcher(include: tuple[str, ...], exclude: tuple[str, ...]) -> _Matcher:
    return _Matcher(include, exclude)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(_translated, patterns)) or r"(?!)", re.DOTALL)


def _translated(pattern: str) -> str:
    return _GLOB.sub(_token, pattern.removeprefix("./"))


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
            return "[" + text[1:-1].replace("!", "^", 1) + "]" if text[1] == "!" else text
        case text:
            return re.escape(text)
