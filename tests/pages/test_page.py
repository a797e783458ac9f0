"""Tests of HTML pages as bytes: their contents, escaping, and the templates of a site."""

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
from support.page_sites import HEBREW, HOSTILE, IMAGE, WHEN, example_entries, example_feed
from support.records import SITE, bounded, entries, entry_of, feed_of, prepared, texts

from syndicate.errors import ConfigError
from syndicate.formats import names as format_names
from syndicate.formats.html.chart import HEIGHT, chart, row_bars, scale
from syndicate.formats.html.environment import stylesheet
from syndicate.formats.html.page_data import FeedGroup, FeedPageData, ListedEntries
from syndicate.formats.html.pages import Pages
from syndicate.model import Entry, Feed, Site
from syndicate.values.text import strip_forbidden
from syndicate.words import words_in

FORMATS = format_names()
PAGES = Pages(SITE, FORMATS)
FEED = example_feed("IBM AI", "ibm-ai", 3)
DATA = FeedPageData((("2025-11", 1), ("2026-01", 2)))
LISTED = ListedEntries(1234, WHEN, 2)
ENGLISH = words_in("en")
INLINE_STYLE_BYTES = 9216


def card(entry: Entry) -> Any:
    (element,) = html.fragments_fromstring(PAGES.render_entry(prepared(entry)).decode())
    return element


def feed_page(
    feed: Feed = FEED, data: FeedPageData = DATA, pages: Pages = PAGES, shown: list[Entry] | None = None
) -> Any:
    cards = [pages.render_entry(prepared(entry)) for entry in shown or []]
    return html.document_fromstring(pages.render_feed_page(feed, data, cards).decode())


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
def test_image_loads_lazily_without_a_referrer_and_reserves_its_space(
    image: dict[str, int], size: tuple[str, str]
) -> None:
    (picture,) = card(entry_of({"title": "T", "publishedDateTime": WHEN, "images": [IMAGE | image]})).xpath(".//img")
    assert (picture.get("width"), picture.get("height")) == size
    assert picture.get("loading") == "lazy"
    assert picture.get("referrerpolicy") == "no-referrer"
    assert picture.get("alt") == ""
    assert picture.getparent().get("aria-hidden") == "true"
    assert picture.getparent().get("tabindex") == "-1"


def test_image_with_a_title_of_its_own_is_accessible() -> None:
    shown = card(entry_of({"title": "T", "publishedDateTime": WHEN, "images": [IMAGE | {"title": "A boat"}]}))
    (picture,) = shown.xpath(".//img")
    assert picture.get("alt") == "A boat"
    assert picture.getparent().get("aria-hidden") is None


def test_card_contains_collapsed_related_stories_and_no_jargon() -> None:
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
    (details,) = shown.xpath(".//details[not(@open)]")
    assert words(details) == "1 related story Before Another Paper"
    assert "AMP" not in words(shown)
    assert "CDN" not in words(shown)


def test_right_to_left_entry_states_its_direction_and_english_texts_state_theirs() -> None:
    shown = card(entry_of({"title": HEBREW, "publishedDateTime": WHEN, "lang": "he", "excerpt": HEBREW}))
    assert (shown.get("dir"), shown.get("lang")) == ("rtl", "he")
    assert not shown.xpath('.//*[@dir="auto"]')
    assert shown.xpath(".//time[@lang='en'][@dir='ltr']")


def test_entry_without_a_language_has_the_language_of_the_site_and_automatic_directions() -> None:
    shown = card(entry_of({"title": HEBREW, "publishedDateTime": WHEN, "excerpt": HEBREW}))
    assert (shown.get("dir"), shown.get("lang")) == (None, SITE.language)
    assert [element.tag for element in shown.xpath('.//*[@dir="auto"]')] == ["h3", "p"]


@bounded
@given(entries)
def test_no_entry_adds_markup_to_its_card(entry: Entry) -> None:
    shown = card(entry)
    assert shown.tag == "article"
    assert not shown.xpath(".//script | .//style | .//iframe | .//article | .//*[@style]")
    assert not [name for element in shown.iter() for name in element.attrib if name.startswith("on")]
    assert all(re.match("https?://", url) for url in shown.xpath(".//@href | .//@src"))
    assert shown.xpath("string(.//h3/a)").split() == entry.title.split()


# ------------------------------------------------------------------------------------------------------------ pages


