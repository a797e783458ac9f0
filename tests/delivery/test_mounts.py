"""The mounts that hold a corpus, and which of them report changes."""

from pathlib import Path

import pytest

from syndicate.delivery.mounts import Mount, mounts_of, parse_mounts, read_mounts

MOUNTINFO = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:26 / /srv/news rw,relatime shared:5 master:2 - nfs4 server:/news rw,vers=4.2
31 30 0:27 / /srv/news/drive\\040two rw - fuse.sshfs me@host: rw
32 22 0:28 / /srv rw - tmpfs tmpfs rw
33 22 0:29 / /srv/newspaper rw - cifs //server/x rw
a line that is not one
"""


def test_mounts_are_parsed() -> None:
    assert parse_mounts(MOUNTINFO) == [
        Mount(22, "/", "ext4"),
        Mount(30, "/srv/news", "nfs4"),
        Mount(31, "/srv/news/drive two", "fuse.sshfs"),
        Mount(32, "/srv", "tmpfs"),
        Mount(33, "/srv/newspaper", "cifs"),
    ]


@pytest.mark.parametrize(
    ("folder", "numbers"),
    [("/home/x", {22}), ("/srv", {32, 30, 31, 33}), ("/srv/news", {30, 31}), ("/srv/news/a", {30}), ("/srv/new", {32})],
)
def test_folder_has_the_mount_that_holds_it_and_those_within(folder: str, numbers: set[int]) -> None:
    assert {mount.number for mount in mounts_of([folder], parse_mounts(MOUNTINFO))} == numbers


def test_last_mount_at_a_point_hides_the_others() -> None:
    mounts = [Mount(1, "/", "ext4"), Mount(2, "/a", "tmpfs"), Mount(3, "/a", "nfs")]
    assert mounts_of(["/a/b"], mounts) == [mounts[2]]


@pytest.mark.parametrize(
    ("type", "reports"),
    [
        ("ext4", True), ("xfs", True), ("btrfs", True), ("tmpfs", True), ("overlay", False), ("nfs", False),
        ("nfs4", False), ("cifs", False), ("smb3", False), ("fuse", False), ("fuse.sshfs", False), ("fuseblk", False),
        ("9p", False), ("virtiofs", False), ("fusectl", True),
    ],
)  # fmt: skip
def test_types_that_do_not_report_all_changes(type: str, reports: bool) -> None:  # noqa: A002, FBT001
    assert Mount(1, "/", type).reports_changes is reports


def test_system_without_a_list_of_mounts_has_none(tmp_path: Path) -> None:
    assert read_mounts(str(tmp_path / "none")) == []
