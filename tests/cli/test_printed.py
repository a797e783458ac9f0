"""What is printed: one problem is one line, whatever files are called, and no private value is shown."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from support.editable_sites import EditableSite
from support.sites import run

from syndicate.cli.console import configure_logging
from syndicate.errors import ConfigError, OutputError, Problem, ShrinkError, printable

NAMES = [
    "two\nlines.md", "return\r.md", "tab\t.md", "\x1b[31mred\x1b[0m.md", "\x1b]0;title\x07.md", "right\u202eto left.md",
    "isolated\u2066\u2069.md", "separator\u2028.md", "next\x85line.md", "mark\ufeff.md", "tag\U000e0041.md",
    os.fsdecode(b"latin\xe9\xff.md"),
]  # fmt: skip
FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\U000e0041]")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain – text, ümlaut 日本 نص 👩‍👩‍👧", "plain – text, ümlaut 日本 نص 👩‍👩‍👧"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31m\x00\x7f\x9b", r"\x1b[31m\x00\x7f\x9b"),
        ("\u202e\u2066\u200b\ufeff", r"\u202e\u2066\u200b\ufeff"),
        ("\U000e0041", r"\U000e0041"),
        ("\udcff\ud800", r"\xff\ud800"),
        (r"C:\new", r"C:\new"),
    ],
)
def test_characters_that_a_terminal_obeys_are_escaped(text: str, line: str) -> None:
    assert printable(text) == line


@given(st.text())
def test_printable_text_is_one_line_without_controls(text: str) -> None:
    line = printable(text)
    assert len(line.splitlines()) <= 1
    assert not {unicodedata.category(character) for character in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert printable(line) == line
    line.encode()


def test_every_error_is_printed_in_its_lines() -> None:
    problem = Problem("a\nb", 1, 1, "x\u202e", "got '\x1b[2J'")
    assert str(problem) == r"a\nb:1:1: x\u202e: got '\x1b[2J'"
    assert len(str(ConfigError([problem, problem])).splitlines()) == 2
    assert str(OutputError("a\nb: disk full")) == r"a\nb: disk full"
    assert len(str(ShrinkError(["a\nb", "c"], 1, 1)).splitlines()) == 2


@pytest.fixture
def hostile_site(tmp_path: Path) -> EditableSite:
    """A site of files with hostile names: each is hidden or in error."""
    site = EditableSite(tmp_path / "site")
    for number, name in enumerate(NAMES):
        text = "---\ntitle: T\ndate: soon\ndraft: true\n---\n" if number % 2 else "---\ntitle: [\n---\n"
        (site.folder / "corpus" / name).write_text(text)
    site.record("good.md")
    site.configure()
    return site


@pytest.mark.parametrize(
    "arguments",
    [["check"], ["check", "--all"], ["check", "--hidden"], ["build"], ["publish"], ["status"]],
)
def test_hostile_file_names_are_escaped(arguments: list[str], hostile_site: EditableSite) -> None:
    done = run(*arguments, cwd=hostile_site.folder)
    assert done.returncode in {0, 1}, done.stderr
    assert "Traceback" not in done.stderr
    for text in (done.stdout, done.stderr):
        assert not FORBIDDEN.search(text)
    if arguments == ["check", "--all"]:
        assert sum("/two" in line for line in done.stdout.splitlines()) == 1
        assert r"two\nlines.md:" in done.stdout
    if arguments == ["check", "--hidden"]:
        assert r"right\u202eto left.md:" in done.stdout


def test_text_of_a_log_event_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("text", quiet=False)
    structlog.get_logger("test").warning("two\nlines", file="a\u202eb\x1b[2J", number=1)
    structlog.reset_defaults()
    logged = capsys.readouterr().err
    assert len(logged.splitlines()) == 1
    assert not FORBIDDEN.search(logged)


@pytest.mark.parametrize("name", NAMES)
def test_explanation_of_a_hostile_file_name_is_escaped(name: str, hostile_site: EditableSite) -> None:
    path = hostile_site.folder / "corpus" / name
    path.write_text('---\ntitle: "T\\e[31m"\ndate: 2026-01-01\n---\n')
    for options in ([], ["--json"]):
        done = run("explain", *options, str(path), cwd=hostile_site.folder)
        assert done.returncode == 0, done.stderr
        assert not FORBIDDEN.search(done.stdout + done.stderr)
    json.loads(done.stdout)


PRIVATE = [
    "---\nsecured: *S3CR3T\n---\n",
    "---\nsecured: !S3CR3T x\n---\n",
    '---\nsecured: "S3CR3T \\q"\n---\n',
    "---\nsecured: {S3CR3T: x\n---\n",
    "---\nsecured: a: S3CR3T: x\n---\n",
    "---\nsecured: {S3CR3T: x, S3CR3T: y}\n---\n",
    "---\nsecured: &S3CR3T x\nb: &S3CR3T y\n? S3CR3T\n---\n",
    "---\nsecured: %S3CR3T\n---\n",
    "---\ndate: {secured: S3CR3T}\nauthor: [[{secured: S3CR3T}]]\nimage: {secured: S3CR3T}\n---\n",
    "---\nencrypted: S3CR3T\n---\n",
    "---\nprivate: S3CR3T\n---\n",
    "---\npassword: S3CR3T\n---\n",
    "+++\nsecured = S3CR3T\n+++\n",
    '+++\nsecured = "S3CR3T\n+++\n',
    "+++\n[secured.S3CR3T]\na=1\n[secured.S3CR3T]\n+++\n",
    "+++\nsecured.S3CR3T = 1\nsecured.S3CR3T.x = 1\n+++\n",
    '{"title": "A", "secured": S3CR3T}\n',
    '{"title": "A", "secured": {"S3CR3T": 1, "S3CR3T": 2}}\n',
]


@pytest.fixture
def private_site(tmp_path: Path) -> EditableSite:
    """A site of records that each have a private value, most of them with an error close to it."""
    site = EditableSite(tmp_path / "site")
    for number, text in enumerate(PRIVATE):
        os.utime(site.write(f"{number}.md", text), (1e9, 1e9))  # nobody is still writing it
    site.configure()
    return site


@pytest.mark.parametrize("arguments", [["check", "--all"], ["check", "--hidden"], ["build"]], ids=" ".join)
def test_value_of_a_private_key_is_not_printed(arguments: list[str], private_site: EditableSite) -> None:
    done = run(*arguments, cwd=private_site.folder)
    assert "S3CR3T" not in done.stdout + done.stderr
    reported = {number for number in range(len(PRIVATE)) if f"corpus/{number}.md:" in done.stdout + done.stderr}
    assert len(reported) == (4 if "--hidden" in arguments else len(PRIVATE) - 1)  # a password is no problem


@pytest.mark.parametrize("number", range(len(PRIVATE)))
def test_value_of_a_private_key_is_not_explained(number: int, private_site: EditableSite) -> None:
    done = run("explain", str(private_site.folder / f"corpus/{number}.md"), cwd=private_site.folder)
    assert f"corpus/{number}.md" in done.stdout + done.stderr
    assert "S3CR3T" not in done.stdout + done.stderr
