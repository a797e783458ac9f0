"""Reads documents with independent parsers: feedparser and lemon24's reader, and lxml for the links."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from time import struct_time
from typing import Any

import feedparser
import pytest
from lxml import html
from reader import make_reader
from support.feed_reading import NAMESPACES, parse_xml
from support.records import PLAIN, SITE, documents, entry_of, prepared

from syndicate.model import CDN_RELATION, EXTENSIONS, Entry, Presentation

FULL = entry_of(
    {
        "title": "C++ & <vector>: 5 > 4 “quoted”",
        "publishedDateTime": "2026-01-31T12:00:00+02:00",
        "updatedDateTime": "2026-02-01T08:30:00Z",
        "excerpt": "Sum & substance of <vector>, in “quotes”.",
        "webUrl": "https://news.test/story?a=1&b=2#part",
        "ampWebUrl": "https://news.test/amp/story?a=1&b=2",
        "author": ["Zoë Ångström"],
        "provider": {"name": "News & Views", "domain": "news.test"},
        "topics": ["C++", "R&D", "日本", "Open Data"],
        "images": [{"url": "https://img.test/a b.jpg?w=1&h=2", "width": 1200, "height": 800, "title": 'A "picture"'}],
        "lang": "fr",
        "featuredContent": '<iframe src="https://video.test/embed/1"></iframe>',
        "related": [
            {"title": "Before & after", "webUrl": "https://r.test/1?x=1&y=2", "publishedDateTime": "2025-12-31",
             "provider": {"name": "R"}, "ampWebUrl": "https://r.test/amp/1"},
            {"title": "Later", "webUrl": "https://r.test/2"},
        ],
        "type": "video",
        "category": "news",
        "enclosure": {"url": "https://media.test/1.ogg?a=1&b=2", "length": 123456},
    }
)  # fmt: skip
BARE = entry_of({"title": "Bare", "publishedDateTime": "2026-01-30"}, path="_news/2026-01-30-bare.md")
BODY = entry_of(
    {"title": "Body", "publishedDateTime": "2026-01-29", "webUrl": "https://news.test/body", "id": "https://news.test/body"},
    "A *first* paragraph & more.\n\n![chart](/chart.png)\n\n- [relative](../other)\n- <b>bold</b>",
    "content/body.md",
)  # fmt: skip
ARABIC = entry_of(
    {"title": "عنوان", "publishedDateTime": "2026-01-28", "excerpt": "نص قصير", "lang": "ar", "id": "3f1c"},
    path="ar/a.md",
)
ENTRIES = (FULL, BARE, BODY, ARABIC)
EACH = pytest.mark.parametrize("index", range(len(ENTRIES)), ids=["full", "bare", "body", "arabic"])
XML = pytest.mark.parametrize("name", ["rss", "atom"])
ALL = pytest.mark.parametrize("name", ["rss", "atom", "json"])


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return documents(ENTRIES)


@pytest.fixture(scope="module")
def parsed(made: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, dict[str, Any]]]:
    """For each format, the feed and its entries by id, as lemon24's reader stores them."""
    folder = tmp_path_factory.mktemp("reader")
    with make_reader(":memory:", feed_root="") as reader:
        for name, document in made.items():
            (folder / f"feed.{name}").write_bytes(document)
            reader.add_feed(str(folder / f"feed.{name}"))
        reader.update_feeds()
        return {
            Path(feed.url).suffix[1:]: (feed, {entry.id: entry for entry in reader.get_entries(feed=feed)})
            for feed in reader.get_feeds()
        }


def words(markup: str) -> str:
    """Returns the visible text of HTML: sanitizers may rewrite the markup."""
    return " ".join(html.fromstring(f"<div>{markup}</div>").text_content().split())


def moment(parsed: struct_time) -> datetime:
    return datetime(*parsed[:6], tzinfo=UTC)


def author_names(entry: Entry) -> list[str]:
    return [person.name for person in prepared(entry).authors]


# ------------------------------------------------------------------------------------------------------ feedparser