def test_page_shows_the_metadata_of_the_feed() -> None:
    document = feed_page()
    assert document.xpath("string(//title)") == FEED.title
    assert document.xpath("string(//h1)") == "IBM AI"
    assert document.xpath('string(//meta[@name="description"]/@content)') == FEED.description
    assert words(document.xpath('//p[@class="facts"]')[0]) == "3 entries Newest: 31 January 2026, 12:00 UTC"


def test_page_links_to_every_format() -> None:
    document = feed_page()
    alternates = {link.get("type"): link.get("href") for link in document.xpath('//link[@rel="alternate"]')}
    assert alternates == {
        "application/rss+xml": "https://feeds.test/topics/ibm-ai/feed.rss",
        "application/atom+xml": "https://feeds.test/topics/ibm-ai/feed.atom",
        "application/feed+json": "https://feeds.test/topics/ibm-ai/feed.json",
    }
    assert document.xpath("//@data-copy") == list(alternates.values())


@pytest.mark.parametrize("formats", [("json",), ("atom", "json"), ("rss",)])
def test_page_links_only_to_configured_formats(formats: tuple[str, ...]) -> None:
    document = feed_page(pages=Pages(SITE, formats))
    named = [url.rpartition(".")[2] for url in links(document, "alternate")]
    assert named == list(formats)
    readers = document.xpath('//*[@class="readers"]//@href')
    assert {unquote(url).rpartition(".")[2] for url in readers} == {formats[0]}


@pytest.mark.parametrize(
    ("are_topics", "expected"),
    [(True, "https://feeds.test/topics/ibm-ai/"), (False, "https://feeds.test/topics/ibm-ai/feed.rss")],
)
def test_self_link_of_a_page_is_the_topic_that_hubs_are_notified_of(are_topics: bool, expected: str) -> None:  # noqa: FBT001 - a table
    document = feed_page(pages=Pages(SITE, FORMATS, are_topics=are_topics))
    assert links(document, "self") == [expected]
    assert links(document, "hub") == list(SITE.hubs)
    assert links(document, "canonical") == ["https://feeds.test/topics/ibm-ai/"]


def test_links_within_the_site_are_relative() -> None:
    data = FeedPageData((), (("2026-01", "topics/ibm-ai/archive/2026-01/feed.rss"),), ("AI", "topics/ai"))
    document = feed_page(data=data)
    base = "file:///mnt/out/topics/ibm-ai/index.html"
    within = {urljoin(base, url) for url in document.xpath("//body//a/@href") if "://" not in url and url[0] != "#"}
    assert within == {
        "file:///mnt/out/index.html",
        "file:///mnt/out/topics/index.html",
        "file:///mnt/out/topics/ai/index.html",
        "file:///mnt/out/topics/ibm-ai/archive/2026-01/feed.rss",
        "file:///mnt/out/feeds.opml",
        "file:///mnt/out/catalog.json",
    }


def test_opml_is_linked_only_if_enabled() -> None:
    document = feed_page(pages=Pages(SITE, FORMATS, has_opml=False))
    assert not document.xpath('//a[contains(@href, "opml")]')


def test_page_of_an_empty_topic() -> None:
    document = feed_page(example_feed("Empty", "empty", 0), FeedPageData(()))
    assert "No entries yet" in words(document)
    assert not document.xpath("//figure | //article | //time")


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        (["2026-03", "2026-01", "2025-12"], ["2026 March January", "2025 December"]),
        (["2026", "2025"], ["2026", "2025"]),
        (["2026-03-04"], ["2026 4 March"]),
    ],
)
def test_archive_is_listed_by_year(periods: list[str], expected: list[str]) -> None:
    data = FeedPageData((), tuple((name, f"archive/{name}/feed.rss") for name in periods))
    assert [words(year) for year in feed_page(data=data).xpath("//dl/div")] == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", ("de", None, None)),
        ("de-AT", ("de", None, None)),
        ("", ("en", None, None)),
        ("it", ("en", None, "it")),
        ("he", ("en", None, "he")),
        ("ar", ("ar", "rtl", None)),
    ],
)
def test_page_states_the_language_of_its_words_and_of_other_texts(
    language: str, expected: tuple[str, str | None, str | None]
) -> None:
    document = feed_page(FEED._replace(language=language), pages=Pages(SITE._replace(language=language), FORMATS))
    assert (document.get("lang"), document.get("dir"), document.xpath("//h1")[0].get("lang")) == expected


