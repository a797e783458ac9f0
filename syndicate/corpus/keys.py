"""The mapping of metadata keys to fields: one dictionary look-up for each key, however many aliases there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..values.keys import ALIASES, PRIVATE, VISIBILITY

ValuesByField = dict[str, list[tuple[str, Any]]]
"""For each field, its keys that have a value, with their values, in order of preference."""

_MAX_CACHED_KEYS = 4096  # records of unknown origin may hold any number of different keys


class _Target(NamedTuple):
    """A field that a key may hold, the key as it is configured, and the keys nested below its first part."""

    field: str
    key: str
    nested: tuple[str, ...]


class KeyTable:
    """The known keys, compiled once for all records of a source.

    Besides the fields of `ALIASES` there are two kinds of fields: `?draft` holds the key of visibility `draft`, and
    `by series` holds the values of the dimension `series`. Configured keys come before the known keys of a field.
    """

    def __init__(self, aliases: Mapping[str, Sequence[str]], dimensions: Sequence[str]) -> None:
        self._targets: dict[str, list[_Target]] = {}
        self._ranks: dict[tuple[str, str], int] = {}
        for name, keys in ALIASES.items():
            self._add(name, (*aliases.get(name, ()), *keys))
        for key in VISIBILITY:
            self._add(f"?{key.lower()}", (key,))
        for name in dimensions:
            self._add(f"by {name}", (name,))
        self._cache: dict[str, Sequence[_Target]] = {}

    def group(self, metadata: Mapping[Any, Any]) -> ValuesByField:
        """Group metadata by field. Empty values are left out; private keys are never read."""
        grouped: ValuesByField = {}
        unsorted: set[str] = set()
        cache = self._cache
        for raw, value in metadata.items():
            targets = cache.get(raw)
            if targets is None:
                targets = self._targets_of(raw)
            for name, key, nested in targets:
                held = _nested_value(value, nested) if nested else value
                if held is None or held == "":
                    continue
                if name in grouped:
                    grouped[name].append((key, held))
                    unsorted.add(name)
                else:
                    grouped[name] = [(key, held)]
        for name in unsorted:
            grouped[name].sort(key=lambda item: self._ranks[name, item[0]])
        return grouped

    def _add(self, name: str, keys: Sequence[str]) -> None:
        for rank, key in enumerate(keys):
            first, *nested = key.lower().split(".")
            if PRIVATE.isdisjoint((first, *nested)):
                self._targets.setdefault(first, []).append(_Target(name, key, tuple(nested)))
                self._ranks.setdefault((name, key), rank)

    def _targets_of(self, raw: object) -> Sequence[_Target]:
        targets = self._targets.get(raw.lower(), ()) if isinstance(raw, str) else ()
        if isinstance(raw, str) and len(self._cache) < _MAX_CACHED_KEYS:
            self._cache[raw] = targets
        return targets


def _nested_value(value: Any, nested: Sequence[str]) -> Any:
    for key in nested:
        if not isinstance(value, dict):
            return None
        value = next((item for name, item in value.items() if isinstance(name, str) and name.lower() == key), None)
    return value
