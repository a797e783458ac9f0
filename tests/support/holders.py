"""Processes that hold something until they are killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .sites import clean_environment


@contextmanager
def holding(script: str, *arguments: str, says: str) -> Iterator[subprocess.Popen[str]]:
    """Yields a process that has run a script up to the line that it prints; it is killed at the end."""
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{says}\n"
        try:
            yield process
        finally:
            process.kill()
