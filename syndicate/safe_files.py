"""Open files of folders that other programs may change at any time.

Theory of operation. A path that was checked may name another file when it is opened: a named pipe, which blocks, a
device, which never ends, or a symbolic link to a file that nobody meant to publish. So nothing here trusts a check of a
path. Files are opened without blocking, and the open descriptor is checked: it must be a regular file of a limited
size. Below a folder, each part of a path is opened relative to the descriptor of the part before it, and no symbolic
link is followed on the way. A link that is allowed, since it stays below the folder, is resolved first, and the
resolved path, which has no links, is opened in the same way.

Every error is an OSError whose `strerror` completes "FILE: cannot be read: ".
"""

import errno
import os
import stat
from typing import BinaryIO

# Not every system has every flag: without one, what it protects from is a risk of that system.
_FLAGS = 0
for _name in ("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_FOLDER: int = _FLAGS | os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_HAS_DIR_FD = os.open in os.supports_dir_fd
# What systems report for O_NOFOLLOW at a link, and for O_DIRECTORY at one.
_AT_LINK = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EMLINK, getattr(errno, "EFTYPE", errno.ELOOP)})


class NotRegularError(OSError):
    """What stands in the place of a file is a folder, a pipe, a device or a socket."""

    def __init__(self) -> None:
        super().__init__(errno.EINVAL, "not a regular file")


class LeavesFolderError(OSError):
    """A symbolic link leads out of the folder that may be read."""

    def __init__(self) -> None:
        super().__init__(errno.ELOOP, "a symbolic link that leaves the folder")


class TooLargeError(OSError):
    """A file has more bytes than may be read."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(errno.EFBIG, f"larger than {max_bytes:,} bytes")


def open_regular(path: str, flags: int = os.O_RDONLY, dir_fd: int | None = None) -> int:
    """Return a descriptor of a regular file; symbolic links are followed. Raises OSError.

    For files that the user names: their names may be links, as those of mounted secrets are.
    """
    return _checked(os.open(path, flags | _FLAGS, 0o666, dir_fd=dir_fd))


def open_unlinked(path: str, flags: int = os.O_RDONLY, dir_fd: int | None = None) -> int:
    """Return a descriptor of a regular file that is not a symbolic link itself. Raises OSError."""
    if not _NOFOLLOW and os.path.islink(path):
        raise OSError(errno.ELOOP, "a symbolic link")
    try:
        return open_regular(path, flags | _NOFOLLOW, dir_fd)
    except OSError as error:
        if error.errno in _AT_LINK and error.errno != errno.ENOTDIR:
            raise OSError(error.errno, "a symbolic link") from None
        raise


def open_below(root: str, path: str) -> int:
    """Return a descriptor of a regular file at a path below a folder. The folder may be a link itself.

    Raises LeavesFolderError when a link leads to a file outside, OSError when the file cannot be opened.
    """
    return _below(root, path, is_folder=False)


def open_folder_below(root: str, path: str) -> int:
    """Return a descriptor of a folder at a path below another one; an empty path is the folder itself.

    Raises LeavesFolderError when a link leads outside, OSError when the folder cannot be opened.
    """
    return _below(root, path, is_folder=True)


def open_strictly_below(root: str, path: str) -> int:
    """Return a descriptor of a regular file at a path below a folder, in which no part is a link. Raises OSError."""
    if not _HAS_DIR_FD:
        return _resolved(root, path, is_folder=False)
    handle = os.open(root, _FOLDER)
    try:
        return _walk(handle, path, is_folder=False)
    finally:
        os.close(handle)


def create(name: str, dir_fd: int) -> BinaryIO:
    """Return a new file in an open folder. Raises FileExistsError when anything has that name, even a link."""
    return open(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o666, dir_fd=dir_fd), "wb")


def read(handle: int, max_bytes: int) -> bytes:
    """Return the content of an open file. Raises TooLargeError when it has more than `max_bytes`."""
    if os.fstat(handle).st_size > max_bytes:
        raise TooLargeError(max_bytes)
    content = read_head(handle, max_bytes + 1)  # the file may have grown
    if len(content) > max_bytes:
        raise TooLargeError(max_bytes)
    return content


def read_head(handle: int, max_bytes: int) -> bytes:
    """Return the first bytes of an open file."""
    content = os.read(handle, min(max_bytes, os.fstat(handle).st_size + 1))
    while len(content) < max_bytes and (chunk := os.read(handle, min(max_bytes - len(content), 1 << 20))):
        content += chunk
    return content


def read_text(path: str, max_bytes: int) -> str:
    """Return the text of a file that the user names, without a byte order mark, with `\\n` as its line ends.

    Raises OSError, or UnicodeDecodeError when it is not UTF-8.
    """
    handle = open_regular(path)
    try:
        return decode(read(handle, max_bytes))
    finally:
        os.close(handle)


def read_text_below(folder: str, path: str, max_bytes: int) -> str:
    """Return the text of a file in a folder that no link leads out of; see `open_below` and `read_text`."""
    handle = open_below(folder, path)
    try:
        return decode(read(handle, max_bytes))
    finally:
        os.close(handle)


def decode(content: bytes) -> str:
    """Return the text of a UTF-8 file, as Python opens text files. Raises UnicodeDecodeError."""
    return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def _checked(handle: int) -> int:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotRegularError
    return handle


def _below(root: str, path: str, *, is_folder: bool) -> int:
    if not _HAS_DIR_FD:
        return _resolved(root, path, is_folder=is_folder)
    handle = os.open(root, _FOLDER)
    try:
        try:
            return _walk(handle, path, is_folder=is_folder)
        except OSError as error:
            if error.errno not in _AT_LINK:
                raise
        return _walk(handle, _real_path_below(root, path), is_folder=is_folder)
    finally:
        os.close(handle)


def _walk(root: int, path: str, *, is_folder: bool) -> int:
    """Open a path relative to an open folder, part by part, without following links."""
    parts = [part for part in path.split("/") if part]
    if not parts:
        if is_folder:
            return os.dup(root)
        raise NotRegularError
    folder = root
    try:
        for part in parts[:-1]:
            inner = os.open(part, _FOLDER | _NOFOLLOW, dir_fd=folder)
            if folder != root:
                os.close(folder)
            folder = inner
        if is_folder:
            return os.open(parts[-1], _FOLDER | _NOFOLLOW, dir_fd=folder)
        return _checked(os.open(parts[-1], os.O_RDONLY | _FLAGS | _NOFOLLOW, dir_fd=folder))
    finally:
        if folder != root:
            os.close(folder)


def _real_path_below(root: str, path: str) -> str:
    """Return the path below a folder that another one resolves to. Raises LeavesFolderError when it lies outside."""
    real_root = os.path.join(os.path.realpath(root), "")
    real_path = os.path.realpath(os.path.join(root, path))
    if not os.path.join(real_path, "").startswith(real_root):
        raise LeavesFolderError
    return real_path[len(real_root) :]


def _resolved(root: str, path: str, *, is_folder: bool) -> int:
    """Open a path on a system that cannot open relative to a descriptor."""
    real_path = os.path.join(os.path.realpath(root), _real_path_below(root, path))
    return os.open(real_path, _FOLDER) if is_folder else open_regular(real_path)
