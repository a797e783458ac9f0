"""Notes of a state folder: a file each."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from ... import safe_files
from ...errors import OutputError


def read_note(folder: str, name: str) -> bytes | None:
    """Returns what a note says, None if there is none; nothing for what stands in its place and is no file.

    Raises OutputError when it cannot be read.
    """
    path = os.path.join(folder, name)
    if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
        return b""  # writing the note will refuse it
    try:
        with open(safe_files.open_unlinked(path), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror}") from None


def write_note(folder: str, name: str, content: bytes | None) -> None:
    """Writes a note whole, or removes it. Raises OutputError when it cannot be written."""
    path = os.path.join(folder, name)
    try:
        if content is None:
            with suppress(FileNotFoundError):
                os.unlink(path)
        elif not content:
            os.close(safe_files.open_unlinked(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))
        else:
            new = f"{path}.new"
            with open(safe_files.open_unlinked(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
                os.fchmod(file.fileno(), 0o600)  # one note is a key
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from None
