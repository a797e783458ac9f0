"""Fragments as stores hold them."""

from __future__ import annotations

import random
import sys
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from syndicate.store.packing import HEADER_BYTES, pack, unpack, unpacked_size


@given(st.binary(max_size=5000))
def test_fragment_is_unpacked_as_it_was(fragment: bytes) -> None:
    stored = pack(fragment)
    assert unpack(stored) == fragment
    assert unpacked_size(stored[:HEADER_BYTES]) == len(fragment)


def test_threads_pack_and_unpack_at_once() -> None:
    chance = random.Random(1)
    fragments = [bytes(chance.choices(b"abcdefgh ", k=200_000)) for _ in range(8)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(lambda number: unpack(pack(fragments[number % 8])), range(400)))
    finally:
        sys.setswitchinterval(interval)
    assert results == [fragments[number % 8] for number in range(400)]