def test_words_of_a_page_follow_the_language_of_its_feed() -> None:
    feed = FEED._replace(language="fr")
    document = feed_page(feed, shown=[entry_of({"title": "Titel", "publishedDateTime": WHEN, "lang": "de"})])
    assert words(document.xpath('//p[@class="facts"]')[0]) == "3 articles Dernier : 31 janvier 2026, 12:00 UTC"
    assert document.xpath("string(//details/summary)") == "S’abonner"
    assert words(document.xpath("//article//time")[0]) == "31. Januar 2026, 12:00 UTC"


@pytest.mark.parametrize("language", ["ar", "ja", "zh", "zh-Hant"])
def test_all_words_of_the_pages_are_translated(language: str) -> None:
    pages = Pages(SITE._replace(language=language, title="", description="", rights=""), FORMATS)
    feed = FEED._replace(language=language, title="", name="", description="")
    data = FeedPageData((("2025-11", 1), ("2026-01", 2)), (("2026-01", "a/feed.rss"),))
    story = {"title": "-", "publishedDateTime": WHEN, "related": [{"title": "-", "webUrl": "https://b.test/"}]}
    groups = [FeedGroup("", [pages.render_row(feed, data, "")], "topics")]
    shown = [
        feed_page(feed, data, pages, [entry_of(story)]),
        feed_page(feed._replace(newest=None), FeedPageData(()), pages),
        html.document_fromstring(pages.render_index(groups, LISTED).decode()),
        html.document_fromstring(pages.render_index([], ListedEntries(0, None, 0)).decode()),
        html.document_fromstring(pages.render_dimension("topics", groups, LISTED).decode()),
    ]
    texts = [text for each in shown for text in each.xpath("//body//text()[not(parent::script)] | //body//@aria-label")]
    texts += [value for each in shown for value in each.xpath('//*[@role="status"]/@*[starts-with(name(), "data-")]')]
    names = "RSS Atom JSON Feed OPML UTC Feedly Inoreader NewsBlur The Old Reader".split()
    latin = {word for text in texts if "://" not in text for word in re.findall(r"[A-Za-z]+", text)}
    assert latin <= set(names)


def test_page_with_hostile_texts_has_no_additional_markup() -> None:
    named = example_feed(HOSTILE, "hostile", 9)._replace(description=HOSTILE)
    data = FeedPageData((("2026-01", 9),), (), (HOSTILE, "topics/a"), (HOSTILE,))
    document = feed_page(named, data, shown=example_entries())
    assert document.xpath("string(//h1)") == HOSTILE
    assert len(document.xpath("//script")) == len(document.xpath("//style")) == 1
    assert len(document.xpath("//article")) == len(example_entries())
    assert not document.xpath("//@onload")


@bounded
@given(texts.map(strip_forbidden), texts.map(strip_forbidden))
def test_no_text_of_a_feed_adds_markup_to_its_page_and_row(name: str, description: str) -> None:
    feed = FEED._replace(name=name, title=name, description=description)
    row = PAGES.render_row(feed, DATA, description)
    for document in (
        feed_page(feed),
        html.document_fromstring(PAGES.render_index([FeedGroup(f"A{name}", [row])], LISTED)),
    ):
        assert len(document.xpath("//style")) == len(document.xpath("//main")) == 1
        assert len(document.xpath("//script")) == 1


def test_pages_are_deterministic() -> None:
    cards = [PAGES.render_entry(prepared(entry)) for entry in example_entries()]
    again = Pages(SITE, FORMATS)
    assert [again.render_entry(prepared(entry)) for entry in example_entries()] == cards
    assert again.render_feed_page(FEED, DATA, cards) == PAGES.render_feed_page(FEED, DATA, cards)


# ------------------------------------------------------------------------------------------------------------ index


def index(*groups: FeedGroup, site: Site = SITE, are_topics: bool = False) -> Any:
    pages = Pages(site, FORMATS, are_topics=are_topics)
    return html.document_fromstring(pages.render_index(groups, LISTED).decode())


