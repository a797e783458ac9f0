"""The catalogue of feeds as a JSON Feed: one item for each feed."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson

from ..config import API_PREFIX, Config
from ..feeds import archive
from ..feeds.identity import feed_id
from ..feeds.rules import FeedRules
from ..store.base import Snapshot
from .cursors import CursorCodec, FeedsCursor, UnreadableCursorError
from .documents import EXTENSION_ABOUT, TaggedDocument, digest, encode_document, feed_members
from .entries import cursor_errors, fitting, log_position


class _Feed(NamedTuple):
    card: dict[str, Any]
    dimension: str
    key: str
    path: str


class FeedCatalog:
    """Makes the catalogue for one configuration."""

    def __init__(self, config: Config, codec: CursorCodec) -> None:
        self._site = config.site
        self._base_url = config.site.url.rstrip("/") + API_PREFIX
        self._rules = FeedRules(config.selection, config.site)
        self._codec = codec

    def document(
        self, snapshot: Snapshot, allowed_topics: frozenset[str] | None, cursor: str | None, known_etags: frozenset[str]
    ) -> TaggedDocument:
        """Return a page of the catalogue: every feed, or the feeds of the topics to which the partner has a right.

        It has no body when the client knows its entity tag. Raises ExpiredCursorError, InvalidParametersError,
        NoChangeLogError.
        """
        log_position(snapshot)
        feeds = [
            _Feed(orjson.loads(feed.catalog_json), feed.dimension, feed.key, feed.path)
            for feed in snapshot.partner_entries.feeds()
            if allowed_topics is None or (feed.dimension == "topics" and feed.key in allowed_topics)
        ]
        feeds.sort(key=self._position)
        if cursor is not None:
            with cursor_errors("cursor", "request the first page again"):
                after = self._position_of(self._codec.decode_feeds_cursor(cursor))
            feeds = [feed for feed in feeds if self._position(feed) > after]
        items = [orjson.dumps(self._item(feed)) for feed in feeds]
        items = items[: fitting(map(len, items))]
        url = f"{self._base_url}/feeds"
        next_url = None
        if len(items) < len(feeds):
            last = feeds[len(items) - 1]
            next_url = f"{url}?cursor={self._codec.encode(FeedsCursor(last.dimension, last.card['slug']))}"
        etag = digest(items, next_url is None, self._site, API_PREFIX)
        if etag in known_etags:
            return TaggedDocument(etag, None)
        own_url = url if cursor is None else f"{url}?{urlencode({'cursor': cursor})}"
        members = feed_members(self._site, "feeds", own_url, next_url)
        return TaggedDocument(etag, encode_document(members, items, {"about": EXTENSION_ABOUT}))

    def _position(self, feed: _Feed) -> tuple[int, int, str]:
        return self._rules.sort_key(feed.dimension, feed.card["slug"])

    def _position_of(self, cursor: FeedsCursor) -> tuple[int, int, str]:
        """Return where a page ended. Raises UnreadableCursorError if there is no such dimension any more."""
        try:
            return self._rules.sort_key(*cursor)
        except ValueError:
            raise UnreadableCursorError from None

    def _item(self, feed: _Feed) -> dict[str, Any]:
        """Return a feed as an item."""
        card = feed.card
        extension = {name: value for name, value in card.items() if name not in {"title", "description"}}
        if feed.dimension == "topics":
            extension["entries_url"] = f"{self._base_url}/entries?{urlencode({'topic': card['name']})}"
        item = {
            "id": feed_id(self._site.authority, feed.dimension, feed.key),
            "url": archive.home_page_url(feed.path, self._site),
            "title": card["title"],
            "content_text": card.get("description") or card["title"],
            "date_modified": card["newest"],
            "_syndicate": {"about": EXTENSION_ABOUT, **extension},
        }
        return {name: value for name, value in item.items() if value is not None}
