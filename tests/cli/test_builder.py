"""The process in which the worker builds: what it answers, and when another one takes its place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.sites import CONFIG, SiteFolder, clean_environment, record

import syndicate


class Builder:
    """A running process that builds."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ask(self, changed: list[Path] | None = None) -> dict[str, Any] | None:
        """Returns the answer to a request, or None if the process ends without one."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"changed": None if changed is None else [*map(str, changed)]}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer: dict[str, Any] | None = json.loads(line) if line else None
        return answer


@contextmanager
def builder(folder: Path, program: str = "", **environment: str) -> Iterator[Builder]:
    command = ["-c", program] if program else ["-m", "syndicate.cli.builder"]
    process = subprocess.Popen(
        [sys.executable, *command, "config.yaml"], cwd=folder, env=clean_environment(environment),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield Builder(process)
    finally:
        process.kill()
        process.communicate()


def put_several(site_folder: SiteFolder) -> None:
    for name in "abcd":
        site_folder.put(f"{name}.md", record(name))


def test_each_request_is_answered_with_the_figures_of_a_build(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("Alpha"))
    with builder(site_folder.folder) as process:
        first = process.ask()
        assert first is not None
        assert (first["code"], first["messages"], first["is_last"]) == (0, [], False)
        assert first["summary"]["entries"] == 1
        site_folder.put("b.md", record("Beta"))
        site_folder.put("c.md", record("Gamma"))
        second = process.ask([site_folder.corpus / "b.md"])
        assert second is not None
        assert second["summary"]["entries"] == 2
        third = process.ask()
        assert third is not None
        assert third["summary"]["entries"] == 3


def test_failed_build_is_reported_and_the_next_one_looks_at_everything(site_folder: SiteFolder) -> None:
    put_several(site_folder)
    with builder(site_folder.folder) as process:
        assert process.ask()
        for name in "abc":
            (site_folder.corpus / f"{name}.md").unlink()
        refused = process.ask([site_folder.corpus / f"{name}.md" for name in "abc"])
        assert refused is not None
        assert refused["code"] == 1
        assert "3 of 4 published entries would be withdrawn" in refused["messages"][-1]
        for name in "abc":
            site_folder.put(f"{name}.md", record(f"{name} again"))
        built = process.ask([site_folder.corpus / "a.md"])
        assert built is not None
        assert (built["code"], built["summary"]["entries"]) == (0, 4)
    assert "c again" in (site_folder.output / "all/feed.json").read_text(encoding="utf-8")


def test_internal_error_is_reported(site_folder: SiteFolder) -> None:
    program = """
import sys
from syndicate.cli import builder
def fail(*_):
    raise ZeroDivisionError("oops")
builder.build_and_report = fail
builder.run(sys.argv[1])
"""
    with builder(site_folder.folder, program) as process:
        answer = process.ask()
        assert answer is not None
        assert (answer["code"], answer["messages"][-1]) == (1, "ZeroDivisionError: oops")


def test_invalid_configuration_is_reported(site_folder: SiteFolder) -> None:
    site_folder.configure("site: [")
    with builder(site_folder.folder) as process:
        answer = process.ask()
    assert answer is not None
    assert answer["code"] == 3
    assert "config.yaml:2:1: config" in answer["messages"][0]


def test_process_ends_when_its_input_does(site_folder: SiteFolder) -> None:
    with builder(site_folder.folder) as process:
        assert process.process.communicate("", timeout=60) == ("", "")
        assert process.process.returncode == 0
    assert not site_folder.output.exists()


def test_process_ends_without_an_answer_when_the_configuration_changed(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("Alpha"))
    with builder(site_folder.folder) as process:
        assert process.ask()
        site_folder.configure(CONFIG.replace("title: ", "title: Another "))
        assert process.ask([]) is None
        assert process.process.wait(30) == 0


def test_process_that_uses_too_much_memory_announces_its_end(site_folder: SiteFolder) -> None:
    program = """
import sys
from syndicate.cli import builder
from syndicate.pipeline import resident
resident._MOST_BYTES = 1
builder.run(sys.argv[1])
"""
    with builder(site_folder.folder, program) as process:
        answer = process.ask()
        assert answer is not None
        assert (answer["code"], answer["is_last"]) == (0, True)
        assert process.process.wait(30) == 0


@pytest.fixture
def copied_program(tmp_path: Path) -> Path:
    """A copy of the program to upgrade, since other tests depend on this one."""
    package = Path(syndicate.__file__).parent
    shutil.copytree(package, tmp_path / "syndicate", ignore=shutil.ignore_patterns("__pycache__", "sample"))
    (tmp_path / "syndicate/sample").mkdir()
    (tmp_path / "syndicate/sample/__init__.py").touch()
    return tmp_path


def test_process_ends_without_an_answer_when_the_program_was_upgraded(
    site_folder: SiteFolder, copied_program: Path
) -> None:
    with builder(site_folder.folder, PYTHONPATH=str(copied_program)) as process:
        assert process.ask()
        (copied_program / "syndicate/new_module.py").write_text("", encoding="utf-8")
        assert process.ask([]) is None
        assert process.process.wait(30) == 0


def test_builds_of_one_process_do_not_gather_memory(site_folder: SiteFolder) -> None:
    put_several(site_folder)

    def used_kib(process: Builder) -> int:
        with open(f"/proc/{process.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))

    if not os.path.exists("/proc/self/status"):
        pytest.skip("needs /proc")
    with builder(site_folder.folder) as process:
        sizes: list[int] = []
        for number in range(60):
            site_folder.put("a.md", record(f"Title {number}"))
            assert process.ask([site_folder.corpus / "a.md"])
            sizes.append(used_kib(process))
    assert sizes[-1] - sizes[19] < 4096, sizes
