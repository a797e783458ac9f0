"""The local folder as an output: the contract, and features of file systems alone: links, inodes, modes."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from outputs.contract import OWNER, SITE_URL, OutputContract, document, feed, put
from support.sites import CONFIG, SiteFolder, clean_environment, record, tree

from syndicate.errors import OutputError, SiteIdError
from syndicate.outputs.local import LocalOutput
from syndicate.outputs.paths import MARKER, STAGED_SUFFIX

# The user's own text, though it states the addresses that our documents would state.
FOREIGN = " ".join(f"{SITE_URL}{path}" for path in ("all/feed.rss", "topics/feed.rss", "topics/a/feed.rss"))


class Folder:
    """A folder as the backend of the contract."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self, owner: str = OWNER) -> LocalOutput:
        return LocalOutput(str(self.root), owner, SITE_URL)

    def write(self, path: str, content: bytes) -> None:
        write(self.root / path, content.decode("latin-1"), encoding="latin-1")

    def delete(self, path: str) -> None:
        (self.root / path).unlink()

    def files(self) -> dict[str, bytes]:
        return tree(self.root)


class TestLocalOutput(OutputContract):
    @pytest.fixture
    def backend(self, root: Path) -> Folder:
        return Folder(root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def output(root: Path) -> LocalOutput:
    """A folder that its site has claimed."""
    opened = Folder(root).open()
    opened.claim()
    return opened


def write(path: Path, content: str = "mine", encoding: str = "utf-8") -> Path:
    """Writes a file of the user's own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding=encoding)
    return path


def remove_strays(output: LocalOutput, known: set[str]) -> list[str]:
    strays = list(output.strays(known))
    output.remove(strays)
    return strays


def identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


# --------------------------------------------------------------------------------------------------------- claiming


@pytest.mark.parametrize("prepare", [lambda root: None, Path.mkdir], ids=["new", "empty"])
def test_new_or_empty_folder_is_claimed(prepare: Callable[[Path], None], root: Path) -> None:
    prepare(root)
    Folder(root).open().claim()
    assert tree(root) == {MARKER: b"feeds.test,2026\n"}


def test_missing_parent_folders_are_made(tmp_path: Path) -> None:
    Folder(tmp_path / "a" / "b" / "c").open().claim()
    assert (tmp_path / "a" / "b" / "c" / MARKER).is_file()


def test_second_claim_does_not_write_the_marker_again(root: Path, output: LocalOutput) -> None:
    before = identity(root / MARKER)
    output.claim()
    assert identity(root / MARKER) == before


def test_folder_is_claimed_after_a_kill_within_claim(root: Path) -> None:
    write(root / f"{MARKER}{STAGED_SUFFIX}", "feeds.te")
    Folder(root).open().claim()
    assert tree(root) == {MARKER: b"feeds.test,2026\n"}


def test_build_into_the_output_of_another_site_writes_nothing(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A"))
    site_folder.build()
    before = tree(site_folder.output)
    site_folder.configure(
        (site_folder.folder / "config.yaml").read_text().replace("feeds.test,2026", "feeds.test,2027")
    )
    with pytest.raises(SiteIdError, match=r"feeds\.test,2026.*feeds\.test,2027"):
        site_folder.build()
    shutil.rmtree(site_folder.folder / ".syndicate")
    with pytest.raises(OutputError, match=r"feeds\.test,2026.*feeds\.test,2027"):
        site_folder.build()
    assert tree(site_folder.output) == before


# ---------------------------------------------------------------------------------------------------------- writing


def test_unchanged_document_keeps_its_inode_and_time(root: Path, output: LocalOutput) -> None:
    put(output, document("all/feed.rss"))
    before = identity(root / "all/feed.rss")
    assert put(output, document("all/feed.rss")) == {}
    assert identity(root / "all/feed.rss") == before


def test_changed_document_is_replaced_and_never_written_into(root: Path, output: LocalOutput) -> None:
    put(output, document("all/feed.rss", "old"))
    with (root / "all/feed.rss").open(encoding="utf-8") as reading:
        put(output, document("all/feed.rss", "new and longer"))
        assert reading.read() == "old"
    assert (root / "all/feed.rss").read_text() == "new and longer"


def test_reader_finds_whole_documents_only(root: Path, output: LocalOutput) -> None:
    contents = ["a" * 300_000, "b" * 200_000]
    put(output, document("all/feed.rss", contents[0]))
    found: set[str] = set()
    done = threading.Event()

    def poll() -> None:
        while not done.is_set():
            found.add((root / "all/feed.rss").read_text())

    reader = threading.Thread(target=poll)
    reader.start()
    for turn in range(60):
        put(output, document("all/feed.rss", contents[turn % 2]))
    done.set()
    reader.join()
    assert found <= set(contents)
    assert len(list(root.rglob("*"))) == 3


@pytest.mark.parametrize("count", [1, 4, 5, 50])
def test_batches_of_every_size_are_flushed_and_published(count: int, root: Path, output: LocalOutput) -> None:
    documents = [document(f"topics/t{number}/feed.rss", str(number)) for number in range(count)]
    versions = put(output, *documents)
    assert list(versions) == [one.path for one in documents]
    assert tree(root / "topics") == {one.path.removeprefix("topics/"): one.content for one in documents}


def test_documents_are_readable_by_a_web_server(root: Path, output: LocalOutput) -> None:
    before = os.umask(0o022)
    try:
        put(output, document("topics/a/feed.rss"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((root / "topics/a/feed.rss").stat().st_mode) == 0o644
    assert stat.S_IMODE((root / "topics/a").stat().st_mode) == 0o755


@pytest.mark.parametrize(
    ("limit", "words", "message"),
    [(120_000, 30_000, "cannot be written: File too large"), (4096, 2000, "index.db: disk I/O error")],
    ids=["a document", "the index"],
)
def test_full_disk_leaves_old_documents_whole_and_no_staged_file(
    limit: int, words: int, message: str, site_folder: SiteFolder
) -> None:
    site_folder.put("a.md", record("A"))
    site_folder.build()
    before = tree(site_folder.output)
    site_folder.put("b.md", record("B", body="word " * words))
    done = subprocess.run(
        [sys.executable, "-m", "syndicate", "build", "--now", "2026-07-01"],
        cwd=site_folder.folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        # No file may grow beyond this limit: a write fails as it does on a full disk.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1
    assert done.stderr.startswith("syndicate: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    after = tree(site_folder.output)
    assert {path: after[path] for path in before} == before
    assert not [path for path in after if path.endswith(STAGED_SUFFIX)]
    site_folder.build()
    assert b"<title>B</title>" in (site_folder.output / "all/feed.rss").read_bytes()


# ---------------------------------------------------------------------------------------------------------- a kill

KILLED_WITHIN_PUBLISH = """
import os, signal, sys
from outputs.contract import document
from syndicate.outputs.local import LocalOutput

output = LocalOutput(sys.argv[1], "feeds.test,2026", "https://feeds.test/")
output.stage([document(path, "new " * 10_000) for path in sys.argv[3:]])
left = int(sys.argv[2])

def kill(event, arguments):
    global left
    if event == "os.rename":
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
output.publish()
"""


@pytest.mark.parametrize("renamed", range(4))
def test_next_run_completes_a_publication_that_was_killed(renamed: int, root: Path, output: LocalOutput) -> None:
    paths = ["all/feed.rss", "all/feed.atom", "topics/new/feed.rss", "catalog.json"]
    versions = put(output, document(paths[0], "old"), document(paths[1], "old"), document(paths[3], "old"))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WITHIN_PUBLISH, str(root), str(renamed), *paths],
        env=clean_environment({"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}),
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    for path in paths:
        content = tree(root).get(path)
        assert content == (b"new " * 10_000 if path in paths[:renamed] else versions.get(path) and b"old")
    next_run = Folder(root).open()
    next_run.claim()
    assert set(next_run.altered(versions.items())) == versions.keys() & set(paths[:renamed])
    leftovers = {f"{path}{STAGED_SUFFIX}" for path in paths[renamed:]}
    assert set(remove_strays(next_run, set(paths))) == leftovers
    put(next_run, *(document(path, "new " * 10_000) for path in paths))
    assert tree(root) == {MARKER: b"feeds.test,2026\n", **dict.fromkeys(paths, b"new " * 10_000)}


# --------------------------------------------------------------------------------------------------------- removing


def test_removed_documents_take_their_empty_folders_with_them(root: Path, output: LocalOutput) -> None:
    paths = ("all/feed.rss", "all/feed.atom", "topics/a/feed.rss", "topics/b/feed.rss", "provider/x/feed.json")
    put(output, *map(feed, paths))
    strays = remove_strays(output, {"all/feed.rss", "topics/b/feed.rss"})
    assert sorted(strays) == ["all/feed.atom", "provider/x/feed.json", "topics/a/feed.rss"]
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*")) == [
        MARKER, "all", "all/feed.rss", "topics", "topics/b", "topics/b/feed.rss",
    ]  # fmt: skip


def test_folder_with_a_file_of_the_users_own_remains(root: Path, output: LocalOutput) -> None:
    put(output, feed("topics/a/feed.rss"))
    write(root / "topics/a/notes.txt")
    output.remove(["topics/a/feed.rss"])
    assert tree(root / "topics") == {"a/notes.txt": b"mine"}


def test_leftovers_of_a_killed_run_are_removed_with_their_empty_folders(root: Path, output: LocalOutput) -> None:
    put(output, feed("all/feed.rss"))
    leftovers = [f"{path}{STAGED_SUFFIX}" for path in ("all/feed.rss", "catalog.json", "topics/half/feed.atom")]
    for path in leftovers:
        write(root / path)
    assert sorted(remove_strays(output, {"all/feed.rss"})) == leftovers
    assert set(tree(root)) == {MARKER, "all/feed.rss"}
    assert not (root / "topics").exists()


@pytest.mark.parametrize("path", ["blog/feed.rss", "podcast/season-1/feed.rss"])
def test_builds_leave_feeds_of_the_users_own_alone(path: str, site_folder: SiteFolder) -> None:
    site_folder.configure((site_folder.folder / "config.yaml").read_text() + "feeds: {by: []}\n")
    site_folder.put("a.md", record("A"))
    site_folder.build()
    file = write(site_folder.output / path)
    site_folder.build()
    assert file.read_text() == "mine"
    shutil.rmtree(site_folder.folder / ".syndicate")  # without it a build does not know which documents syndicate wrote
    site_folder.build()
    assert file.read_text() == "mine"


def test_feeds_of_a_topic_that_the_configuration_ends_are_removed(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A", "topics: [Kept]"))
    gone = site_folder.put("b.md", record("B", "topics: [Kept, Gone]"))
    site_folder.build()
    assert (site_folder.output / "topics/gone/feed.atom").is_file()
    gone.unlink()
    site_folder.configure(f"{CONFIG}topics: {{Kept: {{aliases: [Gone]}}}}\n")
    assert site_folder.build().removed == 4  # with its page
    assert sorted(path.name for path in (site_folder.output / "topics").iterdir()) == ["index.html", "kept"]


# --------------------------------------------------------------------------------------------------- symbolic links


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the user's own beside the output, with files that look like ours."""
    write(tmp_path / "outside/a/feed.rss", FOREIGN)
    write(tmp_path / "outside/feed.rss", FOREIGN)
    return tmp_path / "outside"


def test_output_folder_may_itself_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    linked = Folder(tmp_path / "link").open()
    linked.claim()
    assert put(linked, document("topics/a/feed.rss"))
    assert (tmp_path / "real/topics/a/feed.rss").is_file()
    assert linked.read("topics/a/feed.rss")


@pytest.mark.parametrize("path", ["topics/a/feed.rss", "topics/new/feed.rss", "topics/feed.rss"])
def test_nothing_is_written_through_a_folder_link_that_leaves_the_output(
    path: str, root: Path, output: LocalOutput, outside: Path
) -> None:
    before = tree(outside)
    (root / "topics").symlink_to(outside)
    with pytest.raises(OutputError, match="symbolic link that leaves the output folder"):
        put(output, document(path))
    assert tree(outside) == before
    assert sorted(os.listdir(outside)) == ["a", "feed.rss"]


@pytest.mark.parametrize("staged", [False, True])
def test_nothing_is_written_through_a_folder_that_becomes_a_link_meanwhile(
    root: Path, output: LocalOutput, outside: Path, staged: bool  # noqa: FBT001 - a parameter
) -> None:  # fmt: skip
    before = tree(outside)
    output.stage([document("all/feed.rss")])
    if not staged:
        output.publish()
    (root / "all").rename(root / "aside")
    (root / "all").symlink_to(outside)
    with pytest.raises(OutputError, match="symbolic link that leaves the folder"):
        put(output, document("all/feed.atom"))
    assert tree(outside) == before


def test_nothing_is_written_through_a_dangling_folder_link(root: Path, output: LocalOutput, tmp_path: Path) -> None:
    (root / "topics").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError):
        put(output, document("topics/a/feed.rss"))
    assert not (tmp_path / "nowhere").exists()


