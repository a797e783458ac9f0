"""A site whose files are in memory, as the modules of `sites` read them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml


class MemorySite:
    """The interface of `sites.SiteFolder` over a dictionary of texts by path."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def values(self, path: str) -> Mapping[str, Any] | None:
        if path not in self._files:
            return None
        return _parse(self._files[path], path.rpartition(".")[2])

    def front_matter(self, path: str) -> Mapping[str, Any] | None:
        return _parse(self._files[path].split("---\n")[1], "yaml")

    def text(self, path: str) -> str | None:
        return self._files.get(path)

    def names(self, path: str) -> list[str]:
        prefix = f"{path}/" if path else ""
        return sorted({name[len(prefix) :].split("/")[0] for name in self._files if name.startswith(prefix)})

    def find(self, *endings: str) -> Iterator[str]:
        yield from sorted(name for name in self._files if name.endswith(endings))


def _parse(text: str, ending: str) -> Mapping[str, Any] | None:
    match ending:
        case "toml":
            values: Any = tomllib.loads(text)
        case "json":
            values = json.loads(text)
        case _:
            values = yaml.safe_load(text)
    return values if isinstance(values, dict) else None
