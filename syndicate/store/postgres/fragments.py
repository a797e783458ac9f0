"""Entries as rendered: one fragment an entry and format."""

from __future__ import annotations

from collections.abc import Sequence

from ..packing import unpack
from ..rows import OriginRow, RenderedRow, UnrenderedRow
from .session import Session
from .tables import FRAGMENTS, RENDERED

# Entries whose fragments are missing in one of the formats, or show another digest. The records of a merged entry are
# listed in `record_ids`.
_UNRENDERED = """
SELECT entries.record_id, entries.id, entries.digest, records.record_id, records.source, records.path, records.hash
FROM unnest(%(records)s::bigint[]) WITH ORDINALITY AS requested (record_id, position)
JOIN entries ON entries.record_id = requested.record_id
CROSS JOIN LATERAL unnest(CASE WHEN record_ids = '{}' THEN ARRAY[entries.record_id] ELSE record_ids END)
  WITH ORDINALITY AS parts (record_id, position)
JOIN records ON records.record_id = parts.record_id
WHERE NOT EXISTS (
    SELECT 1 FROM rendered WHERE rendered.record_id = entries.record_id AND rendered.digest = entries.digest)
  OR (SELECT count(*) FROM fragments
      WHERE fragments.record_id = entries.record_id AND format = ANY(%(formats)s::text[])) < %(expected)s
ORDER BY requested.position, parts.position"""

_DROP = "DELETE FROM fragments WHERE record_id = ANY(%(records)s::bigint[])"
_DROP_ALL = f"""
WITH dropped AS ({_DROP}) DELETE FROM rendered WHERE record_id = ANY(%(records)s::bigint[])"""  # noqa: S608
_UNUSED = "SELECT record_id FROM rendered WHERE NOT EXISTS (SELECT 1 FROM entries WHERE record_id = rendered.record_id)"
_PUT = f"INSERT INTO fragments ({', '.join(FRAGMENTS.columns)}) SELECT * FROM {{rows}}"  # noqa: S608
_SELECT = """
SELECT record_id, format, content FROM fragments
WHERE record_id = ANY(%(records)s::bigint[]) AND format = ANY(%(formats)s::text[])"""
_TITLES = "SELECT record_id, title FROM rendered WHERE record_id = ANY(%(records)s::bigint[])"


class PostgresFragments:
    """The repository of fragments, over a transaction or a snapshot."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def unrendered(self, record_ids: Sequence[int], formats: Sequence[str]) -> list[UnrenderedRow]:
        """Returns the entries that are not rendered, as they are now, in all of these formats."""
        origins: dict[tuple[int, str, bytes], list[OriginRow]] = {}
        values = {"records": list(record_ids), "formats": list(formats), "expected": len(formats)}
        for record_id, entry_id, digest, *origin in self._session.rows(_UNRENDERED, **values):
            origins.setdefault((record_id, entry_id, digest), []).append(OriginRow._make(origin))
        return [UnrenderedRow(*entry, rows) for entry, rows in origins.items()]

    def put(self, rows: Sequence[RenderedRow]) -> None:
        """Stores entries as rendered, in place of all their fragments."""
        # Fragments of an earlier digest, in formats that are not rendered now, must not pass for those of this one.
        self._session.execute(_DROP, records=[row.record_id for row in rows])
        self._session.upsert(RENDERED, [row[:3] for row in rows])
        fragments = [(record_id, name, content) for record_id, _, _, many in rows for name, content in many]
        self._session.write(_PUT, FRAGMENTS.columns, fragments)

    def contents(self, record_ids: Sequence[int], formats: Sequence[str]) -> dict[str, dict[int, bytes]]:
        """Returns the fragments of entries by format and record id."""
        found: dict[str, dict[int, bytes]] = {name: {} for name in formats}
        for record_id, name, content in self._session.rows(_SELECT, records=list(record_ids), formats=list(formats)):
            found[name][record_id] = unpack(content)
        return found

    def titles(self, record_ids: Sequence[int]) -> dict[int, str]:
        """Returns the titles of rendered entries, by record id."""
        return dict(self._session.rows(_TITLES, records=list(record_ids)))

    def drop(self, record_ids: Sequence[int]) -> None:
        """Deletes all that is rendered of entries that are not shown any more."""
        self._session.execute(_DROP_ALL, records=list(record_ids))

    def drop_unused(self) -> None:
        """Deletes all that is rendered of records that are no entries."""
        self.drop([row[0] for row in self._session.rows(_UNUSED)])

    def drop_format(self, format_name: str) -> None:
        """Deletes all fragments of one format."""
        self._session.execute("DELETE FROM fragments WHERE format = %(format)s", format=format_name)
