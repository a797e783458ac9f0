"""Pages as bytes: what stands in them, that nothing breaks out of them, and that a site's own templates are taken."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import unquote, urljoin

import pytest
from hypothesis import given
from lxml import html
from support.page_sites import HEBREW, HOSTILE, IMAGE, WHEN, made_up_entries, made_up_feed
from support.records import SITE, bounded, entries, entry_of, prepared, texts

from syndicate.errors import ConfigError
from syndicate.formats.html import pages as page
from syndicate.formats.html.chart import HEIGHT, chart
from syndicate.formats.html.landing import Group, Landing
from syndicate.model import FORMATS, Entry, Feed, Format, Site
from syndicate.values.text import strip_forbidden

PAGES = page.Pages(SITE, FORMATS)
FEED = made_up_feed("IBM AI", "ibm-ai", 3)
LANDING = Landing((("2025-11", 1), ("2026-01", 2)))
INLINE_STYLE_BYTES = 8192


def card(entry: Entry) -> Any:
    (element,) = html.fragments_fromstring(PAGES.card(prepared(entry)).decode())
    return element


def feed_page(
    feed: Feed = FEED, landing: Landing = LANDING, pages: page.Pages = PAGES, shown: list[Entry] | None = None
) -> Any:
    cards = [pages.card(prepared(entry)) for entry in shown or []]
    return html.document_fromstring(pages.feed_page(feed, landing, cards).decode())


def links(document: Any, relation: str) -> list[str]:
    return [link.get("href") for link in document.xpath(f'//link[@rel="{relation}"]')]


def words(element: Any) -> str:
    return " ".join(element.text_content().split())


# ------------------------------------------------------------------------------------------------------------ cards


def test_card_shows_title_source_time_and_text() -> None:
    entry = entry_of(
        {
            "title": "A story",
            "webUrl": "https://a.test/1",
            "publishedDateTime": datetime(2026, 3, 4, 9, 5, tzinfo=UTC),
            "excerpt": "What happened.",
            "provider": {"name": "The Paper"},
        }
    )
    shown = card(entry)
    assert words(shown) == "A story The Paper 4 March 2026, 09:05 UTC What happened."
    assert shown.xpath("string(.//h3/a/@href)") == "https://a.test/1"
    assert shown.xpath("string(.//time/@datetime)") == "2026-03-04T09:05:00Z"


@pytest.mark.parametrize(
    ("image", "size"),
    [
        ({}, ("640", "360")),
        ({"width": 1200, "height": 800}, ("1200", "800")),
        ({"width": 1200}, ("640", "360")),
    ],
)
def test_picture_is_lazy_has_its_place_and_tells_nobody_where_it_is_shown(
    image: dict[str, int], size: tuple[str, str]
) -> None:
    (picture,) = card(entry_of({"title": "T", "publishedDateTime": WHEN, "images": [IMAGE | image]})).xpath(".//img")
    assert (picture.get("width"), picture.get("height")) == size
    assert picture.get("loading") == "lazy"
    assert picture.get("referrerpolicy") == "no-referrer"
    assert picture.get("alt") == ""
    assert picture.getparent().get("aria-hidden") == "true"
    assert picture.getparent().get("tabindex") == "-1"


def test_picture_that_says_more_than_the_title_is_read_out() -> None:
    shown = card(entry_of({"title": "T", "publishedDateTime": WHEN, "images": [IMAGE | {"title": "A boat"}]}))
    (picture,) = shown.xpath(".//img")
    assert picture.get("alt") == "A boat"
    assert picture.getparent().get("aria-hidden") is None


def test_amp_cdn_and_related_stories_are_there_and_folded_away() -> None:
    story = {"title": "Before", "webUrl": "https://b.test/", "provider": {"name": "Another Paper"}}
    shown = card(
        entry_of(
            {
                "title": "T",
                "publishedDateTime": WHEN,
                "ampWebUrl": "https://a.test/amp",
                "cdnAmpWebUrl": "https://cdn.test/amp",
                "related": [story],
            }
        )
    )
    marks = {mark.text: mark.get("href") for mark in shown.xpath('.//a[@class="mark"]')}
    assert marks == {"AMP": "https://a.test/amp", "CDN": "https://cdn.test/amp"}
    (details,) = shown.xpath(".//details[not(@open)]")
    assert words(details) == "Related stories (1) Before Another Paper"


def test_entry_written_from_right_to_left_says_so_and_our_words_do_not() -> None:
    shown = card(entry_of({"title": HEBREW, "publishedDateTime": WHEN, "lang": "he", "excerpt": HEBREW}))
    assert (shown.get("dir"), shown.get("lang")) == ("rtl", "he")
    assert not shown.xpath('.//*[@dir="auto"]')
    assert shown.xpath(".//time[@lang='en'][@dir='ltr']")


def test_entry_without_a_language_has_that_of_the_site_and_each_text_its_own_direction() -> None:
    shown = card(entry_of({"title": HEBREW, "publishedDateTime": WHEN, "excerpt": HEBREW}))
    assert (shown.get("dir"), shown.get("lang")) == (None, SITE.language)
    assert [element.tag for element in shown.xpath('.//*[@dir="auto"]')] == ["h3", "p"]


@bounded
@given(entries)
def test_no_entry_breaks_out_of_its_card(entry: Entry) -> None:
    shown = card(entry)
    assert shown.tag == "article"
    assert not shown.xpath(".//script | .//style | .//iframe | .//article | .//*[@style]")
    assert not [name for element in shown.iter() for name in element.attrib if name.startswith("on")]
    assert all(re.match("https?://", url) for url in shown.xpath(".//@href | .//@src"))
    assert shown.xpath("string(.//h3/a)").split() == entry.title.split()


# ------------------------------------------------------------------------------------------------------------ pages


def test_page_says_what_the_feed_is() -> None:
    document = feed_page()
    assert document.xpath("string(//title)") == FEED.title
    assert document.xpath("string(//h1)") == "IBM AI"
    assert document.xpath('string(//meta[@name="description"]/@content)') == FEED.description
    assert words(document.xpath('//p[@class="facts"]')[0]) == "3 entries, the newest of 31 January 2026, 12:00 UTC"


def test_page_leads_clients_to_every_format() -> None:
    document = feed_page()
    alternates = {link.get("type"): link.get("href") for link in document.xpath('//link[@rel="alternate"]')}
    assert alternates == {
        "application/rss+xml": "https://feeds.test/topics/ibm-ai/feed.rss",
        "application/atom+xml": "https://feeds.test/topics/ibm-ai/feed.atom",
        "application/feed+json": "https://feeds.test/topics/ibm-ai/feed.json",
    }
    assert document.xpath("//@data-copy") == list(alternates.values())


@pytest.mark.parametrize("formats", [("json",), ("atom", "json"), ("rss",)])
def test_page_names_only_formats_that_are_made(formats: tuple[Format, ...]) -> None:
    document = feed_page(pages=page.Pages(SITE, formats))
    named = [url.rpartition(".")[2] for url in links(document, "alternate")]
    assert named == list(formats)
    readers = document.xpath('//*[@class="readers"]//@href')
    assert {unquote(url).rpartition(".")[2] for url in readers} == {formats[0]}


@pytest.mark.parametrize(
    ("topics", "expected"),
    [(True, "https://feeds.test/topics/ibm-ai/"), (False, "https://feeds.test/topics/ibm-ai/feed.rss")],
)
def test_subscriber_of_a_page_ends_at_what_hubs_are_told_of(topics: bool, expected: str) -> None:  # noqa: FBT001 - a table
    document = feed_page(pages=page.Pages(SITE, FORMATS, topics=topics))
    assert links(document, "self") == [expected]
    assert links(document, "hub") == list(SITE.hubs)
    assert links(document, "canonical") == ["https://feeds.test/topics/ibm-ai/"]


def test_links_within_the_site_hold_wherever_it_is_mounted() -> None:
    landing = Landing((), (("2026-01", "topics/ibm-ai/archive/2026-01/feed.rss"),), ("AI", "topics/ai"))
    document = feed_page(landing=landing)
    base = "file:///mnt/out/topics/ibm-ai/index.html"
    within = {urljoin(base, url) for url in document.xpath("//body//a/@href") if "://" not in url and url[0] != "#"}
    assert within == {
        "file:///mnt/out/index.html",
        "file:///mnt/out/topics/ai/index.html",
        "file:///mnt/out/topics/ibm-ai/archive/2026-01/feed.rss",
        "file:///mnt/out/feeds.opml",
        "file:///mnt/out/catalog.json",
    }


def test_opml_is_named_only_where_it_is_made() -> None:
    document = feed_page(pages=page.Pages(SITE, FORMATS, opml=False))
    assert not document.xpath('//a[contains(@href, "opml")]')


def test_empty_topic_says_so() -> None:
    document = feed_page(made_up_feed("Empty", "empty", 0), Landing(()))
    assert "No entries yet" in words(document)
    assert not document.xpath("//svg | //article | //time")


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        (["2026-03", "2026-01", "2025-12"], ["2026 March January", "2025 December"]),
        (["2026", "2025"], ["2026", "2025"]),
        (["2026-03-04"], ["2026 4 March"]),
    ],
)
def test_archive_is_listed_by_year(periods: list[str], expected: list[str]) -> None:
    landing = Landing((), tuple((name, f"archive/{name}/feed.rss") for name in periods))
    assert [words(year) for year in feed_page(landing=landing).xpath("//dl/div")] == expected


@pytest.mark.parametrize(("language", "said"), [("de", "de"), ("en", None), ("", None)])
def test_words_of_the_site_say_their_language_on_an_english_page(language: str, said: str | None) -> None:
    document = feed_page(pages=page.Pages(SITE._replace(language=language), FORMATS))
    assert document.get("lang") == "en"
    assert document.xpath("//h1")[0].get("lang") == said


def test_page_of_hostile_words_is_only_a_page_of_those_words() -> None:
    named = made_up_feed(HOSTILE, "hostile", 9)._replace(description=HOSTILE)
    landing = Landing((("2026-01", 9),), (), (HOSTILE, "topics/a"), (HOSTILE,))
    document = feed_page(named, landing, shown=made_up_entries())
    assert document.xpath("string(//h1)") == HOSTILE
    assert len(document.xpath("//script")) == len(document.xpath("//style")) == 1
    assert len(document.xpath("//article")) == len(made_up_entries())
    assert not document.xpath("//@onload")


@bounded
@given(texts.map(strip_forbidden), texts.map(strip_forbidden))
def test_no_words_of_a_feed_break_out_of_its_page_and_row(name: str, description: str) -> None:
    feed = FEED._replace(name=name, title=name, description=description)
    row = PAGES.row(feed, LANDING, description)
    for document in (feed_page(feed), html.document_fromstring(PAGES.index([Group(name, [row])], 1, None))):
        assert len(document.xpath("//script")) == len(document.xpath("//style")) == len(document.xpath("//main")) == 1


def test_page_does_not_depend_on_who_made_it_or_when() -> None:
    cards = [PAGES.card(prepared(entry)) for entry in made_up_entries()]
    again = page.Pages(SITE, FORMATS)
    assert [again.card(prepared(entry)) for entry in made_up_entries()] == cards
    assert again.feed_page(FEED, LANDING, cards) == PAGES.feed_page(FEED, LANDING, cards)


# ------------------------------------------------------------------------------------------------------------ index


def index(*groups: Group, site: Site = SITE, topics: bool = False) -> Any:
    pages = page.Pages(site, FORMATS, topics=topics)
    return html.document_fromstring(pages.index(groups, 1234, WHEN).decode())


def test_index_lists_feeds_in_their_groups() -> None:
    row = PAGES.row(FEED, LANDING, "The newest")
    document = index(Group("", [row]), Group("Topics", [row, row]))
    assert words(document.xpath('//p[@class="facts"]')[0]).startswith("1,234 entries in 3 feeds")
    assert [len(group.xpath(".//li")) for group in document.xpath('//*[@class="group"]')] == [1, 2]
    first = document.xpath('//ul[@class="rows"]/li')[0]
    assert words(first) == "IBM AI 3 entries The newest 31 January 2026"
    assert first.xpath("string(a/@href)") == "topics/ibm-ai/index.html"


def test_group_without_feeds_is_not_shown() -> None:
    document = index(Group("Topics", []), Group("Providers", [b"<li>One</li>"]))
    assert [words(group) for group in document.xpath('//*[@class="group"]')] == ["Providers 1 One"]


def test_index_is_subscribed_to_by_the_feed_of_everything() -> None:
    document = index(Group("", [b"<li></li>"]))
    assert links(document, "alternate") == [f"https://feeds.test/all/feed.{name}" for name in FORMATS]
    assert links(document, "self") == ["https://feeds.test/all/feed.rss"]
    assert links(document, "hub") == list(SITE.hubs)


def test_index_without_a_feed_of_everything_offers_none() -> None:
    document = index(Group("Topics", [b"<li></li>"]))
    assert not links(document, "alternate") + links(document, "self") + links(document, "hub")


def test_index_can_be_a_topic_of_its_own() -> None:
    assert links(index(topics=True), "self") == links(index(topics=True), "canonical") == [SITE.url]


# ------------------------------------------------------------------------------------------------------------ chart


def test_chart_ends_with_the_newest_month_and_shows_empty_ones() -> None:
    drawn = chart((("2024-01", 99), ("2025-11", 2), ("2026-01", 4)), 4)
    assert drawn is not None
    assert [(bar.label, bar.entries) for bar in drawn.bars] == [
        ("October 2025", 0), ("November 2025", 2), ("December 2025", 0), ("January 2026", 4),
    ]  # fmt: skip
    assert [bar.height for bar in drawn.bars] == [1, HEIGHT // 2, 1, HEIGHT]
    assert (drawn.first, drawn.last, drawn.most, drawn.most_label) == (
        "October 2025",
        "January 2026",
        4,
        "January 2026",
    )


def test_chart_says_in_words_what_it_shows() -> None:
    label = feed_page().xpath("string(//figure/svg/@aria-label)")
    assert label == "Entries per month, February 2023 to January 2026: 3 in all, the most 2 in January 2026"


# ------------------------------------------------------------------------------------- policy, and a site's own words


def allowed(document: bytes) -> tuple[list[str], list[str]]:
    """The hashes that a page's policy names, and those of what stands in it."""
    policy = re.search(rb'Content-Security-Policy" content="([^"]*)"', document)
    assert policy
    inline = re.findall(rb"<(?:style|script)>(.*?)</(?:style|script)>", document, re.DOTALL)
    hashes = [f"sha256-{b64encode(sha256(text).digest()).decode()}" for text in inline]
    return re.findall(r"sha256-[^' &]+", policy[1].decode()), hashes


