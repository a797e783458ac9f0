"""The output tree on a real disk: whole documents or none, nothing touched without need, nothing of others touched."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.sites import CONFIG, Place, clean_environment, record, tree

from syndicate.errors import OutputError
from syndicate.model import Document
from syndicate.outputs.local import MARKER, Tree

OWNER = "feeds.test,2026"
SITE_URL = "https://feeds.test/"
# What somebody else wrote, though it says what ours would say.
LOOKALIKES = ("all/feed.rss", "topics/feed.rss", "topics/a/feed.rss")
THEIRS = " ".join(["theirs", *(f"{SITE_URL}{path}" for path in LOOKALIKES)])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def claimed(root: Path) -> Tree:
    tree_ = Tree(str(root), OWNER)
    tree_.claim()
    return tree_


def document(path: str, content: str = "content") -> Document:
    return Document(path=path, content=content.encode())


def feed(path: str) -> Document:
    """A document that says where it is served, as every feed does."""
    return document(path, f'<link href="{SITE_URL}{path}" rel="self"/>')


def own(path: Path, content: str = "mine") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def put(tree_: Tree, made: Document) -> bool:
    """Put one document in place; whether that was needed."""
    staged = tree_.stage(made)
    assert tree_.publish() == ([made.path] if staged else [])
    return staged


def remove_all_but(tree_: Tree, wanted: set[str]) -> int:
    """Remove what is ours and not wanted, as a run does after one that was killed; how many were documents."""
    removed = list(tree_.strays(SITE_URL, wanted))
    for path in removed:
        tree_.remove(path)
    return sum(not path.endswith(".syndicate-new") for path in removed)


def identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


# --------------------------------------------------------------------------------------------------------- claiming


@pytest.mark.parametrize("prepare", [lambda root: None, Path.mkdir], ids=["new", "empty"])
def test_new_or_empty_folder_is_claimed_for_the_site(prepare: object, root: Path) -> None:
    prepare(root)  # type: ignore[operator]
    Tree(str(root), OWNER).claim()
    assert tree(root) == {MARKER: b"feeds.test,2026\n"}


def test_folders_above_are_made(tmp_path: Path) -> None:
    Tree(str(tmp_path / "a" / "b" / "c"), OWNER).claim()
    assert (tmp_path / "a" / "b" / "c" / MARKER).is_file()


def test_folder_is_claimed_again_by_the_same_site(root: Path, claimed: Tree) -> None:
    before = identity(root / MARKER)
    claimed.claim()
    assert identity(root / MARKER) == before


@pytest.mark.parametrize("name", ["index.html", ".hidden", "feeds/all.rss", "all/feed.rss", "catalog.json"])
def test_folder_that_holds_files_of_others_is_refused_untouched(name: str, root: Path) -> None:
    own(root / name)
    with pytest.raises(OutputError, match="holds files, and syndicate did not make it"):
        Tree(str(root), OWNER).claim()
    assert tree(root) == {name: b"mine"}


@pytest.mark.parametrize("owner", ["other.test,2026\n", "feeds.test,2025\n", "feeds.test,2026", "", "\udcff\n"])
def test_tree_of_another_site_is_refused_untouched(owner: str, root: Path) -> None:
    root.mkdir()
    (root / MARKER).write_bytes(os.fsencode(owner))
    with pytest.raises(OutputError, match="belongs to the site"):
        Tree(str(root), OWNER).claim()
    assert tree(root) == {MARKER: os.fsencode(owner)}


def test_build_into_a_tree_of_another_site_writes_nothing(place: Place) -> None:
    place.put("a.md", record("A"))
    place.build()
    before = tree(place.output)
    place.configure((place.folder / "config.yaml").read_text().replace("feeds.test,2026", "feeds.test,2027"))
    with pytest.raises(OutputError, match=r"feeds\.test,2026.*feeds\.test,2027"):
        place.build()
    assert tree(place.output) == before


def test_folder_in_which_a_run_was_killed_while_it_claimed_it_is_claimed(root: Path) -> None:
    own(root / f"{MARKER}.syndicate-new", "feeds.te")
    Tree(str(root), OWNER).claim()
    assert (root / MARKER).read_text() == "feeds.test,2026\n"


# ---------------------------------------------------------------------------------------------------------- writing


def test_documents_are_written_where_they_belong(root: Path, claimed: Tree) -> None:
    assert put(claimed, document("all/feed.rss", "one"))
    assert put(claimed, document("topics/c_x/feed.json", "two"))
    assert put(claimed, document("catalog.json", "three"))
    assert tree(root) == {
        MARKER: b"feeds.test,2026\n", "all/feed.rss": b"one", "catalog.json": b"three", "topics/c_x/feed.json": b"two",
    }  # fmt: skip


def test_unchanged_document_keeps_its_inode_and_time(root: Path, claimed: Tree) -> None:
    put(claimed, document("all/feed.rss"))
    before = identity(root / "all/feed.rss")
    assert not put(claimed, document("all/feed.rss"))
    assert identity(root / "all/feed.rss") == before


@pytest.mark.parametrize("content", ["", "conten", "content\n", "CONTENT"])
def test_document_that_differs_by_little_is_written(content: str, root: Path, claimed: Tree) -> None:
    put(claimed, document("all/feed.rss"))
    assert put(claimed, document("all/feed.rss", content))
    assert (root / "all/feed.rss").read_text() == content


def test_document_is_replaced_and_never_written_into(root: Path, claimed: Tree) -> None:
    put(claimed, document("all/feed.rss", "old"))
    with (root / "all/feed.rss").open(encoding="utf-8") as reading:
        put(claimed, document("all/feed.rss", "new and longer"))
        assert reading.read() == "old"
    assert (root / "all/feed.rss").read_text() == "new and longer"


def test_reader_sees_whole_documents_only(root: Path, claimed: Tree) -> None:
    contents = ["a" * 300_000, "b" * 200_000]
    put(claimed, document("all/feed.rss", contents[0]))
    seen: set[str] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.add((root / "all/feed.rss").read_text())

    watcher = threading.Thread(target=watch)
    watcher.start()
    for turn in range(60):
        put(claimed, document("all/feed.rss", contents[turn % 2]))
    done.set()
    watcher.join()
    assert seen <= set(contents)
    assert len(list(root.rglob("*"))) == 3


def test_documents_are_readable_by_a_web_server(root: Path, claimed: Tree) -> None:
    before = os.umask(0o022)
    try:
        put(claimed, document("topics/a/feed.rss"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((root / "topics/a/feed.rss").stat().st_mode) == 0o644
    assert stat.S_IMODE((root / "topics/a").stat().st_mode) == 0o755


@pytest.mark.parametrize(
    ("limit", "words", "message"),
    [(120_000, 30_000, "cannot be written: File too large"), (4096, 2000, "index.db: disk I/O error")],
    ids=["a document", "the index"],
)
def test_full_disk_leaves_old_documents_whole_and_no_temporary_file(
    limit: int, words: int, message: str, place: Place
) -> None:
    place.put("a.md", record("A"))
    place.build()
    before = tree(place.output)
    place.put("b.md", record("B", f"excerpt: {'word ' * words}"))
    done = subprocess.run(
        [sys.executable, "-m", "syndicate", "build", "--now", "2026-07-01"],
        cwd=place.folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        # A file may not grow beyond that: writing fails as it does on a full disk.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1
    assert done.stderr.startswith("syndicate: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    after = tree(place.output)
    assert {path: after[path] for path in before} == before
    assert not [path for path in after if path.endswith(".syndicate-new")]
    place.build()
    assert b"<title>B</title>" in (place.output / "all/feed.rss").read_bytes()


# --------------------------------------------------------------------------------------------------------- removing


def test_gone_documents_are_removed_with_their_empty_folders(root: Path, claimed: Tree) -> None:
    for path in ("all/feed.rss", "all/feed.atom", "topics/a/feed.rss", "topics/b/feed.rss", "provider/x/feed.json"):
        put(claimed, feed(path))
    assert remove_all_but(claimed, {"all/feed.rss", "topics/b/feed.rss"}) == 3
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*")) == [
        MARKER, "all", "all/feed.rss", "topics", "topics/b", "topics/b/feed.rss",
    ]  # fmt: skip


def test_nothing_is_removed_when_all_is_wanted(root: Path, claimed: Tree) -> None:
    put(claimed, feed("all/feed.rss"))
    put(claimed, feed("catalog.json"))
    assert remove_all_but(claimed, {"all/feed.rss", "catalog.json"}) == 0
    assert len(tree(root)) == 3


@pytest.mark.parametrize(
    "path",
    [
        "index.html", "robots.txt", ".htaccess", "topics/index.html", "topics/a/notes.txt", "topics/a/feed.rss.bak",
        "topics/a/FEED.RSS", "topics/a/feed.rss/deep.txt", "topics/a/b/feed.rss", "a/b/c/d/feed.atom", "feed.rss",
        "topics/a/feed.xml", "my-catalog.json", "topics/catalog.json", "topics/feeds.opml", "my.opml",
        "all/.well-known/feed.json", ".git/HEAD",
        "topics/a/feed.rss ", "topics/a/\nfeed.rss", "tmp.syndicate-newer",
    ],
)  # fmt: skip
def test_files_of_the_users_own_stay(path: str, root: Path, claimed: Tree) -> None:
    put(claimed, feed("topics/a/feed.json"))
    file = own(root / path, f"mine, served at {SITE_URL}{path}")
    remove_all_but(claimed, set())
    assert file.read_text() == f"mine, served at {SITE_URL}{path}"
    assert not (root / "topics/a/feed.json").exists()


@pytest.mark.parametrize("path", ["blog/feed.rss", "podcast/season-1/feed.rss"])
def test_feeds_of_the_users_own_stay(path: str, place: Place) -> None:
    place.configure((place.folder / "config.yaml").read_text() + "feeds: {by: []}\n")
    place.put("a.md", record("A"))
    place.build()
    file = own(place.output / path)
    place.build()
    assert file.read_text() == "mine"
    shutil.rmtree(place.folder / ".syndicate")  # who knows what we made?
    place.build()
    assert file.read_text() == "mine"


def test_feeds_of_a_topic_that_lost_its_last_entry_are_removed(place: Place) -> None:
    place.put("a.md", record("A", "topics: [Kept]"))
    gone = place.put("b.md", record("B", "topics: [Kept, Gone]"))
    place.build()
    assert (place.output / "topics/gone/feed.atom").is_file()
    gone.unlink()
    assert place.build().removed == 4  # with its page
    assert sorted(path.name for path in (place.output / "topics").iterdir()) == ["kept"]


def test_what_a_killed_run_left_is_removed_and_not_counted(root: Path, claimed: Tree) -> None:
    put(claimed, feed("all/feed.rss"))
    own(root / "all/feed.rss.syndicate-new")
    own(root / "topics/half/feed.atom.syndicate-new")
    own(root / "catalog.json.syndicate-new")
    assert remove_all_but(claimed, {"all/feed.rss"}) == 0
    assert set(tree(root)) == {MARKER, "all/feed.rss"}
    assert not (root / "topics").exists()


# --------------------------------------------------------------------------------------------------- symbolic links


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of somebody else's, with files that look like ours."""
    own(tmp_path / "outside/a/feed.rss", THEIRS)
    own(tmp_path / "outside/feed.rss", THEIRS)
    return tmp_path / "outside"


