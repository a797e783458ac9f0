"""Imports the program in advance, in a process that waits for its build."""

from __future__ import annotations

import importlib
import pkgutil
from contextlib import suppress

_PACKAGES = ("config", "corpus", "feeds", "formats", "outputs", "pipeline", "store")
_IMPORTED_LATE = ("jinja2", "markdown_it", "mdit_py_plugins.deflist", "mdit_py_plugins.footnote", "nh3")


def import_program() -> None:
    """Import all that a build may need."""
    for package in _PACKAGES:
        folders = importlib.import_module(f"syndicate.{package}").__path__
        for module in pkgutil.walk_packages(folders, f"syndicate.{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    for name in _IMPORTED_LATE:
        with suppress(ImportError):  # a build reports it, if it needs the module
            importlib.import_module(name)
