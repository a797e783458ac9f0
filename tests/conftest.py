"""Fixtures and options for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.sites import SiteFolder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate-golden", action="store_true", help="write tests/golden/ again; review the diff")
    parser.addoption(
        "--regenerate-truth", action="store_true", help="write tests/generators/truth/ again; review the diff"
    )


@pytest.fixture
def site_folder(tmp_path: Path) -> SiteFolder:
    """Returns a configured site without records."""
    return SiteFolder(tmp_path / "site")
