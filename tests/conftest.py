"""What all tests share: a site in a temporary folder, and the option that writes the golden documents anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.sites import SiteFolder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate-golden", action="store_true", help="write tests/golden/ anew, to be read in the diff"
    )


@pytest.fixture
def site_folder(tmp_path: Path) -> SiteFolder:
    """A configured site without a record."""
    return SiteFolder(tmp_path / "site")
