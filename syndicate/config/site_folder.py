"""The files of a site, read for the modules of `sites`. A file that is missing, broken or too large has no values."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from .. import safe_files
from .nodes import compose, construct

_MAX_BYTES = 1_048_576
_MAX_FILES = 100_000  # a site of more files has no data beside its posts that anybody wrote by hand
_SKIPPED = frozenset("node_modules _site public resources dist build __pycache__".split())


class LocalSiteFolder:
    """The files below a folder; see `sites.SiteFolder`."""

    def __init__(self, root: str) -> None:
        self.root = root

    def values(self, path: str) -> Mapping[str, Any] | None:
        """Returns the values of a YAML, TOML or JSON file."""
        text = self.text(path)
        return None if text is None else _parse(text, path.rpartition(".")[2])

    def front_matter(self, path: str) -> Mapping[str, Any] | None:
        """Returns the values at the beginning of a Markdown file."""
        lines = (self.text(path) or "").split("\n")
        fence = lines[0].strip()
        if fence not in {"---", "+++"}:
            return None
        end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == fence), 0)
        return _parse("\n".join(lines[1:end]), "toml" if fence == "+++" else "yaml") if end else None

    def text(self, path: str) -> str | None:
        """Returns the text of a file."""
        try:
            handle = safe_files.open_regular(os.path.join(self.root, path))
        except (OSError, ValueError):
            return None
        try:
            return safe_files.read(handle, _MAX_BYTES).decode("utf-8-sig", "replace")
        except OSError:
            return None
        finally:
            os.close(handle)

    def names(self, path: str) -> list[str]:
        """Returns the names in a folder, ordered."""
        try:
            return sorted(os.listdir(os.path.join(self.root, path)))
        except OSError:
            return []

    def find(self, *endings: str) -> Iterator[str]:
        """Yields the paths of all files whose name ends so, ordered within each folder."""
        seen = 0
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
            seen += len(names)
            if seen > _MAX_FILES:
                return
            relative = os.path.relpath(folder, self.root)
            for name in sorted(names):
                if name.endswith(endings):
                    yield name if relative == "." else f"{relative}/{name}"


def _parse(text: str, ending: str) -> Mapping[str, Any] | None:
    try:
        match ending:
            case "toml":
                values: object = tomllib.loads(text)
            case "json":
                values = json.loads(text)
            case _:
                node = compose(text)
                values = construct(node) if node is not None else {}
    except (ValueError, RecursionError, MemoryError, yaml.YAMLError):
        return None
    return values if isinstance(values, dict) else None
