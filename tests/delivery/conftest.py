"""Tests of delivery share the servers of the websub tests, and the worlds of the build's."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.worlds import World


@pytest.fixture
def site(tmp_path: Path) -> World:
    """A site with one document of everything and one for each of its topics, One and Two; not built yet."""
    world = World(tmp_path / "site")
    world.settings["feeds"] = {"limit": 50, "by": ["topics"], "formats": ["atom"]}
    world.settings["push"] = {"verify": False, "timeout_s": 5}
    world.record("a.md", title="Alpha", topics=["One"])
    world.record("b.md", title="Beta", topics=["Two"])
    return world
