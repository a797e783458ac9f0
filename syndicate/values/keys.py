"""The words that corpora of every ecosystem use for the same thing (docs/corpus.md says where each was found)."""

from __future__ import annotations

from collections.abc import Mapping

# A field of an entry -> the keys that may hold it, in order of preference. Keys are compared without regard to case; a
# dotted key names a nested one.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "guid", "uuid"),
    "title": ("title", "name"),
    "url": ("webUrl", "originalUrl", "external_url", "canonical_url", "canonical", "permalink", "url", "website"),
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

# The fields that every entry has, and that feeds can be cut by.
DIMENSIONS = frozenset({"topics", "provider", "category", "type", "author", "language"})

# Keys whose values are for their owner alone: no configuration can publish them.
PRIVATE = frozenset({"secured"})

# Keys by which an owner hides a record, or withholds it for a time.
VISIBILITY = ("published", "removed", "draft", "status", "publishDate", "pubDate")


def is_private(key: str) -> bool:
    """Whether a key, or one that it lies within, is never published."""
    return not PRIVATE.isdisjoint(key.lower().split("."))