def test_output_folder_may_itself_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    linked = Tree(str(tmp_path / "link"), OWNER)
    linked.claim()
    assert put(linked, document("topics/a/feed.rss"))
    assert (tmp_path / "real/topics/a/feed.rss").is_file()


@pytest.mark.parametrize("path", ["topics/a/feed.rss", "topics/new/feed.rss", "topics/feed.rss"])
def test_folder_link_that_leaves_the_tree_is_not_written_through(
    path: str, root: Path, claimed: Tree, outside: Path
) -> None:
    before = tree(outside)
    (root / "topics").symlink_to(outside)
    with pytest.raises(OutputError, match="symbolic link that leaves the output folder"):
        put(claimed, document(path))
    assert tree(outside) == before
    assert sorted(os.listdir(outside)) == ["a", "feed.rss"]


def test_dangling_folder_link_is_not_written_through(root: Path, claimed: Tree, tmp_path: Path) -> None:
    (root / "topics").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError):
        put(claimed, document("topics/a/feed.rss"))
    assert not (tmp_path / "nowhere").exists()


def test_file_link_that_leaves_the_tree_is_replaced_by_the_document(root: Path, claimed: Tree, outside: Path) -> None:
    (root / "all").mkdir()
    (root / "all/feed.rss").symlink_to(outside / "feed.rss")
    assert put(claimed, document("all/feed.rss", "ours"))
    assert (outside / "feed.rss").read_text() == THEIRS
    assert not (root / "all/feed.rss").is_symlink()
    assert (root / "all/feed.rss").read_text() == "ours"


