"""Transactions over the outbox of a state folder, in a thread of their own.

Theory of operation

A dispatcher shares the database with builds, with other dispatchers and with readers. A build holds the write lock for
as long as it runs, and a transaction of the outbox waits for it. That wait must not hold up the pings in flight: so an
OutboxSession runs its transactions in one thread, one after the other, and the event loop awaits their results. A
transaction is a function that takes the outbox, reads, decides, and writes; it is committed as a whole, or rolled back
if it raises. Nothing is awaited inside one, and no lock is held while a ping is sent.

The order of the transactions makes a kill harmless:

- before the lease is committed: the delivery is due, for any other dispatcher;
- after the commit, before the ping: the lease expires, and another dispatcher sends the ping;
- after the ping, before its outcome is committed: the same, and the hub receives the ping twice;
- after that commit: the outcome is recorded, with its lease ended.

A build replaces the database if it is damaged or of another version, and an operator may delete it at any time. So each
transaction compares the file at the path with the one that is open, and opens the new one. Leases of a database that is
gone mean nothing to the new one: outcomes that arrive late are recorded as far as they match a generation and digest.

A database on another machine may not answer for a while. The transaction is then repeated until it does, as the
outcomes of the pings in flight must be recorded before their leases end. Nothing is repeated that was committed.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

import structlog

from ..config.database import is_database
from ..errors import StoreUnavailableError
from ..store import open_store
from ..store.outbox_repository import Outbox

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.push")

_Result = TypeVar("_Result")

PATIENCE_S = 60.0
"""For how long a database that does not answer is tried again, unless a session has a patience of its own."""

_PATIENCE_AT_END_S = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0


class OutboxSession:
    """Runs transactions over the outbox of a store, one after the other.

    A store that does not answer is tried again for `patience_s`.
    """

    def __init__(self, state: str, patience_s: float = PATIENCE_S) -> None:
        self._store = open_store(state)
        self.is_shared = is_database(state)
        """Whether owners of leases may run on other machines."""
        self._patience_s = patience_s
        self._is_ending = threading.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")

    def end_soon(self) -> None:
        """Try a store that does not answer for a few more seconds only."""
        self._is_ending.set()

    async def run(self, work: Callable[[Outbox], _Result]) -> _Result:
        """Return the result of `work`, which is one transaction. Raises StoreError if the store cannot be used."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    async def close(self) -> None:
        """Close the store."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._store.close)
        self._thread.shutdown()

    def _run(self, work: Callable[[Outbox], _Result]) -> _Result:
        started, pause_s, is_lost = time.monotonic(), _FIRST_PAUSE_S, False
        while True:
            try:
                with self._store.update() as transaction:
                    result = work(transaction.outbox)
            except StoreUnavailableError as error:
                patience_s = min(self._patience_s, _PATIENCE_AT_END_S) if self._is_ending.is_set() else self._patience_s
                if time.monotonic() - started >= patience_s:
                    raise
                if not is_lost:
                    log.warning("the state does not answer, and is tried again", error=str(error))
                is_lost = True
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                if is_lost:
                    log.info("the state answers again", after_s=round(time.monotonic() - started, 1))
                return result


def run_transaction(state: str, work: Callable[[Outbox], _Result]) -> _Result:
    """Run one transaction over the outbox of a store. Raises StoreError if the store cannot be used."""
    with closing(open_store(state)) as store, store.update() as transaction:
        return work(transaction.outbox)


def read_outbox(state: str, query: Callable[[Outbox], _Result]) -> _Result:
    """Return the result of a query over the outbox, which changes nothing.

    Raises StoreError if the store cannot be used.
    """
    with closing(open_store(state)) as store, store.read() as snapshot:
        return query(snapshot.outbox)
