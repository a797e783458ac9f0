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
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from ..store import open_store
from ..store.outbox_repository import Outbox

_Result = TypeVar("_Result")


class OutboxSession:
    """Runs transactions over the outbox of a store, one after the other."""

    def __init__(self, state: str) -> None:
        self._store = open_store(state)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")

    async def run(self, work: Callable[[Outbox], _Result]) -> _Result:
        """Return the result of `work`, which is one transaction. Raises StoreError if the store cannot be used."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    async def close(self) -> None:
        """Close the store."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._store.close)
        self._thread.shutdown()

    def _run(self, work: Callable[[Outbox], _Result]) -> _Result:
        with self._store.update() as transaction:
            return work(transaction.outbox)


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
