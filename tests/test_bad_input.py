"""Bad input: a fault in one file affects that file only, is reported with its position, and does not stop the build.

In every test a good record lies beside the bad one and must be published.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import feedparser
import pytest
from lxml import html
from support.feed_reading import items, parse_xml
from support.sites import NOW, SiteFolder, clean_environment, record

from syndicate.errors import Problem
from syndicate.pipeline import BuildSummary

GOOD = record("Good", "topics: [Kept]")
FORMATS = ("rss", "atom", "json")


@pytest.fixture
def site(site_folder: SiteFolder) -> SiteFolder:
    site_folder.put("_news/good.md", GOOD)
    return site_folder


def titles(site_folder: SiteFolder, feed: str = "all") -> list[str]:
    """Returns the titles in a feed, and asserts that every format has the same."""
    found = {name: [item.title for item in items(name, _document(site_folder, feed, name))] for name in FORMATS}
    assert found["rss"] == found["atom"] == found["json"]
    return sorted(found["rss"])


def item_of(site_folder: SiteFolder, title: str) -> dict[str, Any]:
    """Returns the JSON Feed item with a title."""
    [item] = [item for item in json.loads(_document(site_folder, "all", "json"))["items"] if item["title"] == title]
    return item


def _document(site_folder: SiteFolder, feed: str, name: str) -> bytes:
    return (site_folder.output / feed / f"feed.{name}").read_bytes()


def only_problem(summary: BuildSummary) -> Problem:
    [problem] = summary.problems
    return problem


# ----------------------------------------------------------------------------------------------------- unreadable files


@pytest.mark.parametrize(
    ("content", "line", "column", "field", "words"),
    [
        ("---\ntitle: [broken\n---\n", 3, 1, "front matter", "expected ',' or ']'"),
        ("---\ntitle: DM: Diablo\n---\n", 2, 10, "front matter", "needs quotes"),
        ("---\ntitle: T\n\tdate: 2026\n---\n", 3, 1, "front matter", "found a tab character"),
        ("---\ntitle: T\ntopics: *nowhere\n---\n", 3, 9, "front matter", "undefined alias"),
        ("---\ntitle: !!python/object/apply:os.system ['false']\n---\n", 2, 8, "front matter", "python/object"),
        ("---\ntitle: T\n", 1, 1, "front matter", "not closed"),
        ("---\n- a\n- list\n---\n", 2, 1, "front matter", "keys and values"),
        ("---\njust text\n---\n", 2, 1, "front matter", "keys and values"),
        ('+++\ntitle = "T\n+++\n', 2, None, "front matter", ""),
        ("+++\ntitle = T\n+++\n", 2, 9, "front matter", ""),
        (b"---\ntitle: caf\xe9\n---\n", 2, 11, "file", "not UTF-8: byte 0xe9"),
        (b"\xff\xfe-\0-\0-\0", 1, 1, "file", "not UTF-8"),
        (b"---\ntitle: T\n---\n\xc3\xa9\xc3\n", 4, 2, "file", "not UTF-8"),
        ("---\ndate: 2026-01-01\n---\n", 1, 1, "title", "neither a title nor a text"),
        ("---\ntitle: ''\ndate: 2026-01-01\n---\n", 2, 8, "title", "neither a title nor a text"),
        ("---\ntitle: [a, b]\ndate: 2026-01-01\n---\n", 2, 8, "title", ""),
        ("---\ntitle: T\n---\n", 1, 1, "publishedDateTime", "no date"),
        ("---\ntitle: T\ndate: soon\n---\n", 3, 7, "date", "expected a date, got 'soon'"),
        ("---\ntitle: T\ndate: 03/04/2026\n---\n", 3, 7, "date", "expected a date"),
        ("---\ntitle: T\ndate: 2026-02-30\n---\n", 3, 7, None, ""),
        ("---\ntitle: T\ndate: 0001-01-01\n---\n", 3, 7, "date", "out of range"),
        ("---\ntitle: T\ndate: 2026-01-01\ndraft: perhaps\n---\n", 4, 8, "draft", "hidden"),
        ("---\ntitle: T\ndate: 2026-01-01\nexpiryDate: soon\n---\n", 4, 13, "expiryDate", ""),
        ("\0\0\0\0", 1, 1, None, ""),
        ("", 1, 1, None, ""),
        ("just text, no metadata", 1, 1, None, ""),
        (("---\ntitle: T\nx: " + "[" * 100_000 + "\n---\n"), 3, None, "front matter", ""),
        (("---\ntitle: T\nx: " + "{a: " * 5_000 + "\n---\n"), 3, None, "front matter", ""),
        ("---\ntitle: T\nn: !!int " + "9" * 5000 + "\n---\n", 3, 4, "front matter", ""),
        ("---\ntitle: T\nstatus: live\nstatus: draft\n---\n", 4, 1, "front matter", "repeated key 'status'"),
        ("+++\nx = " + "[" * 100_000 + "\n+++\n", 1, 1, "front matter", ""),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_file_that_cannot_be_parsed_is_reported_with_its_position(
    content: str | bytes, line: int, column: int | None, field: str | None, words: str, site: SiteFolder
) -> None:
    site.put("_news/bad.md", content)
    summary = site.build()
    assert titles(site) == ["Good"]
    first, *_ = [problem for problem in summary.problems if problem.severity == "error"]
    assert first.path == "corpus/_news/bad.md"
    assert first.line == line
    assert first.column == (column or first.column)
    assert first.field == (field or first.field)
    assert words in first.message
    assert len(str(first)) < 300


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_named_pipe_does_not_block_the_build(site: SiteFolder) -> None:
    os.mkfifo(site.corpus / "_news/pipe.md")
    assert "not a regular file" in only_problem(site.build()).message
    assert titles(site) == ["Good"]


# Drops CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH (capabilities(7)), with which root reads every file.
DROP_CAPABILITIES = """
import ctypes, os, sys
prctl, PR_CAPBSET_DROP = ctypes.CDLL(None).prctl, 24
prctl(PR_CAPBSET_DROP, 1), prctl(PR_CAPBSET_DROP, 2)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def run_with_permissions(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs Python subject to file permissions, even when root runs the tests."""
    return subprocess.run(
        [sys.executable, "-c", DROP_CAPABILITIES, *arguments],
        cwd=cwd,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def remove_permissions(tmp_path: Path) -> Iterator[Callable[[Path], None]]:
    """Returns a function that removes all permissions from a path until the test ends."""
    probe = tmp_path / "probe"
    probe.touch(mode=0o000)
    if run_with_permissions("-c", "open('probe')", cwd=tmp_path).returncode == 0:
        pytest.skip("file permissions have no effect on this system")
    taken: list[tuple[Path, int]] = []

    def close(path: Path) -> None:
        taken.append((path, path.stat().st_mode))
        path.chmod(0o000)

    yield close
    for path, mode in taken:
        path.chmod(mode)


BUILD = "-m", "syndicate", "build", "--now", "2026-07-01"


def test_file_without_permission_is_reported(site: SiteFolder, remove_permissions: Callable[[Path], None]) -> None:
    remove_permissions(site.put("_news/secret.md", record("Secret")))
    done = run_with_permissions(*BUILD, cwd=site.folder)
    assert done.returncode == 0
    assert done.stderr == "corpus/_news/secret.md:1:1: file: cannot be read: Permission denied\n"
    assert titles(site) == ["Good"]


def test_folder_without_permission_is_reported(site: SiteFolder, remove_permissions: Callable[[Path], None]) -> None:
    remove_permissions(site.put("_private/secret.md", record("Secret")).parent)
    done = run_with_permissions(*BUILD, cwd=site.folder)
    assert done.returncode == 0
    assert done.stderr == "corpus/_private/:1:1: folder: cannot be read: Permission denied\n"
    assert titles(site) == ["Good"]


@pytest.mark.parametrize("path", ["feeds", "feeds/all", ".syndicate"])
def test_folder_that_cannot_be_written_is_reported(
    path: str, site: SiteFolder, remove_permissions: Callable[[Path], None]
) -> None:
    site.build()
    site.put("_news/more.md", record("More"))
    remove_permissions(site.folder / path)
    done = run_with_permissions(*BUILD, cwd=site.folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"syndicate: {site.folder / path}.*: Permission denied.*\n", done.stderr)


# ------------------------------------------------------------------------------------------------------- invalid values


@pytest.mark.parametrize(
    ("lines", "line", "column", "field"),
    [
        (["topics: [null]"], 4, 10, "topics.0"),
        (["topics: [~, Kept, {a: b}, '']"], 4, 10, "topics.0"),
        (["topics: {a: b}"], 4, 9, "topics"),
        (["quality: high"], 4, 10, "quality"),
        (["heat: [1]"], 4, 7, "heat"),
        (["webUrl: 'javascript:alert(1)'"], 4, 9, "webUrl"),
        (["webUrl: ftp://n.test/x"], 4, 9, "webUrl"),
        (["webUrl: 'data:text/html,<script>x</script>'"], 4, 9, "webUrl"),
        (["webUrl: 'https://'"], 4, 9, "webUrl"),
        (["webUrl: 'https://user:secret@n.test/'"], 4, 9, "webUrl"),
        (["webUrl: 'https://n.test:99999/'"], 4, 9, "webUrl"),
        (["webUrl: 'https://[::1/'"], 4, 9, "webUrl"),
        (["ampWebUrl: file:///etc/passwd"], 4, 12, "ampWebUrl"),
        (["ampWebUrl: 5"], 4, 12, "ampWebUrl"),
        (["images:", "  - url: 'javascript:x'"], 5, 10, "images.0.url"),
        (["images: [5]"], 4, 10, "images.0"),
        (["related: [{title: R, webUrl: 'javascript:x'}]"], 4, 30, "related.0.webUrl"),
        (["related: [{webUrl: 'https://r.test/'}]"], 4, 11, "related.0"),
        (["related: text"], 4, 10, "related"),
        (["provider: [x]"], 4, 11, "provider"),
        (["lang: klingon!"], 4, 7, "lang"),
        (["updatedDateTime: soon"], 4, 18, "updatedDateTime"),
        (["excerpt: {a: b}"], 4, 10, "excerpt"),
        (["author: {a: b}"], 4, 9, "author"),
        (["id: [x]"], 4, 5, "id"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else str(value),
)
def test_invalid_value_is_dropped_and_reported_and_its_entry_remains(
    lines: list[str], line: int, column: int, field: str, site: SiteFolder
) -> None:
    site.put("_news/bad.md", record("Bad", *lines))
    summary = site.build()
    assert titles(site) == ["Bad", "Good"]
    first = summary.problems[0]
    assert (first.path, first.line, first.column) == ("corpus/_news/bad.md", line, column)
    assert first.field == field
    assert first.severity == "warning"
    everything = b"".join(_document(site, "all", name) for name in FORMATS)
    for refused in (b"javascript:", b"ftp:", b"file:", b"data:", b"secret", b"klingon"):
        assert refused not in everything


@pytest.mark.parametrize("figure", ["9" * 30, "-" + "9" * 30, "1e300", ".inf", "-.inf", ".nan", "0x" + "f" * 30, "1_0"])
def test_extreme_number_is_used_or_reported(figure: str, site: SiteFolder) -> None:
    site.configure((site.folder / "config.yaml").read_text() + "feeds: {where: {min_quality: -5}}\n")
    site.put("_news/good.md", record("Good", "quality: 1"))
    site.put(
        "_news/bad.md",
        record("Bad", f"quality: {figure}", f"heat: {figure}", f"images: [{{url: /x, width: {figure}}}]"),
    )
    assert {problem.field for problem in site.build().problems} <= {"quality", "heat"}
    assert "Good" in titles(site)


def test_keys_that_are_not_text_are_ignored(site: SiteFolder) -> None:
    site.put(
        "_news/bad.md",
        record("Bad", "1: x", "null: x", "true: x", "2026-01-01: x", "1.5: x", "[a, b]: x", "? {c: d}\n: x"),
    )
    site.build()
    assert "Good" in titles(site)


def test_date_that_feeds_cannot_express_is_reported(site: SiteFolder) -> None:
    site.put("_news/a.md", record("A", date="9999-12-31T23:59:59-01:00"))
    site.put("_news/b.md", record("B", date="0999-01-01"))
    assert [problem.field for problem in site.build().problems] == ["publishedDateTime"] * 2
    assert titles(site) == ["Good"]


def test_null_among_topics_drops_no_other_topic(site: SiteFolder) -> None:
    site.put("_news/bad.md", record("Bad", "topics: [null, Kept, ~, Other]"))
    site.build()
    assert titles(site, "topics/kept") == ["Bad", "Good"]
    assert titles(site, "topics/other") == ["Bad"]
    assert sorted(path.parent.name for path in site.output.glob("topics/*/index.html")) == ["kept", "other"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://n.test/a b", "https://n.test/a%20b"),
        ("https://n.test/日本?q=é|x", "https://n.test/%E6%97%A5%E6%9C%AC?q=%C3%A9%7Cx"),
        ("https://bücher.test/", "https://xn--bcher-kva.test/"),
        ("HTTPS://N.TEST/X", "https://n.test/X"),
        ("  https://n.test/x\\n", "https://n.test/x"),
        ("https://n.test/%7Ex%zz", "https://n.test/%7Ex%25zz"),
        ("//n.test/x", "https://n.test/x"),
        ("/x y", "https://www.test/x%20y"),
        ("x#ü", "https://www.test/x#%C3%BC"),
        ("https://n.test/\\x01\\x7fx", "https://n.test/x"),
        ("java\\nscript:alert(1)", "https://www.test/news/bad/"),
        ("\\x01javascript:alert(1)", "https://www.test/news/bad/"),
    ],
)
def test_address_is_normalised_or_dropped(given: str, expected: str, site: SiteFolder) -> None:
    site.put("_news/bad.md", record("Bad", f'webUrl: "{given}"'))
    site.build()
    assert item_of(site, "Bad")["url"] == expected
    for name in FORMATS:
        [item] = [item for item in items(name, _document(site, "all", name)) if item.title == "Bad"]
        assert item.url == expected


@pytest.mark.parametrize("key", ["title", "excerpt", "webUrl", "topics", "id", "lang", "type", "category", "author"])
def test_control_characters_are_removed_from_every_field(key: str, site: SiteFolder) -> None:
    value = "B\\x00\\x08\\x1b\\x7f\\x9f\\uFFFE\\uFDD0ad"
    quoted = f'["{value}"]' if key == "topics" else f'"{value}"'
    other = [f"{key}: {quoted}"] if key != "title" else []
    site.put(
        "_news/bad.md", record(value if key == "title" else "Other", *other, body="B\x00\x08\x1b\x7f\ufffe\u009fody")
    )
    site.build()
    assert titles(site) == sorted(["Good", "Bad" if key == "title" else "Other"])
    for name in ("rss", "atom"):
        assert feedparser.parse(_document(site, "all", name)).bozo == 0
    for name in FORMATS:
        text = _document(site, "all", name).decode()
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0\ufffe]", text)
        assert "Body" in text


def test_raw_control_characters_in_front_matter_are_removed_and_reported(site: SiteFolder) -> None:
    site.put("_news/bad.md", b"---\ntitle: B\x01a\xc2\x80d\ndate: 2026-01-01\n---\nB\x00ody")
    assert "control characters were removed" in only_problem(site.build()).message
    assert titles(site) == ["Bad", "Good"]


@pytest.mark.parametrize(
    "markup",
    ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "<style>*{}</style>",
     "<iframe src='https://n.test/'></iframe>", "<a href='jAvAsCrIpT:x'>y</a>", "<a href='java\nscript:x'>y</a>",
     "<object data=x></object>", "<form action=x><input></form>", "<svg onload=alert(1)>", "<base href='//evil.test'>",
     "<a href=&#106;avascript:x>y</a>", "<math><mi//xlink:href='data:x'>", "![x](data:image/svg+xml;base64,PHN2Zz4=)",
     "<meta http-equiv=refresh content=0>", "<p style='x:expression(1)'>", "<!-- <script> --><x<script></script>ipt>"],
)  # fmt: skip
def test_active_markup_in_a_body_is_removed(markup: str, site: SiteFolder) -> None:
    site.put("_news/bad.md", record("Bad", body=f"Before\n\n{markup}\n\nAfter"))
    site.build()
    content = html.fromstring(f"<div>{item_of(site, 'Bad')['content_html']}</div>")
    assert {"Before", "After"} <= {paragraph.text for paragraph in content.iter("p")}
    tags = {element.tag for element in content.iter() if isinstance(element.tag, str)}
    assert tags <= {"div", "p", "a", "img", "br", "math", "mi"}
    attributes = [pair for element in content.iter() for pair in element.attrib.items()]
    assert {name for name, _ in attributes} <= {"href", "src", "alt", "title"}
    assert all(value.startswith("https://") for name, value in attributes if name in {"href", "src"})


# ------------------------------------------------------------------------------------------------ bombs and huge values

LEVELS = list(zip("abcdefghij", "bcdefghijk", strict=True))
BOMB = "a: &a [x, x, x]\n" + "\n".join(f"{y}: &{y} [{', '.join([f'*{x}'] * 9)}]" for x, y in LEVELS)
TIGHT = {x: ",".join(f'"{number}":*{x}' for number in range(9)) for x, _ in LEVELS}
TIGHT_BOMB = 'a: &a {"1":x}\n' + "\n".join(f"{y}: &{y} {{{TIGHT[x]}}}" for x, y in LEVELS)
USES = ["topics", "title", "status", "excerpt", "published", "provider", "related", "images", "author", "id", "draft"]


def build_within(site_folder: SiteFolder, seconds: int = 20, megabytes: int = 1500) -> subprocess.CompletedProcess[str]:
    """Builds in a process with limited time and memory."""
    limits = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20, {megabytes} << 20))\n"
    run = "import sys; from syndicate.cli import main; sys.exit(main(['build', '--now', '2026-07-01']))"
    return subprocess.run(
        [sys.executable, "-c", limits + run],
        cwd=site_folder.folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


@pytest.mark.parametrize("key", USES)
def test_alias_bomb_is_refused(key: str, site: SiteFolder) -> None:
    site.put("_news/bad.md", record("Bad", BOMB, f"{key}: *k"))
    done = build_within(site)
    assert done.returncode == 0, done.stderr
    expected = r"^corpus/_news/bad\.md:\d+:\d+: front matter: aliases expand to more than 100,000 values$"
    assert re.search(expected, done.stderr, re.MULTILINE)
    assert titles(site) == ["Good"]


@pytest.mark.parametrize("key", USES)
def test_alias_bomb_without_spaces_is_refused(key: str, site: SiteFolder) -> None:
    site.put("_news/bad.md", record("Bad", TIGHT_BOMB, 'x: {"y":*k}', f'{key}: {{"name":*k,"url":*k}}'))
    done = build_within(site)
    assert done.returncode == 0, done.stderr
    assert "Good" in titles(site)


def test_recursive_alias_is_refused(site: SiteFolder) -> None:
    site.put("_news/bad.md", record("Bad", "topics: &t [*t]", "provider: &p {name: *p}"))
    assert build_within(site).returncode == 0
    assert titles(site) == ["Good"]


def test_file_of_50_mb_is_refused_without_reading_it(site: SiteFolder) -> None:
    with site.put("_news/bad.md", record("Bad")).open("r+b") as file:
        file.truncate(50 << 20)
    problem = only_problem(site.build())
    assert (problem.path, problem.field) == ("corpus/_news/bad.md", "file")
    assert "52,428,800 bytes, more than max_bytes (8,388,608)" in problem.message
    assert titles(site) == ["Good"]


@pytest.mark.parametrize(("size", "shown"), [(1000, True), (1001, False)])
def test_max_bytes_is_the_largest_size_that_is_read(size: int, shown: bool, site: SiteFolder) -> None:  # noqa: FBT001
    site.configure((site.folder / "config.yaml").read_text().replace("path: corpus", "path: corpus, max_bytes: 1000"))
    text = record("Bad")
    site.put("_news/bad.md", text + " " * (size - len(text)))
    site.build()
    assert titles(site) == (["Bad", "Good"] if shown else ["Good"])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("excerpt", "<b>" * 60_000),
        ("excerpt", "<b><i>" * 30_000 + "</i></b>" * 30_000),
        ("excerpt", "<p " * 60_000),
        ("excerpt", "&amp;" * 60_000),
        ("title", "x" * 300_000),
        ("webUrl", "https://n.test/" + "a" * 300_000),
        ("featuredContent", "<iframe " * 40_000),
        ("topics", "a " * 2_000),
        ("author", "<" * 60_000),
        ("author", "a@" * 60_000),
        ("publishedDateTime", "1" * 100_000),
        ("lang", "a-" * 60_000),
        ("id", "a:" * 60_000),
    ],
    ids=lambda value: value[:16],
)
def test_huge_value_is_processed_in_bounded_time(key: str, value: str, site: SiteFolder) -> None:
    site.put("_news/bad.md", f'---\ntitle: Bad\ndate: 2026-01-01\n{key}: "{value}"\n---\n')
    assert build_within(site, seconds=12).returncode == 0
    assert "Good" in titles(site)


@pytest.mark.parametrize(
    "body",
    ["{%" * 60_000, "{{" * 60_000, "`" * 60_000 + "a", "`a " * 40_000, "[" * 20_000, "*a " * 20_000, "> " * 5_000 + "x",
     "<b>" * 20_000, "![" * 20_000, "|a" * 10_000 + "\n" + "|-" * 10_000, "- " * 3_000 + "x", "[^1]" * 10_000,
     "<p>" * 20_000, "&" * 60_000, "{:" * 60_000, "\\" * 60_000, "~" * 60_000, "<!--" * 20_000],
    ids=lambda body: body[:6].replace("\n", " "),
)  # fmt: skip
def test_huge_body_is_processed_in_bounded_time(body: str, site: SiteFolder) -> None:
    site.put("_news/bad.md", record("Bad", body=body))
    assert build_within(site, seconds=12).returncode == 0
    assert titles(site) == ["Bad", "Good"]


# ---------------------------------------------------------------------------------------------- unusual names and links


def test_symbolic_link_that_leaves_the_corpus_is_not_read(site: SiteFolder) -> None:
    outside = site.folder / "outside.md"
    outside.write_text(record("Outside"))
    (site.corpus / "_news/link.md").symlink_to(outside)
    (site.corpus / "_news/up.md").symlink_to("../../outside.md")
    (site.corpus / "folder.md").symlink_to(site.folder)
    (site.corpus / "dangling.md").symlink_to("nowhere.md")
    (site.corpus / "loop.md").symlink_to("loop.md")
    summary = site.build()
    assert [problem.path for problem in summary.problems] == ["corpus/_news/link.md", "corpus/_news/up.md"]
    assert {problem.message for problem in summary.problems} == {"a symbolic link that leaves the corpus"}
    assert titles(site) == ["Good"]


def test_symbolic_link_within_the_corpus_is_merged_with_its_target(site: SiteFolder) -> None:
    site.put("_news/real.md", record("Real", "webUrl: https://n.test/real"))
    (site.corpus / "_news/link.md").symlink_to("real.md")
    summary = site.build()
    assert titles(site) == ["Good", "Real"]
    assert summary.merged == 1


def test_folder_named_like_a_record_is_a_folder(site: SiteFolder) -> None:
    site.put("_news/x.md/y.md", record("Below"))
    site.build()
    assert titles(site) == ["Below", "Good"]


def test_second_file_with_the_same_stated_id_gets_the_id_of_its_path(site: SiteFolder) -> None:
    site.put("_news/a.md", record("First", "id: story-1", date="2026-01-01"))
    site.put("_news/b.md", record("Second", "id: story-1", date="2026-01-02"))
    problem = only_problem(site.build())
    assert (problem.path, problem.line, problem.column, problem.field) == ("corpus/_news/b.md", 4, 5, "id")
    assert titles(site) == ["First", "Good", "Second"]
    assert item_of(site, "First")["id"] == "tag:feeds.test,2026:id:story-1"
    assert item_of(site, "Second")["id"] == "tag:feeds.test,2026:_news/b.md"


def test_id_that_is_another_files_path_does_not_displace_it(site: SiteFolder) -> None:
    site.put("_news/thief.md", record("Thief", "id: 'tag:feeds.test,2026:_news/good.md'", date="2020-01-01"))
    site.build()
    assert item_of(site, "Good")["id"] == "tag:feeds.test,2026:_news/good.md"
    assert item_of(site, "Thief")["id"] == "tag:feeds.test,2026:_news/thief.md"


def test_file_names_that_are_not_utf8_give_distinct_entries(site: SiteFolder) -> None:
    site.put("_news/" + os.fsdecode(b"\xff.md"), record("One"))
    site.put("_news/" + os.fsdecode(b"\xfe.md"), record("Two"))
    site.build()
    assert titles(site) == ["Good", "One", "Two"]
    assert item_of(site, "One")["id"] == "tag:feeds.test,2026:_news/%FF.md"
    assert item_of(site, "Two")["id"] == "tag:feeds.test,2026:_news/%FE.md"


@pytest.mark.parametrize(
    "name", ["a b.md", "a\nb.md", "'\"<>&.md", "日本語.md", "-.md", "%41.md", "a:b.md", "x" * 252 + ".md"]
)
def test_unusual_file_names_give_valid_feeds(name: str, site: SiteFolder) -> None:
    site.put(f"_news/{name}", record("Odd"))
    site.build()
    assert titles(site) == ["Good", "Odd"]
    assert re.fullmatch(r"tag:feeds\.test,2026:[!-~]+", item_of(site, "Odd")["id"])


def test_topic_names_never_leave_the_output_folder(site: SiteFolder) -> None:
    names = [
        "..",
        ".",
        "/",
        "../../etc",
        "a/b",
        "\\\\",
        "con",
        "CON",
        "nul.txt",
        "~",
        ".hidden",
        "x" * 250,
        "*",
        "?",
        " ",
    ]
    site.put("_news/bad.md", record("Bad", "topics: " + json.dumps(names)))
    site.build()
    assert sorted(path.name for path in site.folder.iterdir()) == [".syndicate", "config.yaml", "corpus", "feeds"]
    folders = [path.name for path in (site.output / "topics").iterdir() if path.name != "index.html"]
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,98}", folder) for folder in folders)
    assert len(folders) == len({name.casefold() for name in names if name.strip()}) + 1


# -------------------------------------------------------------------------------------------------------- empty corpora


def assert_valid_and_empty(site_folder: SiteFolder) -> None:
    for name in ("rss", "atom"):
        found = feedparser.parse(_document(site_folder, "all", name))
        assert (found.bozo, found.entries, found.feed.title) == (0, [], "Test Site")
    assert json.loads(_document(site_folder, "all", "json"))["items"] == []
    assert (
        parse_xml(_document(site_folder, "all", "rss"))[0].findtext("lastBuildDate")
        == "Thu, 01 Jan 2026 00:00:00 +0000"
    )
    [feed] = json.loads((site_folder.output / "catalog.json").read_bytes())
    assert (feed["entries"], feed["newest"]) == (0, None)


def test_empty_corpus_gives_a_valid_empty_feed(site_folder: SiteFolder) -> None:
    summary = site_folder.build()
    assert (summary.entries, summary.feeds) == (0, 1)
    (problem,) = summary.problems
    assert str(problem).endswith(":6:9: corpus[0].include: '**/*.md' matches no file under 'corpus' (warning)")
    assert_valid_and_empty(site_folder)


def test_corpus_of_hidden_and_bad_files_only_gives_a_valid_empty_feed(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A", "published: false"))
    site_folder.put("b.md", "---\n[\n---\n")
    site_folder.put("c.txt", record("Not Markdown"))
    site_folder.put(".hidden/d.md", record("Hidden folder"))
    summary = site_folder.build()
    assert (summary.entries, summary.hidden, len(summary.problems)) == (0, 1, 1)
    assert_valid_and_empty(site_folder)


def test_corpus_that_becomes_empty_keeps_the_feed_of_all_entries(site: SiteFolder) -> None:
    site.build()
    (site.corpus / "_news/good.md").unlink()
    assert site.build(NOW).removed == 0
    assert_valid_and_empty(site)
    assert b"<item>" not in (site.output / "topics/kept/feed.rss").read_bytes()


def test_control_characters_in_the_configuration_reach_no_feed(site: SiteFolder) -> None:
    site.configure(
        (site.folder / "config.yaml").read_text()
        + 'topics: {"K\\x01": {aliases: [Kept]}}\n'
        + 'feeds: {custom: {big: {title: "C\\x01"}}}\n'
    )
    site.build()
    for name in ("rss", "atom"):
        for folder in ("topics/k", "custom/big"):  # the alias belongs to the topic without its control character
            assert feedparser.parse(_document(site, folder, name)).bozo == 0
