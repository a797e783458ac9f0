"""Who holds a database that is locked: for messages.

SQLite's locks are POSIX record locks, on the database and, in WAL mode, on its `-shm` file. Linux lists all locks with
the process and the inode of each in /proc/locks; elsewhere the holder stays unknown.
"""

import os
import re
from collections.abc import Iterator

# `7: POSIX  ADVISORY  WRITE 1234 fe:00:5678 120 120`; a process that waits for a lock has `->` before the kind.
_WRITE_LOCK = re.compile(r"\d+: (?:POSIX|OFDLCK) +\S+ +WRITE (-?\d+) [0-9a-f]+:[0-9a-f]+:(\d+) ")
_MAX_COMMAND = 100


def holder_of(path: str) -> str:
    """Returns who holds a write lock on the database at a path: "process 1234 (syndicate build)"."""
    for pid in _lockers(path):
        if pid == os.getpid():
            continue
        command = _command(pid)
        return f"process {pid} ({command})" if command else f"process {pid}"
    return "another process"


def _lockers(path: str) -> Iterator[int]:
    """Yields the ids of processes that hold a write lock on a file of the database; -1 or 0 for unknown ones."""
    inodes: set[int] = set()
    for suffix in ("", "-shm", "-wal"):
        try:
            inodes.add(os.stat(f"{path}{suffix}").st_ino)
        except OSError:
            continue
    try:
        with open("/proc/locks", encoding="ascii", errors="replace") as file:
            for line in file:
                match = _WRITE_LOCK.match(line)
                if match and int(match[2]) in inodes and int(match[1]) > 0:
                    yield int(match[1])
    except OSError:
        return


def _command(pid: int) -> str:
    """Returns the command line of a process in one line, shortened; empty if it cannot be read."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(4 * _MAX_COMMAND).decode("utf-8", "replace").split("\0")
    except OSError:
        return ""
    text = " ".join(filter(None, words))
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return text if len(text) <= _MAX_COMMAND else f"{text[: _MAX_COMMAND - 1]}…"
