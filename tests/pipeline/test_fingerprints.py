"""A fingerprint changes with what it covers, and with nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.editable_sites import EditableSite
from support.sites import clean_environment

PRINT = """
import sys
from syndicate.config import load
from syndicate.pipeline import fingerprints
print(sorted(fingerprints.of(load(sys.argv[1])).items()))
"""


@pytest.mark.parametrize("kind", ["plain", "hugo"])
def test_fingerprints_are_the_same_in_every_process(tmp_path: Path, kind: str) -> None:
    site = EditableSite(tmp_path / "site")
    site.settings["corpus"] = [{"path": "corpus", "kind": kind}]
    command = [sys.executable, "-c", PRINT, str(site.configure())]
    found = {
        subprocess.run(
            command, env=clean_environment({"PYTHONHASHSEED": str(seed)}), check=True, capture_output=True
        ).stdout
        for seed in range(6)
    }
    assert len(found) == 1
