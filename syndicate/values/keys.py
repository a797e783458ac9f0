"""Known front matter keys: the fields that they hold, private keys, and keys of visibility (docs/corpus.md)."""

from __future__ import annotations

from collections.abc import Mapping

# The keys of each field of an entry, in order of preference. Keys are compared without regard to case; a dotted key
# names a nested one.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "guid", "uuid"),
    "title": ("title", "name"),
    "url": ("webUrl", "originalUrl", "external_url", "canonical_url", "canonical", "website"),
    "published": ("publishedDateTime", "date", "pubDate", "publishDate", "published", "startDateTime"),
    "updated": ("updatedDateTime", "lastmod", "updated", "update", "modified"),
    "summary": ("excerpt", "description", "summary"),
    "topics": ("topics", "tags", "categories", "category", "keywords", "taxonomies.tags", "taxonomies.categories"),
    "author": ("author", "authors"),
    "provider": ("provider",),
    "image": ("images", "image", "heroImage", "cover_image", "posterImage"),
    "language": ("lang", "locale", "language"),
    "category": ("category",),
    "type": ("type",),
    "amp": ("ampWebUrl",),
    "cdn": ("cdnAmpWebUrl",),
    "video": ("featuredContent",),
    "related": ("related",),
    "quality": ("quality",),
    "heat": ("heat",),
    "slug": ("slug",),
    "path": ("path",),
    "expires": ("expiryDate", "unpublishDate"),
}

# The fields that every entry has and that feeds can be cut by. Any other key may be a dimension, too.
DIMENSIONS = frozenset({"topics", "provider", "category", "type", "author", "language"})

# Keys with values that belong to their owner alone. No configuration can publish them.
PRIVATE = frozenset({"secured"})

# Keys that hide a record, or withhold it until a time.
VISIBILITY = ("published", "removed", "draft", "status", "publishDate", "pubDate")


def is_private(key: str) -> bool:
    """Return whether a dotted key is private, or is nested in a private one."""
    return not PRIVATE.isdisjoint(key.lower().split("."))
