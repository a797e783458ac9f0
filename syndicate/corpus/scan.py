"""The files of a corpus folder, and their status in the file system. Paths are bytes: names need not be text."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator

from .. import safe_files
from ..config import Source
from ..errors import Problem
from .bucket_files import Listing, files_of

_GLOB = re.compile(r"\*\*/|\*\*|\*|\?|\[!?-?(?:\w-\w|\w)+-?\]|.", re.DOTALL)
_WILDCARD = re.compile(r"[*?\[]")
_SKIPPED_FOLDERS = frozenset({b"node_modules", b"__pycache__"})
# Hidden files and folders, and the pages of sections in Hugo and Zola, which are no entries by definition.
_SKIPPED_PREFIXES = (b".", b"_index.")
BUNDLE_PREFIX = b"index."
"""How the file begins that makes its folder a bundle, in sites whose generator has bundles (Hugo)."""

ListedFile = tuple[int, bytes, int, int, int]
"""A file: the caller's number of its folder, its name, its size in bytes, its modification and change time in
nanoseconds. Plain tuples: a run compares them by the thousand with what it knows."""

_Folders = dict[bytes, tuple[Iterable[bytes], set[bytes]]]
"""The names of objects and of folders in each folder."""

LinkStatus = tuple[int, int, int] | None
"""Size, modification and change time (in nanoseconds) of the file that a link leads to; None if there is none."""


def scan(
    source: Source, problems: list[Problem], *, below: bytes = b"", links: dict[bytes, LinkStatus] | None = None
) -> Iterator[tuple[bytes, list[bytes]]]:
    """Yield each folder of a source that has matching files, with the names of these files in the order of their bytes.

    The path of a folder ends in a slash; that of the source itself is empty. With `below`, only the folder at that path
    and those in it are scanned. A symbolic link is followed only to a file within the source. Folders that cannot be
    read and links that leave the source are added to `problems`, all matching links to `links`, with what they lead to.
    Raises CorpusError when the source is in a bucket that cannot be listed.
    """
    matches = matcher(source)
    bucket = files_of(source)
    listed = _listed_folders(bucket.find_all()) if bucket is not None else None
    root = os.fsencode(source.root)
    real_root = os.path.join(os.path.realpath(root), b"") if listed is None else b""
    folders = [below]
    while folders:
        folder = folders.pop()
        names, subfolders = ([], []) if listed is None else _listed(listed, folder, matches)
        for entry in _folder_entries(source, root, folder, problems) if listed is None else ():
            name = entry.name
            if entry.is_dir(follow_symlinks=False):
                if name not in _SKIPPED_FOLDERS:
                    subfolders.append(folder + name + b"/")
            elif matches(folder + name):
                is_link = entry.is_symlink()
                if is_link and links is not None:
                    links[folder + name] = link_status(source, folder + name)
                if not is_link or _resolves_inside(source, folder + name, real_root, problems):
                    names.append(name)
        if source.site.has_bundles and any(name.startswith(BUNDLE_PREFIX) for name in names):
            names = [name for name in names if name.startswith(BUNDLE_PREFIX)]
            subfolders = []
        if names:
            names.sort()
            yield folder, names
        folders += sorted(subfolders, reverse=True)


def _listed(folders: _Folders, folder: bytes, matches: Callable[[bytes], object]) -> tuple[list[bytes], list[bytes]]:
    """Return the names of matching objects in a folder of a bucket, and the paths of its folders."""
    found, folder_names = folders.get(folder, ((), set()))
    names = [name for name in found if not name.startswith(_SKIPPED_PREFIXES) and matches(folder + name)]
    return names, [folder + name + b"/" for name in folder_names if not _is_skipped(name)]


def _listed_folders(listing: Listing) -> _Folders:
    """Return the names of objects and of folders in each folder of a listing."""
    folders: _Folders = {}
    for folder, objects in listing.items():
        folders[folder] = objects, folders[folder][1] if folder in folders else set()
        below = folder
        while below:
            above, slash, name = below[:-1].rpartition(b"/")
            below = above + slash
            if below not in folders:
                folders[below] = (), set()
            folders[below][1].add(name)
    return folders


def _is_skipped(folder: bytes) -> bool:
    return folder in _SKIPPED_FOLDERS or folder.startswith(_SKIPPED_PREFIXES)


def stat_files(source: Source, folder: bytes, names: list[bytes], folder_id: int) -> list[ListedFile]:
    """Return the status of the named files of a folder; files that do not exist any more are left out."""
    files: list[ListedFile] = []
    if (bucket := files_of(source)) is not None:
        return [(folder_id, name, *status) for name, status in bucket.listed(folder, names)]
    try:
        handle = safe_files.open_folder_below(source.root, os.fsdecode(folder))
    except OSError:
        return files
    try:
        for name in names:
            try:
                status = os.stat(name, dir_fd=handle)  # a quarter faster than with a full path
            except OSError:
                continue
            files.append((folder_id, name, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    finally:
        os.close(handle)
    return files


def find_again(source: Source, paths: Iterable[bytes], problems: list[Problem] | None = None) -> list[bytes]:
    """Return those of these paths at which a scan would list a file now, at the cost of one `stat` for each.

    A file that is replaced or moved about is missing for an instant only. Links that leave the source are added to
    `problems`.
    """
    if (bucket := files_of(source)) is not None:
        scanned = [path for path in paths if _is_listed(source, path)]
        statuses = bucket.statuses(scanned)
        return [path for path, status in zip(scanned, statuses, strict=True) if status is not None]
    root = os.fsencode(source.root)
    real_root = os.path.join(os.path.realpath(root), b"")
    matches = matcher(source)
    reached: dict[bytes, bool] = {}
    bundles: dict[bytes, bool] = {}
    found: list[bytes] = []
    for path in paths:
        folder, slash, name = path.rpartition(b"/")
        if folder not in reached:
            reached[folder] = _is_scanned(root, folder)
        if not reached[folder] or name.startswith(_SKIPPED_PREFIXES) or not matches(path):
            continue
        full = os.path.join(root, path)
        if os.path.islink(full):
            exists = _resolves_inside(source, path, real_root, [] if problems is None else problems)
        else:
            exists = os.path.lexists(full) and not os.path.isdir(full)
        if not exists or not source.site.has_bundles:
            found += [path] if exists else []
            continue
        own = () if name.startswith(BUNDLE_PREFIX) else (folder + slash,)
        if not any(_is_bundle(source, one, matches, bundles) for one in (*folders_above(folder + slash), *own)):
            found.append(path)
    return found


def is_reached(source: Source, folder: bytes) -> bool:
    """Return whether a scan of a source reaches a folder, whose path ends in a slash."""
    if not _is_scanned(os.fsencode(source.root), folder.rstrip(b"/")):
        return False
    if not source.site.has_bundles:
        return True
    matches, known = matcher(source), dict[bytes, bool]()
    return not any(_is_bundle(source, one, matches, known) for one in folders_above(folder))


def has_files(source: Source) -> bool:
    """Return whether a scan of a source would list any file, at the cost of finding the first one."""
    root = os.fsencode(source.root)
    real_root = os.path.join(os.path.realpath(root), b"")
    matches = matcher(source)
    folders = [b""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as entries:
                for entry in entries:
                    name = entry.name
                    if name.startswith(_SKIPPED_PREFIXES):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        if name not in _SKIPPED_FOLDERS:
                            folders.append(folder + name + b"/")
                    elif matches(folder + name) and (
                        not entry.is_symlink() or _resolves_inside(source, folder + name, real_root, [])
                    ):
                        return True
        except OSError:
            continue
    return False


def link_status(source: Source, path: bytes) -> LinkStatus:
    """Return the status of the file that a link of a source leads to."""
    try:
        status = os.stat(os.path.join(os.fsencode(source.root), path))
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def folders_above(folder: bytes) -> list[bytes]:
    """Return the paths of the folders that hold a folder, from the source itself down, each with its slash."""
    parts = folder.split(b"/")[:-2]
    return [b"".join(part + b"/" for part in parts[:depth]) for depth in range(len(parts) + 1)] if folder else []


def _is_listed(source: Source, path: bytes) -> bool:
    """Return whether a scan of a bucket reaches an object."""
    *folders, name = path.split(b"/")
    return not any(map(_is_skipped, folders)) and not name.startswith(_SKIPPED_PREFIXES) and bool(matcher(source)(path))


def _is_scanned(root: bytes, folder: bytes) -> bool:
    """Return whether a scan reaches a folder: it exists, and none above it is a link or skipped."""
    parts = folder.split(b"/") if folder else []
    if any(part in _SKIPPED_FOLDERS or part.startswith(_SKIPPED_PREFIXES) for part in parts):
        return False
    above = [os.path.join(root, *parts[: depth + 1]) for depth in range(len(parts))]
    return os.path.isdir(os.path.join(root, folder)) and not any(map(os.path.islink, above))


def _is_bundle(source: Source, folder: bytes, matches: Callable[[bytes], object], known: dict[bytes, bool]) -> bool:
    """Return whether a folder is a bundle, of which a scan lists the index alone."""
    if folder not in known:
        real_root = os.path.join(os.path.realpath(os.fsencode(source.root)), b"")
        known[folder] = any(
            entry.name.startswith(BUNDLE_PREFIX)
            and not entry.is_dir(follow_symlinks=False)
            and matches(folder + entry.name)
            and (not entry.is_symlink() or _resolves_inside(source, folder + entry.name, real_root, []))
            for entry in _folder_entries(source, os.fsencode(source.root), folder, [])
        )
    return known[folder]


def display_path(source: Source, path: bytes) -> str:
    """Return a path for messages: that of the source as the configuration writes it, then that within the source."""
    return os.path.join(source.path, os.fsdecode(path)).encode("utf-8", "backslashreplace").decode()


def _folder_entries(source: Source, root: bytes, folder: bytes, problems: list[Problem]) -> list[os.DirEntry[bytes]]:
    try:
        with os.scandir(os.path.join(root, folder)) as entries:
            return [entry for entry in entries if not entry.name.startswith(_SKIPPED_PREFIXES)]
    except OSError as error:
        problems.append(Problem(display_path(source, folder), 1, 1, "folder", f"cannot be read: {error.strerror}"))
        return []


def _resolves_inside(source: Source, path: bytes, real_root: bytes, problems: list[Problem]) -> bool:
    """Return whether a link leads to a file within the source; adds one that leads elsewhere to `problems`."""
    target = os.path.realpath(os.path.join(os.fsencode(source.root), path))
    if not os.path.isfile(target):
        return False  # the scan reaches folders by their own path; a dangling link is no file
    if target.startswith(real_root):
        return True
    problems.append(Problem(display_path(source, path), 1, 1, "file", "a symbolic link that leaves the corpus"))
    return False


def matcher(source: Source) -> Callable[[bytes], object]:
    """Return a predicate for the paths of a source, made of its patterns: `**` spans folders, `*` and `?` do not.

    The names of files must match the regular expression of the site, unless it is empty.
    """
    include, exclude, names = source.include, source.exclude, source.site.names
    if include == ("**/*.md",) and not exclude and not names:
        return lambda path: path.endswith(b".md")
    included, excluded = _any_of(map(_translate, include)), _any_of(map(_translate_exclude, exclude))
    named = re.compile(names or ".*", re.DOTALL)

    def matches(path: bytes) -> bool:
        text = os.fsdecode(path)
        name = text.rpartition("/")[2]
        return bool(included.fullmatch(text) and named.fullmatch(name)) and not excluded.fullmatch(text)

    return matches


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns) or r"(?!)", re.DOTALL)


def _translate_exclude(pattern: str) -> str:
    """Translate a pattern; one that names a folder (`drafts`, `drafts/`, `**/private`) also matches its content."""
    name = pattern.rstrip("/")
    is_folder = name != pattern or not _WILDCARD.search(name.rpartition("/")[2])
    return _translate(name) + ("(?:/.*)?" if is_folder else "")


def _translate(pattern: str) -> str:
    """Translate a glob pattern into a regular expression."""
    return _GLOB.sub(_token, pattern.removeprefix("./").lstrip("/"))


def _token(match: re.Match[str]) -> str:
    match match[0]:
        case "**/":
            return "(?:[^/]+/)*"
        case "**":
            return ".*"
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case text if len(text) > 1:
            return _character_class(text)
        case text:
            return re.escape(text)


def _character_class(text: str) -> str:
    """Translate `[a-c]`, or `[!a-c]`, which does not match a slash."""
    pattern = f"[^/{text[2:]}" if text[1] == "!" else text
    try:
        re.compile(pattern)
    except re.error:  # [z-a]
        return re.escape(text)
    return pattern
