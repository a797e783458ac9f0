"""The bytes of one corpus file, read whole. A file that cannot be read is a result, not an exception."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from .. import safe_files
from ..config import Source
from ..config.bucket import is_bucket

_READ_ATTEMPTS = 3

FileStatus = tuple[int, int, int]
"""The size of a file in bytes, its modification time and its change time in nanoseconds."""

UNKNOWN_STATUS: FileStatus = (0, 0, 0)


class FileContent(NamedTuple):
    """The bytes of a file, and the status of the file when the bytes were read."""

    data: bytes
    status: FileStatus


class UnreadableFile(NamedTuple):
    """A file without readable content. `message` names the reason; line and column count from 1."""

    message: str
    line: int = 1
    column: int = 1


class VanishedFile(NamedTuple):
    """A file that does not exist any more; `path` is relative to the folder of its source."""

    path: bytes


def read_file(source: Source, path: bytes) -> FileContent | UnreadableFile | VanishedFile:
    """Read a whole file. A file that is written to meanwhile is read again, up to three times.

    The file that is read lies within the source, whatever took the place of the one that a scan found.
    Raises CorpusError when the source is in a bucket that cannot be read.
    """
    if is_bucket(source.root):
        from .bucket_files import read_object

        if (read := read_object(source, path)) is not None:
            return read.content
    try:
        handle = safe_files.open_below(source.root, os.fsdecode(path))
        try:
            return _read_handle(handle, source.max_bytes)
        finally:
            os.close(handle)
    except FileNotFoundError:
        return VanishedFile(path)
    except safe_files.NotRegularError:
        return UnreadableFile("not a regular file")
    except safe_files.LeavesFolderError:
        return UnreadableFile("a symbolic link that leaves the corpus")
    except OSError as error:
        return UnreadableFile(f"cannot be read: {error.strerror}")


def read_ahead(source: Source, paths: Iterable[bytes]) -> None:
    """Ask the system to read files that are to be read soon, all at once, where it takes such advice.

    A disk that has not read a corpus lately waits for each file otherwise. A file that cannot be opened is left out.
    """
    if not hasattr(os, "posix_fadvise"):
        return
    parts = (os.fsdecode(path).rpartition("/") for path in paths)
    for folder, names in groupby(parts, key=itemgetter(0)):
        with suppress(OSError):
            handle = safe_files.open_folder_below(source.root, folder)
            try:
                for _, _, name in names:
                    _advise(name, handle)
            finally:
                os.close(handle)


def file_status(source: Source, path: bytes) -> FileStatus:
    """Return the status of a file that cannot be read; zeros if the status cannot be had either."""
    if is_bucket(source.root):
        from .bucket_files import read_object

        if (read := read_object(source, path)) is not None:
            return read.status
    try:
        status = os.stat(_full_path(source, path))
    except OSError:
        return UNKNOWN_STATUS
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def too_large(size_bytes: int, max_bytes: int) -> UnreadableFile:
    """Return what a file is that is larger than its source allows."""
    return UnreadableFile(f"{size_bytes:,} bytes, more than max_bytes ({max_bytes:,})")


def decode(data: bytes) -> str | UnreadableFile:
    """Decode UTF-8, or report the position of the first invalid byte."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        return UnreadableFile(f"not UTF-8: byte 0x{data[error.start]:02x}", line, column)


def _read_handle(handle: int, max_bytes: int) -> FileContent | UnreadableFile:
    before = os.fstat(handle)
    for _ in range(_READ_ATTEMPTS):
        if before.st_size > max_bytes:
            return too_large(before.st_size, max_bytes)
        data = os.pread(handle, before.st_size + 1, 0)
        after = os.fstat(handle)
        if len(data) == after.st_size and after.st_mtime_ns == before.st_mtime_ns:
            return FileContent(data, (after.st_size, after.st_mtime_ns, after.st_ctime_ns))
        before = after
    return UnreadableFile("modified during each attempt to read it")


def _advise(name: str, folder: int) -> None:
    try:
        handle = safe_files.open_unlinked(name, dir_fd=folder)
    except OSError:
        return
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_WILLNEED)
    except OSError:  # a file system that takes no advice
        pass
    finally:
        os.close(handle)


def _full_path(source: Source, path: bytes) -> bytes:
    return os.path.join(os.fsencode(source.root), path)
