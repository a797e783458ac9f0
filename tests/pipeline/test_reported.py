"""A build that is told which paths changed looks at these alone, and gives what a full scan gives."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.editable_sites import EditableSite

from syndicate import config
from syndicate.errors import ShrinkError
from syndicate.pipeline import build, second_look


@pytest.fixture
def site(editable_site: EditableSite) -> EditableSite:
    """A site of six records, three of them in a folder, after a build that looked at everything."""
    editable_site.settings["feeds"] = {"limit": 100, "by": ["topics"]}
    for name in ("a", "b", "c", "news/d", "news/e", "news/f"):
        editable_site.record(f"{name}.md", title=f"Story {name}")
    editable_site.build()
    return editable_site


def paths(site: EditableSite, *names: str) -> list[str]:
    return [str(site.folder / "corpus" / name) for name in names]


def titles(site: EditableSite) -> set[str]:
    return {item["title"] for item in json.loads(site.tree()["all/feed.json"])["items"]}


def test_only_reported_files_are_looked_at(site: EditableSite) -> None:
    site.record("a.md", title="Reported")
    site.record("b.md", title="Not reported")
    site.build(changed=paths(site, "a.md"))
    assert site.stages["reading"] == 1
    assert titles(site) == {"Reported", *(f"Story {name}" for name in ("b", "c", "news/d", "news/e", "news/f"))}
    site.build()
    assert "Not reported" in titles(site)


def test_reported_path_that_is_no_record_changes_nothing(site: EditableSite) -> None:
    site.write("notes.txt", "text")
    site.write(".hidden/x.md", "---\ntitle: Hidden\n---\n")
    site.write("node_modules/x.md", "---\ntitle: Hidden\n---\n")
    changed = paths(site, "notes.txt", ".hidden", ".hidden/x.md", "node_modules", "node_modules/x.md", "never-there.md")
    before = site.tree()
    summary = site.build(changed=[*changed, "/elsewhere/x.md"])
    assert (summary.written, summary.problems, site.stages["reading"]) == (0, (), 0)
    assert site.tree() == before


def test_folder_of_the_corpus_itself_is_scanned(site: EditableSite) -> None:
    site.record("a.md", title="Changed")
    site.build(changed=[str(site.folder / "corpus")])
    assert "Changed" in titles(site)
    site.record("b.md", title="Changed as well")
    site.build(changed=[str(site.folder)])
    assert "Changed as well" in titles(site)


def test_moved_and_deleted_folders_are_reported_by_their_own_path(site: EditableSite) -> None:
    (site.folder / "corpus/news").rename(site.folder / "corpus/old")
    assert (site.build(changed=paths(site, "news", "old")).entries, site.stages["reading"]) == (6, 3)
    assert {item["id"].rpartition(":")[2] for item in json.loads(site.tree()["all/feed.json"])["items"]} == {
        "a.md", "b.md", "c.md", "old/d.md", "old/e.md", "old/f.md",
    }  # fmt: skip
    shutil.rmtree(site.folder / "corpus/old")
    assert site.build(changed=paths(site, "old")).entries == 3


def test_source_that_a_report_empties_is_refused_as_by_a_full_scan(site: EditableSite) -> None:
    before = site.tree()
    for path in (site.folder / "corpus").rglob("*.md"):
        path.unlink()
    changed = paths(site, "a.md", "b.md", "c.md", "news")
    with pytest.raises(ShrinkError) as refused:
        site.build(allow_shrink=False, changed=changed)
    assert "include matches no file under 'corpus' (it matched 6 last time)" in str(refused.value)
    assert site.tree() == before


def test_link_changes_with_the_file_that_it_leads_to(site: EditableSite) -> None:
    (site.folder / "corpus/links").mkdir()
    for name, target in (("to-a", "../a.md"), ("to-nothing", "../later.txt"), ("away", "/etc/hostname")):
        (site.folder / f"corpus/links/{name}.md").symlink_to(target)
    first = site.build(changed=paths(site, "links"))
    assert [problem.message for problem in first.problems] == ["a symbolic link that leaves the corpus"]
    site.record("a.md", title="New words")
    site.write("later.txt", "---\ntitle: Later\ndate: 2026-01-01\n---\n")
    second = site.build(changed=paths(site, "a.md", "later.txt"))
    assert second.entries == 8
    assert second.problems == first.problems
    assert [item["title"] for item in json.loads(site.tree()["all/feed.json"])["items"]].count("New words") == 2
    (site.folder / "corpus/links/away.md").unlink()
    assert site.build(changed=paths(site, "links/away.md")).problems == ()


def test_problem_of_a_scan_stays_until_its_path_changes(site: EditableSite) -> None:
    (site.folder / "corpus/away.md").symlink_to("/etc/hostname")
    first = site.build()
    assert len(first.problems) == 1
    site.record("a.md", title="Changed")
    again = site.build(changed=paths(site, "a.md"))
    assert (again.problems, again.new_problems) == (first.problems, ())


def test_file_that_is_being_written_is_looked_at_again(site: EditableSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing reports that it is complete, as on a file system that was written to before the watch began."""
    path = site.write("a.md", "---\ntitle: New wo")
    summary = site.build(changed=paths(site, "a.md"))
    assert [problem.path.rpartition("/")[2] for problem in summary.problems] == ["a.md"]
    assert "Story a" in titles(site)
    path.write_text("---\ntitle: New words\ndate: 2026-01-01\ntopics: [One]\n---\n", encoding="utf-8")
    assert site.build(changed=()).problems == ()
    assert "New words" in titles(site)


