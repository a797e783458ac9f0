"""Which files a folder holds: chosen by patterns, in one order on every disk, and never what lies outside."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.config import Source
from syndicate.corpus.scan import scan
from syndicate.errors import Problem


def put(folder: Path, *paths: str) -> None:
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def scanned(
    folder: Path, include: tuple[str, ...] = ("**/*.md",), exclude: tuple[str, ...] = ()
) -> tuple[list[str], list[Problem]]:
    problems: list[Problem] = []
    source = Source(path="corpus", root=str(folder), aliases={}, include=include, exclude=exclude)
    found = [(folder, name) for folder, names in scan(source, problems) for name in names]
    return [os.fsdecode(folder + name) for folder, name in found], problems


FILES = [
    "a.md", "b.md", "c.md", "z.txt", "A.md", "ab.md", "a/x.md", "a/b/x.md", "a/b/c/x.md", "b/x.markdown", "drafts/x.md",
    "drafts/sub/y.md", "a/drafts/x.md", "drafts.md", "my-drafts/x.md", "[x].md", "a.md.bak", "é.md",
]  # fmt: skip
MD = [path for path in FILES if path.endswith(".md")]

PATTERNS: list[tuple[tuple[str, ...], tuple[str, ...], list[str]]] = [
    (("**/*.md",), (), MD),
    (("*.md",), (), [path for path in MD if "/" not in path]),
    (("./*.md",), (), [path for path in MD if "/" not in path]),
    (("a/*.md",), (), ["a/x.md"]),
    (("a/**/*.md",), (), ["a/x.md", "a/b/x.md", "a/b/c/x.md", "a/drafts/x.md"]),
    (("a/**",), (), ["a/x.md", "a/b/x.md", "a/b/c/x.md", "a/drafts/x.md"]),
    (("**/b/*",), (), ["b/x.markdown", "a/b/x.md"]),
    (("?.md",), (), ["a.md", "b.md", "c.md", "A.md", "é.md"]),
    (("[a-b].md",), (), ["a.md", "b.md"]),
    (("[!a-b].md",), (), ["c.md", "A.md", "é.md"]),
    (("[ac].md",), (), ["a.md", "c.md"]),
    (("a[!x]x.md",), (), []),  # a class is never a slash
    (("a?x.md",), (), []),
    (("[[]x].md",), (), []),
    (("[z-a].md",), (), []),  # no range: itself
    (("a.md", "b/*"), (), ["a.md", "b/x.markdown"]),
    (("a.md.bak",), (), ["a.md.bak"]),
    (("*",), (), [path for path in FILES if "/" not in path]),
    (("",), (), []),
    ((), (), []),
    (("**/*.md",), ("**/*.md",), []),
    (("**/*.md",), ("a.md",), [path for path in MD if path != "a.md"]),
    (("**/*.md",), ("*.md",), [path for path in MD if "/" in path]),
    (("**/*.md",), ("a/**",), [path for path in MD if not path.startswith("a/")]),
    (("**/*.md",), ("a/*",), [path for path in MD if path != "a/x.md"]),
    # a folder's name leaves out what it holds, however it is written
    (("**/*.md",), ("drafts",), [path for path in MD if not path.startswith("drafts/")]),
    (("**/*.md",), ("drafts/",), [path for path in MD if not path.startswith("drafts/")]),
    (("**/*.md",), ("./drafts/",), [path for path in MD if not path.startswith("drafts/")]),
    (("**/*.md",), ("/drafts",), [path for path in MD if not path.startswith("drafts/")]),
    (("**/*.md",), ("drafts/**",), [path for path in MD if not path.startswith("drafts/")]),
    (("**/*.md",), ("**/drafts",), [path for path in MD if "drafts" not in path.split("/")]),
    (("**/*.md",), ("dra*/",), [path for path in MD if not path.startswith("dra")]),
    (("**/*.md",), ("draft",), MD),
]  # fmt: skip


@pytest.mark.parametrize(("include", "exclude", "expected"), PATTERNS, ids=[str(row[:2]) for row in PATTERNS])
def test_patterns_choose_files(
    tmp_path: Path, include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]
) -> None:
    put(tmp_path, *FILES)
    found, problems = scanned(tmp_path, include, exclude)
    assert sorted(found) == sorted(expected)
    assert problems == []


ODD = [
    b"two words.md", b"new\nline.md", b"\xff\xfe.md", "日本.md".encode(), b"-rf.md", b"%20.md", b"#a?b&c.md", b"'\".md",
    b"\\.md", b"x" * 252 + b".md", b"CON.md", b"trailing .md", b" .md",
]  # fmt: skip


def test_odd_names_are_found_as_they_are(tmp_path: Path) -> None:
    for name in ODD:
        (tmp_path / os.fsdecode(name)).touch()
    found, problems = scanned(tmp_path)
    assert {os.fsencode(path) for path in found} == set(ODD)
    assert problems == []


@pytest.mark.parametrize(
    "path",
    [".git/x.md", ".x.md", "a/.hidden/x.md", "a/.x.md", "._resource.md", "node_modules/p/README.md", "__pycache__/x.md",
     "_index.md", "a/_index.fr.md"],
)  # fmt: skip
def test_what_is_not_the_users_text_is_left_out(tmp_path: Path, path: str) -> None:
    put(tmp_path, path, "seen.md", "_index_.md")
    assert scanned(tmp_path, ("**",)) == (["_index_.md", "seen.md"], [])


# --------------------------------------------------------------------------------------------------------------- links


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    put(tmp_path, "outside.md", "corpus-too/x.md", "corpus/in.md", "corpus/sub/in.md")
    return tmp_path / "corpus"


LINKS = [
    ("to a file beside it", "link.md", "in.md", True, False),
    ("to a file below", "link.md", "sub/in.md", True, False),
    ("up and down again", "sub/link.md", "../in.md", True, False),
    ("out and back in", "link.md", "../corpus/in.md", True, False),
    ("out", "link.md", "../outside.md", False, True),
    ("out, absolute", "link.md", "/etc/passwd", False, True),
    ("into a folder of a like name", "link.md", "../corpus-too/x.md", False, True),
    ("through another link", "link.md", "sub/hop.md", False, True),
    ("to a folder", "link.md", "sub", False, False),
    ("to the folder itself", "loop", ".", False, False),
    ("to the folder above", "up", "..", False, False),
    ("to nothing", "link.md", "nowhere.md", False, False),
    ("to itself", "link.md", "link.md", False, False),
    ("out, not chosen", "link.txt", "../outside.md", False, False),
    ("to a section page, by another name", "_index.md", "in.md", False, False),
    ("hidden", ".link.md", "in.md", False, False),
]


@pytest.mark.parametrize(
    ("name", "target", "followed", "told"), [row[1:] for row in LINKS], ids=[row[0] for row in LINKS]
)
def test_link_is_followed_to_a_file_of_the_corpus_only(
    corpus: Path, name: str, target: str, followed: bool, told: bool  # noqa: FBT001 - columns
) -> None:  # fmt: skip
    if target == "sub/hop.md":
        (corpus / target).symlink_to("../../outside.md")
    (corpus / name).symlink_to(target)
    found, problems = scanned(corpus)
    assert (name in found) is followed
    assert {"in.md", "sub/in.md"} <= set(found)
    assert ([problem.path for problem in problems if problem.path == f"corpus/{name}"] != []) is told
    assert not [path for path in found if "outside" in os.path.realpath(corpus / path)]


def test_links_that_go_round_end(tmp_path: Path) -> None:
    put(tmp_path, "a/x.md", "b/y.md")
    (tmp_path / "a" / "to-b").symlink_to("../b")
    (tmp_path / "b" / "to-a").symlink_to("../a")
    (tmp_path / "p.md").symlink_to("q.md")
    (tmp_path / "q.md").symlink_to("p.md")
    assert scanned(tmp_path) == (["a/x.md", "b/y.md"], [])


def test_corpus_may_itself_be_a_link(tmp_path: Path) -> None:
    put(tmp_path, "real/in.md")
    (tmp_path / "real" / "link.md").symlink_to("in.md")
    (tmp_path / "corpus").symlink_to("real")
    assert scanned(tmp_path / "corpus") == (["in.md", "link.md"], [])


def test_pipe_is_no_reason_to_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    assert scanned(tmp_path) == (["pipe.md"], [])  # told when it is read


def test_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    found, (problem,) = scanned(tmp_path / "gone")
    assert found == []
    assert (problem.field, problem.message) == ("folder", "cannot be read: No such file or directory")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folder_that_may_not_be_read_costs_its_files_only(tmp_path: Path) -> None:
    put(tmp_path, "a/x.md", "b/x.md")
    (tmp_path / "a").chmod(0)
    found, (problem,) = scanned(tmp_path)
    (tmp_path / "a").chmod(0o700)
    assert found == ["b/x.md"]
    assert problem.path == "corpus/a/"


# --------------------------------------------------------------------------------------------------------------- order


@pytest.mark.parametrize("seed", range(4))
def test_order_is_that_of_the_names_not_of_the_disk(tmp_path: Path, seed: int) -> None:
    names = [f"{letter}{number}.md" for letter in "zaZbé" for number in range(8)] + [
        "a/x.md",
        "B/x.md",
        "a b/x.md",
        "a/b/x.md",
    ]
    random.Random(seed).shuffle(names)
    put(tmp_path, *names)
    found, _ = scanned(tmp_path)
    expected = sorted((path for path in names if "/" not in path), key=os.fsencode)
    assert found == [*expected, "B/x.md", "a b/x.md", "a/x.md", "a/b/x.md"]


def test_order_knows_names_that_are_no_text(tmp_path: Path) -> None:
    for name in (b"\xff.md", "\U0001f600.md".encode(), b"z.md", "\uffff.md".encode()):
        (tmp_path / os.fsdecode(name)).touch()
    assert [os.fsencode(path) for path in scanned(tmp_path)[0]] == [
        b"z.md", "\uffff.md".encode(), "\U0001f600.md".encode(), b"\xff.md",
    ]  # fmt: skip


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.lists(st.sampled_from("a b * ? ** [ ] [a- ! - . { ( \\ + ^ | é /".split()), max_size=6).map("".join),
        max_size=3,
    )
)
def test_any_pattern_is_a_pattern(tmp_path: Path, patterns: list[str]) -> None:
    put(tmp_path, "a.md", "a/b.md")
    found, problems = scanned(tmp_path, tuple(patterns))
    assert set(found) <= {"a.md", "a/b.md"}
    left, _ = scanned(tmp_path, ("**",), tuple(patterns))
    assert not set(found) & set(left)
    assert problems == []
