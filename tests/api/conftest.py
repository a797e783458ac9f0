"""Fixtures of the partner API's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.editable_sites import EditableSite


@pytest.fixture
def site(tmp_path: Path) -> EditableSite:
    """A site with a public API; not built yet."""
    editable_site = EditableSite(tmp_path / "site")
    editable_site.settings["api"] = {"public": True}
    editable_site.settings["topics"] = {"One": {"aliases": ["First"]}}
    return editable_site
