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
from .documents import EXTENSION_ABOUT, TaggedDocument, bytes_digest, encode_document, feed_members
from .entries import log_position


class _Feed(NamedTuple):
    card: dict[str, Any]
    dimension: str
    key: str
    path: str


class FeedCatalog:
    """Makes the catalogue for one configuration."""

    def __init__(self, config: Config) -> None:
        self._site = config.site
        self._base_url = config.site.url.rstrip("/") + API_PREFIX
        self._rules = FeedRules(config.selection, config.site)

    def document(
        self, snapshot: Snapshot, allowed_topics: frozenset[str] | None, known_etags: frozenset[str]
    ) -> TaggedDocument:
        """Return the catalogue: every feed, or the feeds of the topics to which the partner has a right.

        It has no body when the client knows its entity tag. Raises NoChangeLogError.
        """
        log_position(snapshot)
        feeds = [
            _Feed(orjson.loads(feed.catalog_json), feed.dimension, feed.key, feed.path)
            for feed in snapshot.partner_entries.feeds()
            if allowed_topics is None or (feed.dimension == "topics" and feed.key in allowed_topics)
        ]
        feeds.sort(key=lambda feed: self._rules.sort_key(feed.dimension, feed.card["slug"]))
        members = feed_members(self._site, "feeds", f"{self._base_url}/feeds", None)
        body = encode_document(members, [orjson.dumps(self._item(feed)) for feed in feeds], {"about": EXTENSION_ABOUT})
        etag = bytes_digest(body)
        return TaggedDocument(etag, None if etag in known_etags else body)

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
