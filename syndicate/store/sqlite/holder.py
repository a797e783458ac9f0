"""Who holds a database that is locked: for messages.

SQLite's locks are POSIX record locks, on the database and, in WAL mode, on its `-shm` file. Linux lists all locks with
the process and the inode of each in /proc/locks; elsewhere the holder stays unknown.
"""

import os
import re
from collections.abc import Iterator

# `7: POSIX  ADVISORY  WRITE 1234 fe:00:5678 120 120`; a process that waits for a lock has `->` before the kind.
_WRITE_LOCK = re.compile(r"\d+: (?:POSIX|OFDLCK) +\S+ +WRITE (-?\d+) [0-9a-f]+:[0-9a-f]+:(\d+) ")
_LOCK_TEXT = re.compile(r"process (\d{1,10}) on (\S+)")
_MAX_COMMAND = 100


def holder_of(path: str) -> str:
    """Returns who holds a write lock on the database at a path: "process 1234 (syndicate build)"."""
    for pid in _lockers(path):
        if pid != os.getpid():
            return f"process {pid}{_in_parentheses(command_of(pid))}"
    return "another process"


def describe_lock(text: str) -> str:
    """Returns what a lock file says of its holder (`process 1234 on host`), with its command if that is known."""
    match = _LOCK_TEXT.fullmatch(text)
    if match is None or match[2] != os.uname().nodename:
        return text or "another process"
    return f"{text}{_in_parentheses(command_of(int(match[1])))}"


def _in_parentheses(command: str) -> str:
    return f" ({command})" if command else ""


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


def command_of(pid: int) -> str:
    """Returns the command line of a process in one line, shortened; empty if it cannot be read."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(4 * _MAX_COMMAND).decode("utf-8", "replace").split("\0")
    except OSError:
        return ""
    text = " ".join(filter(None, words))
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return text if len(text) <= _MAX_COMMAND else f"{text[: _MAX_COMMAND - 1]}…"
