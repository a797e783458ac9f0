"""A preview as a real process: what it serves, what it does after changes, and what it leaves alone."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest
from support.hubs import http_server, wait_until
from support.previews import preview_process
from support.sites import CONFIG, SiteFolder, record, run, tree
from support.workers import replace_file

from syndicate.preview.local_config import local_config

SITE = CONFIG.replace("https://feeds.test/", "https://feeds.test/deep/er/")


@pytest.fixture
def site(tmp_path: Path) -> SiteFolder:
    site_folder = SiteFolder(tmp_path / "site", SITE)
    site_folder.put("a.md", record("Alpha", "topics: [One]", body="Text"))
    return site_folder


async def test_edit_is_served_after_an_event(site: SiteFolder) -> None:
    async with preview_process(site.folder) as preview:
        await preview.until_built()
        assert preview.lines[-1].endswith(": 1 entry, 2 feeds")
        assert "Alpha" in await preview.page("topics/one/")
        version = preview.events[-1]["version"]
        assert f'data-version="{version}"' in await preview.page("")
        seen = len(preview.events)
        replace_file(site, "a.md", record("Omega", "topics: [One]", body="Text"))
        assert (await preview.until_event(seen))["version"] != version
        assert "Omega" in await preview.page("topics/one/")
        assert "rebuilt in" in await preview.until_line(": 1 entry changed")


async def test_all_addresses_are_local_although_the_site_has_a_path(site: SiteFolder) -> None:
    async with preview_process(site.folder) as preview:
        await preview.until_built()
        response, feed = await preview.get("all/feed.atom")
        assert response.status == 200
        assert "feeds.test/" not in feed
        assert response.headers["Link"] == f'<{preview.url}all/feed.atom>; rel="self"'
        assert "tag:feeds.test,2026:a.md" in feed
        page = await preview.page("")
        assert f'href="{preview.url}all/feed.rss"' in page
        assert "feeds.test/" not in page


async def test_script_is_in_pages_only_and_not_in_built_documents(site: SiteFolder, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    async with preview_process(site.folder, TMPDIR=str(scratch)) as preview:
        await preview.until_built()
        for path in ("all/feed.rss", "all/feed.json", "feeds.opml", "catalog.json"):
            assert ".syndicate-preview" not in (await preview.get(path))[1]
        (output,) = scratch.glob("syndicate-preview-*/output")
        assert not [path for path, content in tree(output).items() if b".syndicate-preview" in content]
        assert await preview.stop() == 0
    assert list(scratch.iterdir()) == []


async def test_problems_are_shown_and_printed_with_their_place(site: SiteFolder) -> None:
    async with preview_process(site.folder) as preview:
        await preview.until_built()
        seen = len(preview.events)
        site.put("b.md", record("Beta", date="<b>soon</b>"))
        event = await preview.until_event(seen, title="1 problem")
        assert event["lines"][0].startswith("corpus/b.md:3:")
        assert event["is_fault"] is False
        assert await preview.until_line("corpus/b.md:3:")
        assert (await preview.until_line("rebuilt in")).endswith(": nothing changed, 1 problem")
        site.put("b.md", record("Beta"))
        assert (await preview.until_event(seen + 1, title=""))["lines"] == []


async def test_broken_configuration_keeps_the_documents_until_it_is_mended(site: SiteFolder) -> None:
    async with preview_process(site.folder) as preview:
        await preview.until_built()
        seen = len(preview.events)
        replace_file(site, "config.yaml", f"{SITE}feed: 5\n", site.folder)
        event = await preview.until_event(seen, is_fault=True)
        assert event["title"] == "The configuration is invalid"
        assert "config.yaml:7:1: feed: unknown key" in event["lines"][0]
        assert "config.yaml:7:1:" in await preview.until_line("unknown key")
        assert "Alpha" in await preview.page("all/")
        mended = SITE.replace("Test Site", "Mended Site")
        replace_file(site, "config.yaml", mended, site.folder)
        event = await preview.until_event(seen + 1, is_fault=False)
        assert event["title"] == ""
        assert "Mended Site" in await preview.page("all/")


async def test_template_that_fails_is_shown_as_a_fault(site: SiteFolder) -> None:
    templates = site.folder / "templates"
    templates.mkdir()
    (templates / "note.html").write_text("fine", encoding="utf-8")
    async with preview_process(site.folder) as preview:
        await preview.until_built()
        seen = len(preview.events)
        (templates / "page.html").write_text("{% if %}", encoding="utf-8")
        event = await preview.until_event(seen, is_fault=True)
        assert event["title"] == "The feeds could not be built"
        assert "page.html" in event["lines"][0]
        assert "Alpha" in await preview.page("all/")
        (templates / "page.html").write_text('{% extends "layout.html" %}{% block top %}Mine{% endblock %}', "utf-8")
        await preview.until_event(seen + 1, is_fault=False)
        assert "Mine" in await preview.page("all/")


async def test_site_and_hubs_are_left_alone(site: SiteFolder) -> None:
    async with http_server() as hub:
        site.configure(f"{SITE}hubs: [{{url: '{hub.url}', header_env: SECRET_THAT_IS_NOT_SET}}]\napi: {{}}\n")
        site.build()
        before = tree(site.folder)
        async with preview_process(site.folder) as preview:
            await preview.until_built()
            seen = len(preview.events)
            site.put("a.md", record("Omega", "topics: [One]"))
            await preview.until_event(seen)
            assert hub.url not in (await preview.get("all/feed.rss"))[1]
            assert await preview.stop() == 0
        assert hub.received == []
        assert {path for path, content in tree(site.folder).items() if before.get(path) != content} == {"corpus/a.md"}


async def test_build_of_the_site_is_not_a_change(site: SiteFolder) -> None:
    site.configure(SITE.replace("{path: corpus}", "{path: .}"))
    async with preview_process(site.folder) as preview:
        await preview.until_built()
        built = len(preview.lines)
        assert run("build", cwd=site.folder).returncode == 0
        site.put("b.md", record("Beta"))
        assert (await preview.until_line("rebuilt in")).endswith(": 1 entry changed")
        assert len(preview.lines) == built + 1


async def test_missing_document_has_a_page_that_lists_the_others(site: SiteFolder) -> None:
    site.configure(f"{SITE}pages: false\n")
    async with preview_process(site.folder) as preview:
        await preview.until_built()
        response, page = await preview.get("", Accept="text/html")
        assert response.status == 200
        assert 'href="/topics/one/feed.rss"' in page
        response, page = await preview.get("topics/%3Cb%3E/", Accept="text/html")
        assert response.status == 404
        assert "There is no document at /topics/&lt;b&gt;/" in page
        assert "client.js" in page


async def test_first_free_port_is_taken(site: SiteFolder) -> None:
    async with preview_process(site.folder, "--no-open") as preview:
        await preview.until_built()
        async with preview_process(site.folder, "--no-open") as second:
            await second.until_built()
            assert int(second.url.split(":")[2].rstrip("/")) > int(preview.url.split(":")[2].rstrip("/")) >= 8080
            assert "Alpha" in await second.page("all/")


def test_port_that_is_taken_is_refused(site: SiteFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        result = run("preview", "--no-open", "--port", str(port), cwd=site.folder)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"syndicate: 127.0.0.1:{port}: cannot listen: Address already in use\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_signal_ends_it_cleanly_with_a_page_open(site: SiteFolder, number: signal.Signals) -> None:
    async with preview_process(site.folder) as preview:
        await preview.until_built()
        assert await preview.stop(number) == 0
        assert not [line for line in preview.lines if "Traceback" in line or "Error" in line]


async def test_signal_during_the_first_build_leaves_nothing(site: SiteFolder, tmp_path: Path) -> None:
    for number in range(300):
        site.put(f"{number}.md", record(f"Title {number}", f"topics: [T{number}]"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    async with preview_process(site.folder, TMPDIR=str(scratch)) as preview:
        await wait_until(lambda: list(scratch.glob("syndicate-preview-*/state/index.db.new")))
        assert await preview.stop() == 0
        assert not [line for line in preview.lines if "built in" in line or "Traceback" in line]
    assert list(scratch.iterdir()) == []


async def test_browser_is_opened_at_the_address(site: SiteFolder, tmp_path: Path) -> None:
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{opened}.new" && mv "{opened}.new" "{opened}"\n', encoding="utf-8")
    os.chmod(browser, 0o755)
    async with preview_process(site.folder, "--port", "0", BROWSER=str(browser)) as preview:
        await preview.until_built()
        await wait_until(opened.exists)
        assert opened.read_text(encoding="utf-8").strip() == preview.url


def test_preview_works_on_its_own_machine(site: SiteFolder, tmp_path: Path) -> None:
    """Workers of a cluster do not see its temporary folder."""
    for stated, kind in (("{kind: dask, scheduler: 'tcp://10.0.0.1:8786'}", "processes"), ("inline", "inline")):
        site.configure(f"{CONFIG}executor: {stated}\n")
        assert local_config(site.load(), "http://127.0.0.1:1/", str(tmp_path)).executor.kind == kind
