"""The pages of a preview in Chromium: they load again by themselves, and show what is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.sites import CONFIG, SiteFolder, clean_environment, record
from support.workers import replace_file

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

if "SYNDICATE_TEST_PAGES" not in os.environ:
    pytest.skip("browser and checkers are missing: run make test-pages", allow_module_level=True)

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture
def site(tmp_path: Path) -> SiteFolder:
    site_folder = SiteFolder(tmp_path / "site")
    site_folder.put("a.md", record("Alpha", "topics: [One]"))
    return site_folder


@pytest.fixture
def address(site: SiteFolder) -> Iterator[str]:
    """The address of a preview of the site."""
    with subprocess.Popen(
        [sys.executable, "-m", "syndicate", "preview", "--no-open", "--port", "0"],
        cwd=site.folder, env=clean_environment(), stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        yield process.stdout.readline().split(": ")[1].split()[0]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 0


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose errors, such as violations of its policy, fail the test."""
    with browser.new_page() as page:
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        yield page
        assert [error for error in errors if "503" not in error] == []  # the page before the first build


def test_page_loads_again_after_a_change(site: SiteFolder, address: str, page: Page) -> None:
    page.goto(address)
    page.get_by_text("Alpha").first.wait_for()
    page.goto(f"{address}topics/one/")
    page.get_by_text("Alpha").first.wait_for()
    replace_file(site, "a.md", record("Omega", "topics: [One]"))
    page.get_by_text("Omega").first.wait_for()


def test_panel_shows_problems_as_text(site: SiteFolder, address: str, page: Page) -> None:
    page.goto(address)
    page.get_by_text("Alpha").first.wait_for()
    panel = page.locator("syndicate-preview")
    assert not panel.is_visible()
    site.put("b.md", record("Beta", date="<img src=x onerror=alert(1)>"))
    panel.wait_for(state="visible")
    assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0


def test_panel_shows_an_invalid_configuration_and_goes(site: SiteFolder, address: str, page: Page) -> None:
    page.goto(address)
    page.get_by_text("Alpha").first.wait_for()
    panel = page.locator("syndicate-preview")
    replace_file(site, "config.yaml", f"{CONFIG}feed: 5\n", site.folder)
    panel.wait_for(state="visible")
    replace_file(site, "config.yaml", CONFIG, site.folder)
    panel.wait_for(state="hidden")
    page.get_by_text("Alpha").first.wait_for()
