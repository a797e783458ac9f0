"""Fixtures of the delivery tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.editable_sites import EditableSite


@pytest.fixture
def site(tmp_path: Path) -> EditableSite:
    """A site that is not built yet, with a feed of all entries and one for each of its topics, One and Two."""
    editable_site = EditableSite(tmp_path / "site")
    editable_site.settings["feeds"] = {"limit": 50, "by": ["topics"], "formats": ["atom"]}
    editable_site.settings["push"] = {"verify": False, "timeout_s": 5}
    editable_site.record("a.md", title="Alpha", topics=["One"])
    editable_site.record("b.md", title="Beta", topics=["Two"])
    return editable_site
