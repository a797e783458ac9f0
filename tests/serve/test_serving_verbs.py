"""The commands `serve` and `headers` as processes, and feed readers as clients."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import feedparser
import pytest
from support.editable_sites import EditableSite
from support.nginx import free_port, running_nginx
from support.running import age, running
from support.serving import serving
from support.sites import record, run

SAME = (
    "content-type", "content-encoding", "link", "cache-control", "last-modified", "x-content-type-options",
    "access-control-allow-origin", "access-control-expose-headers",
)  # fmt: skip


def fetch(url: str, **fields: str) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in fields.items()})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, {name.lower(): value for name, value in response.headers.items()}, response.read()
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()


# --------------------------------------------------------------------------------------------------------------- serve


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_finishes_the_response_under_way_and_closes_idle_connections(
    number: signal.Signals, site: EditableSite
) -> None:
    site.settings["feeds"]["limit"] = 5
    for part in range(5):  # a body is at most 2 MB
        site.write(f"big{part}.md", record("Big", date="2026-05-01", body="words and " * 140_000))
    site.build()
    size = (site.output / "all/feed.rss").stat().st_size
    with (
        serving(site) as (process, port),
        socket.socket() as slow,
        socket.create_connection(("127.0.0.1", port)) as idle,
    ):
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(10)
        slow.connect(("127.0.0.1", port))
        slow.sendall(b"GET /news/all/feed.rss HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        first = slow.recv(100)
        assert first.startswith(b"HTTP/1.1 200")
        process.send_signal(number)
        time.sleep(0.5)
        assert process.poll() is None
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), 1)
        idle.settimeout(5)
        assert idle.recv(1) == b""
        got = bytearray(first)
        while piece := slow.recv(1 << 16):
            got += piece
        assert len(got.partition(b"\r\n\r\n")[2]) == size
        assert process.wait(10) == 0


def test_api_is_served_below_the_path_of_the_site(site: EditableSite) -> None:
    site.settings["api"] = {}
    site.record("partner.md", title="For partners", date="2026-05-02", topics=["One"])
    site.build()
    key = run("partner", "add", "press", cwd=site.folder).stdout.split()[-1]
    with serving(site) as (_, port):
        base = f"http://127.0.0.1:{port}"
        assert fetch(f"{base}/news/api/v1/entries")[0] == 401
        status, headers, body = fetch(f"{base}/news/api/v1/entries?q=partners", Authorization=f"Bearer {key}")
        assert (status, headers["content-type"].partition(";")[0]) == (200, "application/feed+json")
        assert [item["title"] for item in json.loads(body)["items"]] == ["For partners"]
        assert json.loads(fetch(f"{base}/news/api/v1/openapi.json")[2])["openapi"].startswith("3.1")
        assert fetch(f"{base}/news/api/v1/nothing")[0] == 404
        assert fetch(f"{base}/news/all/feed.json")[0] == 200


def test_unavailable_address_is_reported_in_one_line(site: EditableSite) -> None:
    site.build()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("serve", "--port", port, cwd=site.folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith(f"syndicate: 127.0.0.1:{port}: cannot listen: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", ["", "x", "-1", "65536", "1.5"])
def test_invalid_port_exits_with_2(port: str, site: EditableSite) -> None:
    done = run("serve", f"--port={port}", cwd=site.folder)
    assert done.returncode == 2
    assert "expected a port" in done.stderr


# ------------------------------------------------------------------------------------------------------------- readers


async def test_feedparser_gets_304_by_either_validator(site: EditableSite) -> None:
    site.build()
    age(site)
    async with running(site) as server:
        for kind in ("rss", "atom"):
            url = f"{server.url}/news/all/feed.{kind}"
            first = await asyncio.to_thread(feedparser.parse, url)
            assert (first.status, bool(first.bozo), len(first.entries)) == (200, False, 1)
            for known in ({"etag": first.etag}, {"modified": first.modified}):
                assert (await asyncio.to_thread(feedparser.parse, url, **known)).status == 304


async def test_reader_polls_and_gets_304(site: EditableSite, tmp_path: Path) -> None:
    reader_module = pytest.importorskip("reader")
    site.build()
    age(site)
    async with running(site) as server:

        def poll() -> tuple[int, int, list[Any]]:
            with reader_module.make_reader(str(tmp_path / "reader.db")) as reader:
                urls = [f"{server.url}/news/all/feed.{kind}" for kind in ("rss", "atom", "json")]
                for url in urls:
                    reader.add_feed(url, exist_ok=True)
                results = list(reader.update_feeds_iter(scheduled=False))
                return reader.get_entry_counts().total, len(urls), [result.value for result in results]

        entries, feeds, values = await asyncio.to_thread(poll)
        assert entries == feeds
        assert not any(isinstance(value, Exception) for value in values)
        await asyncio.to_thread(poll)
        counted = (await server.request("/metrics")).body.decode()
        assert 'syndicate_http_requests_total{kind="feed",status="304"} 3.0' in counted


# ------------------------------------------------------------------------------------------------------------- headers


@pytest.mark.parametrize("kind", ["nginx", "caddy", "apache", "netlify"])
def test_server_config_has_types_hubs_cache_times_and_redirects(kind: str, site: EditableSite) -> None:
    site.settings["topics"] = {"One": {"slug": "first", "moved_from": ["one"]}}
    site.build()
    done = run("headers", kind, cwd=site.folder)
    assert (done.returncode, done.stderr) == (0, "")
    for part in ("application/rss+xml", "text/x-opml", "application/feed+json", "https://hub.example/", "max-age=300",
                 "https://f.example", "nosniff", "/news/topics/first"):  # fmt: skip
        assert part in done.stdout, part


def test_unknown_kind_of_server_is_a_usage_error(site: EditableSite) -> None:
    assert run("headers", "iis", cwd=site.folder).returncode == 2


@pytest.fixture(params=["/news/", "/"])
def hosted(
    request: pytest.FixtureRequest, site: EditableSite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[EditableSite, str]]:
    """Serve a site by nginx with the output of `syndicate headers nginx`, and yield the site and its URL."""
    site.settings["site"]["url"] = f"https://f.example{request.param}"
    site.settings["topics"] = {"One": {"slug": "first", "moved_from": ["one"]}}
    site.record("old.md", title="Old", topics=["One"], date="2024-01-05")
    site.build()
    folder = tmp_path_factory.mktemp("nginx")
    port = free_port()
    server_config = run("headers", "nginx", cwd=site.folder).stdout.replace("listen 80;", f"listen 127.0.0.1:{port};")
    with running_nginx(folder, server_config, port):
        yield site, f"http://127.0.0.1:{port}{request.param}"


def test_nginx_sends_the_header_fields_of_serve(hosted: tuple[EditableSite, str]) -> None:
    site, url = hosted
    age(site)
    own = f"{site.settings['site']['url']}"
    with serving(site) as (_, port):
        ours = f"http://127.0.0.1:{port}{url[url.index('/', 8) :]}"
        paths = "all/feed.rss all/feed.atom all/feed.json all/archive/2024-01/feed.rss feeds.opml feeds.css".split()
        paths += ["catalog.json", "index.html", "", "topics/first/"]
        for path in paths:
            for encoding in ("identity", "gzip"):
                status, theirs, body = fetch(url + path, Accept_Encoding=encoding)
                expected = fetch(ours + path, Accept_Encoding=encoding)
                assert (status, body) == (200, expected[2]), path
                for name in SAME:
                    assert theirs.get(name) == expected[1].get(name), (path, name)
                assert ("content-security-policy" in theirs) == ("content-security-policy" in expected[1])
                assert fetch(url + path, Accept_Encoding=encoding, If_None_Match=theirs["etag"])[0] == 304
                assert fetch(url + path, Accept_Encoding=encoding, If_Modified_Since=theirs["last-modified"])[0] == 304
    links = fetch(f"{url}all/feed.json")[1]["link"]
    assert (
        links
        == f'<https://hub.example/>; rel="hub", <https://two.example/>; rel="hub", <{own}all/feed.json>; rel="self"'
    )


def test_nginx_hides_unpublished_files_and_redirects_moved_folders(hosted: tuple[EditableSite, str]) -> None:
    site, url = hosted
    os.symlink(site.folder / "config.yaml", site.output / "link.json")
    for path in (
        ".syndicate-output",
        "link.json",
        "all/feed.rss.syndicate-new",
        "../config.yaml",
        "all/feed.rss%0d%0aX:y",
    ):
        assert fetch(url + path)[0] in {400, 403, 404}, path
    assert fetch(f"{url}topics/one/feed.rss")[2] == (site.output / "topics/first/feed.rss").read_bytes()
    missing = fetch(f"{url}nothing")
    assert (missing[0], missing[1]["access-control-allow-origin"]) == (404, "*")
