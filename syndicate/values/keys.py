"""Known front matter keys: the fields that they hold, private keys, and keys of visibility (docs/corpus.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from unicodedata import category, normalize

# Beside `date`, keys for the time before which an entry is not visible. Some may hold a flag instead.
NOT_BEFORE = (
    "pubDate", "publishDate", "published", "publishedAt", "publishedDate", "publishAt", "publishOn", "publish",
    "embargo", "embargoUntil",
)  # fmt: skip

# The keys of each field of an entry, in order of preference. A dotted key names a nested one.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "guid", "uuid"),
    "title": ("title", "name"),
    "url": ("webUrl", "originalUrl", "external_url", "canonical_url", "canonical", "website"),
    "published": ("publishedDateTime", "date", *NOT_BEFORE, "created", "createdAt"),
    "updated": ("updatedDateTime", "lastmod", "updated", "update", "modified", "updatedDate", "updatedAt"),
    "summary": ("excerpt", "description", "summary"),
    "topics": ("topics", "tags", "categories", "category", "keywords", "taxonomies.tags", "taxonomies.categories"),
    "author": ("author", "authors"),
    "provider": ("provider",),
    "image": (
        "images", "image", "heroImage", "cover_image", "posterImage", "cover.image", "cover", "feature_image",
        "featured_image", "thumbnail", "header.image", "header.overlay_image", "header.teaser", "og_image",
    ),
    "enclosure": ("enclosure", "audio", "podcast"),
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
    "expires": (
        "expiryDate", "unpublishDate", "expires", "expiry", "expire", "expireDate", "expiresAt", "expiresOn",
        "expirationDate", "expiration", "unpublishAt", "unpublishOn", "unpublish", "publishUntil", "validUntil",
    ),
}  # fmt: skip

HIDDEN = "hidden"
"""The name by which `corpus.fields` states keys of the site's own that hide a record unless they are false."""

# The fields that every entry has and that feeds can be cut by. Any other key may be a dimension, too.
DIMENSIONS = frozenset({"topics", "provider", "category", "type", "author", "language"})

# The start of an event is no date of publication. It dates a record that has no other date.
EVENT_STARTS = ("startDateTime", "startDate", "eventDate")

# Keys with values that belong to their owner alone. No configuration can publish them.
PRIVATE = frozenset({"secured"})

# Keys that hide a record: flags that hide it if they are true, flags that hide it if they are false, and others, each
# with values of its own (corpus/fields/visibility.py).
HIDDEN_IF_TRUE = (
    "removed", "draft", "isDraft", "private", "hidden", "unlisted", "unpublished", "encrypted", "headless", "paywall",
    "membersOnly", "eleventyExcludeFromCollections",
)  # fmt: skip
HIDDEN_IF_FALSE = ("published", "publish", "feed", "render", "listed")
HIDDEN_BY_VALUE = ("status", "visibility", "access", "password", "permalink", "build", "_build")
VISIBILITY = (*HIDDEN_IF_TRUE, *HIDDEN_IF_FALSE, *HIDDEN_BY_VALUE)

_SEPARATOR = re.compile(r"(?<=[a-z0-9])[-_ ](?=[a-z0-9])")


def is_private(key: str) -> bool:
    """Return whether a dotted key is private, or is nested in a private one."""
    return not PRIVATE.isdisjoint(key.lower().split("."))


def canonical_key(key: str) -> str:
    """Return a key without regard to case, and to hyphens, underscores and spaces between letters (`Expiry_Date`).

    Neither spaces around it nor characters that look the same or cannot be seen make it another key.
    """
    if not key.isascii():
        key = "".join(letter for letter in normalize("NFKC", key) if category(letter) != "Cf")
    return _SEPARATOR.sub("", key.strip().lower())


class StatedOnce:
    """The keys that a record must not state twice, since one of the values might be meant to hide the record.

    `configured` are keys of the site's own for visibility and dates; a dotted one is nested.
    """

    def __init__(self, configured: Iterable[str] = ()) -> None:
        parts = [key.split(".") for key in configured]
        self._keys = _STATED_ONCE | {canonical_key(first) for first, *rest in parts if not rest}
        self._sections = _SECTIONS | {canonical_key(first) for first, *rest in parts if rest}

    def holds(self, key: str) -> bool:
        """Return whether a key of the top level is one of them."""
        return canonical_key(key) in self._keys

    def is_section(self, key: str) -> bool:
        """Return whether the keys nested below a key of the top level are such keys."""
        return canonical_key(key) in self._sections


_STATED_ONCE = frozenset(map(canonical_key, {*VISIBILITY, *ALIASES["published"], *ALIASES["expires"]} - {"permalink"}))
_SECTIONS = frozenset({"build", "_build"})
STATED_ONCE = StatedOnce()
