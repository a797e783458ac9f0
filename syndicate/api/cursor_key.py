"""The key with which cursors are encrypted: a part of the state, which all servers of a site share."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from contextlib import suppress
from typing import Protocol

import structlog

from ..config.database import is_database
from ..errors import StoreError
from ..store import shared_key

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.api")

KEY_BYTES = 64  # of AES-256 in SIV mode, which takes two keys
_NAME = "cursor.key"


class Key(Protocol):
    """The key with which cursors are encrypted."""

    def get(self) -> bytes:
        """Return the key. Raises StoreError if it can neither be read nor created."""


def cursor_key(state: str) -> Key:
    """Return the key of a state."""
    return DatabaseCursorKey(state) if is_database(state) else CursorKey(state)


class DatabaseCursorKey:
    """The key in a database, read once by each process."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._key = b""

    def get(self) -> bytes:
        """Return the key. Raises StoreError if it can neither be read nor created."""
        self._key = self._key or shared_key(self._state, _NAME, secrets.token_bytes(KEY_BYTES))
        return self._key


class CursorKey:
    """The key in a file of the state folder, created on first use and read again when its file changed."""

    def __init__(self, state: str) -> None:
        self._path = os.path.join(state, _NAME)
        self._stamp: tuple[int, int] | None = None
        self._key = b""

    def get(self) -> bytes:
        """Return the key. Raises StoreError if it can neither be read nor created."""
        try:
            with suppress(FileNotFoundError):
                return self._read()
            self._create()
            return self._read()
        except OSError as error:
            log.error("the key of cursors cannot be read or created", file=self._path, error=error.strerror)
            raise StoreError(f"{self._path}: {error.strerror}") from None

    def _read(self) -> bytes:
        status = os.stat(self._path, follow_symlinks=False)
        stamp = status.st_ino, status.st_mtime_ns
        if stamp == self._stamp:
            return self._key
        if not stat.S_ISREG(status.st_mode) or status.st_size != KEY_BYTES:
            log.warning("the key of cursors is damaged, and is replaced", file=self._path)
            os.unlink(self._path)
            raise FileNotFoundError
        with open(self._path, "rb", opener=_open_file) as file:
            key = file.read(KEY_BYTES)
        self._stamp, self._key = stamp, key
        return key

    def _create(self) -> None:
        """Create the file whole, readable by its owner only; the key of another server that is faster stays."""
        handle, new = tempfile.mkstemp(dir=os.path.dirname(self._path), prefix=".cursor-")  # has mode 0600
        try:
            with open(handle, "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(new, self._path)
        finally:
            os.unlink(new)


def _open_file(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
