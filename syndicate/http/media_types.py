"""The media types of documents, by the suffixes of their paths."""

from typing import NamedTuple


class MediaType(NamedTuple):
    """A media type, and the charset parameter that goes with it; JSON has none (RFC 8259 §11)."""

    essence: str
    charset: str = ""

    @property
    def content_type(self) -> str:
        """The value of the `Content-Type` field."""
        return f"{self.essence}; charset={self.charset}" if self.charset else self.essence


RSS = MediaType("application/rss+xml", "utf-8")
ATOM = MediaType("application/atom+xml", "utf-8")
JSON_FEED = MediaType("application/feed+json")
OPML = MediaType("text/x-opml", "utf-8")
HTML = MediaType("text/html", "utf-8")
CSS = MediaType("text/css", "utf-8")
JSON = MediaType("application/json")
PROBLEM_JSON = MediaType("application/problem+json")

BY_SUFFIX = {
    ".rss": RSS,
    ".atom": ATOM,
    ".opml": OPML,
    "/feed.json": JSON_FEED,
    ".html": HTML,
    ".css": CSS,
    ".json": JSON,
}
"""Media types by path suffix; the first suffix that matches counts."""


def media_type(path: str) -> MediaType:
    """Return the media type of the document at a path of the output tree; JSON for an unknown suffix."""
    rooted = f"/{path}"
    return next((kind for suffix, kind in BY_SUFFIX.items() if rooted.endswith(suffix)), JSON)
