"""Entries as rendered: one fragment an entry and format.

A fragment is found by its id, which is made of record and format (schema.py): each format has a number in `formats`.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence

from ..packing import unpack
from ..rows import OriginRow, RenderedRow, UnrenderedRow
from .schema import FORMATS_MAX

_IDS = f"""
SELECT records.value * {FORMATS_MAX} + format_id FROM json_each(:records) AS records
CROSS JOIN formats WHERE name IN (SELECT value FROM json_each(:formats))"""  # noqa: S608

# Entries whose fragments are missing in one of the formats, or show another digest. The records of a merged entry are
# listed in `record_ids`.
_UNRENDERED = f"""
SELECT entries.record_id, entries.id, entries.digest, records.record_id, records.source, records.path, records.hash
FROM json_each(:records) AS requested
CROSS JOIN entries ON entries.record_id = requested.value
CROSS JOIN json_each(COALESCE(entries.record_ids, json_array(entries.record_id))) AS parts
CROSS JOIN records ON records.record_id = parts.value
WHERE NOT EXISTS (
    SELECT 1 FROM rendered WHERE rendered.record_id = entries.record_id AND rendered.digest = entries.digest)
  OR (SELECT COUNT(*) FROM fragments WHERE fragment_id IN (
        SELECT entries.record_id * {FORMATS_MAX} + format_id FROM formats
        WHERE name IN (SELECT value FROM json_each(:formats)))) < json_array_length(:formats)
ORDER BY requested.key, parts.key"""  # noqa: S608

_ADD_FORMATS = "INSERT OR IGNORE INTO formats (name) VALUES (?)"
_PUT_RENDERED = "INSERT OR REPLACE INTO rendered (record_id, digest, title) VALUES (?, ?, ?)"
_DROP = f"""
DELETE FROM fragments WHERE fragment_id IN (
  SELECT value * {FORMATS_MAX} + format_id FROM json_each(?) CROSS JOIN formats)"""  # noqa: S608
_DROP_RENDERED = "DELETE FROM rendered WHERE record_id IN (SELECT value FROM json_each(?))"
_UNUSED = "SELECT record_id FROM rendered WHERE record_id NOT IN (SELECT record_id FROM entries)"
_PUT = "INSERT INTO fragments (fragment_id, record_id, format, content) VALUES (?, ?, ?, ?)"
_SELECT = f"SELECT record_id, format, content FROM fragments WHERE fragment_id IN ({_IDS})"  # noqa: S608
_TITLES = "SELECT record_id, title FROM rendered WHERE record_id IN (SELECT value FROM json_each(?))"


class SqliteFragments:
    """The repository of fragments, over a transaction or a snapshot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._format_ids: dict[str, int] = {}

    def unrendered(self, record_ids: Sequence[int], formats: Sequence[str]) -> list[UnrenderedRow]:
        """Returns the entries that are not rendered, as they are now, in all of these formats."""
        origins: dict[tuple[int, str, bytes], list[OriginRow]] = {}
        values = {"records": json.dumps(record_ids), "formats": json.dumps(formats)}
        for record_id, entry_id, digest, *origin in self._sql.execute(_UNRENDERED, values):
            origins.setdefault((record_id, entry_id, digest), []).append(OriginRow._make(origin))
        return [UnrenderedRow(*entry, rows) for entry, rows in origins.items()]

    def put(self, rows: Sequence[RenderedRow]) -> None:
        """Stores entries as rendered, in place of all their fragments."""
        ids = self._ids({name for row in rows for name, _ in row.fragments})
        # Fragments of an earlier digest, in formats that are not rendered now, must not pass for those of this one.
        self._sql.execute(_DROP, (json.dumps([row.record_id for row in rows]),))
        self._sql.executemany(_PUT_RENDERED, [row[:3] for row in rows])
        self._sql.executemany(
            _PUT,
            [
                (record_id * FORMATS_MAX + ids[name], record_id, name, content)
                for record_id, _, _, fragments in rows
                for name, content in fragments
            ],
        )

    def contents(self, record_ids: Sequence[int], formats: Sequence[str]) -> dict[str, dict[int, bytes]]:
        """Returns the fragments of entries by format and record id."""
        found: dict[str, dict[int, bytes]] = {name: {} for name in formats}
        values = {"records": json.dumps(record_ids), "formats": json.dumps(formats)}
        for record_id, name, content in self._sql.execute(_SELECT, values):
            found[name][record_id] = unpack(content)
        return found

    def titles(self, record_ids: Sequence[int]) -> dict[int, str]:
        """Returns the titles of rendered entries, by record id."""
        return dict(self._sql.execute(_TITLES, (json.dumps(record_ids),)))

    def drop(self, record_ids: Sequence[int]) -> None:
        """Deletes all that is rendered of entries that are not shown any more."""
        self._sql.execute(_DROP, (json.dumps(record_ids),))
        self._sql.execute(_DROP_RENDERED, (json.dumps(record_ids),))

    def drop_unused(self) -> None:
        """Deletes all that is rendered of records that are no entries."""
        self.drop([record_id for (record_id,) in self._sql.execute(_UNUSED)])

    def drop_format(self, format_name: str) -> None:
        """Deletes all fragments of one format."""
        self._sql.execute("DELETE FROM fragments WHERE format = ?", (format_name,))

    def _ids(self, names: Iterable[str]) -> dict[str, int]:
        """Returns the numbers of formats; new formats get one."""
        if not self._format_ids.keys() >= set(names):
            self._sql.executemany(_ADD_FORMATS, [(name,) for name in sorted(names)])
            self._format_ids = dict(self._sql.execute("SELECT name, format_id FROM formats"))
        return self._format_ids
