"""Tests that JSON Feed documents match the schema and the rules of version 1.1, and that violations are detected."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from support import jsonfeed_rules
from support.records import ARCHIVE_LINKS, SITE, bounded, documents, entries, entry_of, feed_of
from support.rulebook import without_markup
from support.sites import ROOT

from syndicate.formats import jsonfeed
from syndicate.model import ArchiveLinks, Entry

SCHEMA = json.loads(Path(__file__).with_name("jsonfeed-1.1.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
Change = Callable[[dict[str, Any], dict[str, Any]], object]


def good() -> dict[str, Any]:
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "News",
        "home_page_url": "https://n.test/",
        "feed_url": "https://f.test/feed.json",
        "authors": [{"name": "News Desk", "url": "https://n.test/"}],
        "language": "en-GB",
        "hubs": [{"type": "WebSub", "url": "https://hub.test/"}],
        "items": [
            {
                "id": "tag:f.test,2026:1",
                "url": "https://n.test/1",
                "content_html": "<p>x</p>",
                "date_published": "2026-01-31T12:00:00Z",
                "date_modified": "2026-01-31T12:00:00Z",
                "tags": ["C++"],
                "attachments": [{"url": "https://n.test/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 5}],
                "_amp": {"about": "https://f.test/about", "url": "https://n.test/amp"},
            }
        ],
    }


# Each function makes the valid document invalid, given the feed and its item.
REFUSED: dict[str, Change] = {
    "another version": lambda feed, item: feed.update(version="https://jsonfeed.org/version/1"),
    "no title": lambda feed, item: feed.pop("title"),
    "an empty title": lambda feed, item: feed.update(title=""),
    "no items": lambda feed, item: feed.pop("items"),
    "no address of its own": lambda feed, item: feed.pop("feed_url"),
    "no address of the page": lambda feed, item: feed.pop("home_page_url"),
    "author, of version 1": lambda feed, item: feed.update(author={"name": "News Desk"}),
    "authors that is not a list": lambda feed, item: feed.update(authors={"name": "News Desk"}),
    "an empty author": lambda feed, item: feed.update(authors=[{}]),
    "hubs as strings": lambda feed, item: feed.update(hubs=["https://hub.test/"]),
    "a hub without type": lambda feed, item: feed["hubs"][0].pop("type"),
    "a relative address": lambda feed, item: item.update(url="/1"),
    "raw Unicode in an address": lambda feed, item: item.update(url="https://n.test/é"),
    "a space in an address": lambda feed, item: item.update(image="https://n.test/a b.jpg"),
    "another scheme": lambda feed, item: feed.update(icon="ftp://n.test/i.png"),
    "an item without id": lambda feed, item: item.pop("id"),
    "an id that is a number": lambda feed, item: item.update(id=1),
    "an item without content": lambda feed, item: item.pop("content_html"),
    "an empty content": lambda feed, item: item.update(content_html=""),
    "a date without zone": lambda feed, item: item.update(date_published="2026-01-31T12:00:00"),
    "an RFC 822 date": lambda feed, item: item.update(date_modified="Sat, 31 Jan 2026 12:00:00 +0000"),
    "tags as a string": lambda feed, item: item.update(tags="C++"),
    "a tag twice": lambda feed, item: item.update(tags=["C++", "C++"]),
    "an empty tag": lambda feed, item: item.update(tags=[""]),
    "an attachment without type": lambda feed, item: item["attachments"][0].pop("mime_type"),
    "an attachment of size 0": lambda feed, item: item["attachments"][0].update(size_in_bytes=0),
    "an extension that is a string": lambda feed, item: item.update(_amp="https://n.test/amp"),
    "an extension with a dot": lambda feed, item: item.update({"_amp.url": {"about": "x"}}),
    "an extension that begins with a figure": lambda feed, item: item.update({"_1": {"about": "x"}}),
    "an unknown key": lambda feed, item: item.update(secured="x"),
    "an unknown key on top": lambda feed, item: feed.update(generator="x"),
    "null instead of an absent key": lambda feed, item: item.update(image=None),
    "an invalid language": lambda feed, item: item.update(language="klingon!"),
}
FAULTS: dict[str, Change] = {
    "ids": lambda feed, item: feed["items"].append(item),
    "next_url": lambda feed, item: feed.update(next_url=feed["feed_url"]),
    "html": lambda feed, item: item.update(title="<i>One</i>"),
    "about": lambda feed, item: item["_amp"].pop("about"),
    "dates": lambda feed, item: item.update(date_modified="2026-01-30T12:00:00Z"),
    "characters": lambda feed, item: item.update(title="\x01"),
}


def broken(document: bytes) -> dict[str, list[str]]:
    """Returns the rules that a document breaks, including the schema."""
    errors = [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(json.loads(document))]
    return jsonfeed_rules.broken(document) | ({"schema": errors} if errors else {})


def rule_names(document: bytes) -> set[str]:
    return {jsonfeed_rules.BOOK.rules[rule].__name__ for rule in jsonfeed_rules.broken(document)}


def test_schema_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_valid_document_breaks_no_rule() -> None:
    assert broken(json.dumps(good()).encode()) == {}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_schema_rejects(change: Change) -> None:
    feed = good()
    change(feed, feed["items"][0])
    assert not VALIDATOR.is_valid(feed)


@pytest.mark.parametrize("name", FAULTS)
def test_rule_is_broken_by_its_fault(name: str) -> None:
    feed = good()
    FAULTS[name](feed, feed["items"][0])
    assert name in rule_names(json.dumps(feed).encode())


def test_rules_of_the_encoding_are_broken_by_their_faults() -> None:
    text = json.dumps(good())
    assert rule_names(text.replace('"title"', '"title": "x", "title"', 1).encode()) == {"keys"}
    assert rule_names(text.replace("News", "\\u00e9").encode()) == {"encoding"}
    assert {*FAULTS, "keys", "encoding"} == {rule.__name__ for rule in jsonfeed_rules.BOOK.rules.values()}


@pytest.mark.parametrize("path", sorted(ROOT.glob("feeds/**/feed.json")), ids=lambda path: path.parent.name)
def test_sample_document_is_valid(path: Path) -> None:
    assert broken(path.read_bytes()) == {}


@pytest.mark.parametrize("path", sorted(ROOT.glob("feeds/**/feed.json")), ids=lambda path: path.parent.name)
def test_sample_document_is_small(path: Path) -> None:
    assert path.stat().st_size < 250_000


@bounded
@given(entries)
def test_any_entry_is_valid(entry: Entry) -> None:
    assert without_markup(broken(documents([entry])["json"])) == {}


def test_feed_without_entries_is_valid() -> None:
    assert broken(jsonfeed.render_document(feed_of([]), SITE, [])) == {}


@pytest.mark.parametrize("links", ARCHIVE_LINKS)
@pytest.mark.parametrize("count", [0, 1])
def test_document_with_any_archive_links_is_valid(links: ArchiveLinks, count: int) -> None:
    shown = [entry_of({"title": "One", "date": "2026-01-01"})] * count
    assert broken(documents(shown, links=links)["json"]) == {}
