"""The position of a value in config.yaml, for problems that only a run can know."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicate.config.locate import locate

TEXT = """\
site:
  id: x
corpus:
  - path: a
    include: ["*.md"]
  - {path: b}
topics: {C++: {slug: cpp}}
"""


@pytest.mark.parametrize(
    ("keys", "position"),
    [
        (["site", "id"], (2, 7)),
        (["corpus", 0, "include"], (5, 14)),
        (["corpus", 0], (4, 5)),
        (["corpus", 1, "include"], (6, 5)),
        (["corpus", 7], (4, 3)),
        (["topics", "C++", "slug"], (7, 22)),
        (["topics", "New"], (7, 9)),
        (["guard", "max_loss"], (1, 1)),
        ([], (1, 1)),
        (["site", "id", "more"], (2, 7)),
    ],
)
def test_position_of_the_value_or_of_the_nearest_section(
    keys: list[str | int], position: tuple[int, int], tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(TEXT)
    assert locate(str(tmp_path / "config.yaml"), keys) == position


def test_one_source_alone_is_a_list_of_one(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("corpus:\n  include: x\n")
    assert locate(str(tmp_path / "config.yaml"), ["corpus", 0, "include"]) == (2, 12)


@pytest.mark.parametrize("content", [b"", b"a: [", b"\xff", None])
def test_file_that_cannot_be_read_has_no_positions(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "config.yaml").write_bytes(content)
    assert locate(str(tmp_path / "config.yaml"), ["site"]) == (1, 1)
