"""Files are opened without blocking, and never through a link that leaves the folder."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from syndicate.safe_files import (
    LeavesFolderError,
    NotRegularError,
    TooLargeError,
    open_below,
    open_folder_below,
    open_regular,
    open_strictly_below,
    open_unlinked,
    read,
    read_text,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.md").write_text("outside")
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "a.md").write_text("a")
    (root / "sub" / "b.md").write_text("b")
    return root


def content(handle: int) -> str:
    try:
        return read(handle, 100).decode()
    finally:
        os.close(handle)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as endpoint:
        endpoint.bind(os.path.relpath(path))  # the length of such an address is limited


SPECIAL: list[Callable[[Path], object]] = [
    os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero"), make_socket,
]  # fmt: skip


@pytest.mark.parametrize("make", SPECIAL, ids=["pipe", "folder", "device", "socket"])
@pytest.mark.parametrize("opened", [open_below, open_strictly_below])
def test_what_is_no_file_is_refused_at_once(
    root: Path, make: Callable[[Path], object], opened: Callable[[str, str], int]
) -> None:
    make(root / "special")
    with pytest.raises(OSError, match=r"regular|link|No such device"):
        opened(str(root), "special")


@pytest.mark.parametrize("make", SPECIAL, ids=["pipe", "folder", "device", "socket"])
def test_named_file_must_be_regular(root: Path, make: Callable[[Path], object]) -> None:
    make(root / "special")
    with pytest.raises(OSError, match=r"regular|No such device"):
        open_regular(str(root / "special"))


LINKS = [
    ("in.md", "a.md", "a"),
    ("in.md", "sub/b.md", "b"),
    ("sub/in.md", "../a.md", "a"),
    ("in.md", "../root/a.md", "a"),
    ("folder", "sub", None),
    ("out.md", "../outside/a.md", LeavesFolderError),
    ("out.md", "/etc/passwd", LeavesFolderError),
    ("out.md", "../outside", LeavesFolderError),
    ("out.md", "nowhere", FileNotFoundError),
    ("out.md", "out.md", OSError),
]  # fmt: skip


@pytest.mark.parametrize(("name", "target", "expected"), LINKS)
def test_link_is_followed_only_below_the_folder(root: Path, name: str, target: str, expected: object) -> None:
    (root / name).symlink_to(target)
    if isinstance(expected, type) and issubclass(expected, OSError):
        with pytest.raises(expected):
            open_below(str(root), name)
    else:
        path = f"{name}/b.md" if expected is None else name
        assert content(open_below(str(root), path)) == (expected or "b")
    with pytest.raises(OSError, match=r"."):
        open_strictly_below(str(root), name)
    with pytest.raises(OSError, match=r"."):
        open_unlinked(str(root / name))


def test_folder_that_is_a_link_out_is_left_at_no_depth(root: Path) -> None:
    (root / "sub" / "out").symlink_to(root.parent / "outside")
    with pytest.raises(LeavesFolderError):
        open_below(str(root), "sub/out/a.md")
    with pytest.raises(LeavesFolderError):
        open_folder_below(str(root), "sub/out")
    os.close(open_folder_below(str(root), ""))
    os.close(open_folder_below(str(root), "sub"))


def test_folder_itself_may_be_a_link(root: Path) -> None:
    (root.parent / "link").symlink_to("root")
    (root / "in.md").symlink_to("sub/b.md")
    assert content(open_below(str(root.parent / "link"), "in.md")) == "b"


@pytest.fixture
def swapping(root: Path) -> Iterator[None]:
    """Replaces a file, and the folder of another one, by links to others outside, and back, as fast as possible."""
    (root / "sub" / "a.md").write_text("a")
    (root / "in.md").symlink_to("a.md")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            (root / "new").symlink_to("../outside/a.md")
            os.replace(root / "new", root / "a.md")
            os.rename(root / "sub", root / "aside")
            (root / "sub").symlink_to("../outside")
            (root / "new").write_text("a")
            os.replace(root / "new", root / "a.md")
            os.unlink(root / "sub")
            os.rename(root / "aside", root / "sub")

    thread = threading.Thread(target=swap)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.mark.usefixtures("swapping")
def test_file_that_is_swapped_meanwhile_is_never_one_from_outside(root: Path) -> None:
    seen: set[str] = set()
    for _ in range(1000):
        for path in ("a.md", "sub/a.md", "in.md"):
            with suppress(OSError):
                seen.add(content(open_below(str(root), path)))
    assert seen <= {"a", ""}
    assert "a" in seen


def test_no_more_is_read_than_allowed(root: Path) -> None:
    huge = root / "huge"
    with huge.open("wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(TooLargeError, match="larger than 1,000 bytes"):
        read_text(str(huge), 1000)
    assert read_text(str(root / "a.md"), 1) == "a"
    with pytest.raises(NotRegularError):
        read_text("/dev/zero", 1000)


def test_text_has_no_byte_order_mark_and_line_feeds_only(root: Path) -> None:
    (root / "a.md").write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert read_text(str(root / "a.md"), 100) == "a\nb\nc\n"
