"""Fixtures of the server's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.editable_sites import EditableSite


@pytest.fixture
def site(tmp_path: Path) -> EditableSite:
    """A site below a path, with pages, archives and hubs; not built yet."""
    editable_site = EditableSite(tmp_path / "site")
    editable_site.settings["site"]["url"] = "https://f.example/news/"
    editable_site.settings["feeds"] = {"limit": 1, "by": ["topics"], "archive": "month"}
    editable_site.settings["hubs"] = ["https://hub.example/", "https://two.example/"]
    editable_site.settings["pages"] = True
    editable_site.settings["precompress"] = True
    editable_site.record("a.md", title="Alpha", topics=["One"], date="2026-01-05")
    editable_site.record("b.md", title="Beta", topics=["One", "Two"], date="2026-02-05")
    editable_site.record("c.md", title="Gamma", topics=["One", "Two"], date="2026-03-05")
    return editable_site
