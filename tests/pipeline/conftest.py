"""Tests of the build share the sites of `support.editable_sites`."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.editable_sites import EditableSite


@pytest.fixture
def editable_site(tmp_path: Path) -> EditableSite:
    return EditableSite(tmp_path / "site")
