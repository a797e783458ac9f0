"""The addresses of the records that bodies link to.

Theory of operation. A rendered body holds a placeholder for each link to another record (corpus/bodies/references.py),
since the address of that record is not known while one file is parsed, and may change without it. The store keeps which
record refers to which name. Whatever entry is resolved gets the addresses that its references have now: they are part
of its digest, so that it is rendered again when one of them changes, and only then. A run therefore also resolves the
entries that refer to the name of a record that it changed (`urls_of_linking`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from ..sites.references import best, file_names, paths_of
from ..store.rows import LinkRow

if TYPE_CHECKING:
    from ..config import Config
    from ..store.repositories import Links

LinkAddresses = tuple[tuple[str, str], ...]
"""The references of an entry that have an address, with it, ordered."""


class FoundLinks(NamedTuple):
    """The addresses of references by the record that makes them, and the references without any address."""

    addresses: dict[int, LinkAddresses]
    broken: dict[int, list[str]]


def find_links(links: Links, config: Config, record_ids: Iterable[int]) -> FoundLinks:
    """Returns the addresses that the references of records have. Records without any are left out."""
    rows = links.of_records(record_ids)
    if not rows:
        return FoundLinks({}, {})
    urls = _urls_at_paths(links, config, rows)
    missing = [row for row in rows if (row.source, row.reference) not in urls]
    urls |= _urls_by_name(links, missing)
    found: dict[int, list[tuple[str, str]]] = {}
    broken: dict[int, list[str]] = {}
    for row in rows:
        if url := urls.get((row.source, row.reference)):
            found.setdefault(row.record_id, []).append((row.reference, url))
        elif not row.has_fallback:
            broken.setdefault(row.record_id, []).append(row.reference.partition("/")[2])
    return FoundLinks({record_id: tuple(addresses) for record_id, addresses in found.items()}, broken)


def linked_digest(digest: bytes, addresses: LinkAddresses) -> bytes:
    """Returns the digest of an entry with the addresses that its links have, in 16 bytes."""
    return sha256(digest + repr(addresses).encode()).digest()[:16] if addresses else digest


def _urls_at_paths(links: Links, config: Config, rows: Iterable[LinkRow]) -> dict[tuple[int, str], str]:
    """Returns the addresses of references that state the path of a file, by source and reference."""
    places: dict[tuple[int, str], list[tuple[int, bytes]]] = {}
    for row in rows:
        key = (row.source, row.reference)
        if key not in places and row.source < len(config.sources):
            paths = paths_of(row.reference, config.sources[row.source].site)
            places[key] = [(row.source, os.fsencode(path)) for path in paths]
    wanted = {place for found in places.values() for place in found}
    known = {(row.source, row.path): row.url for row in links.addresses_at([_split(place) for place in sorted(wanted)])}
    return {
        key: next(known[place] for place in found if place in known)
        for key, found in places.items()
        if any(place in known for place in found)
    }


def _urls_by_name(links: Links, rows: Iterable[LinkRow]) -> Mapping[tuple[int, str], str]:
    """Returns the addresses of references that state the name of a file, by source and reference."""
    names = {row.reference: file_names(row.reference) for row in rows}
    wanted = sorted({name for found in names.values() for name in found})
    if not wanted:
        return {}
    by_source: dict[int, dict[str, str]] = {}
    for source, path, url in links.addresses_named(wanted):
        by_source.setdefault(source, {})[os.fsdecode(path)] = url
    urls: dict[tuple[int, str], str] = {}
    for row in rows:
        paths = by_source.get(row.source, {})
        if names[row.reference] and (chosen := best(row.reference, paths)):
            urls[row.source, row.reference] = paths[chosen]
    return urls


def _split(place: tuple[int, bytes]) -> tuple[int, bytes, bytes]:
    source, path = place
    folder, slash, name = path.rpartition(b"/")
    return source, folder + slash, name
