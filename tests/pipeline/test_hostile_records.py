"""A record that stalls, fills or ends the process that reads it costs itself only, and is tried once."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.editable_sites import EditableSite
from support.hostile import HOSTILE, MEMORY_MB, REASONS, SECONDS
from support.processes import is_running, wait_until
from support.sites import tree

from syndicate import config
from syndicate.cli import main
from syndicate.corpus import explain, hidden, parse
from syndicate.corpus.files import FileContent
from syndicate.errors import ShrinkError
from syndicate.pipeline import BuildSummary, check
from syndicate.pipeline.context import JobContext

BODY = re.compile(r"parsing it (.+)")
TITLE = re.compile(r"rendering it (.+)")
STOPPED = [name for name in HOSTILE if name not in {"loops in C", "exits", "is killed"}]


class HostileSite:
    """A site with records whose body or title says what parsing or rendering them does. `read` are their names."""

    def __init__(self, site: EditableSite, log: Path) -> None:
        self.site = site
        self._log = log
        site.settings["limits"] = {"seconds": SECONDS, "memory_mb": MEMORY_MB}

    def read(self) -> list[str]:
        """Returns the hostile records that were tried since the last call."""
        names = self._log.read_text().splitlines() if self._log.exists() else []
        self._log.unlink(missing_ok=True)
        return sorted(names)

    def add(self, good: int, hostile: dict[str, str]) -> None:
        for number in range(good):
            self.site.record(f"good-{number}.md", date=f"2026-01-{number % 28 + 1:02}")
        for name, what in hostile.items():
            self.site.record(name, body=f"parsing it {what}")

    def build(self) -> BuildSummary:
        """Builds once the clock of files has advanced: a record that changes during a build is tried again."""
        newest_ns = max(path.stat().st_ctime_ns for path in (self.site.folder / "corpus").iterdir())
        wait_until(lambda: time.time_ns() > newest_ns + 50_000_000)
        return self.site.build()

    def feed(self) -> str:
        return (self.site.output / "all" / "feed.rss").read_text()

    def problems(self) -> dict[str, str]:
        """Builds; returns the messages of the problems, by the name of the file."""
        return {os.path.basename(one.path): one.message for one in self.build().problems}

    def assert_same_from_nothing(self, folder: Path) -> None:
        assert self.site.tree() == self.site.built_from_nothing(folder)

    def tried(self, name: str) -> None:
        with self._log.open("a") as log:
            log.write(f"{name}\n")


@pytest.fixture
def hostile_site(editable_site: EditableSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HostileSite:
    """Replaces functions of this process: workers are forked from it."""
    site = HostileSite(editable_site, tmp_path / "log")

    def open_record(content: FileContent, source: Any, path: bytes, context: Any) -> Any:
        if match := BODY.search(content.data.decode()):
            site.tried(os.fsdecode(path))
            HOSTILE[match[1]]()
        return original_open_record(content, source, path, context)

    def render(context: JobContext, entries: Any) -> Any:
        for entry, _ in entries:
            if match := TITLE.search(entry.title):
                site.tried(match[1])
                HOSTILE[match[1]]()
        return original_render(context, entries)

    original_render, original_open_record = JobContext.render, parse.open_record
    monkeypatch.setattr(JobContext, "render", render)
    for module in (parse, hidden, explain):
        monkeypatch.setattr(module, "open_record", open_record)
    return site


def test_hostile_records_among_many_cost_themselves_and_are_tried_in_one_run(
    hostile_site: HostileSite, tmp_path: Path
) -> None:
    hostile = {f"hostile-{number}.md": what for number, what in enumerate(HOSTILE)}
    hostile_site.add(1500, hostile)
    summary = hostile_site.build()
    assert summary.entries == 1500
    assert {os.path.basename(one.path): one.message for one in summary.problems} == {
        name: REASONS[what] for name, what in hostile.items()
    }
    assert {(one.line, one.column, one.field, one.severity) for one in summary.problems} == {(1, 1, "record", "error")}
    assert set(hostile_site.read()) == set(hostile)

    again = hostile_site.site.build()
    assert hostile_site.read() == []
    assert (again.entries, again.problems, again.new_problems) == (1500, summary.problems, ())

    hostile_site.site.record("hostile-3.md", body="It is mended.")
    mended = hostile_site.site.build()
    assert mended.entries == 1501
    assert len(mended.problems) == len(hostile) - 1
    assert hostile_site.read() == []
    hostile_site.assert_same_from_nothing(tmp_path / "fresh")


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_record_of_a_small_site_costs_itself(hostile_site: HostileSite, tmp_path: Path, what: str) -> None:
    hostile_site.add(5, {"hostile.md": what})
    assert hostile_site.problems() == {"hostile.md": REASONS[what]}
    assert "good-4.md" in hostile_site.feed()
    hostile_site.read()
    os.utime(hostile_site.site.folder / "corpus" / "hostile.md", (1, 1))
    assert hostile_site.problems() == {"hostile.md": REASONS[what]}
    assert hostile_site.read() == []
    hostile_site.assert_same_from_nothing(tmp_path / "fresh")


@pytest.mark.parametrize("what", STOPPED)
def test_inline_stops_a_record_that_returns_to_python(hostile_site: HostileSite, what: str) -> None:
    hostile_site.site.settings["executor"] = "inline"
    hostile_site.add(5, {"hostile.md": what})
    assert hostile_site.problems() == {"hostile.md": REASONS[what]}


def test_published_record_that_becomes_hostile_is_left_out_until_it_is_mended(
    hostile_site: HostileSite,
) -> None:
    hostile_site.add(3, {})
    path = hostile_site.site.record("a.md", date="2026-02-01")
    before = path.read_text()
    hostile_site.site.build()
    assert "a.md" in hostile_site.feed()
    hostile_site.site.record("a.md", date="2026-02-01", body="parsing it loops in C")
    assert hostile_site.problems() == {"a.md": REASONS["loops in C"]}
    assert "<title>a.md" not in hostile_site.feed()
    path.write_text(before)
    assert hostile_site.problems() == {}
    assert "<title>a.md" in hostile_site.feed()


def test_other_limits_try_again(hostile_site: HostileSite) -> None:
    hostile_site.add(3, {"hostile.md": "loops in Python"})
    hostile_site.site.build()
    hostile_site.read()
    hostile_site.site.settings["limits"]["seconds"] = 0.4
    assert hostile_site.problems() == {"hostile.md": "took more than 0.4 s to read (limits.seconds)"}
    assert hostile_site.read() == ["hostile.md"]


def test_guard_names_records_that_exceed_the_limits(hostile_site: HostileSite) -> None:
    hostile_site.add(4, {})
    hostile_site.site.build()
    for number in range(3):
        hostile_site.site.record(f"good-{number}.md", body="parsing it raises")
    with pytest.raises(ShrinkError, match="3 of files that exceed the limits"):
        hostile_site.site.build(allow_shrink=False)


@pytest.mark.parametrize("linked", [False, True], ids=["with its record", "after all records"])
@pytest.mark.parametrize("what", ["loops in C", "allocates without end", "raises"])
def test_entry_that_cannot_be_rendered_costs_itself(
    hostile_site: HostileSite, tmp_path: Path, what: str, *, linked: bool
) -> None:
    site = hostile_site.site
    hostile_site.add(4, {})
    site.build()
    # Entries with links are rendered when the addresses of all records are known.
    body = "[a](good-1.md)" if linked else ""
    site.record("hostile.md", title=f"rendering it {what}", date="2026-02-02", body=body)
    assert hostile_site.problems() == {"hostile.md": REASONS[what]}
    assert set(hostile_site.read()) == {what}
    assert hostile_site.problems() == {"hostile.md": REASONS[what]}
    assert hostile_site.read() == []
    hostile_site.assert_same_from_nothing(tmp_path / "fresh")
    site.record("hostile.md", title="Mended", date="2026-02-02")
    assert hostile_site.problems() == {}
    assert "Mended" in hostile_site.feed()
    hostile_site.assert_same_from_nothing(tmp_path / "fresh")


def test_merged_entry_that_cannot_be_rendered_costs_the_record_at_fault(
    hostile_site: HostileSite, tmp_path: Path
) -> None:
    site = hostile_site.site
    hostile_site.add(3, {})
    url = "https://w.example/story"
    site.record("early.md", title="Early", date="2026-02-01", canonical=url)
    site.build()
    site.record("late.md", title="rendering it loops in C", date="2026-02-02", updated="2026-02-03", canonical=url)
    assert hostile_site.problems() == {"late.md": REASONS["loops in C"]}
    assert "Early" in hostile_site.feed()
    hostile_site.assert_same_from_nothing(tmp_path / "fresh")


def test_check_reports_what_a_build_found_without_trying_it(hostile_site: HostileSite) -> None:
    hostile_site.add(3, {"hostile.md": "loops in C"})
    settings = config.load(str(hostile_site.site.configure()))
    problems = check(settings, hostile_site.site.now).problems
    assert [one.message for one in problems] == [REASONS["loops in C"]]
    assert hostile_site.read()
    assert hostile_site.build().problems == problems
    hostile_site.read()
    assert check(settings, hostile_site.site.now).problems == problems
    assert hostile_site.read() == []
    hostile_site.site.record("hostile.md", body="parsing it raises")
    assert [one.message for one in check(settings, hostile_site.site.now).problems] == [REASONS["raises"]]


@pytest.mark.parametrize("what", ["loops in C", "allocates without end", "is killed"])
def test_verbs_print_one_line_for_a_hostile_record(
    hostile_site: HostileSite, what: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile_site.add(3, {"hostile.md": what})
    hostile_site.site.record("draft.md", draft=True)
    hostile_site.site.configure()
    monkeypatch.chdir(hostile_site.site.folder)
    line = f"corpus/hostile.md:1:1: record: {REASONS[what]}\n"
    assert main(["build"]) == 0
    assert capfd.readouterr().err == line
    assert main(["build", "--strict"]) == 1
    assert main(["explain", "corpus/hostile.md"]) == 1
    assert capfd.readouterr() == (line, "")
    assert main(["explain", "corpus/hostile.md", "--json"]) == 1
    assert json.loads(capfd.readouterr().out)["problems"][0]["message"] == REASONS[what]
    assert main(["check", "--hidden"]) == 0
    assert capfd.readouterr().out == "corpus/draft.md:6:8: draft: true\n"


def test_killed_build_leaves_no_process(editable_site: EditableSite, tmp_path: Path) -> None:
    text = "---\ntitle: T\ndate: 2026-01-01\n---\n" + "A paragraph with *words*.\n\n" * 500
    for number in range(1000):
        editable_site.write(f"{number}.md", text)
    path = editable_site.configure()
    with subprocess.Popen([sys.executable, "-m", "syndicate", "build", "-c", str(path)]) as process:
        wait_until(lambda: len(children(process.pid)) >= 1)
        workers = children(process.pid)
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, workers)))
    assert "feed.rss" not in tree(editable_site.output)


def children(pid: int) -> list[int]:
    """Returns the processes that a process has started and that have not ended."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(one) for one in found.stdout.split()]
