"""Fixtures of the delivery tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.worlds import World


@pytest.fixture
def site(tmp_path: Path) -> World:
    """A site that is not built yet, with a feed of all entries and one for each of its topics, One and Two."""
    world = World(tmp_path / "site")
    world.settings["feeds"] = {"limit": 50, "by": ["topics"], "formats": ["atom"]}
    world.settings["push"] = {"verify": False, "timeout_s": 5}
    world.record("a.md", title="Alpha", topics=["One"])
    world.record("b.md", title="Beta", topics=["Two"])
    return world
