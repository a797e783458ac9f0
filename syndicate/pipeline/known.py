"""Reads the stored state of touched feeds, in batches, and plans their documents."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from ..model import Tombstone
from ..store.rows import FeedName, FeedRow, MemberRow, MonthCount
from .plan import FeedChanges, FeedPlan, FeedPlanner, KnownFeed, Plan, PlanSettings
from .resolve import TouchedFeeds

if TYPE_CHECKING:
    from ..store.base import Transaction

_BATCH = 64


def plan_feeds(
    transaction: Transaction, touched: TouchedFeeds, altered: Mapping[int, Collection[str]], settings: PlanSettings
) -> Plan:
    """Returns the plan for all touched feeds, and for those with altered documents, given by feed id and period."""
    feed_ids = sorted(touched.feed_ids() | altered.keys())
    plans: list[FeedPlan] = []
    for start in range(0, len(feed_ids), _BATCH):
        known = _read(transaction, feed_ids[start : start + _BATCH], settings.selection.limit)
        planners = [
            (one.row.feed_id, FeedPlanner(one, _changes(one.row.feed_id, touched, altered), settings)) for one in known
        ]
        plans += _planned(transaction, planners)
    return Plan(tuple(plans))


def _changes(feed_id: int, touched: TouchedFeeds, altered: Mapping[int, Collection[str]]) -> FeedChanges:
    return FeedChanges(touched.times(feed_id), altered.get(feed_id, ()))


def _planned(transaction: Transaction, planners: Sequence[tuple[int, FeedPlanner]]) -> Iterator[FeedPlan]:
    spans = [span for _, planner in planners for span in planner.spans()]
    members = groupby(transaction.feeds.members(spans) if spans else (), key=lambda member: member.feed_id)
    group: tuple[int, Iterator[MemberRow]] | None = next(members, None)
    for feed_id, planner in planners:
        if group is not None and group[0] == feed_id:
            yield planner.plan(group[1])
            group = next(members, None)
        else:
            yield planner.plan(())


def _read(transaction: Transaction, feed_ids: Sequence[int], limit: int) -> list[KnownFeed]:
    rows = transaction.feeds.feeds(feed_ids)
    counts: dict[int, list[MonthCount]] = {}
    for count in transaction.feeds.month_counts(feed_ids):
        counts.setdefault(count.feed_id, []).append(count)
    sets: dict[int, dict[str, bytes]] = {}
    for feed_id, period, digest in transaction.documents.sets(feed_ids):
        sets.setdefault(feed_id, {})[period] = digest
    newest: dict[int, list[MemberRow]] = {}
    for member in transaction.feeds.newest_members(feed_ids, limit):
        newest.setdefault(member.feed_id, []).append(member)
    tombstones = _tombstones(transaction, rows)
    published = transaction.published.feeds_named([(row.dimension, row.key) for row in rows])
    return [
        KnownFeed(
            row,
            counts.get(row.feed_id, []),
            sets.get(row.feed_id, {}),
            newest.get(row.feed_id, []),
            tombstones.get((row.dimension, row.key), ()),
            published.get((row.dimension, row.key)),
        )
        for row in rows
    ]


def _tombstones(transaction: Transaction, rows: Sequence[FeedRow]) -> dict[FeedName, tuple[Tombstone, ...]]:
    found: dict[FeedName, tuple[Tombstone, ...]] = {}
    for row in transaction.tombstones.of_feeds([(row.dimension, row.key) for row in rows]):
        tombstone = Tombstone(row.id, datetime.fromtimestamp(row.deleted_at, UTC))
        found[row.dimension, row.key] = (*found.get((row.dimension, row.key), ()), tombstone)
    return found
