"""Tests of the partner interface share the worlds of the build's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "build"))

from worlds import World


@pytest.fixture
def site(tmp_path: Path) -> World:
    """A site that is open to everybody; not built yet."""
    world = World(tmp_path / "site")
    world.settings["api"] = {"public": True}
    world.settings["topics"] = {"One": {"aliases": ["First"]}}
    return world
