"""The rows of a whole database, out of it and into it (dump_rows.py)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from ..dump_rows import TABLES, Batch, Row
from . import schema
from .change_log import create_text_index
from .corpus import SqliteCorpus

_BATCH = {"fragments": 200}
_ROWS = 5000
_HAS_TEXT = "SELECT 1 FROM sqlite_master WHERE name = 'partner_text'"  # it is created when it is needed


def dump(connection: sqlite3.Connection) -> Iterator[Batch]:
    """Yields all rows, in batches."""
    has_text = connection.execute(_HAS_TEXT).fetchone() is not None
    for table, columns in TABLES.items():
        if table == "partner_text" and not has_text:
            continue
        selected = columns.replace("record_id", "rowid") if table == "partner_text" else columns
        cursor = connection.cursor().execute(f"SELECT {selected} FROM {table}")  # noqa: S608 - names of ours
        while rows := cursor.fetchmany(_BATCH.get(table, _ROWS)):
            yield table, [_exported(table, row) for row in rows]


def load(connection: sqlite3.Connection, batches: Iterable[Batch]) -> None:
    """Stores rows in a new database."""
    format_ids: dict[str, int] = {}
    for table, rows in batches:
        columns = TABLES[table]
        if table == "partner_text":
            create_text_index(connection)
            columns = columns.replace("record_id", "rowid")
        values = [_imported(table, row) for row in rows]
        if table == "fragments":
            columns = f"fragment_id, {columns}"
            for _, name, _ in values:
                format_ids.setdefault(name, len(format_ids) + 1)
            values = [(row[0] * schema.FORMATS_MAX + format_ids[row[1]], *row) for row in values]
        places = ", ".join("?" * len(columns.split(", ")))
        connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", values)  # noqa: S608
    connection.executemany("INSERT INTO formats (name, format_id) VALUES (?, ?)", list(format_ids.items()))
    SqliteCorpus(connection).create_indexes()


def _exported(table: str, row: Row) -> Row:
    if table != "entries":
        return row
    *values, record_ids, memberships = row
    pairs = tuple((feed_id, name) for feed_id, name in json.loads(memberships))
    return (*values, tuple(json.loads(record_ids or "[]")), pairs)


def _imported(table: str, row: Row) -> tuple[Any, ...]:
    if table != "entries":
        return row
    from orjson import dumps

    *values, record_ids, memberships = row
    return (*values, json.dumps(record_ids) if record_ids else None, dumps(memberships).decode())
