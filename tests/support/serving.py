"""`syndicate serve` in a process of its own, and a client of any server."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest
from support.editable_sites import EditableSite
from support.sites import clean_environment


@contextmanager
def serving(
    site: EditableSite, *arguments: str, stdout: IO[bytes] | None = None
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a server in a process of its own, and yield the process and its port."""
    site.configure()
    process = subprocess.Popen(
        [sys.executable, "-m", "syndicate", "serve", "--port", "0", "--log-format", "json", *arguments],
        cwd=site.folder, env=clean_environment(), stdout=stdout, stderr=subprocess.PIPE, text=True,
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


def fetch(url: str, **fields: str) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in fields.items()})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, {name.lower(): value for name, value in response.headers.items()}, response.read()
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()
