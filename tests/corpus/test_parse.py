"""A file on a disk, whatever it is and holds, is a record or a problem with its place; never an exception."""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.sites import SiteFolder

from syndicate.config import Source, parse
from syndicate.corpus import fields
from syndicate.corpus.fields import Profile
from syndicate.corpus.parse import Content, Record, UnreadableError, load, locate, profile, understand, unreadable
from syndicate.errors import Problem
from syndicate.model import Presentation
from syndicate.pipeline import look

NAME = "2026-01-31-a-story.md"
PROFILE = Profile(authority="feeds.test,2026", home="https://www.test/", dimensions=("topics", "series", "extra.kind"))
PLAIN = "---\ntitle: A story\ndate: 2026-01-31\n---\nBody.\n"


def source(folder: Path, max_bytes: int = 1_000_000) -> Source:
    return Source(path="corpus", root=str(folder), aliases={}, max_bytes=max_bytes)


def read(source: Source, path: str, how: Profile) -> Record:
    """What a file says, as a build reads it; FileNotFoundError when it is gone."""
    try:
        return understand(load(source, os.fsencode(path)), source, os.fsencode(path), how)
    except UnreadableError as error:
        return unreadable(source, os.fsencode(path), error)


def record(folder: Path, content: str | bytes, name: str = NAME) -> Record:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return read(source(folder), name, PROFILE)


def test_record_is_read(tmp_path: Path) -> None:
    found = record(tmp_path, PLAIN)
    assert found.problems == ()
    assert found.entry is not None
    assert (found.entry.title, found.entry.body) == ("A story", "Body.")
    assert not found.hidden
    assert found.expires is None


def test_hidden_record_has_no_entry(tmp_path: Path) -> None:
    found = record(tmp_path, PLAIN.replace("title", "draft: true\ntitle"))
    assert found == Record(hidden=True)


@pytest.mark.parametrize("lines", ["draft: true\ndraft: false", "published: false\npublished: true"])
def test_key_that_stands_twice_hides_when_either_value_does(tmp_path: Path, lines: str) -> None:
    assert record(tmp_path, PLAIN.replace("title", f"{lines}\ntitle")).entry is None


@pytest.mark.parametrize(
    ("expires", "seconds", "visible"),
    [
        ("", -1, False),
        ("", 0, True),
        ("", 10**8, True),
        ("expiryDate: 2026-02-01", -1, False),
        ("expiryDate: 2026-02-01", 0, True),
        ("expiryDate: 2026-02-01", 86_399, True),
        ("expiryDate: 2026-02-01", 86_400, False),
        ("expiryDate: 2026-01-01", 0, False),
    ],
)
def test_entry_is_shown_from_its_date_until_it_expires(
    site_folder: SiteFolder, expires: str, seconds: int, visible: bool  # noqa: FBT001 - a column
) -> None:  # fmt: skip
    site_folder.put(NAME, PLAIN.replace("title", f"{expires}\ntitle"))
    now = datetime(2026, 1, 31, tzinfo=UTC) + timedelta(seconds=seconds)
    survey, summary = look(site_folder.load(), now), site_folder.build(now)
    assert (survey.entries, survey.hidden) == (summary.entries, summary.hidden) == (int(visible), int(not visible))
    assert (b"A story" in (site_folder.output / "all/feed.rss").read_bytes()) is visible


# ---------------------------------------------------------------------------------------------------- what is no text


@pytest.mark.parametrize(
    ("content", "line", "column", "byte"),
    [
        (b"\xff\xfe-\x00-\x00", 1, 1, "0xff"),  # UTF-16
        (b"---\ntitle: caf\xe9\n---\n", 2, 11, "0xe9"),  # Latin-1
        ("---\ntitle: äöü".encode() + b"\x92\n---\n", 2, 11, "0x92"),
        (b"---\r\ntitle: x\r\n---\r\n\xc3", 4, 1, "0xc3"),  # cut short
        (b"---\ntitle: \xed\xa0\x80\n---\n", 2, 8, "0xed"),  # a surrogate
        (b"\x00\x01\x80", 1, 3, "0x80"),
    ],
)
def test_file_that_is_not_utf8_is_told_with_the_place_of_the_first_wrong_byte(
    tmp_path: Path, content: bytes, line: int, column: int, byte: str
) -> None:
    found = record(tmp_path, content)
    assert found == Record(problems=(Problem(f"corpus/{NAME}", line, column, "file", f"not UTF-8: byte {byte}"),))


