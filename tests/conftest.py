"""What all tests share: a site in a temporary folder, and the option that writes the golden documents anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.sites import Place


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate-golden", action="store_true", help="write tests/golden/ anew, to be read in the diff"
    )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A configured site without a record."""
    return Place(tmp_path / "site")
