"""A scan yields the files that match the patterns, in a defined order, and none outside the corpus."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.config import Source
from syndicate.corpus.scan import LinkStatus, find_again, folders_above, has_files, is_reached, scan
from syndicate.errors import Problem
from syndicate.sites import SiteSettings


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
    (("a[!x]x.md",), (), []),  # a class does not match a slash
    (("a?x.md",), (), []),
    (("[[]x].md",), (), []),
    (("[z-a].md",), (), []),  # not a valid range: literal text
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
    # the name of a folder excludes its content, in any notation
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
def test_patterns_select_files(
    tmp_path: Path, include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]
) -> None:
    put(tmp_path, *FILES)
    found, problems = scanned(tmp_path, include, exclude)
    assert sorted(found) == sorted(expected)
    assert problems == []


UNUSUAL = [
    b"two words.md", b"new\nline.md", b"\xff\xfe.md", "日本.md".encode(), b"-rf.md", b"%20.md", b"#a?b&c.md", b"'\".md",
    b"\\.md", b"x" * 252 + b".md", b"CON.md", b"trailing .md", b" .md",
]  # fmt: skip


def test_unusual_names_are_listed_unchanged(tmp_path: Path) -> None:
    for name in UNUSUAL:
        (tmp_path / os.fsdecode(name)).touch()
    found, problems = scanned(tmp_path)
    assert {os.fsencode(path) for path in found} == set(UNUSUAL)
    assert problems == []


@pytest.mark.parametrize(
    "path",
    [".git/x.md", ".x.md", "a/.hidden/x.md", "a/.x.md", "._resource.md", "node_modules/p/README.md", "__pycache__/x.md",
     "_index.md", "a/_index.fr.md"],
)  # fmt: skip
def test_hidden_and_generated_files_and_section_pages_are_skipped(tmp_path: Path, path: str) -> None:
    put(tmp_path, path, "seen.md", "_index_.md")
    assert scanned(tmp_path, ("**",)) == (["_index_.md", "seen.md"], [])


# --------------------------------------------------------------------------------------------------------------- links


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    put(tmp_path, "outside.md", "corpus-too/x.md", "corpus/in.md", "corpus/sub/in.md")
    return tmp_path / "corpus"


LINKS = [
    ("to a file in its folder", "link.md", "in.md", True, False),
    ("to a file below", "link.md", "sub/in.md", True, False),
    ("to a file above", "sub/link.md", "../in.md", True, False),
    ("out and back", "link.md", "../corpus/in.md", True, False),
    ("out", "link.md", "../outside.md", False, True),
    ("out, absolute", "link.md", "/etc/passwd", False, True),
    ("into a folder with a similar name", "link.md", "../corpus-too/x.md", False, True),
    ("through another link", "link.md", "sub/hop.md", False, True),
    ("to a folder", "link.md", "sub", False, False),
    ("to the folder itself", "loop", ".", False, False),
    ("to the folder above", "up", "..", False, False),
    ("to nothing", "link.md", "nowhere.md", False, False),
    ("to itself", "link.md", "link.md", False, False),
    ("out, not matched", "link.txt", "../outside.md", False, False),
    ("to a section page, by another name", "_index.md", "in.md", False, False),
    ("hidden", ".link.md", "in.md", False, False),
]


@pytest.mark.parametrize(
    ("name", "target", "followed", "reported"), [row[1:] for row in LINKS], ids=[row[0] for row in LINKS]
)
def test_link_is_followed_only_to_a_file_of_the_corpus(
    corpus: Path, name: str, target: str, followed: bool, reported: bool  # noqa: FBT001 - columns
) -> None:  # fmt: skip
    if target == "sub/hop.md":
        (corpus / target).symlink_to("../../outside.md")
    (corpus / name).symlink_to(target)
    found, problems = scanned(corpus)
    assert (name in found) is followed
    assert {"in.md", "sub/in.md"} <= set(found)
    assert ([problem.path for problem in problems if problem.path == f"corpus/{name}"] != []) is reported
    assert not [path for path in found if "outside" in os.path.realpath(corpus / path)]


def test_circular_links_end(tmp_path: Path) -> None:
    put(tmp_path, "a/x.md", "b/y.md")
    (tmp_path / "a" / "to-b").symlink_to("../b")
    (tmp_path / "b" / "to-a").symlink_to("../a")
    (tmp_path / "p.md").symlink_to("q.md")
    (tmp_path / "q.md").symlink_to("p.md")
    assert scanned(tmp_path) == (["a/x.md", "b/y.md"], [])


def test_corpus_folder_can_be_a_link(tmp_path: Path) -> None:
    put(tmp_path, "real/in.md")
    (tmp_path / "real" / "link.md").symlink_to("in.md")
    (tmp_path / "corpus").symlink_to("real")
    assert scanned(tmp_path / "corpus") == (["in.md", "link.md"], [])


def test_pipe_does_not_block_the_scan(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    assert scanned(tmp_path) == (["pipe.md"], [])  # reported when it is read


def test_missing_folder_is_reported(tmp_path: Path) -> None:
    found, (problem,) = scanned(tmp_path / "gone")
    assert found == []
    assert (problem.field, problem.message) == ("folder", "cannot be read: No such file or directory")


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every folder")
def test_unreadable_folder_hides_only_its_own_files(tmp_path: Path) -> None:
    put(tmp_path, "a/x.md", "b/x.md")
    (tmp_path / "a").chmod(0)
    found, (problem,) = scanned(tmp_path)
    (tmp_path / "a").chmod(0o700)
    assert found == ["b/x.md"]
    assert problem.path == "corpus/a/"


# --------------------------------------------------------------------------------------------------------------- order


@pytest.mark.parametrize("seed", range(4))
def test_order_is_that_of_the_names_on_every_file_system(tmp_path: Path, seed: int) -> None:
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


def test_names_that_are_not_text_are_ordered_by_bytes(tmp_path: Path) -> None:
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
def test_any_text_is_a_valid_pattern(tmp_path: Path, patterns: list[str]) -> None:
    put(tmp_path, "a.md", "a/b.md")
    found, problems = scanned(tmp_path, tuple(patterns))
    assert set(found) <= {"a.md", "a/b.md"}
    others, _ = scanned(tmp_path, ("**",), tuple(patterns))
    assert not set(found) & set(others)
    assert problems == []


def test_files_found_again_are_those_that_a_scan_lists(tmp_path: Path) -> None:
    for name in (
        "a.md",
        "b/c.md",
        "b/.hidden.md",
        ".git/d.md",
        "node_modules/e.md",
        "b/x.txt",
        "drafts/f.md",
        "g.md/h",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "inside.md").symlink_to("a.md")
    (tmp_path / "outside.md").symlink_to("/etc/hostname")
    (tmp_path / "dangling.md").symlink_to("nowhere")
    (tmp_path / "linked").symlink_to("b")
    corpus = Source(path="corpus", root=str(tmp_path), include=("**/*.md",), exclude=("drafts",))
    everything = [os.fsencode(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))]
    listed = {folder + name for folder, names in scan(corpus, []) for name in names}
    assert set(find_again(corpus, [*everything, b"gone.md", b"linked/c.md", b"gone/x.md"])) == listed
    assert listed == {b"a.md", b"b/c.md", b"inside.md"}


# ----------------------------------------------------------------------------------------------------- parts of a scan


def source_of(folder: Path, *, has_bundles: bool = False) -> Source:
    site = SiteSettings(kind="hugo", has_bundles=has_bundles)
    return Source(path="corpus", root=str(folder), aliases={}, include=("**/*.md",), site=site)


def test_scan_below_a_folder_lists_that_part_alone(tmp_path: Path) -> None:
    put(tmp_path, "a.md", "a/x.md", "a/b/x.md", "ab/x.md")
    assert list(scan(source_of(tmp_path), [], below=b"a/")) == [(b"a/", [b"x.md"]), (b"a/b/", [b"x.md"])]


def test_scan_notes_what_links_lead_to(tmp_path: Path) -> None:
    put(tmp_path, "a.md")
    for name, target in (
        ("inside.md", "a.md"),
        ("dangling.md", "b.md"),
        ("outside.md", "/etc/hostname"),
        ("no", "a.md"),
    ):
        (tmp_path / name).symlink_to(target)
    links: dict[bytes, LinkStatus] = {}
    assert list(scan(source_of(tmp_path), [], links=links)) == [(b"", [b"a.md", b"inside.md"])]
    status = (tmp_path / "a.md").stat()
    assert links.keys() == {b"inside.md", b"dangling.md", b"outside.md"}
    assert links[b"inside.md"] == (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    assert links[b"dangling.md"] is None


def test_files_of_a_bundle_are_found_by_no_look(tmp_path: Path) -> None:
    put(tmp_path, "posts/a.md", "posts/b/index.md", "posts/b/part.md", "posts/b/deep/part.md")
    paths = [b"posts/a.md", b"posts/b/index.md", b"posts/b/part.md", b"posts/b/deep/part.md"]
    assert find_again(source_of(tmp_path), paths) == paths
    assert find_again(source_of(tmp_path, has_bundles=True), paths) == paths[:2]
    assert is_reached(source_of(tmp_path, has_bundles=True), b"posts/b/")
    assert not is_reached(source_of(tmp_path, has_bundles=True), b"posts/b/deep/")
    assert is_reached(source_of(tmp_path), b"posts/b/deep/")
    assert not is_reached(source_of(tmp_path), b"posts/c/")


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ((), False),
        (("a.txt", ".hidden/a.md", "node_modules/a.md", "_index.md"), False),
        (("deep/er/a.md",), True),
    ],
)
def test_source_has_files_if_a_scan_lists_one(tmp_path: Path, paths: tuple[str, ...], expected: bool) -> None:  # noqa: FBT001
    put(tmp_path, *paths)
    (tmp_path / "outside.md").symlink_to("/etc/hostname")
    assert has_files(source_of(tmp_path)) is expected
    assert any(scan(source_of(tmp_path), [])) is expected


def test_folders_above() -> None:
    assert folders_above(b"") == []
    assert folders_above(b"a/") == [b""]
    assert folders_above(b"a/b/c/") == [b"", b"a/", b"a/b/"]
