"""Fingerprints are the same in every process: another one repeats the work for all records."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.sites import CONFIG, SiteFolder, clean_environment

PRINT = """
from syndicate import config
from syndicate.pipeline import fingerprints
print(sorted((name, digest.hex()) for name, digest in fingerprints.of(config.load("config.yaml")).items()))
"""
GENERATORS = {
    "plain": {},
    "jekyll": {"_config.yml": "timezone: Europe/Berlin\ncollections: {a: {}, b: {}, c: {}}\n"},
    "hugo": {"hugo.yaml": "languages: {en: {}, de: {}, fr: {}}\n"},
    "zola": {"config.toml": 'base_url = "https://w.test"\n'},
    "pelican": {"pelicanconf.py": "PATH = 'content'\n"},
    "docusaurus": {"docusaurus.config.js": "export default {};\n"},
}


@pytest.mark.parametrize("kind", GENERATORS)
def test_order_of_sets_does_not_count(kind: str, tmp_path: Path) -> None:
    site = SiteFolder(tmp_path / "site", f"{CONFIG}feeds: {{formats: [rss, atom], by: [topics, x, y]}}\n")
    for name in ("one", "two", "three", "four", "five"):
        site.put(f"content/{name}/a.md", "")
    for name, text in GENERATORS[kind].items():
        site.put(name, text)
    printed = {
        subprocess.run(
            [sys.executable, "-c", PRINT], cwd=site.folder, env=clean_environment({"PYTHONHASHSEED": str(seed)}),
            capture_output=True, text=True, check=True, timeout=60,
        ).stdout
        for seed in (1, 2, 4)
    }  # fmt: skip
    assert len(printed) == 1
