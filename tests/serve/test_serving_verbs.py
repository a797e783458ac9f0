"""The commands `serve` and `headers` as processes, and feed readers as clients."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from pathlib import Path
from typing import Any

import feedparser
import pytest
from support.editable_sites import EditableSite
from support.running import age, running
from support.serving import fetch, serving
from support.sites import record, run

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
