"""One file of the corpus -> what it says: an entry, or that it is hidden, or its faults. It never raises for a file."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from datetime import datetime

from ..config import Config, Source
from ..errors import Problem
from ..model import Entry
from . import fields, frontmatter
from .fields import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one file says. An entry is shown from its date on, and until `expires`."""

    path: str
    entry: Entry | None = None
    hidden: bool = False
    expires: datetime | None = None
    problems: tuple[Problem, ...] = ()

    def is_visible(self, now: datetime) -> bool:
        """Whether its entry may be shown at that time."""
        entry = self.entry
        return entry is not None and entry.published <= now and (self.expires is None or now < self.expires)


class _UnreadableError(Exception):
    """The file's bytes are no text to read; the message is for a person."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line, self.column = line, column


def profile(config: Config, source: Source) -> Profile:
    """How the files of one source are read."""
    return Profile(
        authority=config.site.authority,
        home=config.site.home,
        prefix=source.prefix,
        language="",
        aliases=source.aliases,
        dimensions=config.selection.by,
        presentation=config.presentation,
    )


def read(source: Source, path: str, how: Profile) -> Record:
    """Read the file at `path`, relative to the source's folder."""
    shown = os.path.join(source.path, path)
    try:
        text = _text(os.path.join(source.root, path), source.max_bytes)
    except _UnreadableError as error:
        return Record(path=path, problems=(Problem(shown, error.line, error.column, "file", str(error)),))
    try:
        parsed = frontmatter.parse(text)
    except frontmatter.FrontMatterError as error:
        return Record(path=path, problems=(Problem(shown, error.line, error.column, "front matter", error.message),))
    reading = fields.read(parsed.metadata, parsed.body, path, how)
    problems = [_placed(fault, parsed, shown) for fault in reading.faults]
    if parsed.mended:
        message = "control characters were left out"
        problems.append(Problem(shown, parsed.first_line, 1, "front matter", message, "warning"))
    return Record(
        path=path, entry=reading.entry, hidden=reading.hidden, expires=reading.expires, problems=tuple(problems)
    )


def locate(source: Source, path: str, keys: fields.Keys) -> tuple[int, int]:
    """Where a value stands in a file, for a fault that shows only beside other files."""
    try:
        return frontmatter.parse(_text(os.path.join(source.root, path), source.max_bytes)).locate(keys)
    except (_UnreadableError, frontmatter.FrontMatterError):
        return 1, 1


def _placed(fault: fields.Fault, parsed: frontmatter.Parsed, path: str) -> Problem:
    line, column = parsed.locate(fault.keys)
    name = ".".join(str(key) for key in fault.keys)
    return Problem(path, line, column, name, fault.message, fault.severity)


def _text(path: str, max_bytes: int) -> str:
    data = _bytes(path, max_bytes)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise _UnreadableError(f"not UTF-8: byte 0x{data[error.start]:02x}", line, column) from None


def _bytes(path: str, max_bytes: int) -> bytes:
    try:
        # A named pipe put in place of a file must not hold up the run.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _UnreadableError(f"cannot be read: {error.strerror}") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise _UnreadableError("not a regular file")
        if status.st_size > max_bytes:
            raise _UnreadableError(f"{status.st_size:,} bytes, more than max_bytes ({max_bytes:,})")
        chunks = []
        while chunk := os.read(handle, status.st_size + 1):
            chunks.append(chunk)
            if sum(map(len, chunks)) > max_bytes:
                raise _UnreadableError(f"grew beyond max_bytes ({max_bytes:,}) while it was read")
        return b"".join(chunks)
    except OSError as error:
        raise _UnreadableError(f"cannot be read: {error.strerror}") from None
    finally:
        os.close(handle)
