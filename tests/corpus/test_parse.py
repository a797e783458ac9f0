"""Any file results in a record, or in problems with positions; never in an exception."""

from __future__ import annotations

import os
import pickle
import re
import socket
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.fields import record_of
from support.sites import SiteFolder

from syndicate.config import Source, parse
from syndicate.corpus.context import SourceContext, source_context
from syndicate.corpus.files import FileContent, UnreadableFile, VanishedFile, read_file
from syndicate.corpus.parse import UnchangedFile, locate_value, parse_record
from syndicate.corpus.record import ParsedRecord, unpack_record
from syndicate.errors import Problem
from syndicate.feeds.identity import digest
from syndicate.feeds.rules import Traits
from syndicate.model import Presentation
from syndicate.pipeline import check

NAME = "2026-01-31-a-story.md"
CONTEXT = SourceContext(
    authority="feeds.test,2026", home="https://www.test/", dimensions=("topics", "series", "extra.kind")
)
PLAIN = "---\ntitle: A story\ndate: 2026-01-31\n---\nBody.\n"


def source(folder: Path, max_bytes: int = 1_000_000) -> Source:
    return Source(path="corpus", root=str(folder), aliases={}, max_bytes=max_bytes)


def parse_file(source: Source, path: str) -> ParsedRecord:
    """Parse a file that exists."""
    result = parse_record(source, os.fsencode(path), CONTEXT)
    assert isinstance(result, ParsedRecord)
    return result


