"""The mounted file systems, and which of them report the changes of other computers.

inotify reports what is changed through the kernel of this computer. On a network file system, and on one that another
program provides, files also change elsewhere; in an overlay, below the layer that is visible.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_MOUNTINFO = "/proc/self/mountinfo"
_ESCAPE = re.compile(r"\\([0-7]{3})")
_UNREPORTED_TYPES = frozenset({
    "9p", "afs", "aufs", "ceph", "cifs", "coda", "davfs", "drvfs", "fakeowner", "gpfs", "lustre", "ncpfs", "nfs",
    "nfs4", "ocfs2", "osxfs", "overlay", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs",
})  # fmt: skip


class Mount(NamedTuple):
    """A mounted file system: the number of the mount, the folder where it is, and its type."""

    number: int
    point: str
    type: str

    @property
    def reports_changes(self) -> bool:
        """Whether the kernel reports all changes of its files."""
        return self.type not in _UNREPORTED_TYPES and self.type.partition(".")[0] not in {"fuse", "fuseblk"}


def read_mounts(path: str = _MOUNTINFO) -> list[Mount]:
    """Return the mounted file systems, in the order in which they were mounted; none where the kernel lists none."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return parse_mounts(file.read())
    except OSError:
        return []


def parse_mounts(text: str) -> list[Mount]:
    """Parse the format of /proc/self/mountinfo (proc(5)). Lines that do not have it are left out."""
    mounts: list[Mount] = []
    for line in text.splitlines():
        fields, separator, source = line.partition(" - ")
        columns, types = fields.split(" "), source.split(" ")
        if separator and len(columns) >= 5 and columns[0].isdigit():
            mounts.append(Mount(int(columns[0]), _ESCAPE.sub(_character, columns[4]), types[0]))
    return mounts


def mounts_of(folders: Iterable[str], mounts: Sequence[Mount]) -> list[Mount]:
    """Return the mounts that hold these folders, and those within them."""
    found: dict[int, Mount] = {}
    for folder in folders:
        real = os.path.join(os.path.realpath(folder), "")
        holding: Mount | None = None
        for mount in mounts:
            point = os.path.join(mount.point, "")
            if point.startswith(real) and point != real:
                found[mount.number] = mount
            elif real.startswith(point) and (holding is None or len(mount.point) >= len(holding.point)):
                holding = mount  # of several at one point, the last one hides the others
        if holding is not None:
            found[holding.number] = holding
    return list(found.values())


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1], 8))