def test_folder_link_within_the_output_is_written_through(root: Path, output: LocalOutput) -> None:
    (root / "topics/new").mkdir(parents=True)
    (root / "topics/old").symlink_to("new")
    put(output, document("topics/old/feed.rss"))
    assert (root / "topics/new/feed.rss").read_text() == "content"


def test_document_replaces_a_file_link_that_leaves_the_output(root: Path, output: LocalOutput, outside: Path) -> None:
    (root / "all").mkdir()
    (root / "all/feed.rss").symlink_to(outside / "feed.rss")
    assert put(output, document("all/feed.rss", "ours"))
    assert (outside / "feed.rss").read_text() == FOREIGN
    assert not (root / "all/feed.rss").is_symlink()
    assert (root / "all/feed.rss").read_text() == "ours"


def test_nothing_is_written_through_a_link_in_place_of_a_staged_file(
    root: Path, output: LocalOutput, outside: Path
) -> None:
    (root / "all").mkdir()
    (root / f"all/feed.rss{STAGED_SUFFIX}").symlink_to(outside / "feed.rss")
    put(output, document("all/feed.rss", "ours"))
    assert (outside / "feed.rss").read_text() == FOREIGN
    assert (root / "all/feed.rss").read_text() == "ours"
    assert not (root / "all/feed.rss").is_symlink()