def test_file_that_is_missing_for_an_instant_is_not_deleted(
    site: EditableSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = site.folder / "corpus/a.md"
    content = path.read_bytes()
    path.unlink()
    sleep = time.sleep
    monkeypatch.setattr(second_look.time, "sleep", lambda seconds: (path.write_bytes(content), sleep(seconds)))
    summary = site.build(changed=paths(site, "a.md"))
    assert (summary.entries, summary.written) == (6, 0)


def build_elsewhere(site: EditableSite) -> None:
    """Builds as another process does, without the memory of this one."""
    build(config.load(str(site.configure())), site.now, allow_shrink=True)


def test_everything_is_looked_at_after_a_build_of_another_process(site: EditableSite) -> None:
    (site.folder / "corpus/to-b.md").symlink_to("b.md")
    build_elsewhere(site)
    site.record("b.md", title="Changed")
    site.build(changed=paths(site, "b.md"))
    assert [item["title"] for item in json.loads(site.tree()["all/feed.json"])["items"]].count("Changed") == 2


def test_everything_is_looked_at_after_a_build_that_failed(site: EditableSite) -> None:
    for name in ("a.md", "b.md", "c.md", "news/d.md"):
        (site.folder / "corpus" / name).unlink()
    with pytest.raises(ShrinkError):
        site.build(allow_shrink=False, changed=paths(site, "a.md", "b.md", "c.md", "news/d.md"))
    site.record("c.md", title="Back")
    site.record("a.md", title="Back, too")
    site.record("b.md", title="And this")
    site.build(allow_shrink=False, changed=paths(site, "c.md"))
    assert {"Back", "Back, too", "And this", "Story news/e", "Story news/f"} == titles(site)


@pytest.mark.parametrize("what", ["settings", "state", "killed run", "clock"])
def test_everything_is_looked_at_when_more_than_files_changed(site: EditableSite, what: str) -> None:
    site.record("b.md", title="Not reported")
    match what:
        case "settings":
            site.settings["site"]["title"] = "Another"
        case "state":
            shutil.rmtree(site.state)
        case "killed run":
            (site.state / "unfinished").touch()
        case "clock":
            site.now = datetime(2026, 5, 1, tzinfo=UTC)
    site.build(changed=())
    assert "Not reported" in titles(site)


# ------------------------------------------------------------------------------------------------------------ bundles


@pytest.fixture
def hugo(editable_site: EditableSite) -> EditableSite:
    """A site of Hugo, in which a folder with an index is one page."""
    editable_site.settings["corpus"] = [{"path": "corpus", "kind": "hugo", "include": ["**/*.md"]}]
    editable_site.settings["feeds"] = {"limit": 100, "by": ["topics"]}
    for name in ("posts/one", "posts/two/part", "posts/two/deep/part", "three"):
        editable_site.record(f"{name}.md", title=name)
    editable_site.build()
    return editable_site


def test_index_that_comes_or_goes_decides_what_its_folder_lists(hugo: EditableSite) -> None:
    hugo.record("posts/two/index.md", title="Bundle")
    assert hugo.build(changed=paths(hugo, "posts/two/index.md")).entries == 3
    assert titles(hugo) == {"posts/one", "three", "Bundle"}
    hugo.record("posts/two/deep/part.md", title="Changed")
    hugo.record("posts/two/new.md", title="New")
    changed = paths(hugo, "posts/two/deep/part.md", "posts/two/new.md", "posts/two/deep")
    assert (hugo.build(changed=changed).written, titles(hugo)) == (0, {"posts/one", "three", "Bundle"})
    (hugo.folder / "corpus/posts/two/index.md").unlink()
    hugo.build(changed=paths(hugo, "posts/two/index.md"))
    assert titles(hugo) == {"posts/one", "three", "posts/two/part", "Changed", "New"}


def test_index_that_comes_hides_its_folder_after_a_full_scan_as_well(hugo: EditableSite) -> None:
    hugo.record("posts/two/index.md", title="Bundle")
    assert hugo.build().entries == 3
    assert titles(hugo) == {"posts/one", "three", "Bundle"}


# ---------------------------------------------------------------------------------------------------------- the cost

# They have a row for each record, entry, file or document. What is counted is read from an index alone. Some tables of
# values in a statement have the same names.
LARGE_TABLES = ("files", "folders", "records", "entries", "memberships", "documents", "rendered", "fragments")
READING = tuple(f"{how} {table}" for table in LARGE_TABLES for how in ("SCAN", "USING ROWID SEARCH ON TABLE"))
NOT_READ = (
    "USING COVERING INDEX records_by_state_and_time", "USING COVERING INDEX entries_by_time",
    "USING INDEX entries_by_time", "USING INDEX entries_in_no_feed", "USING COVERING INDEX documents_by_set",
    "VIRTUAL TABLE INDEX 1:",
)  # fmt: skip


@contextmanager
def recorded_statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    statements: set[str] = set()

    class Connection(sqlite3.Connection):
        def __init__(self, *arguments: object, **keywords: object) -> None:
            super().__init__(*arguments, **keywords)  # type: ignore[arg-type]
            self.set_trace_callback(statements.add)

    connect = sqlite3.connect
    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", lambda *args, **kwargs: connect(*args, **kwargs, factory=Connection))
        yield statements


@pytest.mark.parametrize("act", ["edit", "add", "delete", "move"])
def test_no_statement_reads_a_whole_table(site: EditableSite, monkeypatch: pytest.MonkeyPatch, act: str) -> None:
    corpus = site.folder / "corpus"
    names = ["a.md"]
    match act:
        case "edit":
            site.record("a.md", title="Changed")
        case "add":
            site.record("new/g.md", title="New")
            names = ["new", "new/g.md"]
        case "delete":
            (corpus / "a.md").unlink()
        case "move":
            os.rename(corpus / "a.md", corpus / "z.md")
            names = ["a.md", "z.md"]
    with recorded_statements(monkeypatch) as statements:
        assert site.build(allow_shrink=False, changed=paths(site, *names)).written
    explained = sqlite3.connect(Path(site.state / "index.db"))
    explained.create_function("encode_path", 1, str)  # of the outbox
    found = [
        (step, statement)
        for statement in sorted(statements)
        if statement.lstrip().startswith(("SELECT", "WITH", "DELETE", "UPDATE"))
        for *_, step in explained.execute(f"EXPLAIN QUERY PLAN {statement}")
        if step.startswith(READING) and not step.endswith(NOT_READ)
    ]
    explained.close()
    assert found == []
