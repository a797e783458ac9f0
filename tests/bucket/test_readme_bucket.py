"""The README's "Publish to a bucket" runs as written."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.object_services import ENVIRONMENT, ObjectService
from support.sites import clean_environment

pytestmark = pytest.mark.bucket
README = Path(__file__).parents[2] / "README.md"


def test_commands_of_the_readme_publish_to_a_bucket(seaweedfs: ObjectService, tmp_path: Path) -> None:
    section = README.read_text(encoding="utf-8").split("## Publish to a bucket\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        block = block.replace(f"{name}=…", f"{name}={ENVIRONMENT[name]}")
    script = f"set -e\n{block.replace('8333', str(seaweedfs.port))}"
    environment = clean_environment()
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    fields = done.stdout.lower()
    assert fields.startswith("http/1.1 200")
    assert "content-type: application/atom+xml; charset=utf-8" in fields
    assert "cache-control: public, max-age=300" in fields
    seaweedfs.clear("news/")
