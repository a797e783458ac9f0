"""Whether the folders and files of a site can be used as they must be, and have room for a build."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..api import partners
from ..config import Api, Config
from ..delivery.mounts import Mount, mounts_of
from ..errors import ConfigError
from ..outputs import open_output
from .finding import Finding

_NETWORK_TYPES = frozenset({"9p", "afs", "ceph", "cifs", "davfs", "nfs", "nfs4", "smb3", "smbfs", "virtiofs"})
_LEAST_FREE_BYTES = 32 * 1024 * 1024  # a build from nothing of a small site


class Room(NamedTuple):
    """What is free where a folder is. `free_files` is None where the file system has no limit of files."""

    device: int
    free_bytes: int
    free_files: int | None


def check_writable(name: str, path: str) -> Finding:
    """Check that a folder can be written to, or made."""
    existing = _existing(path)
    if not os.path.isdir(existing):
        return Finding("error", name, f"{existing} is no folder", f"remove it, or set {name} to another path")
    if not os.access(existing, os.W_OK | os.X_OK):
        owner = os.stat(existing).st_uid
        return Finding(
            "error", name, f"{existing} belongs to user {owner} and cannot be written to by user {os.geteuid()}",
            f"run syndicate as the user who owns it, or chown -R {os.geteuid()} {existing}",
        )  # fmt: skip
    if existing == path and os.stat(path).st_mode & stat.S_IWOTH:
        return Finding("warning", name, f"everybody can write to {path}", f"chmod o-w {path}")
    return Finding("ok", name, f"{path} can be written to" if existing == path else f"{path} can be made")


def check_documents(config: Config, versions: Sequence[tuple[str, str]]) -> Finding:
    """Check that the documents of the output are those that the last build published, by paths and versions."""
    altered = list(open_output(config).altered(versions))
    if altered:
        text = f"{len(altered)} of {len(versions)} were altered or removed since the last build, such as {altered[0]}"
        return Finding("warning", "documents", text, "run syndicate build, which writes them again")
    return Finding("ok", "documents", f"all {len(versions)} are as they were built")


def check_disk(state: str, mounts: Sequence[Mount]) -> Finding:
    """Check that the state lies on a disk of this machine: SQLite's write-ahead log is shared memory."""
    remote = [mount for mount in mounts_of([_existing(state)], mounts) if not _is_local(mount)]
    if remote:
        text = f"{state} lies on {remote[0].type}, where a database can be damaged"
        return Finding("warning", "file system", text, "set state to a folder on a local disk")
    return Finding("ok", "file system", f"{state} lies on a local disk")


def check_partners(api: Api, environment: Mapping[str, str]) -> Finding:
    """Check that partners can be read, and that nobody else can change them."""
    name, path = "partners", api.partners
    try:
        found = partners.load(path, environment)
    except ConfigError as error:
        return Finding("error", name, str(error.problems[0]), "correct the file, or make it readable for this user")
    if partners.ENVIRONMENT not in environment and os.path.exists(path):
        mode = os.stat(path).st_mode
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            return Finding("error", name, f"other users can write to {path}, and add keys", f"chmod 600 {path}")
        if mode & stat.S_IROTH:
            return Finding("warning", name, f"everybody can read {path}", f"chmod o-r {path}")
    if not found and not api.public:
        return Finding("warning", name, "nobody has a key of the partner API", "syndicate partner add NAME")
    return Finding("ok", name, f"{len(found)} of the partner API")


def check_room(name: str, path: str, room: Room, needed_bytes: int, needed_files: int) -> Finding:
    """Check that there is room for a build that writes everything again."""
    needed_bytes = max(needed_bytes, _LEAST_FREE_BYTES)
    text = (
        f"{format_bytes(room.free_bytes)} are free for {path}, a build from nothing needs {format_bytes(needed_bytes)}"
    )
    if room.free_bytes < needed_bytes:
        return Finding("error", name, text, "free some, or move it to a larger disk")
    if room.free_files is not None and room.free_files < needed_files:
        text = f"{room.free_files} files can be made in {path}, a build from nothing needs {needed_files}"
        return Finding("error", name, text, "remove files (df -i shows where they are)")
    if room.free_bytes < 3 * needed_bytes:
        return Finding("warning", name, text, "free some, or move it to a larger disk")
    return Finding("ok", name, text)


def measure_room(path: str) -> Room:
    """Return what is free for a folder that exists or is to be made."""
    existing = _existing(path)
    status = os.statvfs(existing)
    return Room(
        os.stat(existing).st_dev, status.f_bavail * status.f_frsize, status.f_favail if status.f_files else None
    )


def total_bytes(paths: Iterable[str]) -> int:
    """Return the size of those files that exist."""
    return sum(os.path.getsize(path) for path in paths if os.path.isfile(path))


def format_bytes(number: int) -> str:
    """Return a number of bytes in its largest unit: `1.5 GB`."""
    value = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if value >= 10 or unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def _existing(path: str) -> str:
    """Return a path, or that of the folder above it that exists."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return path


def _is_local(mount: Mount) -> bool:
    return mount.type not in _NETWORK_TYPES and not mount.type.startswith("fuse.sshfs")
