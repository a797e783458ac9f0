"""One file of the corpus -> what it says: an entry, or that it is hidden, or its faults. It never raises for a file."""

import os
import stat
from datetime import datetime
from typing import NamedTuple

from ..config import Config, Source
from ..errors import Problem
from ..model import Entry
from . import fields, frontmatter
from .fields import Profile
from .scan import shown_path

_TRIES = 3


Status = tuple[int, int, int]
"""A file's size in bytes, its modification and change time in nanoseconds."""


class Content(NamedTuple):
    """A file's bytes, and how the file system showed the file while they were read."""

    data: bytes
    size_bytes: int
    mtime_ns: int
    ctime_ns: int


class Record(NamedTuple):
    """What one file says. An entry is shown from its date on, and until `expires`."""

    entry: Entry | None = None
    hidden: bool = False
    expires: datetime | None = None
    problems: tuple[Problem, ...] = ()


class UnreadableError(Exception):
    """The file's bytes cannot be had, or are no text; the message is for a person."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line, self.column = line, column


def profile(config: Config, source: Source) -> Profile:
    """How the files of one source are read."""
    return Profile(
        authority=config.site.authority,
        home=config.site.home,
        prefix=source.prefix,
        aliases=source.aliases,
        dimensions=config.selection.by,
        presentation=config.presentation,
    )


def load(source: Source, path: bytes) -> Content:
    """The bytes of a file, whole: one that is written to meanwhile is read again.

    Raises FileNotFoundError when the file is gone, UnreadableError when it cannot be read.
    """
    full = os.path.join(os.fsencode(source.root), path)
    try:
        # A named pipe put in place of a file must not hold up the run.
        handle = os.open(full, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            return _read(handle, source.max_bytes)
        finally:
            os.close(handle)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from None


def status(source: Source, path: bytes) -> Status:
    """How the file system shows a file that cannot be read."""
    try:
        status = os.stat(os.path.join(os.fsencode(source.root), path))
    except OSError:
        return 0, 0, 0
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def understand(content: Content, source: Source, path: bytes, how: Profile) -> Record:
    """What a file's bytes say; `path` is relative to the source's folder."""
    try:
        parsed = frontmatter.parse(_text(content.data))
    except UnreadableError as error:
        return unreadable(source, path, error)
    except frontmatter.FrontMatterError as error:
        shown = shown_path(source, path)
        return Record(problems=(Problem(shown, error.line, error.column, "front matter", error.message),))
    entry, hidden, expires, faults = fields.read(parsed.metadata, parsed.body, os.fsdecode(path), how)
    if not faults and not parsed.mended:
        return Record(entry, hidden, expires)
    shown = shown_path(source, path)
    problems = [_placed(fault, parsed, shown) for fault in faults]
    if parsed.mended:
        message = "control characters were left out"
        problems.append(Problem(shown, parsed.first_line, 1, "front matter", message, "warning"))
    return Record(entry, hidden, expires, tuple(problems))


def unreadable(source: Source, path: bytes, error: UnreadableError) -> Record:
    """What a file says that cannot be read."""
    return Record(problems=(Problem(shown_path(source, path), error.line, error.column, "file", str(error)),))


def locate(source: Source, path: bytes, keys: fields.Keys) -> tuple[int, int]:
    """Where a value stands in a file, for a fault that shows only beside other files."""
    try:
        return frontmatter.parse(_text(load(source, path).data)).locate(keys)
    except (UnreadableError, FileNotFoundError, frontmatter.FrontMatterError):
        return 1, 1


def _read(handle: int, max_bytes: int) -> Content:
    before = os.fstat(handle)
    for _ in range(_TRIES):
        if not stat.S_ISREG(before.st_mode):
            raise UnreadableError("not a regular file")
        if before.st_size > max_bytes:
            raise UnreadableError(f"{before.st_size:,} bytes, more than max_bytes ({max_bytes:,})")
        data = os.pread(handle, before.st_size + 1, 0)
        after = os.fstat(handle)
        if len(data) == after.st_size and after.st_mtime_ns == before.st_mtime_ns:
            return Content(data, after.st_size, after.st_mtime_ns, after.st_ctime_ns)
        before = after
    raise UnreadableError("was written to each time it was read")


def _placed(fault: fields.Fault, parsed: frontmatter.Parsed, path: str) -> Problem:
    keys = [part for key in fault.keys for part in (key.split(".") if isinstance(key, str) else (key,))]
    line, column = parsed.locate(keys)
    name = ".".join(str(key) for key in fault.keys)
    return Problem(path, line, column, name, fault.message, fault.severity)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise UnreadableError(f"not UTF-8: byte 0x{data[error.start]:02x}", line, column) from None