def test_removal_does_not_follow_a_folder_link(root: Path, output: LocalOutput, outside: Path) -> None:
    before = tree(outside)
    (root / "topics").symlink_to(outside)
    (root / "all").symlink_to(outside / "a")
    assert remove_strays(output, set()) == []
    with pytest.raises(OutputError, match="symbolic link that leaves the output folder"):
        output.remove(["all/feed.rss"])
    assert tree(outside) == before
    assert (root / "topics").is_symlink()


def test_removal_deletes_a_file_link_and_leaves_its_target(root: Path, output: LocalOutput, outside: Path) -> None:
    (root / "all").mkdir()
    (root / "all/feed.rss").symlink_to(outside / "feed.rss")
    assert remove_strays(output, set()) == ["all/feed.rss"]
    assert (outside / "feed.rss").read_text() == FOREIGN
    assert not (root / "all").exists()


@pytest.mark.parametrize("link", ["all", "all/feed.rss"])
def test_reading_follows_no_link(link: str, root: Path, output: LocalOutput, outside: Path) -> None:
    (root / link).parent.mkdir(exist_ok=True)
    (root / link).symlink_to(outside / "a" if link == "all" else outside / "feed.rss")
    assert output.read("all/feed.rss") is None


def test_reading_does_not_block_on_a_named_pipe(root: Path, output: LocalOutput) -> None:
    os.mkfifo(root / "feed.rss")
    assert output.read("feed.rss") is None