def test_file_that_is_too_big_is_told(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(PLAIN)
    size = len(PLAIN)
    assert read(source(tmp_path, size), NAME, PROFILE).entry is not None
    (problem,) = read(source(tmp_path, size - 1), NAME, PROFILE).problems
    assert problem.message == f"{size} bytes, more than max_bytes ({size - 1})"


def test_huge_limit_takes_no_memory(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(PLAIN)
    assert read(source(tmp_path, sys.maxsize), NAME, PROFILE).entry is not None


@pytest.mark.parametrize("path", ["/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled"])
def test_file_that_is_longer_than_it_says_is_refused(path: str) -> None:
    if not Path(path).exists():
        pytest.skip("this system has no such file")
    folder, _, name = path.rpartition("/")
    for max_bytes in (10, 1_000_000):
        found = read(source(Path(folder), max_bytes), name, PROFILE)
        assert found.entry is None
        (problem,) = found.problems
        assert problem.field == "file"
        assert problem.message.startswith(("was written to each time it was read", "4,096 bytes, more than max_bytes"))


# --------------------------------------------------------------------------------------------------- what is no file


def test_pipe_in_place_of_a_file_does_not_hold_up_the_run(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)
    started = time.monotonic()
    (problem,) = read(source(tmp_path), NAME, PROFILE).problems
    assert problem.message == "not a regular file"
    assert time.monotonic() - started < 5


def test_socket_in_place_of_a_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is 108 bytes at most
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(NAME)
        (problem,) = read(source(tmp_path), NAME, PROFILE).problems
    assert problem.message.startswith("cannot be read: ")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder", "not a regular file"),
        ("loop.md", "cannot be read: Too many levels of symbolic links"),
        ("x" * 300, "cannot be read: File name too long"),
        ("x.md/y.md", "cannot be read: Not a directory"),
    ],
)
def test_what_is_no_file_is_told(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "x.md").touch()
    (tmp_path / "loop.md").symlink_to("loop.md")
    found = read(source(tmp_path), name, PROFILE)
    assert found == Record(problems=(Problem(f"corpus/{name}", 1, 1, "file", message),))


@pytest.mark.parametrize("name", ["gone.md", "dangling.md", "gone/gone.md"])
def test_what_vanished_is_no_record_at_all(tmp_path: Path, name: str) -> None:
    (tmp_path / "dangling.md").symlink_to("nowhere")
    with pytest.raises(FileNotFoundError):
        load(source(tmp_path), os.fsencode(name))


