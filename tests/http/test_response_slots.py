"""Slots bound the responses under way; a client that does not read loses its slot when another needs it."""

from __future__ import annotations

import asyncio

import pytest

from syndicate.http import response_slots
from syndicate.http.response_slots import BusyError, ResponseSlots


class Response:
    """A response that holds a slot until it is told to end, or is aborted."""

    def __init__(self, slots: ResponseSlots, client: str, *, is_sending: bool = True) -> None:
        self.is_held = asyncio.Event()
        self.end = asyncio.Event()
        self.is_aborted = False
        self._is_sending = is_sending
        self.task = asyncio.create_task(self._run(slots, client))

    async def _run(self, slots: ResponseSlots, client: str) -> None:
        async with slots.hold(client, self._abort) as slot:
            if self._is_sending:
                slot.note_progress()
            self.is_held.set()
            await self.end.wait()

    def _abort(self) -> None:
        self.is_aborted = True
        self.end.set()


async def held(response: Response) -> Response:
    async with asyncio.timeout(5):
        await response.is_held.wait()
    return response


async def test_response_beyond_the_slots_of_its_client_waits_and_others_do_not() -> None:
    slots = ResponseSlots(total=3, per_client=2)
    first, second = await held(Response(slots, "a")), await held(Response(slots, "a"))
    third = Response(slots, "a")
    other = await held(Response(slots, "b"))
    assert not third.is_held.is_set()
    first.end.set()
    await held(third)
    for response in (second, third, other):
        response.end.set()
        await response.task
    assert len(slots) == 0


async def test_response_without_progress_ends_when_its_slot_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_slots, "STALLED_S", 0.05)
    slots = ResponseSlots(total=1, per_client=1)
    stalled = await held(Response(slots, "a"))
    await asyncio.sleep(0.1)
    assert not stalled.is_aborted  # nobody needs the slot
    needed = await held(Response(slots, "b"))
    assert stalled.is_aborted
    needed.end.set()
    await asyncio.gather(stalled.task, needed.task)
    assert len(slots) == 0


async def test_response_that_is_still_made_is_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_slots, "STALLED_S", 0.0)
    monkeypatch.setattr(response_slots, "_PATIENCE_S", 0.1)
    slots = ResponseSlots(total=1, per_client=1)
    made = await held(Response(slots, "a", is_sending=False))
    with pytest.raises(BusyError):
        await Response(slots, "b").task
    assert not made.is_aborted
    made.end.set()
    await made.task


async def test_error_of_a_response_frees_its_slot() -> None:
    slots = ResponseSlots(total=1, per_client=1)
    with pytest.raises(ValueError, match="query"):
        async with slots.hold("a", lambda: None):
            raise ValueError("query")
    assert len(slots) == 0
