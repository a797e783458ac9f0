"""The command against real servers: what it finds, and how long it takes."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from support.hubs import ReceivedRequest, Responder, hangs, http_server, raw_server, refusing_url, responds
from support.sites import CONFIG, ROOT, SiteFolder, record, run

from syndicate.doctor.finding import Finding
from syndicate.doctor.run import examine
from syndicate.http.media_types import media_type
from syndicate.store.sqlite.store import connect


@pytest.fixture
def site(tmp_path: Path) -> SiteFolder:
    site_folder = SiteFolder(tmp_path / "site")
    site_folder.put("a.md", record("Alpha", "topics: [One]"))
    return site_folder


def configure(site: SiteFolder, url: str, *hubs: str) -> None:
    """Configure the public address and the hubs, and build."""
    site.configure(f"{CONFIG.replace('https://feeds.test/', url)}hubs: {json.dumps(hubs)}\n")
    site.build()


async def examined(site: SiteFolder, timeout_s: float = 10.0) -> dict[str, list[Finding]]:
    """Return the findings by the names of their checks."""
    found: dict[str, list[Finding]] = {}
    for finding in await asyncio.to_thread(examine, site.load(), {}, timeout_s):
        found.setdefault(finding.check, []).append(finding)
    return found


def levels(findings: list[Finding]) -> set[str]:
    return {finding.level for finding in findings}


def publishes(
    site: SiteFolder, change: Callable[[str, dict[str, str]], object] = lambda *_: None, hubs: str = ""
) -> Responder:
    """Return a responder that serves the output; `change` may change the header fields of a path."""

    def respond(request: ReceivedRequest) -> web.Response:
        path = request.path.lstrip("/")
        path = f"{path}index.html" if path.endswith("/") or not path else path
        url = f"http://{request.headers['Host']}/{path}"
        fields = {"Content-Type": media_type(path).content_type, "Link": f'{hubs}<{url}>; rel="self"'}
        change(path, fields)
        return web.Response(body=(site.output / path).read_bytes(), headers=fields)

    return respond


async def test_site_that_is_published_as_built_is_sound(site: SiteFolder) -> None:
    async with http_server() as hub, http_server() as server:
        configure(site, server.url, hub.url)
        server.responder = publishes(site, hubs=f'<{hub.url}>; rel="hub", ')
        found = await examined(site)
        assert [request.method for request in hub.received] == ["GET"]
    assert [each.found for each in found["public copy"]] == [
        f"{server.url}{path} is as it was built" for path in ("all/feed.atom", "all/feed.json", "all/feed.rss", "all/")
    ]
    for name in ("public copy", "headers", "hub", "clock", "output", "state", "documents", "state version", "disk"):
        assert levels(found[name]) == {"ok"}, found[name]


async def test_old_public_copy_is_a_warning_then_an_error(site: SiteFolder) -> None:
    async with http_server(responds(200, "old")) as server:
        configure(site, server.url)
        found = await examined(site)
        assert levels(found["public copy"]) == {"warning"}
        assert "has other bytes than the built document" in found["public copy"][0].found
        with closing(connect(str(site.folder / ".syndicate" / "index.db"))) as sql:
            sql.execute("UPDATE run_state SET value = value - 7200 * 1000000000 WHERE name = 'built_ns'")
        assert levels((await examined(site))["public copy"]) == {"error"}


async def test_address_that_leads_elsewhere_is_an_error(site: SiteFolder) -> None:
    async with http_server(responds(404)) as server:
        configure(site, server.url)
        found = await examined(site)
    assert levels(found["public copy"]) == {"error"}
    assert found["public copy"][0].found == f"{server.url}all/feed.atom: answers with status 404"


async def test_server_that_refuses_connections_is_one_error(site: SiteFolder) -> None:
    url = refusing_url()
    configure(site, url)
    (finding,) = (await examined(site))["public copy"]
    assert finding.level == "error"
    assert finding.found == f"{url}: {url.split('/')[2]} refuses connections"


async def test_wrong_type_and_missing_link_are_warnings(site: SiteFolder) -> None:
    def change(path: str, fields: dict[str, str]) -> None:
        if path.endswith(".rss"):
            fields["Content-Type"] = "text/plain"
        if path.endswith(".json"):
            del fields["Link"]

    async with http_server() as hub, http_server() as server:
        configure(site, server.url, hub.url)
        server.responder = publishes(site, change, f'<{hub.url}>; rel="hub", ')
        found = await examined(site)
    warnings = [each.found for each in found["headers"] if each.level == "warning"]
    assert warnings == [
        f'{server.url}all/feed.json: Link lacks <{hub.url}>; rel="hub", <{server.url}all/feed.json>; rel="self"',
        f"{server.url}all/feed.rss: Content-Type is text/plain, and not application/rss+xml",
    ]
    assert all("syndicate headers" in each.help for each in found["headers"] if each.level == "warning")


@pytest.mark.parametrize(
    ("status", "level", "text"),
    [(405, "ok", "answers"), (404, "warning", "answers 404"), (503, "warning", "answers 503"), (302, "ok", "answers")],
)
async def test_hub_is_asked_but_not_pinged(status: int, level: str, text: str, site: SiteFolder) -> None:
    async with http_server(responds(status, Location="/elsewhere")) as hub:
        configure(site, refusing_url(), hub.url)
        (finding,) = (await examined(site))["hub"]
        assert [(request.method, request.path) for request in hub.received] == [("GET", "/")]
    assert (finding.level, finding.found) == (level, f"{hub.url} {text}")


async def test_hub_that_refuses_connections_is_an_error(site: SiteFolder) -> None:
    hub = refusing_url()
    configure(site, refusing_url(), hub)
    (finding,) = (await examined(site))["hub"]
    assert finding.level == "error"
    assert "refuses connections" in finding.found


async def test_clock_of_the_public_server_is_compared(site: SiteFolder) -> None:
    async with http_server() as server:
        configure(site, server.url)
        server.responder = publishes(site, lambda _, fields: fields.update(Date="Thu, 01 Jan 2026 00:00:00 GMT"))
        (finding,) = (await examined(site))["clock"]
        assert finding.level == "error"
        assert "ahead of that of 127.0.0.1" in finding.found
        # A cache keeps the time of the server behind it.
        server.responder = publishes(
            site, lambda _, fields: fields.update(Date="Thu, 01 Jan 2026 00:00:00 GMT", Age="9")
        )
        assert (await examined(site))["clock"][0].level != "error"


async def test_servers_that_never_answer_take_the_time_of_one(site: SiteFolder) -> None:
    async with raw_server(hangs) as server:
        configure(site, server.url, f"{server.url}hub", f"{server.url}hub2")
        started = time.monotonic()
        found = await examined(site, timeout_s=1.0)
        assert time.monotonic() - started < 5
    assert levels(found["hub"]) == levels(found["public copy"]) == {"error"}


def test_command_prints_a_line_for_each_check_and_exits_with_1(site: SiteFolder) -> None:
    configure(site, refusing_url())
    done = run("doctor", cwd=site.folder)
    assert done.returncode == 1
    assert all(line.split()[0] in {"ok", "warning", "error"} for line in done.stdout.splitlines())
    assert done.stderr.startswith(f"{len(done.stdout.splitlines())} checks, 1 error")
    as_json: list[dict[str, Any]] = json.loads(run("doctor", "--json", cwd=site.folder).stdout)
    assert [set(one) for one in as_json] == [{"level", "check", "found", "help"}] * len(as_json)


def test_site_that_was_not_built_is_no_error(site: SiteFolder) -> None:
    done = run("doctor", cwd=site.folder)
    assert done.returncode == 0
    assert "warning  state version: nothing was built yet: run syndicate build" in done.stdout.splitlines()
    assert not site.output.exists()


async def test_every_check_is_documented(site: SiteFolder) -> None:
    text = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`([^`]+)`", "".join(re.findall(r"^\| (`.*?) \|", text, re.MULTILINE))))
    async with http_server() as hub, http_server() as server:
        configure(site, server.url, hub.url)
        site.configure(f"{(site.folder / 'config.yaml').read_text(encoding='utf-8')}api: {{}}\n")
        server.responder = publishes(site)
        names = {"pings to …" if name.startswith("pings to") else name for name in await examined(site)}
    assert names == documented
