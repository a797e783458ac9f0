"""Setting a state aside, and taking over what outlives it."""

from __future__ import annotations

from . import tables
from .published import remember
from .session import Session

_HAS_SCHEMA = "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = %(schema)s)"
_COLUMNS = """
SELECT column_name FROM information_schema.columns WHERE table_schema = %(schema)s AND table_name = %(table)s"""


def set_aside(session: Session, schema: str) -> None:
    """Renames the schema, in place of one that was set aside before."""
    session.execute(f"DROP SCHEMA IF EXISTS {schema}_aside CASCADE")
    session.execute(f"ALTER SCHEMA {schema} RENAME TO {schema}_aside")


def aside(session: Session, schema: str) -> bool:
    """Returns whether there is a schema that was set aside, and that no run has replaced since."""
    return bool(session.value(_HAS_SCHEMA, schema=f"{schema}_aside"))


def retire(session: Session, schema: str) -> None:
    """Renames the schema that was set aside, so that it is not taken over again."""
    session.execute(f"DROP SCHEMA IF EXISTS {schema}_old CASCADE")
    session.execute(f"ALTER SCHEMA {schema}_aside RENAME TO {schema}_old")


def adopt(session: Session, schema: str) -> None:
    """Takes over the tables that outlive a state from the one that was set aside, as far as they can be read."""
    former = f"{schema}_aside"
    for table in tables.LASTING:
        with session.attempt():
            ours = {name for (name,) in session.rows(_COLUMNS, schema=schema, table=table)}
            theirs = {name for (name,) in session.rows(_COLUMNS, schema=former, table=table)}
            names = ", ".join(sorted(ours & theirs))
            if names:
                session.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {former}.{table}")  # noqa: S608
    session.execute("SELECT setval(pg_get_serial_sequence('attempts', 'id'), (SELECT max(id) FROM attempts))")
    with session.attempt():
        remember(session, former)
