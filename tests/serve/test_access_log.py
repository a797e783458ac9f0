"""The access log, as text and from a running server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from contextlib import closing
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.editable_sites import EditableSite
from support.serving import fetch, serving
from support.sites import clean_environment

from syndicate.cli.serve import ACCESS_LOG_FORMATS
from syndicate.serve import access_log
from syndicate.serve.access_log import AccessLog, Response, format_combined, format_json

RESPONSE = Response(
    1767323045.678, "192.0.2.7", "GET", "/news/all/feed.rss?a=b", "HTTP/1.1", 200, 1234, 0.0123, "https://w.example/",
    "R/1",
)  # fmt: skip
# The combined format as log analysers read it: quoted fields with backslash escapes.
COMBINED = re.compile(
    r'(\S+) - - \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-) '
    r'"((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"'
)


def test_combined_format() -> None:
    assert format_combined(RESPONSE) == (
        '192.0.2.7 - - [02/Jan/2026:03:04:05 +0000] "GET /news/all/feed.rss?a=b HTTP/1.1" 200 1234 '
        '"https://w.example/" "R/1"'
    )
    empty = format_combined(RESPONSE._replace(address="", body_bytes=0, referer="", user_agent="", status=304))
    assert empty.endswith('" 304 - "-" "-"')
    assert empty.startswith("- - - [")


def test_json_format() -> None:
    assert json.loads(format_json(RESPONSE)) == {
        "time": "2026-01-02T03:04:05.678Z", "address": "192.0.2.7", "method": "GET", "path": "/news/all/feed.rss?a=b",
        "protocol": "HTTP/1.1", "status": 200, "body_bytes": 1234, "duration_ms": 12.3,
        "referer": "https://w.example/", "user_agent": "R/1",
    }  # fmt: skip


@given(st.text(), st.text(), st.text(), st.text())
def test_lines_are_printable_and_cannot_be_forged(address: str, path: str, referer: str, user_agent: str) -> None:
    hostile = RESPONSE._replace(address=address.replace(" ", ""), path=path, referer=referer, user_agent=user_agent)
    combined, as_json = format_combined(hostile), format_json(hostile)
    for line in (combined, as_json):
        assert line.isascii()
        assert line.isprintable()
    assert COMBINED.fullmatch(combined)
    assert json.loads(as_json)["path"] == path


def test_bytes_that_are_no_text_are_escaped() -> None:
    path = b"/\xff\x1b[2J".decode("utf-8", "surrogateescape")
    assert '"GET /\\xff\\x1b[2J HTTP/1.1"' in format_combined(RESPONSE._replace(path=path))
    assert json.loads(format_json(RESPONSE._replace(path=path)))["path"] == path


def test_log_nobody_reads_blocks_nothing_and_counts_what_it_drops(capsys: pytest.CaptureFixture[str]) -> None:
    read, write = os.pipe()
    with closing(open(write, "w", buffering=1, encoding="ascii")) as file:
        started = threading.active_count()
        writer = AccessLog("combined", file, max_waiting=10)
        for _ in range(5000):  # a pipe holds about 500 lines
            writer.add(RESPONSE)
        with open(read, encoding="ascii") as reader:
            received = []
            thread = threading.Thread(target=lambda: received.extend(reader))
            thread.start()
            writer.close()
            file.close()
            thread.join(20)
    assert 0 < len(received) < 5000
    assert threading.active_count() == started
    assert "lines of the access log were dropped" in capsys.readouterr().out


def test_all_lines_are_written_at_the_end() -> None:
    file = StringIO()
    writer = AccessLog("json", file)
    for number in range(300):
        writer.add(RESPONSE._replace(status=number))
    writer.close()
    assert [json.loads(line)["status"] for line in file.getvalue().splitlines()] == list(range(300))


def test_formats_are_those_of_the_command_line() -> None:
    assert tuple(access_log._FORMATTERS) == ACCESS_LOG_FORMATS


@pytest.mark.parametrize("name", ACCESS_LOG_FORMATS)
def test_server_logs_every_response(name: str, site: EditableSite) -> None:
    site.settings["api"] = {"public": True}
    site.build()
    output = site.folder / "access.log"
    with output.open("wb") as file, serving(site, "--access-log", name, stdout=file) as (process, port):
        for path in ("all/feed.rss", "none", "api/v1/feeds"):
            fetch(f"http://127.0.0.1:{port}/news/{path}", User_Agent='a"b')
        process.terminate()
        assert process.wait(20) == 0
    lines = output.read_text(encoding="ascii").splitlines()
    size = (site.output / "all/feed.rss").stat().st_size
    if name == "json":
        found = [json.loads(line) for line in lines]
        assert [(one["path"], one["status"]) for one in found] == [
            ("/news/all/feed.rss", 200), ("/news/none", 404), ("/news/api/v1/feeds", 200),
        ]  # fmt: skip
        assert found[0]["body_bytes"] == size
        assert found[0]["user_agent"] == 'a"b'
    else:
        parsed = [COMBINED.fullmatch(line) for line in lines]
        assert [one and one[3] for one in parsed] == [
            f"GET /news/{path} HTTP/1.1" for path in ("all/feed.rss", "none", "api/v1/feeds")
        ]
        assert parsed[0]
        assert (parsed[0][1], parsed[0][5], parsed[0][7]) == ("127.0.0.1", str(size), 'a\\"b')


def test_address_is_that_of_the_client_behind_a_proxy(site: EditableSite) -> None:
    site.settings["serve"] = {"proxies": ["127.0.0.1"]}
    site.build()
    output = site.folder / "access.log"
    with output.open("wb") as file, serving(site, "--access-log", "json", stdout=file) as (process, port):
        fetch(f"http://127.0.0.1:{port}/news/all/feed.rss", X_Forwarded_For="198.51.100.1, 192.0.2.7")
        process.terminate()
        process.wait(20)
    assert json.loads(output.read_text(encoding="ascii"))["address"] == "192.0.2.7"


def test_without_the_option_nothing_is_printed(site: EditableSite) -> None:
    site.build()
    output = site.folder / "access.log"
    with output.open("wb") as file, serving(site, stdout=file) as (process, port):
        fetch(f"http://127.0.0.1:{port}/news/all/feed.rss")
        process.terminate()
        process.wait(20)
    assert output.read_bytes() == b""


def test_unknown_format_is_a_usage_error(site: EditableSite) -> None:
    site.configure()
    done = subprocess.run(
        [sys.executable, "-m", "syndicate", "serve", "--access-log", "xml"], cwd=site.folder, env=clean_environment(),
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
