"""Fixtures of the server's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.worlds import World


@pytest.fixture
def site(tmp_path: Path) -> World:
    """A site below a path, with pages, archives and hubs; not built yet."""
    world = World(tmp_path / "site")
    world.settings["site"]["url"] = "https://f.example/news/"
    world.settings["feeds"] = {"limit": 1, "by": ["topics"]}
    world.settings["hubs"] = ["https://hub.example/", "https://two.example/"]
    world.settings["pages"] = True
    world.settings["precompress"] = True
    world.record("a.md", title="Alpha", topics=["One"], date="2026-01-05")
    world.record("b.md", title="Beta", topics=["One", "Two"], date="2026-02-05")
    world.record("c.md", title="Gamma", topics=["One", "Two"], date="2026-03-05")
    return world