def test_index_lists_feeds_in_their_groups() -> None:
    row = PAGES.render_row(FEED, DATA, "The newest")
    document = index(FeedGroup("", [row]), FeedGroup("Topics", [row, row]))
    assert words(document.xpath('//p[@class="facts"]')[0]).startswith("1,234 entries 3 feeds Newest: 31 January 2026")
    assert [len(group.xpath(".//li")) for group in document.xpath('//*[@class="group"]')] == [1, 2]
    first = document.xpath('//ul[@class="rows"]/li')[0]
    assert words(first) == "IBM AI 3 entries The newest 31 January 2026"
    assert first.xpath("string(a/@href)") == "topics/ibm-ai/index.html"


def test_index_offers_everything_first_and_the_list_for_import_second() -> None:
    panel = index(FeedGroup("", [b"<li></li>"])).xpath('//*[@class="panel"]')[0]
    offered = [
        url for url in panel.xpath(".//li/a/@href") + panel.xpath("./p/a/@href") if "all/" in url or "opml" in url
    ]
    assert offered[:3] == [f"https://feeds.test/all/feed.{name}" for name in FORMATS]
    assert offered[-1] == "feeds.opml"
    assert "arrives several times" in words(panel)


def test_list_of_a_dimension_holds_its_feeds_alone() -> None:
    row = PAGES.render_row(FEED, DATA, "The newest")
    groups = [
        FeedGroup("", [b"<li>All</li>"], "all"),
        FeedGroup("R&D", [row], "topics"),
        FeedGroup("Other topics", [row], "topics"),
    ]
    document = html.document_fromstring(PAGES.render_dimension("topics", groups, LISTED).decode())
    assert document.xpath("string(//h1)") == "Topics"
    assert document.xpath("string(//title)") == f"Topics – {SITE.title}"
    assert document.xpath("//h2/text()[1]") == ["R&D ", "Other topics "]
    assert document.xpath('//ul[@class="rows"]//a/@href') == ["../topics/ibm-ai/index.html"] * 2
    assert links(document, "canonical") == [f"{SITE.url}topics/"]
    assert not links(document, "alternate")


def test_feed_of_everything_is_called_what_the_index_calls_it() -> None:
    everything = feed_of([])._replace(dimension="all", total=3, newest=WHEN)
    document = feed_page(everything)
    assert document.xpath("string(//h1)") == "Everything"
    assert document.xpath("string(//title)") == f"Everything – {SITE.title}"
    row = html.fragment_fromstring(PAGES.render_row(everything, DATA, "").decode())
    assert row.xpath("string(a)") == "Everything"
    assert document.xpath('//link[@rel="alternate"]/@title')[0] == f"{SITE.title} (RSS)"


def test_group_without_feeds_is_omitted() -> None:
    document = index(FeedGroup("Topics", []), FeedGroup("Providers", [b"<li>One</li>"]))
    assert [words(group) for group in document.xpath('//*[@class="group"]')] == ["Providers 1 One"]


def test_index_links_to_the_feed_of_all_entries() -> None:
    document = index(FeedGroup("", [b"<li></li>"]))
    assert links(document, "alternate") == [f"https://feeds.test/all/feed.{name}" for name in FORMATS]
    assert links(document, "self") == ["https://feeds.test/all/feed.rss"]
    assert links(document, "hub") == list(SITE.hubs)


def test_index_without_a_feed_of_all_entries_links_to_none() -> None:
    document = index(FeedGroup("Topics", [b"<li></li>"]))
    assert not links(document, "alternate") + links(document, "self") + links(document, "hub")


def test_index_can_be_a_topic() -> None:
    assert links(index(are_topics=True), "self") == links(index(are_topics=True), "canonical") == [SITE.url]


# ------------------------------------------------------------------------------------------------------------ chart


def test_chart_ends_with_the_newest_month_and_includes_empty_months() -> None:
    drawn = chart((("2024-01", 99), ("2025-11", 2), ("2026-01", 4)), 4, ENGLISH)
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


def test_chart_has_a_text_alternative() -> None:
    label = feed_page().xpath("string(//figure/svg/@aria-label)")
    assert label == "Entries per month, February 2023 to January 2026: at most 2, in January 2026"


