"""One transaction or snapshot: statements over batches of rows, each of which takes one round trip.

A batch is passed as one array for each column, and `unnest` makes rows of them. PostgreSQL's texts hold no NUL, so it
becomes the replacement character.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any, NamedTuple

import psycopg

from .connection import Connection

_BATCH = 4000  # rows of one statement
_BATCH_BYTES = 32 * 1024 * 1024  # of binary values
_NUL, _REPLACEMENT = "\0", "\N{REPLACEMENT CHARACTER}"

Row = tuple[Any, ...]


class Table(NamedTuple):
    """A table as rows are stored in it: its columns with their types, and what a conflict is about."""

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    conflict: str = ""  # where it is not the key itself, but expressions over it


class Session:
    """Executes statements on a connection that is in a transaction."""

    def __init__(self, connection: Connection, before_deliveries: Callable[[], None] = lambda: None) -> None:
        self._connection = connection
        self._names = count(1)
        self.before_deliveries = before_deliveries
        """Is called before the state of deliveries changes."""

    def execute(self, sql: str, **values: Any) -> int:
        """Executes a statement; returns the number of rows it is about."""
        return self._run(sql, values).rowcount

    def rows(self, sql: str, **values: Any) -> list[Row]:
        """Returns the rows of a query."""
        return self._run(sql, values).fetchall()

    def row(self, sql: str, **values: Any) -> Row | None:
        """Returns the first row of a query, if it has any."""
        return self._run(sql, values).fetchone()

    def value(self, sql: str, **values: Any) -> Any:
        """Returns the first value of the first row of a query, None without rows."""
        row = self.row(sql, **values)
        return None if row is None else row[0]

    def stream(self, sql: str, size: int = 5000, **values: Any) -> Iterator[list[Row]]:
        """Yields the rows of a query, so many at once: the server keeps the others until the transaction ends.

        Takes two round trips or more.
        """
        name = f"rows_{next(self._names)}"
        self._run(f"DECLARE {name} NO SCROLL CURSOR FOR {sql}", values)
        while batch := self._run(f"FETCH {size} FROM {name}", {}).fetchall():
            yield batch
            if len(batch) < size:
                return

    def write(self, sql: str, types: Mapping[str, str], rows: Iterable[Sequence[Any]], **values: Any) -> int:
        """Executes a statement whose `{rows}` are the rows, with columns of these names and types.

        Returns the number of rows it is about. Large batches are divided.
        """
        return sum(cursor.rowcount for cursor in self._write(sql, types, rows, values))

    def write_returning(
        self, sql: str, types: Mapping[str, str], rows: Iterable[Sequence[Any]], **values: Any
    ) -> list[Row]:
        """Executes a statement over rows as `write` does, and returns what it returns."""
        return [row for cursor in self._write(sql, types, rows, values) for row in cursor.fetchall()]

    def upsert(self, table: Table, rows: Iterable[Sequence[Any]]) -> None:
        """Stores rows in place of those with the same key; of several, the last one."""
        names = tuple(table.columns)
        positions = [names.index(name) for name in table.key]
        latest = {tuple([row[position] for position in positions]): row for row in rows}
        changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in table.key)
        self.write(_insert(table, f"DO UPDATE SET {changed}"), table.columns, latest.values())

    def insert_missing(self, table: Table, rows: Iterable[Sequence[Any]]) -> None:
        """Stores rows unless there is one with the same key; of several, the first one."""
        self.write(_insert(table, "DO NOTHING"), table.columns, rows)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undoes the statements of the block, and goes on, if one of them fails."""
        faults = (psycopg.ProgrammingError, psycopg.DataError, psycopg.IntegrityError, psycopg.InternalError)
        with suppress(*faults), self._connection.transaction():
            yield

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Adds rows to a table, as fast as the database can."""
        with self._connection.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([_without_nul(value) for value in row])

    def _write(
        self, sql: str, types: Mapping[str, str], rows: Iterable[Sequence[Any]], values: Mapping[str, Any]
    ) -> Iterator[psycopg.Cursor[Row]]:
        arguments = [_argument(number, type_) for number, type_ in enumerate(types.values())]
        statement = sql.replace("{rows}", f"unnest({', '.join(arguments)}) AS r ({', '.join(types)})")
        for batch in _batches(rows):
            columns = {f"column_{number}": list(column) for number, column in enumerate(zip(*batch, strict=True))}
            yield self._run(statement, {**values, **columns})

    def _run(self, sql: str, values: Mapping[str, Any]) -> psycopg.Cursor[Row]:
        try:
            return self._connection.execute(sql, values or None)
        except psycopg.DataError as error:
            # It is raised before anything is sent, so the transaction goes on.
            if "NUL" not in str(error) or self._connection.info.transaction_status.name == "INERROR":
                raise
            return self._connection.execute(sql, {name: _without_nul(value) for name, value in values.items()})


def _insert(table: Table, action: str) -> str:
    names = ", ".join(table.columns)
    conflict = table.conflict or ", ".join(table.key)
    return f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {{rows}} ON CONFLICT ({conflict}) {action}"  # noqa: S608


def _argument(number: int, type_: str) -> str:
    # As text, binary values would take twice their size.
    return f"%(column_{number}){'b' if type_ == 'bytea' else 's'}::{type_}[]"


def _batches(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    batch: list[Sequence[Any]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum([len(value) for value in row if isinstance(value, bytes)])
        if len(batch) >= _BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(_NUL, _REPLACEMENT)
    if isinstance(value, list):
        return [_without_nul(one) for one in value]
    return value