@XML
def test_feedparser_reports_no_error_and_all_entries_in_order(name: str, made: dict[str, bytes]) -> None:
    found = feedparser.parse(made[name])
    assert found.bozo == 0, found.get("bozo_exception")
    assert found.version == {"rss": "rss20", "atom": "atom10"}[name]
    assert [entry.id for entry in found.entries] == [entry.id for entry in ENTRIES]


@XML
def test_feedparser_returns_the_metadata_of_the_site(name: str, made: dict[str, bytes]) -> None:
    feed = feedparser.parse(made[name]).feed
    assert (feed.title, feed.subtitle, feed.rights, feed.language) == ("Test Site", "What is tested.", "CC0", "en")
    assert feed.link == SITE.home
    assert moment(feed.updated_parsed) == FULL.updated
    assert feed.generator == "syndicate"
    if name == "rss":
        assert (feed.image.href, feed.image.link, feed.image.title) == (SITE.logo, SITE.home, SITE.title)
    else:
        assert (feed.logo, feed.icon) == (SITE.logo, SITE.icon)


@EACH
@XML
def test_feedparser_returns_every_field_of_an_entry(name: str, index: int, made: dict[str, bytes]) -> None:
    entry, found = ENTRIES[index], feedparser.parse(made[name]).entries[index]
    shown = prepared(entry)
    assert found.title == entry.title
    assert found.link == entry.url
    assert found.id == entry.id
    assert moment(found.published_parsed) == entry.published
    assert [tag.term for tag in found.get("tags", [])] == list(entry.topics)
    assert [author.name for author in found.get("authors", []) if author] == author_names(entry)
    if name == "atom":
        assert moment(found.updated_parsed) == entry.updated
        assert found.summary == (shown.summary or found.content[0].value)  # feedparser repeats the content
        assert found.content[0].language == (entry.language or SITE.language)
    else:
        assert found.get("language", "") == entry.language
        assert not shown.summary or unescape(found.summary) == shown.summary
    content = found.content[0].value if "content" in found else found.summary
    assert words(content) == words(shown.html)


@XML
def test_feedparser_returns_the_image_with_its_size(name: str, made: dict[str, bytes]) -> None:
    full, *others = feedparser.parse(made[name]).entries
    assert full.media_content == [
        {
            "url": "https://img.test/a%20b.jpg?w=1&h=2",
            "type": "image/jpeg",
            "medium": "image",
            "width": "1200",
            "height": "800",
        }
    ]
    assert not any("media_content" in entry for entry in others)


@XML
def test_feedparser_returns_the_enclosure_with_its_length_and_type(name: str, made: dict[str, bytes]) -> None:
    full, *others = feedparser.parse(made[name]).entries
    assert [(one.href, one.length, one.type) for one in full.enclosures] == [
        ("https://media.test/1.ogg?a=1&b=2", "123456", "audio/ogg")
    ]
    assert not any(entry.enclosures for entry in others)


@XML
def test_feedparser_links_to_the_article_and_not_to_its_amp_page(name: str, made: dict[str, bytes]) -> None:
    full = feedparser.parse(made[name]).entries[0]
    by_relation = {link.rel: link.href for link in full.links if link.rel not in {"related", "enclosure"}}
    assert full.link == FULL.url
    assert by_relation == {"alternate": FULL.url, "amphtml": FULL.amp_url, CDN_RELATION: FULL.cdn_url}


def test_guid_is_a_permanent_link_only_when_it_is_the_address(made: dict[str, bytes]) -> None:
    guids = parse_xml(made["rss"]).iterfind("channel/item/guid")
    assert [guid.get("isPermaLink") for guid in guids] == ["false", "false", "true", "false"]


def test_feedparser_returns_related_stories_of_atom(made: dict[str, bytes]) -> None:
    links = [link for link in feedparser.parse(made["atom"]).entries[0].links if link.rel == "related"]
    assert [(link.title, link.href) for link in links] == [
        ("Before & after", "https://r.test/1?x=1&y=2"),
        ("Later", "https://r.test/2"),
    ]


