"""The references of records to other records, and the addresses of the records they may mean."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from ..rows import AddressRow, LinkRow
from .session import Session
from .tables import LINKS

_DROP = "DELETE FROM links WHERE record_id = ANY(%(records)s::bigint[])"
_OF_RECORDS = """
SELECT record_id, source, reference, name, has_fallback FROM links WHERE record_id = ANY(%(records)s::bigint[])
ORDER BY record_id, reference"""
_ALL_URLS = "SELECT DISTINCT url FROM links JOIN records USING (record_id) WHERE url IS NOT NULL"
_URLS_OF_LINKING = f"{_ALL_URLS} AND name = ANY(%(names)s::text[])"

_ADDRESSES = """
SELECT folders.source, folders.path || files.name, records.url
FROM folders JOIN files USING (folder_id) JOIN records ON records.record_id = files.record_id"""
_ADDRESSES_AT = f"""{_ADDRESSES} JOIN {{rows}} ON r.source = folders.source AND r.folder = folders.path
  AND r.name = files.name WHERE records.url IS NOT NULL"""
_ADDRESSES_NAMED = f"{_ADDRESSES} JOIN {{rows}} ON r.name = files.name WHERE records.url IS NOT NULL"
_PLACE = {"source": "bigint", "folder": "bytea", "name": "bytea"}


class PostgresLinks:
    """The repository of links, over a transaction or a snapshot."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def any(self) -> bool:
        """Returns whether any record refers to another."""
        return bool(self._session.value("SELECT EXISTS (SELECT 1 FROM links)"))

    def put(self, record_ids: Sequence[int], rows: Iterable[LinkRow]) -> None:
        """Stores the references of records, in place of all that they had."""
        self._session.execute(_DROP, records=list(record_ids))
        self._session.insert_missing(LINKS, rows)

    def of_records(self, record_ids: Iterable[int]) -> list[LinkRow]:
        """Returns the references of records, ordered by record and reference."""
        return [LinkRow._make(row) for row in self._session.rows(_OF_RECORDS, records=list(record_ids))]

    def urls_of_linking(self, names: Iterable[str] | None = None) -> set[str]:
        """Returns the addresses of the records that refer to one of these names, or to any record at all."""
        if names is None:
            return {row[0] for row in self._session.rows(_ALL_URLS)}
        return {row[0] for row in self._session.rows(_URLS_OF_LINKING, names=list(names))}

    def addresses_at(self, places: Sequence[tuple[int, bytes, bytes]]) -> list[AddressRow]:
        """Returns the addresses of the records at these sources, folders and file names."""
        return [AddressRow._make(row) for row in self._session.write_returning(_ADDRESSES_AT, _PLACE, places)]

    def addresses_named(self, names: Sequence[str]) -> list[AddressRow]:
        """Returns the addresses of the records whose files have one of these names, in any folder."""
        rows = [(os.fsencode(name),) for name in dict.fromkeys(names)]
        found = self._session.write_returning(_ADDRESSES_NAMED, {"name": "bytea"}, rows)
        return [AddressRow._make(row) for row in found]
