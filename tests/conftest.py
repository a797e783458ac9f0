"""Fixtures and options for all tests."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from support.sites import SiteFolder

# Hundreds of tests run the program: without bytecode, each run would compile all of it, which takes most of a second.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate-golden", action="store_true", help="write tests/golden/ again; review the diff")
    parser.addoption(
        "--regenerate-truth", action="store_true", help="write tests/generators/truth/ again; review the diff"
    )


def pytest_collection_finish() -> None:
    # What collecting ten thousand tests leaves stays until the end. Each collection of garbage would visit it all, and,
    # as builds fork, copy it.
    gc.collect()
    gc.freeze()


@pytest.fixture
def site_folder(tmp_path: Path) -> SiteFolder:
    """Returns a configured site without records."""
    return SiteFolder(tmp_path / "site")
