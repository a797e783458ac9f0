"""A file that is missing or incomplete for an instant is neither deleted nor published: the run looks again."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.editable_sites import EditableSite

from syndicate import config
from syndicate.errors import OutputError
from syndicate.pipeline import BuildSummary, build, check, second_look

HALF = "---\ntitle: New wo"
WHOLE = "---\ntitle: New words\ndate: 2026-01-01\ntopics: [One]\n---\n"
WAITS = "still being written: its former content stays until the next build"
HOWS = ["incremental", "another renderer"]


@pytest.fixture
def site(editable_site: EditableSite) -> EditableSite:
    for name in ("a", "b", "c", "d", "news/e", "news/f"):
        editable_site.record(f"{name}.md", title=f"Story {name}")
    editable_site.build()
    return editable_site


def titles(site: EditableSite) -> set[str]:
    return {item["title"] for item in json.loads(site.tree()["all/feed.json"])["items"]} | {
        item["title"]
        for path, content in site.tree().items()
        if path.startswith("all/archive") and path.endswith(".json")
        for item in json.loads(content)["items"]
    }


def deleted(site: EditableSite) -> list[str]:
    return [one["id"] for one in json.loads(site.tree()["all/feed.json"]).get("_syndicate", {}).get("deleted", ())]


def prepare(site: EditableSite, how: str) -> None:
    if how == "another renderer":
        site.settings["feeds"]["related"] = 3  # all records are parsed again


def path_of(site: EditableSite, name: str) -> Path:
    return site.folder / "corpus" / name


def build_during(site: EditableSite, stage: str, act: Callable[[], None], *, full: bool = False) -> BuildSummary:
    """Builds, and acts once when the run reports a stage."""
    acts = [act]

    def progress(name: str, *_: int) -> None:
        if name == stage and acts:
            acts.pop()()

    return build(config.load(str(site.configure())), site.now, progress, full=full)


# ------------------------------------------------------------------------------------------------------- missing files


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", ["a.md", "news/e.md", "news"])
def test_file_that_is_back_a_moment_after_the_scan_is_not_gone(
    name: str, how: str, site: EditableSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(site, how)
    path, away, whole = path_of(site, name), site.folder / "away", titles(site)
    path.rename(away)
    slept: list[float] = []

    def come_back(seconds: float) -> None:
        slept.append(seconds)
        if away.exists():
            away.rename(path)

    monkeypatch.setattr(second_look.time, "sleep", come_back)
    summary = site.build(allow_shrink=False)
    assert slept == [second_look.PAUSE_S]
    assert (summary.entries, titles(site), deleted(site)) == (6, whole, [])
    again = site.build()
    assert (again.written, again.removed, again.entries) == (0, 0, 6)


@pytest.mark.parametrize("full", [False, True])
def test_file_that_is_back_before_documents_are_published_is_not_gone(site: EditableSite, *, full: bool) -> None:
    path, away, whole = path_of(site, "a.md"), site.folder / "away", titles(site)
    path.rename(away)
    site.record("d.md", title="Edited")
    build_during(site, "writing", lambda: away.rename(path), full=full)
    assert titles(site) == whole - {"Story d"} | {"Edited"}
    assert deleted(site) == []


def test_file_that_stays_away_is_deleted(site: EditableSite) -> None:
    path_of(site, "a.md").unlink()
    shutil.rmtree(path_of(site, "news"))
    site.build(allow_shrink=False)
    assert len(deleted(site)) == 3
    assert titles(site) == {"Story b", "Story c", "Story d"}


def test_run_without_missing_files_does_not_wait(site: EditableSite, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(second_look.time, "sleep", slept.append)
    site.record("g.md")
    site.build()
    assert slept == []


def test_excluded_file_is_gone_although_it_is_there(site: EditableSite) -> None:
    site.settings["corpus"] = [{"path": "corpus", "exclude": ["news"]}]
    assert site.build(allow_shrink=False).entries == 4
    assert len(deleted(site)) == 2


@pytest.mark.parametrize("how", HOWS)
def test_file_that_vanishes_before_it_is_read_keeps_its_state_until_the_next_run(how: str, site: EditableSite) -> None:
    prepare(site, how)
    for name in ("a.md", "b.md"):
        site.record(name, title=f"Edited {name}")
    names = sorted(path.name for path in path_of(site, "").glob("*.md"))
    path = path_of(site, names[0])
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        original = os.open

        def open_once(name: bytes, *arguments: int, **options: int) -> int:
            if os.path.basename(os.fsdecode(name)) == "a.md" and path.exists():
                path.unlink()
            return original(name, *arguments, **options)

        patch.setattr(os, "open", open_once)
        summary = site.build(allow_shrink=False)
    assert [problem.message for problem in summary.problems] == [WAITS]
    assert (summary.entries, deleted(site)) == (6, [])
    assert "Story a" in titles(site)
    assert site.build().entries == 5
    assert deleted(site) == ["tag:f.example,2026:a.md"]


# ----------------------------------------------------------------------------------------------------- unfinished files


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("text", [HALF, "", "---\n", "+++\ntitle = 'x'", "\ufeff---\r\ntitle: x\r\n"])
def test_incomplete_file_waits_while_it_may_still_be_written(text: str, how: str, site: EditableSite) -> None:
    prepare(site, how)
    whole = titles(site)
    path_of(site, "a.md").write_text(text, encoding="utf-8")
    summary = site.build(allow_shrink=False)
    assert [(problem.path, problem.message) for problem in summary.problems] == [("corpus/a.md", WAITS)]
    assert (summary.entries, titles(site), deleted(site)) == (6, whole, [])
    path_of(site, "a.md").write_text(WHOLE, encoding="utf-8")
    summary = site.build(allow_shrink=False)
    assert (summary.problems, titles(site)) == ((), whole - {"Story a"} | {"New words"})


def age(path: Path, seconds: float) -> None:
    past = time.time() - seconds
    os.utime(path, (past, past))


def test_incomplete_file_that_nobody_writes_any_more_is_reported(site: EditableSite) -> None:
    path_of(site, "a.md").write_text(HALF, encoding="utf-8")
    site.build()
    age(path_of(site, "a.md"), 3)
    summary = site.build()
    assert [problem.message for problem in summary.problems] == ["the front matter is not closed"]
    assert (summary.entries, deleted(site)) == (5, ["tag:f.example,2026:a.md"])


def test_new_file_that_is_incomplete_is_reported_at_once_and_read_again(site: EditableSite) -> None:
    path_of(site, "new.md").write_text(HALF, encoding="utf-8")
    summary = site.build()
    assert [problem.message for problem in summary.problems] == ["the front matter is not closed"]
    path_of(site, "new.md").write_text(WHOLE, encoding="utf-8")
    assert site.build().entries == 7


@pytest.mark.parametrize("is_known", [False, True])
def test_check_reports_an_incomplete_file_as_it_is(*, is_known: bool, site: EditableSite) -> None:
    if not is_known:
        shutil.rmtree(site.state)
    path_of(site, "a.md").write_text(HALF, encoding="utf-8")
    summary = check(config.load(str(site.configure())), datetime.now(UTC))
    assert "the front matter is not closed" in [problem.message for problem in summary.problems]
    assert summary.entries == 5


def test_complete_front_matter_with_a_mistake_is_reported_at_once(site: EditableSite) -> None:
    path_of(site, "a.md").write_text("---\ntitle: a: b\n---\n", encoding="utf-8")
    assert site.build().entries == 5


def test_build_from_nothing_waits_for_an_incomplete_file_and_then_takes_it_as_it_is(site: EditableSite) -> None:
    path_of(site, "a.md").write_text(HALF, encoding="utf-8")
    started = time.monotonic()
    assert site.build(full=True).entries == 5
    assert time.monotonic() - started > 2


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("stage", ["reading", "writing"])
def test_file_that_is_written_to_while_the_run_works_waits(stage: str, how: str, site: EditableSite) -> None:
    prepare(site, how)
    whole = titles(site)
    site.record("a.md", title="Half of it")
    site.record("b.md", title="Edited")
    summary = build_during(site, stage, lambda: site.record("a.md", title="All of it").touch())
    if summary.problems:
        assert [(problem.path, problem.message) for problem in summary.problems] == [("corpus/a.md", WAITS)]
        assert titles(site) == whole - {"Story b"} | {"Edited"}
    else:  # it was read after the last change
        assert stage == "reading"
    assert "Half of it" not in titles(site)
    assert not (site.state / "unfinished").exists()
    summary = site.build()
    assert (summary.problems, titles(site)) == ((), whole - {"Story a", "Story b"} | {"All of it", "Edited"})


def test_new_file_that_is_written_to_while_the_run_works_waits(site: EditableSite) -> None:
    path = site.record("new.md", title="Half of it")
    summary = build_during(site, "writing", lambda: path.write_text(WHOLE))
    assert [(problem.path, problem.message) for problem in summary.problems] == [("corpus/new.md", WAITS)]
    assert summary.entries == 6
    assert site.build().entries == 7


def test_build_from_nothing_reads_a_file_again_that_is_written_to(site: EditableSite) -> None:
    build_during(site, "writing", lambda: path_of(site, "a.md").write_text(WHOLE), full=True)
    assert "New words" in titles(site)


def test_corpus_that_changes_all_the_time_changes_nothing(site: EditableSite) -> None:
    tree = site.tree()
    site.record("a.md", title="Edited")
    number = 0

    def write(stage: str, *_: int) -> None:
        nonlocal number
        if stage == "writing":
            number += 1
            for name in ("a.md", f"{number}.md"):
                site.record(name, title=f"Edited {'x' * number}")
            for path in path_of(site, "").glob("*.md"):
                path.write_text(path.read_text() + "\n")

    with pytest.raises(OutputError, match="changed each time it was read; the feeds are as they were"):
        build(config.load(str(site.configure())), site.now, write, full=True)
    assert site.tree() == tree
    assert not (site.state / "unfinished").exists()


def test_deleted_file_and_a_later_clock_do_not_bring_a_kept_file_back(site: EditableSite) -> None:
    """A kept file whose next state is hidden leaves in the next run."""
    path_of(site, "a.md").write_text("", encoding="utf-8")
    site.build()
    site.record("a.md", published=False)
    site.now += timedelta(days=1)
    assert (site.build().entries, deleted(site)) == (5, ["tag:f.example,2026:a.md"])


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", ["news", ""])
def test_files_of_a_folder_that_cannot_be_listed_are_as_they_were(
    name: str, how: str, site: EditableSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(site, how)
    whole = titles(site)
    scandir, unreadable = os.scandir, os.path.join(path_of(site, name), "").rstrip("/")

    def refuse(path: str | bytes) -> object:
        if os.fsdecode(path).rstrip("/") == unreadable:
            raise OSError(errno.ESTALE, "Stale file handle")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    summary = site.build(allow_shrink=False)
    assert "cannot be read: Stale file handle" in {problem.message for problem in summary.problems}
    assert (summary.entries, titles(site), deleted(site)) == (6, whole, [])
    monkeypatch.undo()
    summary = site.build(allow_shrink=False)
    assert (summary.entries, summary.problems, titles(site)) == (6, (), whole)
