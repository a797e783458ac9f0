"""Tests of the build share a module of worlds."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.worlds import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "site")