# -------------------------------------------------------------------------------------------------- lemon24's reader


@ALL
def test_reader_returns_the_metadata_of_the_site(name: str, parsed: dict[str, tuple[Any, Any]]) -> None:
    feed, entries = parsed[name]
    assert feed.last_exception is None
    assert feed.version == {"rss": "rss20", "atom": "atom10", "json": "json11"}[name]
    assert (feed.title, feed.link, feed.subtitle) == (SITE.title, SITE.home, SITE.description)
    assert feed.updated == (None if name == "json" else FULL.updated)
    assert set(entries) == {entry.id for entry in ENTRIES}


@EACH
@ALL
def test_reader_returns_every_field_of_an_entry(name: str, index: int, parsed: dict[str, tuple[Any, Any]]) -> None:
    entry = ENTRIES[index]
    shown, found = prepared(entry), parsed[name][1][entry.id]
    assert (found.title, found.link, found.published) == (entry.title, entry.url, entry.published)
    assert found.updated == (None if name == "rss" and entry.updated == entry.published else entry.updated)
    assert [author.name for author in found.authors] == author_names(entry)
    if not shown.summary and name != "json":  # feedparser, within reader, repeats the content
        assert words(found.summary) == words(shown.html)
    else:
        assert unescape(found.summary or "") == shown.summary
    if shown.summary or name != "rss":
        [content] = found.content
        assert content.type == "text/html"
        assert words(content.value) == words(shown.html)


@ALL
def test_reader_returns_the_video_and_the_related_stories_in_the_content(
    name: str, parsed: dict[str, tuple[Any, Any]]
) -> None:
    content = parsed[name][1][FULL.id].content[0].value
    links = [link.get("href") for link in html.fromstring(content).iter("a")]
    assert links == ["https://video.test/embed/1", FULL.url, "https://r.test/1?x=1&y=2", "https://r.test/2"]
    assert [image.get("src") for image in html.fromstring(content).iter("img")] == [
        "https://img.test/a%20b.jpg?w=1&h=2"
    ]


# ----------------------------------------------------------------------------------------------------------- links


@XML
def test_amp_and_cache_addresses_are_links_with_distinct_relations(name: str, made: dict[str, bytes]) -> None:
    path = {"rss": "channel/item", "atom": "atom:entry"}[name]
    item = parse_xml(made[name]).find(path, NAMESPACES)
    links = [dict(link.attrib) for link in item.iterfind("atom:link", NAMESPACES)]
    assert {"rel": "amphtml", "type": "text/html", "href": "https://news.test/amp/story?a=1&b=2"} in links
    cdn = "https://news-test.cdn.ampproject.org/c/s/news.test/amp/story?a=1&b=2"
    assert {"rel": CDN_RELATION, "type": "text/html", "href": cdn} in links
    assert sum(link["rel"] == "alternate" for link in links) == (name == "atom")
    assert CDN_RELATION.startswith("https://")


def test_json_feed_contains_amp_addresses_in_an_extension(made: dict[str, bytes]) -> None:
    full, *others = json.loads(made["json"])["items"]
    assert full["_amp"] == {
        "about": f"{EXTENSIONS}#amp",
        "url": "https://news.test/amp/story?a=1&b=2",
        "cdn_url": "https://news-test.cdn.ampproject.org/c/s/news.test/amp/story?a=1&b=2",
    }
    assert not any("_amp" in item for item in others)


def test_json_feed_contains_related_stories_and_properties_in_extensions(made: dict[str, bytes]) -> None:
    full = json.loads(made["json"])["items"][0]
    assert full["_related"]["items"] == [
        {
            "url": "https://r.test/1?x=1&y=2",
            "title": "Before & after",
            "date_published": "2025-12-31T00:00:00Z",
            "provider": "R",
            "amp_url": "https://r.test/amp/1",
            "cdn_url": "https://r-test.cdn.ampproject.org/c/s/r.test/amp/1",
        },
        {"url": "https://r.test/2", "title": "Later"},
    ]
    provider = {"name": "News & Views", "url": "https://news.test"}
    assert full["_syndicate"] == {
        "about": f"{EXTENSIONS}#syndicate", "provider": provider, "type": "video", "category": "news",
    }  # fmt: skip
    assert full["image"] == "https://img.test/a%20b.jpg?w=1&h=2"