# ------------------------------------------------------------------------------------- what is no file, or is huge

SPECIAL: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "huge": lambda path: os.truncate(os.open(path, os.O_WRONLY | os.O_CREAT), 3 << 30),
}


@pytest.mark.parametrize("make", SPECIAL.values(), ids=SPECIAL)
def test_document_replaces_what_is_no_file_or_is_huge(
    root: Path, output: LocalOutput, make: Callable[[Path], object]
) -> None:
    (root / "all").mkdir()
    make(root / "all/feed.rss")
    assert output.read("all/feed.rss") is None
    assert put(output, document("all/feed.rss", "ours"))
    assert (root / "all/feed.rss").read_text() == "ours"


@pytest.mark.parametrize("make", SPECIAL.values(), ids=SPECIAL)
def test_what_is_no_file_or_is_huge_is_not_the_site_s_own(
    root: Path, output: LocalOutput, make: Callable[[Path], object]
) -> None:
    (root / "all").mkdir()
    for path in ("index.html", "all/feed.rss", "all/feed.rss.gz", "all/feed.rss.br"):
        make(root / path)
    assert remove_strays(output, set()) == []
    assert output.holds_foreign("index.html")


@pytest.mark.parametrize("make", [*SPECIAL.values(), os.mkdir], ids=[*SPECIAL, "folder"])
def test_marker_that_is_no_file_is_refused(root: Path, make: Callable[[Path], object]) -> None:
    root.mkdir()
    make(root / MARKER)
    with pytest.raises(OutputError):
        Folder(root).open().claim()


def test_staged_file_that_is_a_pipe_is_replaced(root: Path, output: LocalOutput) -> None:
    os.mkfifo(root / f"feed.rss{STAGED_SUFFIX}")
    assert put(output, document("feed.rss", "ours"))
    assert (root / "feed.rss").read_text() == "ours"


# ---------------------------------------------------------------------------------------- what cannot be written


def test_file_in_place_of_the_output_folder_is_reported(root: Path) -> None:
    write(root)
    with pytest.raises(OutputError, match=f"{root}: cannot be written: "):
        Folder(root).open().claim()


