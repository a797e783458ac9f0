"""One run at a time on a state, and order between a run and deliveries.

The lock of a run is an advisory lock of its session: the server frees it when the connection ends, however the process
or its machine dies. Its holder is the application name of that session. The server may notice the death of a process a
moment later than another process of the same machine, which waits for it then.

A run and deliveries change the same rows of the outbox: the run at its end, in the transaction that holds everything
else; deliveries in many short ones. Each of these shares a second lock until it commits, and the run takes it alone
before it changes the outbox. So a run waits for transactions that take milliseconds, deliveries wait for the last part
of a run at most, and the two never wait for each other.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from ...errors import LockedError
from .connection import Connection, Database, translated_errors

_LONGEST_WAIT_S, _PAUSE_S = 5.0, 0.02  # for the server to notice that the holder is dead
_PROCESS = re.compile(r"process (\d{1,10}) on (\S+)")

_KEY = "hashtextextended('syndicate {kind} of ' || %s, 0)"
# A statement of a run that died ends soon. Not every platform of a server can tell.
_CHECK_CLIENT = "SET client_connection_check_interval = 2000"
_TRY = f"SELECT pg_try_advisory_lock({_KEY.format(kind='run')})"
_FREE = f"SELECT pg_advisory_unlock({_KEY.format(kind='run')})"

# The two halves of a key are two columns of pg_locks.
_HOLDER = f"""
SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1
  AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (classid::bigint << 32) | objid::bigint = {_KEY.format(kind="run")}"""  # noqa: S608 - constants

DELIVERIES_SHARED = f"SELECT pg_advisory_xact_lock_shared({_KEY.format(kind='deliveries')})"
"""Lets the transaction change deliveries beside others, when no run does."""

DELIVERIES_ALONE = f"SELECT pg_advisory_xact_lock({_KEY.format(kind='deliveries')})"
"""Lets the transaction of a run change deliveries, when no other transaction does."""


@contextmanager
def lock(connection: Connection, database: Database) -> Iterator[None]:
    """Holds the lock of a run on a connection. Raises LockedError at once, naming the holder, when another has it."""
    with suppress(psycopg.Error):
        connection.execute(_CHECK_CLIENT)
    with translated_errors(database):
        deadline = time.monotonic() + _LONGEST_WAIT_S
        while connection.execute(_TRY, (database.schema,)).fetchone() != (True,):
            holder = _holder(connection, database)
            if (holder and not _is_dead(holder)) or time.monotonic() > deadline:
                raise LockedError(f"{database.url}: another run is at work: {holder or 'another process'}")
            time.sleep(_PAUSE_S)
    try:
        yield
    finally:
        if not connection.closed and connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            with suppress(psycopg.Error):
                connection.execute(_FREE, (database.schema,))


def _holder(connection: Connection, database: Database) -> str:
    """Returns the process that holds the lock; an empty text if none does any more."""
    row = connection.execute(_HOLDER, (database.schema,)).fetchone()
    return "" if row is None else (row[0].removeprefix("syndicate: ") or "another process")


def _is_dead(holder: str) -> bool:
    """Returns whether a holder is a process of this machine that does not exist any more."""
    match = _PROCESS.fullmatch(holder)
    if match is None or match[2] != os.uname().nodename:
        return False
    try:
        os.kill(int(match[1]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False
