"""Fixtures and options for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.sites import Place


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate-golden", action="store_true", help="write tests/golden/ again; review the diff")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Returns a configured site without records."""
    return Place(tmp_path / "site")
