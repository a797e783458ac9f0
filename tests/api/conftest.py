"""Fixtures of the partner API's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.worlds import World


@pytest.fixture
def site(tmp_path: Path) -> World:
    """A site with a public API; not built yet."""
    world = World(tmp_path / "site")
    world.settings["api"] = {"public": True}
    world.settings["topics"] = {"One": {"aliases": ["First"]}}
    return world
