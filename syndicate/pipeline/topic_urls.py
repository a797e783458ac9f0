"""The addresses under which hubs know documents (WebSub §2: topic URLs)."""

from __future__ import annotations

from ..config import Config
from ..formats import HTML_PAGE
from ..outputs.paths import is_document
from ..store.rows import NO_FEED

_INDEX = HTML_PAGE.file_name


def topic_url(config: Config, path: str, feed_id: int, period: str) -> str | None:
    """Returns the topic URL of a document, or None for those without one: archives, lists and variants."""
    if not is_document(path):
        return None
    url = config.site.address(path)
    if url.endswith(f"/{_INDEX}"):
        return url.removesuffix(_INDEX) if config.push.pages else None
    return url if feed_id != NO_FEED and not period else None
