"""Values of any kind by name, each in the column of its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .session import Session, Table


def read_values(session: Session, table: Table) -> dict[str, Any]:
    """Returns the values of a table by name."""
    sql = f"SELECT name, integer_value, text_value, bytes_value FROM {table.name}"  # noqa: S608 - names of ours
    return {name: next((one for one in values if one is not None), None) for name, *values in session.rows(sql)}


def put_values(session: Session, table: Table, values: Mapping[str, str | int | bytes]) -> None:
    """Stores values in place of those of the same names."""
    session.upsert(table, [typed(name, value) for name, value in values.items()])


def typed(name: str, value: object) -> tuple[str, int | None, str | None, bytes | None]:
    """Returns the row that holds a value."""
    return (
        name,
        value if isinstance(value, int) else None,
        value if isinstance(value, str) else None,
        value if isinstance(value, bytes) else None,
    )
