"""Predicts, while records are parsed from nothing, which entries will be among the newest of a feed."""

from collections.abc import Sequence
from heapq import heappush, heappushpop

from ..feeds.rules import FeedKey


class NewestIndex:
    """The oldest time that an entry may have to be among the newest of a feed, as far as known."""

    def __init__(self, limit: int, oldest: dict[tuple[str, str], int] | None = None) -> None:
        self._limit = limit
        self._oldest = oldest or {}
        self._newest: dict[tuple[str, str], list[int]] = {}

    def may_be_shown(self, keys: Sequence[FeedKey], published: int) -> bool:
        """Returns whether any of these feeds may show an entry of this time among its newest."""
        return any(published >= self._oldest.get(key[:2], published) for key in keys)

    def add(self, keys: Sequence[FeedKey], published: int) -> None:
        """Adds an entry that is a member of these feeds."""
        for dimension, key, _ in keys:
            newest = self._newest.setdefault((dimension, key), [])
            if len(newest) < self._limit:
                heappush(newest, published)
            else:
                heappushpop(newest, published)

    def snapshot(self) -> "NewestIndex":
        """Returns a copy of the present state, as small as possible."""
        full = {feed: newest[0] for feed, newest in self._newest.items() if len(newest) == self._limit}
        return NewestIndex(self._limit, full)
