"""Pages of entries, newest first, and pages of changes. Each is made within one snapshot of the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from ..config import API_PREFIX, Config
from ..formats.jsonfeed import rfc3339
from ..store.base import Snapshot
from ..store.partner_rows import ChangeLogPosition, LoggedChange
from .cursors import ChangeCursor, CursorCodec, MalformedCursorError, PageCursor, UnreadableCursorError
from .documents import EXTENSION_ABOUT, TaggedDocument, digest, encode_document, feed_members
from .entry_query import EntryQuery
from .parameters import InvalidParametersError

MAX_PAGE_BYTES = 1_000_000
"""The size at which a page ends, unless it has one item only."""
_START_AGAIN = "start again with an empty since"
_DELETION_BYTES = 64  # of a deletion beside its id


class NoChangeLogError(Exception):
    """The last build ran without `api` in the configuration, and stored no data for partners."""


class ExpiredCursorError(Exception):
    """A cursor that cannot be continued; the text is the reason, and what the client has to do."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(f"{reason}: {advice}")


class _Page(NamedTuple):
    """The parts of a document, as `encode_document` takes them."""

    members: dict[str, Any]
    items: list[bytes]
    extension: dict[str, Any]


class EntryPages:
    """Makes pages of entries for one configuration."""

    def __init__(self, config: Config, codec: CursorCodec) -> None:
        self._site = config.site
        self._url = f"{config.site.url.rstrip('/')}{API_PREFIX}/entries"
        self._site_digest = digest(config.site, API_PREFIX)
        self._codec = codec

    def page(self, snapshot: Snapshot, query: EntryQuery, known_etags: frozenset[str]) -> TaggedDocument:
        """Return a page of a query; without a body when its entity tag is among those that the client knows.

        The tag follows from the position of the change log, so that nothing need be read of a page that is known. It
        changes with every change of any entry; a partner with rights to certain topics must not learn of the others,
        so such a partner's tag follows from what the page shows.

        Raises ExpiredCursorError, InvalidParametersError, NoChangeLogError.
        """
        position = log_position(snapshot)
        etag = digest(position, snapshot.partner_entries.presentation_digest(), self._site_digest, query)
        if etag in known_etags and not query.is_restricted:
            return TaggedDocument(etag, None)
        page = (self._newest_page if query.since is None else self._change_page)(snapshot, query, position)
        if query.is_restricted:
            shown = page.items, page.extension.get("deleted"), "next_url" in page.members
            etag = digest(*shown, self._site_digest, query.parameters, query.limit, query.entry_filter)
            if etag in known_etags:
                return TaggedDocument(etag, None)
        return TaggedDocument(etag, encode_document(*page))

    def _newest_page(self, snapshot: Snapshot, query: EntryQuery, position: ChangeLogPosition) -> _Page:
        after: tuple[int, str] | None = None
        since = ChangeCursor(*query.digests(), position.epoch, position.seq, position.seq)
        if query.cursor is not None:
            page_cursor = self._page_cursor(query)
            after, since = (page_cursor.published, page_cursor.id), page_cursor.changes
        # One entry more than the limit shows whether a next page exists.
        entries = snapshot.partner_entries.newest(query.entry_filter, query.limit + 1, after)
        shown = entries[: query.limit]
        shown = shown[: fitting(snapshot.partner_entries.item_sizes([entry.record_id for entry in shown]))]
        next_url = None
        if len(entries) > len(shown):
            last = shown[-1]
            next_url = self._page_url(query, cursor=self._codec.encode(PageCursor(last.published, last.id, since)))
        own_position = {} if query.cursor is None else {"cursor": query.cursor}
        members = feed_members(self._site, "entries", self._page_url(query, **own_position), next_url)
        items = snapshot.partner_entries.items([entry.record_id for entry in shown])
        return _Page(members, items, {"about": EXTENSION_ABOUT, "since": self._codec.encode(since)})

    def _change_page(self, snapshot: Snapshot, query: EntryQuery, position: ChangeLogPosition) -> _Page:
        known = self._change_cursor(query, position)
        changes = snapshot.partner_changes.after(query.entry_filter, query.limit + 1, known.seq, known.start)
        shown = changes[: query.limit]
        shown = shown[: fitting(_change_sizes(snapshot, shown))]
        is_last = len(changes) == len(shown)
        since = self._codec.encode(known._replace(seq=position.seq if is_last else shown[-1].seq))
        next_url = None if is_last else self._page_url(query, since=since)
        members = feed_members(self._site, "changes", self._page_url(query, since=query.since or ""), next_url)
        items = snapshot.partner_entries.items([change.record_id for change in shown if change.record_id is not None])
        deleted = [
            {"id": change.id, "date_deleted": rfc3339(datetime.fromtimestamp(change.changed_at, UTC))}
            for change in shown
            if change.record_id is None
        ]
        extension: dict[str, Any] = {"about": EXTENSION_ABOUT, "since": since}
        return _Page(members, items, extension | ({"deleted": deleted} if deleted else {}))

    def _page_cursor(self, query: EntryQuery) -> PageCursor:
        """Parse the cursor of a query. Raises ExpiredCursorError, InvalidParametersError."""
        with cursor_errors("cursor", "request the first page again"):
            page_cursor = self._codec.decode_page_cursor(query.cursor or "")
        _require_same_query(page_cursor.changes, query, "cursor")
        return page_cursor

    def _change_cursor(self, query: EntryQuery, position: ChangeLogPosition) -> ChangeCursor:
        """Parse the `since` cursor of a query. Raises ExpiredCursorError, InvalidParametersError."""
        if not query.since:
            return ChangeCursor(*query.digests(), position.epoch, 0, position.seq)
        with cursor_errors("since", _START_AGAIN):
            known = self._codec.decode_change_cursor(query.since)
        _require_same_query(known, query, "since")
        if known.filter_digest != query.digests()[1]:
            raise ExpiredCursorError("the meaning of this query has changed, or your rights have", _START_AGAIN)
        if known.epoch != position.epoch or known.seq > position.seq or known.start > position.seq:
            raise ExpiredCursorError("this cursor belongs to a change log that was lost", _START_AGAIN)
        if max(known.seq, known.start) < position.dropped:
            raise ExpiredCursorError("this cursor is older than the recorded deletions", _START_AGAIN)
        return known

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


@contextmanager
def cursor_errors(parameter: str, advice: str) -> Iterator[None]:
    """Raise InvalidParametersError for a text that is no cursor, ExpiredCursorError for one that cannot be read now."""
    try:
        yield
    except MalformedCursorError:
        raise InvalidParametersError([(parameter, "is not a cursor of this API")]) from None
    except UnreadableCursorError:
        raise ExpiredCursorError(
            "this cursor is of an earlier version or configuration, or its key was lost", advice
        ) from None


def log_position(snapshot: Snapshot) -> ChangeLogPosition:
    """Return the end of the change log. Raises NoChangeLogError."""
    position = snapshot.partner_changes.position()
    if position is None:
        raise NoChangeLogError
    return position


def _require_same_query(known: ChangeCursor, query: EntryQuery, parameter: str) -> None:
    if known.query_digest != query.digests()[0]:
        raise InvalidParametersError([(parameter, "belongs to a query with other parameters")])