def test_rows_of_a_list_share_their_scale_and_months() -> None:
    small = PAGES.render_row(FEED, FeedPageData((("2025-12", 1),)), "")
    large = PAGES.render_row(FEED, FeedPageData((("2020-01", 999), ("2025-12", 1), ("2026-01", 50))), "")
    document = html.document_fromstring(
        PAGES.render_index([FeedGroup("Topics", [small, large])], ListedEntries(51, WHEN, 50)).decode()
    )
    one, other = document.xpath('//*[@class="rows"]//svg')
    assert one.get("viewbox") == other.get("viewbox") == "289 -71 24 71"  # from February 2024, in months since 2000
    assert one.xpath("path/@d") == ["M311 0v-10h0.8v10z"]
    assert other.xpath("path/@d") == ["M311 0v-10h0.8v10zM312 0v-71h0.8v71z"]
    legend = document.xpath('//*[@class="legend"]')[0]
    assert words(legend) == "Entries per month, February 2024 to January 2026 1 12 50"
    assert legend.xpath(".//path/@d")[0] == "M0 0v-10h1v10z"


def test_legend_of_a_small_list_repeats_no_sample() -> None:
    assert [sample.entries for sample in scale("2026-01", 1, ENGLISH).samples] == [1]
    assert [sample.entries for sample in scale("2026-01", 5, ENGLISH).samples] == [1, 5]


def test_row_of_a_feed_without_entries_has_no_bars() -> None:
    assert row_bars(()) is None
    assert b"svg" not in PAGES.render_row(FEED, FeedPageData(()), "")


# ------------------------------------------------------------------------------------- policy, and templates of a site


def allowed(document: bytes) -> tuple[list[str], list[str]]:
    """Returns the hashes in the policy of a page, and those of its scripts and styles."""
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
def test_policy_allows_exactly_the_scripts_and_styles_of_the_page(overrides: Mapping[str, str]) -> None:
    document = Pages(SITE, FORMATS, overrides).render_feed_page(FEED, DATA, [])
    named, present = allowed(document)
    assert sorted(named) == sorted(present)
    assert b"default-src &#39;none&#39;" in document or b"default-src 'none'" in document
    assert b"unsafe" not in document


def test_inline_style_is_small() -> None:
    style = re.search(rb"<style>(.*?)</style>", PAGES.render_feed_page(FEED, DATA, []), re.DOTALL)
    assert style
    assert len(style[1]) <= INLINE_STYLE_BYTES


def test_template_of_the_site_can_extend_the_packaged_one() -> None:
    own = '{% extends "syndicate/page.html" %}{% block subscribe %}<p>Ask {{ feed.name }}.</p>{% endblock %}'
    document = feed_page(pages=Pages(SITE, FORMATS, {"page.html": own}))
    assert "Ask IBM AI." in words(document)
    assert not document.xpath("//@data-copy")


def test_templates_of_the_site_replace_card_row_layout_and_stylesheet() -> None:
    own = {
        "card.html": "<article>{{ entry.title }} {{ entry.published | day }}</article>",
        "row.html": "<li>{{ feed.slug }}</li>",
        "layout.html": "<!doctype html>\n<title>Mine</title><main>{% block main %}{% endblock %}</main>",
        "feeds.css": "rss { color: red }",
    }
    pages = Pages(SITE, FORMATS, own)
    assert pages.render_entry(prepared(entry_of({"title": "<T>", "publishedDateTime": WHEN}))) == (
        b"<article>&lt;T&gt; 31 January 2026</article>"
    )
    assert pages.render_row(FEED, DATA, "") == b"<li>ibm-ai</li>"
    assert feed_page(pages=pages).xpath("string(//title)") == "Mine"
    assert stylesheet(SITE, own).endswith(b"*/\nrss { color: red }")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("page.html", "{% block main %}\n{% if %}", "templates/page.html:2:1: template: "),
        ("mine.html", "\n\n{{ title", "templates/mine.html:3:1: template: "),
        ("row.html", "{{ feed.name | random }}", "templates/row.html:1:1: template: No filter named 'random'."),
    ],
)
def test_template_with_a_syntax_error_is_rejected_immediately(name: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}"):
        Pages(SITE, FORMATS, {name: text})


def test_undefined_variable_is_reported_with_its_line() -> None:
    own = '{% extends "syndicate/page.html" %}\n{% block main %}\n{{ nothing }}\n{% endblock %}'
    with pytest.raises(ConfigError, match=r"^templates/page\.html:3:1: template: 'nothing' is undefined$"):
        Pages(SITE, FORMATS, {"page.html": own}).render_feed_page(FEED, DATA, [])
