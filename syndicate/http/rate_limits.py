"""Rate limits by token buckets in memory, reported in the fields of draft-ietf-httpapi-ratelimit-headers-10."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

WINDOW_S = 60
_MAX_BUCKETS = 10_000  # beyond it, the bucket that was used least recently is dropped


class TokenBucket:
    """A bucket of `quota` tokens that refills evenly within WINDOW_S seconds. One request takes one token."""

    __slots__ = ("_filled_at", "_tokens", "quota")

    def __init__(self, quota: int, now: float) -> None:
        self.quota = quota
        self._tokens = float(quota)
        self._filled_at = now

    def take(self, now: float) -> bool:
        """Take a token; return False when there is none."""
        self._refill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def headers(self, policy: str = "partner") -> dict[str, str]:
        """Return the `RateLimit` fields: the remaining tokens, and the seconds until the bucket is full."""
        full_in_s = math.ceil((self.quota - self._tokens) * WINDOW_S / self.quota)
        return {
            "RateLimit-Policy": f'"{policy}";q={self.quota};w={WINDOW_S}',
            "RateLimit": f'"{policy}";r={int(self._tokens)};t={full_in_s}',
        }

    def retry_after_s(self) -> int:
        """Return the seconds until the next token; at least 1."""
        return max(1, math.ceil((1 - self._tokens) * WINDOW_S / self.quota))

    def _refill(self, now: float) -> None:
        self._tokens = min(float(self.quota), self._tokens + (now - self._filled_at) * self.quota / WINDOW_S)
        self._filled_at = now


class RateLimiter:
    """Token buckets by name, created on first use. At most 10,000 exist at a time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, name: str, quota: int) -> tuple[bool, TokenBucket]:
        """Take a token from a bucket; return whether there was one, and the bucket. A new quota starts a new bucket."""
        now = self._clock()
        bucket = self._buckets.get(name)
        if bucket is None or bucket.quota != quota:
            bucket = self._buckets[name] = TokenBucket(quota, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return bucket.take(now), bucket
