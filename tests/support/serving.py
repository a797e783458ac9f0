"""The command `serve`, as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.editable_sites import EditableSite
from support.sites import clean_environment


@contextmanager
def serving(site: EditableSite, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a server in a process of its own, and yield the process and its port."""
    site.configure()
    process = subprocess.Popen(
        [sys.executable, "-m", "syndicate", "serve", "--port", "0", "--log-format", "json", *arguments],
        cwd=site.folder, env=clean_environment(), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        for line in process.stderr:
            event = json.loads(line)
            if event["event"] == "serving":
                yield process, event["port"]
                break
        else:
            pytest.fail("the server did not start")
    finally:
        process.kill()
        process.communicate()
