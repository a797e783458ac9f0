"""Slots for responses that are made for one request: they bound the memory that slow clients can hold.

Theory of operation
-------------------
A document of the output tree exists once, however many clients read it. A response of the partner API exists once for
each request, from its query until the client has read it; clients that ask and do not read would fill the memory. So
each such response has a slot, and there are a number of slots in all and for each client. A request beyond it waits,
and holds nothing meanwhile.

A slot is not held by patience alone: when another request needs it, the response that has gone longest without
progress ends after STALLED_S seconds. Nobody needs the slot otherwise, and a slow client keeps it for as long as
`responses` permits.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

SLOTS = 64
SLOTS_PER_CLIENT = 8
STALLED_S = 5.0
_PATIENCE_S = 60.0  # of a request that waits for a slot


class BusyError(Exception):
    """No slot became free in time."""


class Slot:
    """The slot of a response: its client, and when the client last took a part of it, in seconds of the clock.

    `moved_at` is None while the response is not being sent.
    """

    def __init__(self, client: str, abort: Callable[[], None], clock: Callable[[], float]) -> None:
        self.client = client
        self.abort = abort
        self.moved_at: float | None = None
        self._clock = clock

    def note_progress(self) -> None:
        """Note that the response begins to be sent, or that the client took a part of it."""
        self.moved_at = self._clock()


class ResponseSlots:
    """At most `total` slots at a time, and `per_client` for one client."""

    def __init__(
        self, total: int = SLOTS, per_client: int = SLOTS_PER_CLIENT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._total = total
        self._per_client = per_client
        self._clock = clock
        self._slots: set[Slot] = set()
        self._held: Counter[str] = Counter()
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._slots)

    @asynccontextmanager
    async def hold(self, client: str, abort: Callable[[], None]) -> AsyncIterator[Slot]:
        """Hold a slot for a client; `abort` ends its connection. Raises BusyError after a minute."""
        await self._wait(client)
        slot = Slot(client, abort, self._clock)
        self._slots.add(slot)
        self._held[client] += 1
        try:
            yield slot
        finally:
            self._release(slot)

    async def _wait(self, client: str) -> None:
        deadline = self._clock() + _PATIENCE_S
        while (of_client := self._held[client] >= self._per_client) or len(self._slots) >= self._total:
            now = self._clock()
            if now >= deadline:
                raise BusyError
            moved_at, stalled = self._most_stalled(client if of_client else None)
            if stalled is not None and now - moved_at >= STALLED_S:
                stalled.abort()
                self._release(stalled)
                continue
            wake_at = deadline if stalled is None else min(deadline, moved_at + STALLED_S)
            self._changed.clear()
            try:
                async with asyncio.timeout(max(0.01, wake_at - now)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _most_stalled(self, client: str | None) -> tuple[float, Slot | None]:
        """Return the response that has gone longest without progress: of a client, or of all (None)."""
        candidates = [
            (slot.moved_at, slot)
            for slot in self._slots
            if slot.moved_at is not None and (client is None or slot.client == client)
        ]
        return min(candidates, key=lambda candidate: candidate[0], default=(0.0, None))

    def _release(self, slot: Slot) -> None:
        if slot in self._slots:
            self._slots.remove(slot)
            self._held[slot.client] -= 1
            if not self._held[slot.client]:
                del self._held[slot.client]
            self._changed.set()
