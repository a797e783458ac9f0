"""Which field of an entry a key of the metadata speaks of: one look-up a key, however many aliases there are."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..values.keys import ALIASES, PRIVATE, VISIBILITY

Found = dict[str, list[tuple[str, Any]]]
"""For each field, the keys that hold something for it, with their values, in order of preference."""


class _Role(NamedTuple):
    """What a key stands for: the field, the key as it is known, the keys nested below it."""

    field: str
    key: str
    nested: tuple[str, ...]


class KeyTable:
    """Known keys, compiled once for all records. Configured keys come before the known ones of their field."""

    def __init__(self, aliases: Mapping[str, Sequence[str]], dimensions: Sequence[str]) -> None:
        self._known: dict[str, list[_Role]] = {}
        self._ranks: dict[tuple[str, str], int] = {}
        for name, keys in ALIASES.items():
            self._learn(name, (*aliases.get(name, ()), *keys))
        for key in VISIBILITY:
            self._learn(f"?{key.lower()}", (key,))
        for name in dimensions:
            self._learn(f"by {name}", (name,))
        self._memo: dict[str, Sequence[_Role]] = {}

    def sort(self, metadata: Mapping[Any, Any]) -> Found:
        """The metadata by field. What is empty says nothing; private keys are not looked at."""
        found: Found = {}
        crowded: set[str] = set()
        memo = self._memo
        for raw, value in metadata.items():
            roles = memo.get(raw)
            if roles is None:
                roles = self._roles(raw)
            for name, key, nested in roles:
                held = _below(value, nested) if nested else value
                if held is None or held == "":
                    continue
                if name in found:
                    found[name].append((key, held))
                    crowded.add(name)
                else:
                    found[name] = [(key, held)]
        for name in crowded:
            found[name].sort(key=lambda item: self._ranks[name, item[0]])
        return found

    def _learn(self, name: str, keys: Sequence[str]) -> None:
        for rank, key in enumerate(keys):
            first, *nested = key.lower().split(".")
            if PRIVATE.isdisjoint((first, *nested)):
                self._known.setdefault(first, []).append(_Role(name, key, tuple(nested)))
                self._ranks.setdefault((name, key), rank)

    def _roles(self, raw: object) -> Sequence[_Role]:
        roles = self._known.get(raw.lower(), ()) if isinstance(raw, str) else ()
        if isinstance(raw, str) and len(self._memo) < 4096:  # records of strangers may hold keys without end
            self._memo[raw] = roles
        return roles


def _below(value: Any, nested: Sequence[str]) -> Any:
    for key in nested:
        if not isinstance(value, dict):
            return None
        value = next((item for name, item in value.items() if isinstance(name, str) and name.lower() == key), None)
    return value