@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"style.css": "body {\r\n  color: red\r\n}\r\n"},
        {"site.css": "/* ours */\n  h1 { color: red }"},
        {"page.js": 'document.title += "</b> & more";\r\n'},
        {"page.html": '{% extends "syndicate/page.html" %}{% block head %}<script>1 < 2</script>{% endblock %}'},
    ],
)
def test_policy_allows_exactly_what_stands_in_the_page(overrides: Mapping[str, str]) -> None:
    document = page.Pages(SITE, FORMATS, overrides).feed_page(FEED, LANDING, [])
    named, present = allowed(document)
    assert sorted(named) == sorted(present)
    assert b"default-src &#39;none&#39;" in document or b"default-src 'none'" in document
    assert b"unsafe" not in document


def test_style_that_every_page_carries_is_small() -> None:
    style = re.search(rb"<style>(.*?)</style>", PAGES.feed_page(FEED, LANDING, []), re.DOTALL)
    assert style
    assert len(style[1]) <= INLINE_STYLE_BYTES


def test_own_template_extends_the_one_it_stands_for() -> None:
    own = '{% extends "syndicate/page.html" %}{% block subscribe %}<p>Ask {{ feed.name }}.</p>{% endblock %}'
    document = feed_page(pages=page.Pages(SITE, FORMATS, {"page.html": own}))
    assert "Ask IBM AI." in words(document)
    assert not document.xpath("//@data-copy")


