"""Tests of the build share a module of worlds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from worlds import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "site")