@XML
def test_feed_has_exactly_one_self_link_and_every_hub(name: str, made: dict[str, bytes]) -> None:
    root = parse_xml(made[name])
    links = [dict(link.attrib) for link in (root[0] if name == "rss" else root).iterfind("atom:link", NAMESPACES)]
    media_type = f"application/{name}+xml"
    assert [link for link in links if link["rel"] == "self"] == [
        {"rel": "self", "type": media_type, "href": f"https://feeds.test/all/feed.{name}"}
    ]
    assert [link["href"] for link in links if link["rel"] == "hub"] == list(SITE.hubs)
    assert len(root.xpath("//atom:link[@rel='self']", namespaces=NAMESPACES)) == 1
    assert len(root.xpath("//atom:link[@rel='hub']", namespaces=NAMESPACES)) == len(SITE.hubs)


def test_json_feed_contains_its_address_its_home_page_and_every_hub(made: dict[str, bytes]) -> None:
    head = json.loads(made["json"])
    assert head["feed_url"] == "https://feeds.test/all/feed.json"
    assert head["home_page_url"] == SITE.home
    assert head["hubs"] == [{"type": "WebSub", "url": hub} for hub in SITE.hubs]
    assert (head["favicon"], head["icon"]) == (SITE.icon, SITE.logo)


@pytest.mark.parametrize("hubs", [(), ("https://hub.test/",), ("https://a.hub.test/", "https://b.hub.test/")])
def test_channel_link_is_the_home_page_with_any_number_of_hubs(hubs: tuple[str, ...]) -> None:
    made = documents(ENTRIES, SITE._replace(hubs=hubs))
    channel = parse_xml(made["rss"])[0]
    assert [link.text for link in channel.iterfind("link")] == [SITE.home]
    assert feedparser.parse(made["atom"]).feed.link == SITE.home
    assert ("hubs" in json.loads(made["json"])) is bool(hubs)


@ALL
def test_cache_links_can_be_disabled_without_amp_links(name: str) -> None:
    without = FULL._replace(cdn_url=None)
    document = documents([without], presentation=PLAIN._replace(amp_links=False))[name]
    assert b"https://news-test.cdn.ampproject.org/" not in document
    assert b"https://news.test/amp/story" in document


@ALL
@pytest.mark.parametrize(
    ("link", "wanted"),
    [("canonical", FULL.url), ("amp", FULL.amp_url), ("cdn", FULL.cdn_url)],
)
def test_configured_link_changes_the_address_and_not_the_id(name: str, link: Any, wanted: str, tmp_path: Path) -> None:
    file = tmp_path / f"feed.{name}"
    file.write_bytes(documents([FULL], presentation=Presentation(link=link))[name])
    with make_reader(":memory:", feed_root="") as reader:
        reader.add_feed(str(file))
        reader.update_feeds()
        [entry] = reader.get_entries()
        assert (entry.id, entry.link) == (FULL.id, wanted)


def test_relative_addresses_in_a_body_are_absolute_in_the_content(made: dict[str, bytes]) -> None:
    content = html.fromstring(json.loads(made["json"])["items"][2]["content_html"])
    assert [image.get("src") for image in content.iter("img")] == ["https://news.test/chart.png"]
    assert "https://news.test/other" in [link.get("href") for link in content.iter("a")]


def test_content_of_right_to_left_text_states_its_direction(made: dict[str, bytes]) -> None:
    for name in ("atom", "json"):
        assert 'dir="rtl"' in made[name].decode().replace("&quot;", '"').replace('\\"', '"')
    [content] = parse_xml(made["atom"]).xpath("//atom:entry[4]/atom:content", namespaces=NAMESPACES)
    assert html.fromstring(content.text).get("dir") == "rtl"