def record(folder: Path, content: str | bytes, name: str = NAME) -> ParsedRecord:
    """Write a file and parse it."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return parse_file(source(folder), name)


def without_file(found: ParsedRecord) -> ParsedRecord:
    """Return a record without the hash and the status of its file."""
    return found._replace(content_hash=b"", file_status=(0, 0, 0))


def test_record_holds_the_entry_and_the_facts_of_its_file(tmp_path: Path) -> None:
    found = record(tmp_path, PLAIN)
    status = (tmp_path / NAME).stat()
    day = int(datetime(2026, 1, 31, tzinfo=UTC).timestamp())
    assert found.entry is not None
    assert (found.entry.title, found.entry.body) == ("A story", "<p>Body.</p>")
    assert found == ParsedRecord(
        content_hash=sha256(PLAIN.encode()).digest()[:16],
        file_status=(status.st_size, status.st_mtime_ns, status.st_ctime_ns),
        hidden=False,
        id=f"tag:feeds.test,2026:{NAME}",
        stated_id=None,
        url="https://www.test/2026-01-31-a-story/",
        published=day,
        updated=day,
        expires=None,
        traits=Traits(None, None, "", {}),
        digest=bytes.fromhex(digest(found.entry, CONTEXT.presentation)),
        problems=(),
        entry=found.entry,
    )


def test_stated_id_is_absent_if_it_is_that_of_the_path(tmp_path: Path) -> None:
    stated = record(tmp_path, PLAIN.replace("title", "id: 'urn:x:1'\ntitle"))
    assert (stated.id, stated.stated_id) == ("urn:x:1", "urn:x:1")
    same = record(tmp_path, PLAIN.replace("title", f"id: 'tag:feeds.test,2026:{NAME}'\ntitle"))
    assert (same.id, same.stated_id) == (f"tag:feeds.test,2026:{NAME}", None)


def test_hidden_record_has_no_entry(tmp_path: Path) -> None:
    found = record(tmp_path, PLAIN.replace("title", "draft: true\ntitle"))
    assert without_file(found) == ParsedRecord(hidden=True)


def test_file_with_the_known_hash_is_not_parsed_again(tmp_path: Path) -> None:
    found = record(tmp_path, PLAIN)
    unchanged = parse_record(source(tmp_path), os.fsencode(NAME), CONTEXT, found.content_hash)
    assert unchanged == UnchangedFile(found.content_hash, found.file_status)
    assert parse_record(source(tmp_path), os.fsencode(NAME), CONTEXT, b"another hash") == found


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "draft: true\n",
        "quality: high\n",
        "id: one\ntopics: [a, b]\nexpiryDate: 2030-01-01\nquality: 7\n",
        "date: x\n",
    ],
)
def test_packed_record_is_plain_tuples_and_loses_only_its_entry(tmp_path: Path, lines: str) -> None:
    found = record(tmp_path, PLAIN.replace("title", f"{lines}title"))
    packed = pickle.loads(pickle.dumps(found.pack()))
    assert unpack_record(packed) == found._replace(entry=None)
    assert {type(part) for part in parts(packed)} <= {tuple, dict, str, bytes, int, bool, type(None)}


def parts(value: object) -> Iterator[object]:
    yield value
    match value:
        case tuple():
            for item in value:
                yield from parts(item)
        case dict():
            yield from parts(tuple(value.items()))


@pytest.mark.parametrize("lines", ["draft: true\ndraft: false", "published: false\npublished: true"])
def test_repeated_key_hides_if_one_of_its_values_does(tmp_path: Path, lines: str) -> None:
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
def test_entry_is_visible_from_its_date_until_it_expires(
    site_folder: SiteFolder, expires: str, seconds: int, visible: bool  # noqa: FBT001 - a column
) -> None:  # fmt: skip
    site_folder.put(NAME, PLAIN.replace("title", f"{expires}\ntitle"))
    now = datetime(2026, 1, 31, tzinfo=UTC) + timedelta(seconds=seconds)
    survey, summary = check(site_folder.load(), now), site_folder.build(now)
    assert (survey.entries, survey.hidden) == (summary.entries, summary.hidden) == (int(visible), int(not visible))
    assert (b"A story" in (site_folder.output / "all/feed.rss").read_bytes()) is visible


# ------------------------------------------------------------------------------------------------- unreadable contents


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
def test_file_that_is_not_utf8_is_reported_at_its_first_invalid_byte(
    tmp_path: Path, content: bytes, line: int, column: int, byte: str
) -> None:
    found = record(tmp_path, content)
    assert found.content_hash == sha256(content).digest()[:16]
    assert without_file(found) == ParsedRecord(
        problems=(Problem(f"corpus/{NAME}", line, column, "file", f"not UTF-8: byte {byte}"),)
    )


def test_file_that_is_too_big_is_reported(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(PLAIN)
    size = len(PLAIN)
    assert parse_file(source(tmp_path, size), NAME).entry is not None
    (problem,) = parse_file(source(tmp_path, size - 1), NAME).problems
    assert problem.message == f"{size} bytes, more than max_bytes ({size - 1})"


def test_huge_size_limit_allocates_no_memory(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(PLAIN)
    assert parse_file(source(tmp_path, sys.maxsize), NAME).entry is not None


@pytest.mark.parametrize("path", ["/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled"])
def test_file_that_is_longer_than_its_size_is_rejected(path: str) -> None:
    if not Path(path).exists():
        pytest.skip("the file does not exist on this system")
    folder, _, name = path.rpartition("/")
    for max_bytes in (10, 1_000_000):
        found = parse_file(source(Path(folder), max_bytes), name)
        assert found.entry is None
        (problem,) = found.problems
        assert problem.field == "file"
        assert problem.message.startswith(
            ("modified during each attempt to read it", "4,096 bytes, more than max_bytes")
        )


# ---------------------------------------------------------------------------------------------------- irregular files


def test_pipe_in_place_of_a_file_does_not_block_the_run(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)
    started = time.monotonic()
    (problem,) = parse_file(source(tmp_path), NAME).problems
    assert problem.message == "not a regular file"
    assert time.monotonic() - started < 5


def test_socket_in_place_of_a_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket has at most 108 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(NAME)
        (problem,) = parse_file(source(tmp_path), NAME).problems
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
def test_path_that_is_not_a_regular_file_is_reported(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "x.md").touch()
    (tmp_path / "loop.md").symlink_to("loop.md")
    found = parse_file(source(tmp_path), name)
    assert found.content_hash == b""
    assert without_file(found) == ParsedRecord(problems=(Problem(f"corpus/{name}", 1, 1, "file", message),))


@pytest.mark.parametrize("name", ["gone.md", "dangling.md", "gone/gone.md"])
def test_file_that_does_not_exist_has_a_result_of_its_own(tmp_path: Path, name: str) -> None:
    (tmp_path / "dangling.md").symlink_to("nowhere")
    assert parse_record(source(tmp_path), os.fsencode(name), CONTEXT) == VanishedFile(os.fsencode(name))


def test_file_deleted_before_it_is_read_is_reported_and_the_others_are_built(
    site_folder: SiteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    site_folder.put("a.md", PLAIN)
    site_folder.put("b.md", PLAIN)

    def delete_and_read(source: Source, path: bytes) -> FileContent | UnreadableFile | VanishedFile:
        if path == b"b.md":
            (site_folder.corpus / "b.md").unlink()
        return read_file(source, path)

    monkeypatch.setattr("syndicate.corpus.parse.read_file", delete_and_read)
    summary = site_folder.build()
    assert summary.problems == (Problem("corpus/b.md", 1, 1, "file", "vanished before it was read", "warning"),)
    assert (summary.entries, summary.hidden) == (1, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every file")
def test_file_without_read_permission_is_reported(tmp_path: Path) -> None:
    (tmp_path / NAME).touch(mode=0)
    (problem,) = parse_file(source(tmp_path), NAME).problems
    assert problem.message == "cannot be read: Permission denied"


@pytest.mark.parametrize("name", [b"\xff\xfe.md", b"new\nline.md", "日本 ü.md".encode(), b"-rf $(x) '\".md"])
def test_file_with_an_unusual_name_is_parsed(tmp_path: Path, name: bytes) -> None:
    decoded = os.fsdecode(name)
    found = record(tmp_path, PLAIN, decoded)
    assert found.entry is not None
    assert found.entry.id.isascii()
    assert found.entry.url.isascii()
    assert not found.problems


# ---------------------------------------------------------------------------------------------------------- positions

UNFENCED = (
    "---\ntitle: T\ndate: 2026-01-31\n\ntopics: [a]\nsecured: 'JE16BWlQqUC4/b1VVb;wylZNVsYCDDT7jWR=='\n---\nBody.\n"
)


def test_problems_have_the_positions_of_their_values(tmp_path: Path) -> None:
    content = "\n".join(
        ["---", "title: T", "date: 2026-01-31", "Quality: high", "topics: [a, ~]", "related:", "  - title: x",
         "    webUrl: ftp://x.test/", "images:", "  - {url: 'data:x', width: 1}", "control: \x92", "---"]
    )  # fmt: skip
    problems = [str(problem) for problem in record(tmp_path, content).problems]
    shown = f"corpus/{NAME}"
    assert problems == [
        f"{shown}:5:13: topics.1: expected a name, got nothing (warning)",
        f"{shown}:10:11: images.0.url: dropped: scheme 'data' is not http or https in 'data:x' (warning)",
        f"{shown}:8:13: related.0.webUrl: dropped: scheme 'ftp' is not http or https in 'ftp://x.test/' (warning)",
        f"{shown}:4:10: quality: expected a number, got 'high' (warning)",
        f"{shown}:2:1: front matter: control characters were removed (warning)",
    ] or problems == [line.replace(":2:1: front", ":1:1: front") for line in problems]


def test_invalid_front_matter_is_reported_at_its_position(tmp_path: Path) -> None:
    (problem,) = record(tmp_path, "---\ntitle: T\nname: DM: Diablo\n---\n").problems
    assert (problem.line, problem.column, problem.field) == (3, 9, "front matter")


def test_value_of_a_parsed_file_can_be_located_later(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(PLAIN)
    (tmp_path / "broken.md").write_text("---\na: b: c\n---\n")
    assert locate_value(source(tmp_path), os.fsencode(NAME), ("date",)) == (3, 7)
    assert locate_value(source(tmp_path), b"broken.md", ("date",)) == (1, 1)
    assert locate_value(source(tmp_path), b"gone.md", ("date",)) == (1, 1)


@pytest.mark.parametrize(
    "content",
    [
        UNFENCED.replace("---\n", "--\n", 1),
        UNFENCED.replace("---\n", "", 1),
        UNFENCED.replace("topics", "---\ntopics"),
        UNFENCED.replace("topics: [a]", "excerpt: |\n  one\n---\n  two"),
        UNFENCED.replace("secured: '", "secured: >-\n  ").replace("---\n", "", 1),
        UNFENCED.replace("secured: ", "  'Secured' :   ").replace("---\n", "", 1),
        UNFENCED.replace("---\n", "+++\n", 1).replace("topics", "+++\ntopics"),
    ],
    ids=["short fence", "no fence", "early fence", "fence in a text", "folded", "unusual spelling", "TOML fence"],
)
def test_record_with_a_private_key_in_its_body_is_hidden(tmp_path: Path, content: str) -> None:
    found = record(tmp_path, content)
    assert found.entry is None
    assert "JE16BWlQqUC4" not in repr(found)


def test_context_holds_the_settings_of_a_source(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    text = """
site: {title: T, url: "https://feeds.test/", id: "feeds.test,2026", home: "https://www.test/"}
corpus: [{path: one}, {path: two, fields: {title: headline}}]
feeds: {by: [topics, series], related: 3}
"""
    config = parse(text, str(tmp_path / "config.yaml"))
    first, second = (source_context(config, each) for each in config.sources)
    assert (first.prefix, second.prefix) == ("", "/two/")
    stated = record_of({"headline": "H", "title": "T", "date": "2026-01-31"}, "", "x.md", second).entry
    assert stated is not None
    assert stated.title == "H"
    unstated = record_of({"title": "T", "name": "N", "date": "2026-01-31"}, "", "x.md", second).entry
    assert unstated is not None
    assert (unstated.title, unstated.path) == ("T", "/two/x.md")
    named = record_of({"name": "N", "date": "2026-01-31"}, "", "x.md", second).entry
    assert named is not None
    assert named.title == "N"
    assert second.dimensions == ("topics", "series")
    assert second.home == "https://www.test/"
    assert second.presentation == Presentation(related_limit=3)


# ------------------------------------------------------------------------------------------------------- hostile files

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
    """A valid record with some of its bytes replaced, removed or repeated."""
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 30)))
        data = data[:start] + draw(st.one_of(BITS, st.just(data[start:end] * 2))) + data[end:]
    return data


def deep_key(head: str, key: str, tail: str) -> bytes:
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
@example(content=deep_key("+++\ntitle='T'\n", "provider.name", "=1\n+++\n"))
@example(content=deep_key("+++\ntitle='T'\n", "draft", "=1\n+++\n"))
@example(content=deep_key("+++\ntitle='T'\n", "status", "=1\n+++\n"))
@example(content=deep_key("+++\n", "title", "=1\n+++\n"))
@example(content=deep_key("+++\ntitle='T'\n", "extra.kind", "=1\n+++\n"))
@example(
    content=b"---\ntitle: T\nimage: !!set {a}\ntopics: !!omap [a: b]\nid: !!binary aGk=\nrelated: !!pairs [a: b]\n---"
)
def test_any_bytes_result_in_a_record_or_in_problems_with_positions(tmp_path: Path, content: bytes) -> None:
    found = record(tmp_path, content)
    assert isinstance(found, ParsedRecord)
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
def test_hostile_record_is_parsed_in_seconds(tmp_path: Path, content: str) -> None:
    started = time.process_time()
    assert isinstance(record(tmp_path, content), ParsedRecord)
    assert time.process_time() - started < 15, "quadratic time takes minutes"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("---\ntitle: T\ndate: 2026-01-31\n---\nBody.\n\n{% include x.html %}\n", 7),
        ("---\r\ntitle: T\r\ndate: 2026-01-31\r\n---\r\n\r\n\r\nBody {% include x.html %}\r\n\r\n", 7),
        ("Title: T\nDate: 2026-01-31\n\n{% include x.html %}", 4),
    ],
    ids=["plain", "blank lines", "Pelican"],
)
def test_what_a_body_loses_is_a_warning_with_its_line(tmp_path: Path, content: str, line: int) -> None:
    [problem] = record(tmp_path, content).problems
    assert str(problem).endswith(
        f"{NAME}:{line}:1: body: 1 template tag was left out (first: {{% include x.html %}}) (warning)"
    )


def test_file_that_became_a_link_out_after_the_scan_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "corpus" / "sub"
    folder.mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.md").write_text("---\ntitle: Secret\ndate: 2026-01-01\n---\n")
    corpus = Source(path="corpus", root=str(tmp_path / "corpus"))
    (folder / "a.md").symlink_to(tmp_path / "secret" / "a.md")
    record = parse_record(corpus, b"sub/a.md", CONTEXT)
    assert isinstance(record, ParsedRecord)
    assert [str(problem) for problem in record.problems] == [
        "corpus/sub/a.md:1:1: file: a symbolic link that leaves the corpus"
    ]
    (folder / "a.md").unlink()
    folder.rmdir()
    folder.symlink_to(tmp_path / "secret")
    record = parse_record(corpus, b"sub/a.md", CONTEXT)
    assert isinstance(record, ParsedRecord)
    assert record.entry is None
