"""The rules of JSON Feed 1.1 that its JSON Schema cannot express."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from support.rulebook import FORBIDDEN, MARK_UP, Rulebook, repeated

BOOK = Rulebook()
rule = BOOK.rule


def broken(document: bytes) -> dict[str, list[str]]:
    """Returns the rules that a document breaks, with their violations."""
    feed = json.loads(document)
    found = {description: list(function(feed, document)) for description, function in BOOK.rules.items()}
    return {description: faults for description, faults in found.items() if faults}


@rule("no two items with one id")
def ids(feed: Any, document: bytes) -> Iterator[str]:
    yield from repeated([item["id"] for item in feed["items"]])


@rule("next_url is another document")
def next_url(feed: Any, document: bytes) -> Iterator[str]:
    if feed.get("next_url") == feed["feed_url"]:
        yield feed["next_url"]


@rule("HTML only in content_html")
def html(feed: Any, document: bytes) -> Iterator[str]:
    yield from (text for text in _texts(feed, {"content_html"}) if MARK_UP.search(text))


@rule("an extension has a link to its description")
def about(feed: Any, document: bytes) -> Iterator[str]:
    for item in [feed, *feed["items"]]:
        for key, value in item.items():
            if key.startswith("_") and not str(value.get("about", "")).startswith("https://"):
                yield key


@rule("no item is changed before it is published")
def dates(feed: Any, document: bytes) -> Iterator[str]:
    for item in feed["items"]:
        if item["date_modified"] < item["date_published"]:
            yield item["id"]


@rule("no object contains a key twice")
def keys(feed: Any, document: bytes) -> Iterator[str]:
    found: list[str] = []
    json.loads(document, object_pairs_hook=lambda pairs: found.extend(repeated([key for key, _ in pairs])))
    yield from found


@rule("no control characters or non-characters, not even escaped")
def characters(feed: Any, document: bytes) -> Iterator[str]:
    yield from (repr(text) for text in _texts(feed, set()) if FORBIDDEN.search(text))


@rule("UTF-8, without escapes")
def encoding(feed: Any, document: bytes) -> Iterator[str]:
    if document.startswith(b"\xef\xbb\xbf") or b"\\u" in document.replace(b"\\\\", b""):
        yield "a byte order mark, or escapes"


def _texts(value: Any, skipped: set[str]) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _texts(item, skipped)
        case dict():
            for key, item in value.items():
                if key not in skipped:
                    yield from _texts(item, skipped)
