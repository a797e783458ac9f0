"""The mapping of metadata keys to fields: one dictionary look-up for each key, however many aliases there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..values.keys import ALIASES, EVENT_STARTS, HIDDEN, PRIVATE, VISIBILITY, StatedOnce, canonical_key

ValuesByField = dict[str, list[tuple[str, Any]]]
"""For each field, its keys that have a value, with their values, in order of preference."""

VISIBILITY_FIELD, EVENT_FIELD = "?visibility", "?event"

# The fields that decide whether and until when an entry is shown.
_HIDING_FIELDS = (HIDDEN, "published", "expires")
_MAX_CACHED_KEYS = 4096  # records of unknown origin may hold any number of different keys


class _Target(NamedTuple):
    """A field that a key may hold, the key as it is configured, and the keys nested below its first part."""

    field: str
    key: str
    nested: tuple[str, ...]


class KeyTable:
    """The known keys, compiled once for all records of a source.

    Besides the fields of `ALIASES` there are three kinds of fields: VISIBILITY_FIELD holds all keys of visibility,
    EVENT_FIELD the start of an event, and `by series` the values of the dimension `series`. Configured keys come before
    the known keys of a field. Configured keys are compared without regard to case, known keys also without regard to
    hyphens and underscores.
    """

    def __init__(self, aliases: Mapping[str, Sequence[str]], dimensions: Sequence[str]) -> None:
        self._configured: dict[str, list[_Target]] = {}
        self._known: dict[str, list[_Target]] = {}
        self._ranks: dict[tuple[str, str], int] = {}
        for name, keys in ALIASES.items():
            self._add(name, aliases.get(name, ()), self._configured)
            self._add(name, keys, self._known)
        self._add(VISIBILITY_FIELD, aliases.get(HIDDEN, ()), self._configured)
        self._add(VISIBILITY_FIELD, VISIBILITY, self._known)
        self._add(EVENT_FIELD, EVENT_STARTS, self._known)
        for name in dimensions:
            self._add(f"by {name}", (name,), self._configured)
        self._cache: dict[str, Sequence[_Target]] = {}
        self.stated_once = StatedOnce(key for name in _HIDING_FIELDS for key in aliases.get(name, ()))

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

    def _add(self, name: str, keys: Sequence[str], table: dict[str, list[_Target]]) -> None:
        for key in keys:
            first, *nested = key.lower().split(".")
            if PRIVATE.isdisjoint((first, *nested)):
                first = canonical_key(first) if table is self._known else first
                table.setdefault(first, []).append(_Target(name, key, tuple(nested)))
                self._ranks.setdefault((name, key), len(self._ranks))

    def _targets_of(self, raw: object) -> Sequence[_Target]:
        if isinstance(raw, bytes):  # `!!binary` is a key as well
            raw = raw.decode("utf-8", "replace")
        if not isinstance(raw, str):
            return ()
        targets = list(self._configured.get(raw.lower(), ()))
        found = {(target.field, target.nested) for target in targets}
        targets += [one for one in self._known.get(canonical_key(raw), ()) if (one.field, one.nested) not in found]
        if len(self._cache) < _MAX_CACHED_KEYS:
            self._cache[raw] = targets
        return targets


def _nested_value(value: Any, nested: Sequence[str]) -> Any:
    for key in nested:
        if not isinstance(value, dict):
            return None
        value = next((item for name, item in value.items() if isinstance(name, str) and name.lower() == key), None)
    return value
