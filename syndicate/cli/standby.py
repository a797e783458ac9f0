"""A process that is ready to run a command: it has imported the program, and waits for a line on its standard input.

Half of the time of a small build is that of starting Python and importing modules. The worker starts the process of the
next build in advance (`python -m syndicate.cli.standby build …`), so that a saved file is published sooner. The process
ends when its standard input is closed, as it is when the worker is killed. If the program was upgraded meanwhile, the
process starts again from the new one.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from ..pipeline import fingerprints
from . import main

_PACKAGES = ("config", "corpus", "feeds", "formats", "outputs", "pipeline", "store")
_IMPORTED_LATE = ("jinja2", "markdown_it", "mdit_py_plugins.deflist", "mdit_py_plugins.footnote", "nh3")


def run_when_asked(
    arguments: Sequence[str],
    wait: Callable[[], str] = sys.stdin.readline,
    replace_process: Callable[[str, list[str]], None] = os.execv,
) -> int:
    """Import the program, wait for a line, run a command, and return its exit code; 0 if there is no line."""
    program = fingerprints.program()
    _import_program()
    if not wait():
        return 0
    if fingerprints.program() != program:
        replace_process(sys.executable, [sys.executable, "-m", "syndicate", *arguments])
    return main(arguments)


def _import_program() -> None:
    for package in _PACKAGES:
        folders = importlib.import_module(f"syndicate.{package}").__path__
        for module in pkgutil.walk_packages(folders, f"syndicate.{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    for name in _IMPORTED_LATE:
        with suppress(ImportError):  # a build reports it, if it needs the module
            importlib.import_module(name)


if __name__ == "__main__":
    try:
        sys.exit(run_when_asked(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
