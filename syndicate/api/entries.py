"""Pages of entries, newest first, and pages of changes. Each is made within one snapshot of the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from ..config import API_PREFIX, Config
from ..formats.jsonfeed import rfc3339
from ..store.base import Snapshot
from ..store.partner_rows import ChangeLogPosition, LoggedChange
from . import cursors
from .cursors import ChangeCursor, PageCursor
from .documents import EXTENSION_ABOUT, TaggedDocument, digest, encode_document, feed_members
from .entry_query import EntryQuery
from .parameters import InvalidParametersError

MAX_PAGE_BYTES = 1_000_000
"""The size at which a page ends, unless it has one item only."""
_DELETION_BYTES = 64  # of a deletion beside its id


class NoChangeLogError(Exception):
    """The last build ran without `api` in the configuration, and stored no data for partners."""


class ExpiredCursorError(Exception):
    """A `since` cursor that cannot be continued; the text is the reason."""


class EntryPages:
    """Makes pages of entries for one configuration."""

    def __init__(self, config: Config) -> None:
        self._site = config.site
        self._url = f"{config.site.url.rstrip('/')}{API_PREFIX}/entries"
        self._site_digest = digest(config.site, API_PREFIX)

    def page(self, snapshot: Snapshot, query: EntryQuery, known_etags: frozenset[str]) -> TaggedDocument:
        """Return a page of a query; without a body when its entity tag is among those that the client knows.

        Raises ExpiredCursorError, InvalidParametersError, NoChangeLogError.
        """
        position = log_position(snapshot)
        etag = digest(position, snapshot.partner_entries.presentation_digest(), self._site_digest, query)
        if etag in known_etags:
            return TaggedDocument(etag, None)
        make_page = self._newest_page if query.since is None else self._change_page
        return TaggedDocument(etag, make_page(snapshot, query, position))

    def _newest_page(self, snapshot: Snapshot, query: EntryQuery, position: ChangeLogPosition) -> bytes:
        after: tuple[int, str] | None = None
        since = ChangeCursor(*query.digests(), position.epoch, position.seq, position.seq)
        if query.cursor is not None:
            page_cursor = _page_cursor(query)
            after, since = (page_cursor.published, page_cursor.id), page_cursor.changes
        # One entry more than the limit shows whether a next page exists.
        entries = snapshot.partner_entries.newest(query.entry_filter, query.limit + 1, after)
        shown = entries[: query.limit]
        shown = shown[: fitting(snapshot.partner_entries.item_sizes([entry.record_id for entry in shown]))]
        next_url = None
        if len(entries) > len(shown):
            last = shown[-1]
            next_url = self._page_url(query, cursor=cursors.encode(PageCursor(last.published, last.id, since)))
        own_position = {} if query.cursor is None else {"cursor": query.cursor}
        members = feed_members(self._site, "entries", self._page_url(query, **own_position), next_url)
        items = snapshot.partner_entries.items([entry.record_id for entry in shown])
        return encode_document(members, items, {"about": EXTENSION_ABOUT, "since": cursors.encode(since)})

    def _change_page(self, snapshot: Snapshot, query: EntryQuery, position: ChangeLogPosition) -> bytes:
        known = _change_cursor(query, position)
        changes = snapshot.partner_changes.after(query.entry_filter, query.limit + 1, known.seq, known.start)
        shown = changes[: query.limit]
        shown = shown[: fitting(_change_sizes(snapshot, shown))]
        is_last = len(changes) == len(shown)
        since = cursors.encode(known._replace(seq=position.seq if is_last else shown[-1].seq))
        next_url = None if is_last else self._page_url(query, since=since)
        members = feed_members(self._site, "changes", self._page_url(query, since=query.since or ""), next_url)
        items = snapshot.partner_entries.items([change.record_id for change in shown if change.record_id is not None])
        deleted = [
            {"id": change.id, "date_deleted": rfc3339(datetime.fromtimestamp(change.changed_at, UTC))}
            for change in shown
            if change.record_id is None
        ]
        extension: dict[str, Any] = {"about": EXTENSION_ABOUT, "since": since}
        return encode_document(members, items, extension | ({"deleted": deleted} if deleted else {}))

    def _page_url(self, query: EntryQuery, **position: str) -> str:
        return f"{self._url}?{urlencode([*query.parameters, ('limit', str(query.limit)), *position.items()])}"


def fitting(sizes: Iterable[int]) -> int:
    """Return how many items of these sizes, in bytes, fit into one page: at least one, so that every page advances."""
    total = number = 0
    for size in sizes:
        total += size
        if number and total > MAX_PAGE_BYTES:
            break
        number += 1
    return number


def _change_sizes(snapshot: Snapshot, changes: Sequence[LoggedChange]) -> list[int]:
    present = [change.record_id for change in changes if change.record_id is not None]
    item_sizes = iter(snapshot.partner_entries.item_sizes(present))
    return [
        _DELETION_BYTES + len(change.id.encode("utf-8", "surrogatepass"))
        if change.record_id is None
        else next(item_sizes)
        for change in changes
    ]


def log_position(snapshot: Snapshot) -> ChangeLogPosition:
    """Return the end of the change log. Raises NoChangeLogError."""
    position = snapshot.partner_changes.position()
    if position is None:
        raise NoChangeLogError
    return position


def _page_cursor(query: EntryQuery) -> PageCursor:
    """Parse the cursor of a query. Raises InvalidParametersError."""
    try:
        page_cursor = cursors.decode_page_cursor(query.cursor or "")
    except cursors.MalformedCursorError:
        raise InvalidParametersError([("cursor", "is not a cursor of this API")]) from None
    _require_same_query(page_cursor.changes, query, "cursor")
    return page_cursor


def _change_cursor(query: EntryQuery, position: ChangeLogPosition) -> ChangeCursor:
    """Parse the `since` cursor of a query. Raises ExpiredCursorError, InvalidParametersError."""
    if not query.since:
        return ChangeCursor(*query.digests(), position.epoch, 0, position.seq)
    try:
        known = cursors.decode_change_cursor(query.since)
    except cursors.MalformedCursorError:
        raise InvalidParametersError([("since", "is not a cursor of this API")]) from None
    _require_same_query(known, query, "since")
    if known.filter_digest != query.digests()[1]:
        raise ExpiredCursorError("the meaning of this query has changed, or your rights have")
    if known.epoch != position.epoch or known.seq > position.seq or known.start > position.seq:
        raise ExpiredCursorError("this cursor belongs to a change log that was lost")
    if max(known.seq, known.start) < position.dropped:
        raise ExpiredCursorError("this cursor is older than the recorded deletions")
    return known


def _require_same_query(known: ChangeCursor, query: EntryQuery, parameter: str) -> None:
    if known.query_digest != query.digests()[0]:
        raise InvalidParametersError([(parameter, "belongs to a query with other parameters")])
