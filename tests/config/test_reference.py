"""docs/configuration.md is generated from the models."""

from __future__ import annotations

from support.sites import ROOT

from syndicate.config.models import ConfigFile
from syndicate.config.options import keys_of
from syndicate.config.reference import markdown


def test_committed_page_is_the_generated_one() -> None:
    committed = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert committed == markdown(), "docs/configuration.md is out of date: run `make configuration`"


def test_page_has_a_table_for_each_section() -> None:
    page = markdown()
    for key in keys_of(ConfigFile):
        assert f"| `{key.name}` |" in page
        if key.is_section:
            assert f"## `{key.name}" in page


def test_page_states_types_and_defaults() -> None:
    lines = markdown().splitlines()
    assert "| `port` | integer ≥ 0, ≤ 65535 | `8080` | Port to listen on; 0 for any free one. |" in lines
    assert any(line.startswith("| `url` | URL | required |") for line in lines)
    assert any(line.startswith("| `verify_timeout_s` | number > 0 | `600` |") for line in lines)