def test_link_in_place_of_a_temporary_file_is_not_written_through(root: Path, claimed: Tree, outside: Path) -> None:
    (root / "all").mkdir()
    (root / "all/feed.rss.syndicate-new").symlink_to(outside / "feed.rss")
    put(claimed, document("all/feed.rss", "ours"))
    assert (outside / "feed.rss").read_text() == THEIRS
    assert (root / "all/feed.rss").read_text() == "ours"
    assert not (root / "all/feed.rss").is_symlink()


def test_removal_does_not_follow_a_folder_link(root: Path, claimed: Tree, outside: Path) -> None:
    before = tree(outside)
    (root / "topics").symlink_to(outside)
    (root / "all").symlink_to(outside / "a")
    remove_all_but(claimed, set())
    assert tree(outside) == before
    assert (root / "topics").is_symlink()


def test_removal_takes_a_file_link_and_leaves_what_it_names(root: Path, claimed: Tree, outside: Path) -> None:
    (root / "all").mkdir()
    (root / "all/feed.rss").symlink_to(outside / "feed.rss")
    remove_all_but(claimed, set())
    assert (outside / "feed.rss").read_text() == THEIRS
    assert not (root / "all").exists()


# -------------------------------------------------------------------------------------------- what cannot be written


def test_file_in_place_of_the_output_folder_is_told(root: Path) -> None:
    own(root)
    with pytest.raises(OutputError, match=f"{root}: cannot be written: "):
        Tree(str(root), OWNER).claim()