def test_own_card_row_and_layout_are_taken() -> None:
    own = {
        "card.html": "<article>{{ entry.title }} {{ entry.published | day }}</article>",
        "row.html": "<li>{{ feed.slug }}</li>",
        "layout.html": "<!doctype html>\n<title>Mine</title><main>{% block main %}{% endblock %}</main>",
        "feeds.css": "rss { color: red }",
    }
    pages = page.Pages(SITE, FORMATS, own)
    assert pages.card(prepared(entry_of({"title": "<T>", "publishedDateTime": WHEN}))) == (
        b"<article>&lt;T&gt; 31 January 2026</article>"
    )
    assert pages.row(FEED, LANDING, "") == b"<li>ibm-ai</li>"
    assert feed_page(pages=pages).xpath("string(//title)") == "Mine"
    assert page.stylesheet(SITE, own).endswith(b"*/\nrss { color: red }")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("page.html", "{% block main %}\n{% if %}", "templates/page.html:2:1: template: "),
        ("mine.html", "\n\n{{ title", "templates/mine.html:3:1: template: "),
        ("row.html", "{{ feed.name | random }}", "templates/row.html:1:1: template: No filter named 'random'."),
    ],
)
def test_template_that_cannot_be_read_is_refused_at_once(name: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}"):
        page.Pages(SITE, FORMATS, {name: text})


def test_template_that_asks_for_what_is_not_there_is_told_by_its_line() -> None:
    own = '{% extends "syndicate/page.html" %}\n{% block main %}\n{{ nothing }}\n{% endblock %}'
    with pytest.raises(ConfigError, match=r"^templates/page\.html:3:1: template: 'nothing' is undefined$"):
        page.Pages(SITE, FORMATS, {"page.html": own}).feed_page(FEED, LANDING, [])