def test_file_in_place_of_a_parent_folder_is_reported(tmp_path: Path) -> None:
    write(tmp_path / "file")
    with pytest.raises(OutputError, match="cannot be written: Not a directory"):
        Folder(tmp_path / "file" / "out").open().claim()


def test_file_in_place_of_a_feeds_folder_is_reported(root: Path, output: LocalOutput) -> None:
    write(root / "topics")
    with pytest.raises(OutputError, match=r"topics/a/feed\.rss: cannot be written: "):
        put(output, document("topics/a/feed.rss"))
    assert (root / "topics").read_text() == "mine"


def test_folder_in_place_of_a_document_is_reported(root: Path, output: LocalOutput) -> None:
    write(root / "all/feed.rss/file")
    with pytest.raises(OutputError, match=r"all/feed\.rss: cannot be written: "):
        put(output, document("all/feed.rss"))
    assert tree(root / "all") == {"feed.rss/file": b"mine"}


def test_document_that_cannot_be_staged_discards_the_whole_batch(root: Path, output: LocalOutput) -> None:
    write(root / "topics")
    before = tree(root)
    with pytest.raises(OutputError):
        output.stage([document("all/feed.rss"), document("topics/a/feed.rss")])
    assert output.publish() == {}
    assert tree(root) == before


def test_file_name_that_is_too_long_is_reported(output: LocalOutput) -> None:
    with pytest.raises(OutputError, match="cannot be written: File name too long"):
        put(output, document(f"{'x' * 300}/feed.rss"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into any folder")
def test_folder_without_permission_is_reported(root: Path, output: LocalOutput) -> None:
    root.chmod(0o555)
    try:
        with pytest.raises(OutputError, match="cannot be written: Permission denied"):
            put(output, document("all/feed.rss"))
    finally:
        root.chmod(0o755)


def test_build_reports_unwritable_output_and_exits_with_1(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A"))
    write(site_folder.output)
    done = site_folder.run("build")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"syndicate: {site_folder.output}: cannot be written: File exists\n"


# ------------------------------------------------------------------------------------------------------------ pages


def test_index_page_of_the_users_own_is_left_alone_and_reported(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A"))
    site_folder.build()
    (site_folder.output / "index.html").unlink()
    write(site_folder.output / "index.html", '<link rel="canonical" href="https://feeds.test/">mine')
    shutil.rmtree(site_folder.folder / ".syndicate")
    summary = site_folder.build()
    assert [str(problem) for problem in summary.problems] == [
        "feeds/index.html:1:1: pages: is a file of your own: the list of feeds is not written (warning)"
    ]
    assert "mine" in (site_folder.output / "index.html").read_text()
    assert site_folder.build().written == 0
    (site_folder.output / "index.html").unlink()
    site_folder.put("a.md", record("B"))
    assert site_folder.build().problems == ()
    assert "mine" not in (site_folder.output / "index.html").read_text()


def test_list_of_topics_of_the_users_own_is_left_alone_and_reported(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A", "topics: [T]"))
    site_folder.build()
    write(site_folder.output / "topics/index.html", "mine")
    shutil.rmtree(site_folder.folder / ".syndicate")
    assert [str(problem) for problem in site_folder.build().problems] == [
        "feeds/topics/index.html:1:1: pages: is a file of your own: the list of feeds is not written (warning)"
    ]
    assert (site_folder.output / "topics/index.html").read_text() == "mine"


def test_list_of_a_dimension_ends_with_the_dimension(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A", "topics: [T]", "category: C"))
    site_folder.configure(f"{CONFIG}feeds: {{by: [topics, category]}}\n")
    site_folder.build()
    assert (site_folder.output / "category/index.html").is_file()
    site_folder.configure(f"{CONFIG}feeds: {{by: [topics]}}\n")
    site_folder.build()
    assert (site_folder.output / "topics/index.html").is_file()
    assert not (site_folder.output / "category").exists()


@pytest.mark.parametrize("state", ["kept", "lost"])
def test_pages_are_removed_when_they_are_switched_off(state: str, site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A", "topics: [T]"))
    site_folder.build()
    assert len(list(site_folder.output.rglob("index.html"))) == 4
    if state == "lost":
        shutil.rmtree(site_folder.folder / ".syndicate")
    site_folder.configure(CONFIG + "pages: false\n")
    assert site_folder.build().removed == 5
    assert not list(site_folder.output.rglob("index.html"))
    assert not (site_folder.output / "feeds.css").exists()
    assert b"xml-stylesheet" not in (site_folder.output / "all/feed.rss").read_bytes()
