"""Fixtures for the browser and the checkers that `make test-pages` installs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.page_sites import Tools

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"]  # fmt: skip


@pytest.fixture(scope="session")
def tools() -> Tools:
    """The locations of the browser and the checkers."""
    return Tools(Path(os.environ["SYNDICATE_TEST_PAGES"]), os.environ["SYNDICATE_TEST_CHROMIUM"])


@pytest.fixture(scope="session")
def browser(tools: Tools) -> Iterator[Browser]:
    """Chromium, without requests of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=tools.chromium, args=FLAGS)
        yield chromium
        chromium.close()
