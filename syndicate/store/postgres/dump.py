"""The rows of a whole schema, out of it and into it (dump_rows.py)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from ..dump_rows import TABLES, Batch, Row
from .session import Session
from .values import typed
from .words import index_of

_BATCH = {"fragments": 200}
_ROWS = 5000
_VALUES = frozenset({"run_state", "site_state", "change_log_state"})
_VALUE_COLUMNS = "name, integer_value, text_value, bytes_value"
_COLUMNS = {
    **dict.fromkeys(_VALUES, _VALUE_COLUMNS),
    "problems": TABLES["problems"].replace("column", "column_number"),
    "entries": TABLES["entries"].replace("memberships", "feed_ids, feed_names"),
}
"""The columns that are not those of TABLES."""
_ADDED = {"changes": ", topic_keys", "partner_text": ", words"}
# Only its own tables: without their names, ANALYZE locks those of all schemas in the database.
_AT_END = f"""
SELECT setval(pg_get_serial_sequence('attempts', 'id'), (SELECT max(id) FROM attempts));
ANALYZE {", ".join(TABLES)}"""  # noqa: S608 - names of ours


def dump(session: Session) -> Iterator[Batch]:
    """Yields all rows, in batches."""
    for table, columns in TABLES.items():
        selected = _COLUMNS.get(table, columns)
        size = _BATCH.get(table, _ROWS)
        for rows in session.stream(f"SELECT {selected} FROM {table}", size):  # noqa: S608 - names of ours
            yield table, [_exported(table, row) for row in rows]


def load(session: Session, batches: Iterable[Batch]) -> None:
    """Stores rows in a new schema."""
    for table, rows in batches:
        columns = _COLUMNS.get(table, TABLES[table]) + _ADDED.get(table, "")
        session.copy(table, columns.split(", "), _imported(table, rows))
    session.execute(_AT_END)


def _exported(table: str, row: Row) -> Row:
    if table in _VALUES:
        name, *values = row
        return name, next((value for value in values if value is not None), None)
    if table == "entries":
        *others, record_ids, feed_ids, names = row
        return (*others, tuple(record_ids), tuple(zip(feed_ids, names, strict=True)))
    return row


def _imported(table: str, rows: list[Row]) -> list[tuple[Any, ...]]:
    match table:
        case "entries":
            return [(*row[:5], list(row[5]), [one for one, _ in row[6]], [name for _, name in row[6]]) for row in rows]
        case "records" | "links":
            return [(*row[:-1], bool(row[-1])) for row in rows]
        case "changes":
            return [(*row, json.loads(row[5])) for row in rows]
        case "partner_text":
            return [(*row, index) for row, index in zip(rows, index_of(row[1:] for row in rows), strict=True)]
        case _ if table in _VALUES:
            return [typed(*row) for row in rows]
    return rows