def test_file_that_goes_away_before_it_is_read_is_told_and_the_rest_is_built(
    site_folder: SiteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    site_folder.put("a.md", PLAIN)
    site_folder.put("b.md", PLAIN)

    def vanishing(where: Source, path: bytes) -> Content:
        if path == b"b.md":
            (site_folder.corpus / "b.md").unlink()
        return load(where, path)

    monkeypatch.setattr("syndicate.corpus.parse.load", vanishing)
    summary = site_folder.build()
    assert summary.problems == (Problem("corpus/b.md", 1, 1, "file", "went away while it was read", "warning"),)
    assert (summary.entries, summary.hidden) == (1, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / NAME).touch(mode=0)
    (problem,) = read(source(tmp_path), NAME, PROFILE).problems
    assert problem.message == "cannot be read: Permission denied"


@pytest.mark.parametrize("name", [b"\xff\xfe.md", b"new\nline.md", "日本 ü.md".encode(), b"-rf $(x) '\".md"])
def test_odd_name_is_read(tmp_path: Path, name: bytes) -> None:
    decoded = os.fsdecode(name)
    found = record(tmp_path, PLAIN, decoded)
    assert found.entry is not None
    assert found.entry.id.isascii()
    assert found.entry.url.isascii()
    assert not found.problems


# ------------------------------------------------------------------------------------------------------------- places

SPILL = "---\ntitle: T\ndate: 2026-01-31\n\ntopics: [a]\nsecured: 'JE16BWlQqUC4/b1VVb;wylZNVsYCDDT7jWR=='\n---\nBody.\n"


def test_faults_are_told_where_they_stand(tmp_path: Path) -> None:
    content = "\n".join(
        ["---", "title: T", "date: 2026-01-31", "Quality: high", "topics: [a, ~]", "related:", "  - title: x",
         "    webUrl: ftp://x.test/", "images:", "  - {url: 'data:x', width: 1}", "control: \x92", "---"]
    )  # fmt: skip
    told = [str(problem) for problem in record(tmp_path, content).problems]
    shown = f"corpus/{NAME}"
    assert told == [
        f"{shown}:5:13: topics.1: expected a name, got nothing (warning)",
        f"{shown}:10:11: images.0.url: dropped: scheme 'data' is not http or https in 'data:x' (warning)",
        f"{shown}:8:13: related.0.webUrl: dropped: scheme 'ftp' is not http or https in 'ftp://x.test/' (warning)",
        f"{shown}:4:10: quality: expected a number, got 'high' (warning)",
        f"{shown}:2:1: front matter: control characters were left out (warning)",
    ] or told == [line.replace(":2:1: front", ":1:1: front") for line in told]


def test_broken_front_matter_is_told_where_it_breaks(tmp_path: Path) -> None:
    (problem,) = record(tmp_path, "---\ntitle: T\nname: DM: Diablo\n---\n").problems
    assert (problem.line, problem.column, problem.field) == (3, 9, "front matter")


def test_value_is_located_later_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(PLAIN)
    (tmp_path / "broken.md").write_text("---\na: b: c\n---\n")
    assert locate(source(tmp_path), os.fsencode(NAME), ("date",)) == (3, 7)
    assert locate(source(tmp_path), b"broken.md", ("date",)) == (1, 1)
    assert locate(source(tmp_path), b"gone.md", ("date",)) == (1, 1)


@pytest.mark.parametrize(
    "content",
    [
        SPILL.replace("---\n", "--\n", 1),
        SPILL.replace("---\n", "", 1),
        SPILL.replace("topics", "---\ntopics"),
        SPILL.replace("topics: [a]", "excerpt: |\n  one\n---\n  two"),
        SPILL.replace("secured: '", "secured: >-\n  ").replace("---\n", "", 1),
        SPILL.replace("secured: ", "  'Secured' :   ").replace("---\n", "", 1),
        SPILL.replace("---\n", "+++\n", 1).replace("topics", "+++\ntopics"),
    ],
    ids=["short fence", "no fence", "fence amid", "fence in a text", "folded", "spelled oddly", "another fence"],
)
def test_metadata_that_spills_into_the_text_is_never_shown(tmp_path: Path, content: str) -> None:
    found = record(tmp_path, content)
    assert found.entry is None
    assert "JE16BWlQqUC4" not in repr(found)


def test_profile_is_what_the_configuration_says(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    text = """
site: {title: T, url: "https://feeds.test/", id: "feeds.test,2026", home: "https://www.test/"}
corpus: [{path: one}, {path: two, fields: {title: headline}}]
feeds: {by: [topics, series], related: 3}
"""
    config = parse(text, str(tmp_path / "config.yaml"))
    first, second = (profile(config, each) for each in config.sources)
    assert (first.prefix, second.prefix) == ("", "/two/")
    stated = fields.read({"headline": "H", "title": "T", "date": "2026-01-31"}, "", "x.md", second).entry
    assert stated is not None
    assert stated.title == "H"
    unstated = fields.read({"title": "T", "name": "N", "date": "2026-01-31"}, "", "x.md", second).entry
    assert unstated is not None
    assert (unstated.title, unstated.path) == ("T", "/two/x.md")
    named = fields.read({"name": "N", "date": "2026-01-31"}, "", "x.md", second).entry
    assert named is not None
    assert named.title == "N"
    assert second.dimensions == ("topics", "series")
    assert second.home == "https://www.test/"
    assert second.presentation == Presentation(related=3)


# ------------------------------------------------------------------------------------------------------ anything at all

SEED = """\
---
category: news
title: "IBM Ditches Facial Recognition Tech"
excerpt: "A letter &amp;#39;to&#39; Congress"
publishedDateTime: 2020-06-09T11:00:00Z
webUrl: "https://uk.pcmag.com/news-analysis/127302/ibm"
ampWebUrl: "https://uk.pcmag.com/news-analysis/127302/ibm?amp=1"
quality: 74
published: true

provider:
  name: PC Magazine
  domain: pcmag.com

topics:
  - IBM AI
  - &a AI

images:
  - {url: "https://sm.pcmag.com/t/x.jpg", width: 620, height: 349}

related:
  - title: 'IBM turns away'
    publishedDateTime: 2020-06-09T02:22:00Z
    webUrl: "https://www.scmp.com/x"

secured: "JE16BWlQqUC4/b1VVb;wylZNVsYCDDT7jWR/PsmgA=="
expiryDate: 2030-01-01
---
Some *Markdown* with {{ a tag }}.
"""
SEEDS = [
    SEED.encode(),
    SEED.replace("\n", "\r\n").encode(),
    ("\ufeff" + SEED).encode(),
    b'+++\ntitle = "x"\ndate = 2020-06-09\n[taxonomies]\ntags = ["a", "b"]\n[extra]\nkind = 1\n+++\nBody\n',
    b"Title: x\nDate: 2013-02-24 09:00\nTags: a, b\nStatus: published\n\nBody\n",
]
BITS = st.one_of(
    st.binary(max_size=4),
    st.sampled_from(
        [b"\n", b"\r", b": ", b"- ", b"  ", b"---\n", b"+++\n", b"[", b"]", b"{", b"}", b"&b ", b"*a", b"<<: *a",
         b"!!int ", b"!!bool ", b"!!set ", b"!!omap ", b"!!binary ", b"!!timestamp ", b"? ", b"| ", b"> ", b'"', b"'",
         b"#", b"0x_", b"1:1:1.5", b"9" * 30, b"true", b"null", b"2020-99-99", b"\x00", b"\xc2\x92", b"\xff",
         b"\xe2\x80\xa8", b"\xef\xbb\xbf",
         b"title: ", b"date: ", b"draft: ", b"path: ", b"slug: ", b"id: ", b"image: ", b"author: ", b"<iframe src="]
    ),
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good record with some of its bytes replaced, left out, doubled or moved."""
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 30)))
        data = data[:start] + draw(st.one_of(BITS, st.just(data[start:end] * 2))) + data[end:]
    return data


def deep(head: str, key: str, tail: str) -> bytes:
    return f"{head}{key}{'.a' * 3000}{tail}".encode()


@settings(
    max_examples=800,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(content=st.one_of(st.binary(max_size=60), mutated()))
@example(content=b"")
@example(content=b"---")
@example(content=b"---\ntitle: 0x" + b"f" * 5000 + b"\n---\n")
@example(content=b"---\ntitle: T\nid: 0x" + b"f" * 5000 + b"\nquality: 0x" + b"f" * 5000 + b"\n---\n")
@example(content=b"---\n? {a: 0x" + b"f" * 5000 + b"}\n---\n")
@example(content=b"---\ntitle: T\nextra: {0x" + b"f" * 5000 + b": 1}\n---\n")
@example(content=b"---\ntitle: T\ndate: 1 Jan 2020 00:00:00 +99999999999999999999\n---\n")
@example(content=deep("+++\ntitle='T'\n", "provider.name", "=1\n+++\n"))
@example(content=deep("+++\ntitle='T'\n", "draft", "=1\n+++\n"))
@example(content=deep("+++\ntitle='T'\n", "status", "=1\n+++\n"))
@example(content=deep("+++\n", "title", "=1\n+++\n"))
@example(content=deep("+++\ntitle='T'\n", "extra.kind", "=1\n+++\n"))
@example(
    content=b"---\ntitle: T\nimage: !!set {a}\ntopics: !!omap [a: b]\nid: !!binary aGk=\nrelated: !!pairs [a: b]\n---"
)
def test_any_bytes_are_a_record_or_problems_with_a_place(tmp_path: Path, content: bytes) -> None:
    found = record(tmp_path, content)
    assert isinstance(found, Record)
    assert found.entry or found.hidden or any(problem.severity == "error" for problem in found.problems)
    lines = content.decode("utf-8", "replace").count("\n") + 2
    for problem in found.problems:
        assert problem.path == f"corpus/{NAME}"
        assert 1 <= problem.line <= lines
        assert problem.column >= 1
        assert "\n" not in str(problem)
        assert len(problem.message) < 400
    if re.search(rb'^secured: "JE16BWlQqUC4', content, re.MULTILINE):
        assert "JE16BWlQqUC4" not in repr(found)


@pytest.mark.parametrize(
    "content",
    [
        f"---\ntitle: T\ntopics: [{'~, ' * 40_000}~]\n---\n",
        f"---\ntitle: T\nrelated: [{'~, ' * 40_000}~]\n---\n",
        f"---\ntitle: '{'<b>' * 200_000}'\nauthor: {'a' * 400_000}\n---\n",
        f'---\ntitle: T\nfeaturedContent: "{"<iframe " * 100_000}"\n---\n',
        f"---\ntitle: T\nauthor: '{'a' * 300_000}@'\nprovider: '{'<' * 300_000}'\n---\n",
        f"---\ntitle: T\nwebUrl: 'https://{'a-' * 200_000}/'\ndate: '{'1' * 300_000}'\nlang: {'a-' * 200_000}\n---\n",
        f"+++\ntitle = 'T'\nauthor = [{'1,' * 100_000}]\ntopics = [{'true,' * 50_000}]\n+++\n",
        "Title: T\n" + " a\n" * 300_000,
    ],
    ids=["topics", "related", "tags", "frames", "mails", "addresses", "toml", "lines"],
)
def test_hostile_record_costs_seconds_not_the_run(tmp_path: Path, content: str) -> None:
    started = time.process_time()
    assert isinstance(record(tmp_path, content), Record)
    assert time.process_time() - started < 15, "time by the square is minutes"