def test_file_in_place_of_a_folder_above_is_told(tmp_path: Path) -> None:
    own(tmp_path / "file")
    with pytest.raises(OutputError, match="cannot be written: Not a directory"):
        Tree(str(tmp_path / "file" / "out"), OWNER).claim()


def test_file_in_place_of_a_feeds_folder_is_told(root: Path, claimed: Tree) -> None:
    own(root / "topics")
    with pytest.raises(OutputError, match=r"topics/a/feed\.rss: cannot be written: "):
        put(claimed, document("topics/a/feed.rss"))
    assert (root / "topics").read_text() == "mine"


def test_folder_in_place_of_a_document_is_told(root: Path, claimed: Tree) -> None:
    own(root / "all/feed.rss/file")
    with pytest.raises(OutputError, match=r"all/feed\.rss: cannot be written: "):
        put(claimed, document("all/feed.rss"))
    assert tree(root / "all") == {"feed.rss/file": b"mine"}


def test_name_that_is_too_long_is_told(claimed: Tree) -> None:
    with pytest.raises(OutputError, match="cannot be written: File name too long"):
        put(claimed, document(f"{'x' * 300}/feed.rss"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into any folder")
def test_folder_without_permission_is_told(root: Path, claimed: Tree) -> None:
    root.chmod(0o555)
    try:
        with pytest.raises(OutputError, match="cannot be written: Permission denied"):
            put(claimed, document("all/feed.rss"))
    finally:
        root.chmod(0o755)


def test_build_tells_what_cannot_be_written_and_exits_with_1(place: Place) -> None:
    place.put("a.md", record("A"))
    own(place.output)
    done = place.run("build")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"syndicate: {place.output}: cannot be written: File exists\n"


# ------------------------------------------------------------------------------------------------------------ pages


def test_index_page_of_the_users_own_is_left_alone_and_told_of(place: Place) -> None:
    place.put("a.md", record("A"))
    place.build()
    (place.output / "index.html").unlink()
    own(place.output / "index.html", '<link rel="canonical" href="https://feeds.test/">mine')
    shutil.rmtree(place.folder / ".syndicate")
    summary = place.build()
    assert [str(problem) for problem in summary.problems] == [
        "feeds/index.html:1:1: pages: is a file of your own: the index of all feeds is not written (warning)"
    ]
    assert "mine" in (place.output / "index.html").read_text()
    assert place.build().written == 0
    (place.output / "index.html").unlink()
    place.put("a.md", record("B"))
    assert place.build().problems == ()
    assert "mine" not in (place.output / "index.html").read_text()


@pytest.mark.parametrize("lost", [False, True])
def test_pages_go_when_they_are_switched_off(place: Place, lost: bool) -> None:  # noqa: FBT001
    place.put("a.md", record("A", "topics: [T]"))
    place.build()
    assert len(list(place.output.rglob("index.html"))) == 3
    if lost:
        shutil.rmtree(place.folder / ".syndicate")
    place.configure(CONFIG + "pages: false\n")
    assert place.build().removed == 4
    assert not list(place.output.rglob("index.html"))
    assert not (place.output / "feeds.css").exists()
    assert b"xml-stylesheet" not in (place.output / "all/feed.rss").read_bytes()
