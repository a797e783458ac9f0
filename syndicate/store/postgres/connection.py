"""Connections to the database: how they are opened, and what their errors mean."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ...config.database import parse_database_url
from ...errors import StoreError, StoreUnavailableError, StoreUnusableError

Connection = psycopg.Connection[tuple[Any, ...]]

# A peer that is gone is noticed within half a minute, by either side: until then a dead run would keep its lock.
_CLIENT = {
    "connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}  # fmt: skip
# A run renders for minutes between two statements. Plans are made for few rows, which compiling (`jit`) only delays.
# All rows of a cursor are fetched.
_SERVER = (
    "-ctcp_keepalives_idle=10 -ctcp_keepalives_interval=5 -ctcp_keepalives_count=3 -ctcp_user_timeout=30000"
    " -cidle_in_transaction_session_timeout=0 -cstatement_timeout=0"
    " -cTimeZone=UTC -cjit=off -ccursor_tuple_fraction=1"
)
_MAX_NAME = 63  # of an application, in bytes


class Database(NamedTuple):
    """A state in PostgreSQL: its address as configured, libpq's connection string, and the schema of the tables."""

    url: str
    conninfo: str
    schema: str


def database_at(url: str) -> Database:
    """Returns the database that a state names. Raises StoreError when the address cannot be used."""
    try:
        uri, schema = parse_database_url(url)
        given = conninfo_to_dict(uri)
    except (ValueError, psycopg.Error) as error:
        raise StoreError(f"state: {_first_line(error)}") from None
    options = f"{_SERVER} -csearch_path={schema} {given.get('options') or ''}".rstrip()
    name = f"syndicate: process {os.getpid()} on {os.uname().nodename}".encode()[:_MAX_NAME].decode("utf-8", "ignore")
    defaults: dict[str, Any] = {**_CLIENT, "application_name": name, "client_encoding": "UTF8"}
    conninfo = make_conninfo(uri, **{key: value for key, value in defaults.items() if key not in given})
    return Database(url, make_conninfo(conninfo, options=options), schema)


def connect(database: Database) -> Connection:
    """Opens a connection, which is in no transaction. Raises StoreUnavailableError when the server does not answer.

    Statements are never prepared: a plan that is made while a table is empty would be kept when it is large.
    """
    with translated_errors(database):
        return psycopg.connect(database.conninfo, autocommit=True, prepare_threshold=None)


@contextmanager
def translated_errors(database: Database) -> Iterator[None]:
    """Raises errors of the database as StoreError, or as what is more precise."""
    try:
        yield
    except (psycopg.errors.DiskFull, psycopg.errors.OutOfMemory, psycopg.errors.ConfigurationLimitExceeded) as error:
        raise StoreError(f"{database.url}: {_first_line(error)}") from None
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreUnavailableError(f"{database.url}: {_first_line(error)}") from None
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.IntegrityError) as error:
        raise StoreUnusableError(f"damaged ({_first_line(error)})") from None
    except (psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted) as error:
        raise StoreUnusableError(f"damaged ({_first_line(error)})") from None
    except psycopg.Error as error:
        raise StoreError(f"{database.url}: {_first_line(error)}") from None


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
