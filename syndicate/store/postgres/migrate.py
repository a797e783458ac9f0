"""The tables of a state: numbered SQL files, applied in their order.

All that are missing are applied in one transaction, under a lock, so that of several processes one applies them. A
schema that a newer version of the program made is refused: this one cannot know what its tables mean.
"""

from __future__ import annotations

import os
import re

from ...errors import StoreError
from .connection import Connection, Database

_FOLDER = os.path.join(os.path.dirname(__file__), "migrations")
_NAME = re.compile(r"(\d{4})_\w+\.sql", re.ASCII)

_ENCODING = "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
_HAS_SCHEMA = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
_HAS_TABLE = "SELECT to_regclass(%s)"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('syndicate migrations of ' || %s, 0))"
_CREATE = """
CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"""


def last_migration() -> int:
    """Returns the number of the newest schema that this program knows."""
    return max(number for number, _ in _files())


def migrate(connection: Connection, database: Database) -> None:
    """Creates the schema and its tables, or brings them up to date. Raises StoreError for those of a newer version."""
    with connection.transaction():
        connection.execute(_LOCK, (database.schema,))
        encoding = connection.execute(_ENCODING).fetchone()
        if encoding != ("UTF8",):
            name = encoding[0] if encoding else "unknown"
            raise StoreError(f"{database.url}: the encoding of the database is {name}: create one with UTF8")
        if connection.execute(_HAS_SCHEMA, (database.schema,)).fetchone() is None:
            connection.execute(f"CREATE SCHEMA {database.schema}")
        connection.execute(_CREATE)
        found = {row[0] for row in connection.execute("SELECT number FROM migrations")}
        refuse_newer(max(found, default=0), database)
        for number, path in _files():
            if number not in found:
                with open(path, encoding="utf-8") as file:
                    connection.execute(file.read())
                connection.execute("INSERT INTO migrations (number) VALUES (%s)", (number,))


def applied(connection: Connection, database: Database) -> int:
    """Returns the number of the last migration of the schema, 0 without tables."""
    row = connection.execute(_HAS_TABLE, (f"{database.schema}.migrations",)).fetchone()
    if row is None or row[0] is None:
        return 0
    row = connection.execute("SELECT COALESCE(max(number), 0) FROM migrations").fetchone()
    return int(row[0]) if row else 0


def refuse_newer(number: int, database: Database) -> None:
    """Raises StoreError for the tables of a newer version."""
    if number > last_migration():
        message = f"its tables are of version {number}, this program knows version {last_migration()}: update syndicate"
        raise StoreError(f"{database.url}: {message}")


def _files() -> list[tuple[int, str]]:
    names = [(_NAME.fullmatch(name), name) for name in sorted(os.listdir(_FOLDER))]
    return [(int(match[1]), os.path.join(_FOLDER, name)) for match, name in names if match]
