"""How much is too much: token buckets, in memory.

What is left is told by the fields of draft-ietf-httpapi-ratelimit-headers-10.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

WINDOW_S = 60
_MOST_KNOWN = 10_000  # addresses; the one that was heard of longest ago is forgotten first


class Bucket:
    """So many requests in a minute: all at once, or spread."""

    __slots__ = ("_at", "_left", "quota")

    def __init__(self, quota: int, now: float) -> None:
        self.quota = quota
        self._left = float(quota)
        self._at = now

    def take(self, now: float) -> bool:
        """Take one, if there is one."""
        self._fill(now)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def headers(self) -> dict[str, str]:
        """What is left, and in how many seconds all of it is back."""
        back_s = math.ceil((self.quota - self._left) * WINDOW_S / self.quota)
        return {
            "RateLimit-Policy": f'"partner";q={self.quota};w={WINDOW_S}',
            "RateLimit": f'"partner";r={int(self._left)};t={back_s}',
        }

    def wait_s(self) -> int:
        """In how many seconds there is one again."""
        return max(1, math.ceil((1 - self._left) * WINDOW_S / self.quota))

    def _fill(self, now: float) -> None:
        self._left = min(float(self.quota), self._left + (now - self._at) * self.quota / WINDOW_S)
        self._at = now


class Limits:
    """Buckets by name, each made when it is first asked for. However many names there are, few are kept."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, name: str, quota: int) -> tuple[bool, Bucket]:
        """Take one from a bucket; whether there was one, and the bucket."""
        now = self._clock()
        bucket = self._buckets.get(name)
        if bucket is None or bucket.quota != quota:
            bucket = self._buckets[name] = Bucket(quota, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > _MOST_KNOWN:
            self._buckets.popitem(last=False)
        return bucket.take(now), bucket
