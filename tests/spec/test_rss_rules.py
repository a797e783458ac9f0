"""Tests that RSS documents follow every rule of rss_rules.py, and that violations are detected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import rss_rules
from support.records import ARCHIVE_LINKS, SITE, bounded, documents, entries, entry_of, feed_of
from support.rulebook import without_markup
from support.sites import ROOT

from syndicate.formats import rss
from syndicate.model import ArchiveLinks, Entry

ITEM = """<item><title>One</title><link>https://n.test/1</link><description>Sum</description>
<content:encoded>&lt;p&gt;x&lt;/p&gt;</content:encoded><guid isPermaLink="false">tag:n.test,2026:1</guid>
<category>C++</category><pubDate>Sat, 31 Jan 2026 12:00:00 +0000</pubDate><dc:creator>Ann</dc:creator>
<media:content url="https://n.test/i.jpg" medium="image" width="3" height="2"/>
<enclosure url="https://n.test/a.mp3" length="0" type="audio/mpeg"/></item>"""
GOOD = f"""<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" \
xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/" version="2.0">\
<channel><title>News</title><link>https://n.test/</link><description>All of it</description>
<atom:link href="https://f.test/feed.rss" rel="self" type="application/rss+xml"/>
<atom:link href="https://hub.test/" rel="hub"/><language>en</language>
<lastBuildDate>Sat, 31 Jan 2026 12:00:00 +0000</lastBuildDate>
<image><url>https://n.test/l.png</url><title>News</title><link>https://n.test/</link></image>
{ITEM}
</channel></rss>
"""
HISTORY = 'xmlns:fh="http://purl.org/syndication/history/1.0"'
SY = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'

# The function of a rule, and a replacement in the valid document that breaks the rule.
FAULTS = [
    ("version", 'version="2.0"', 'version="0.92"'),
    ("version", "<channel>", "<channel/><channel>"),
    ("channel_elements", "<description>All of it</description>", ""),
    ("channel_elements", "<title>News</title>", "<title> </title>"),
    ("channel_elements", "<language>en</language>", "<language>en</language><language>de</language>"),
    ("channel_link", "<link>https://n.test/</link><desc", "<link>https://hub.test/</link><desc"),
    ("channel_link", "<link>https://n.test/</link><desc", "<link>https://f.test/feed.rss</link><desc"),
    ("title_or_description", "<title>One</title><link>https://n.test/1</link><description>Sum</description>",
     "<link>https://n.test/1</link>"),
    ("item_elements", "<title>One</title>", "<title>One</title><title>Two</title>"),
    ("item_elements", "<link>https://n.test/1</link>", "<link>https://n.test/1</link><link>https://n.test/amp</link>"),
    ("dates", "<pubDate>Sat, 31 Jan 2026", "<pubDate>Sat, 31 Jan 26"),
    ("dates", "<pubDate>Sat, 31 Jan 2026", "<pubDate>Sun, 31 Jan 2026"),
    ("dates", "<pubDate>Sat, 31 Jan 2026 12:00:00 +0000", "<pubDate>2026-01-31T12:00:00Z"),
    ("dates", "<pubDate>Sat, 31 Jan 2026", "<pubDate>Sa, 31 Jan 2026"),
    ("last_build", "<lastBuildDate>Sat, 31 Jan 2026", "<lastBuildDate>Fri, 30 Jan 2026"),
    ("last_build", "<lastBuildDate>Sat, 31 Jan 2026 12:00:00 +0000</lastBuildDate>", ""),
    ("guid", ' isPermaLink="false"', ""),
    ("guid", '<guid isPermaLink="false">tag:n.test,2026:1</guid>', ""),
    ("guid", "</item>", f"</item>{ITEM}"),
    ("self_link", 'rel="self" type="application/rss+xml"', 'rel="via"'),
    ("self_link", '<atom:link href="https://hub.test/" rel="hub"/>', '<atom:link href="https://f.test/" rel="self"/>'),
    ("self_link", 'type="application/rss+xml"', 'type="text/html"'),
    ("enclosure", ' length="0"', ""),
    ("enclosure", ' length="0"', ' length="None"'),
    ("enclosure", "</item>", '<enclosure url="https://n.test/b.mp3" length="1" type="audio/mpeg"/></item>'),
    ("order", "<description>Sum</description>\n<content:encoded>&lt;p&gt;x&lt;/p&gt;</content:encoded>",
     "<content:encoded>x</content:encoded><description>Sum</description>"),
    ("author", "<dc:creator>", "<author>ann@n.test</author><dc:creator>"),
    ("author_mail", "<dc:creator>Ann</dc:creator>", "<author>Ann</author>"),
    ("addresses", "<link>https://n.test/1</link>", "<link>/1</link>"),
    ("addresses", "<link>https://n.test/1</link>", "<link>https://n.test/a b</link>"),
    ("addresses", "<link>https://n.test/1</link>", "<link>https://n.test/é</link>"),
    ("addresses", 'url="https://n.test/i.jpg"', 'url="https://n.test/i|j.jpg"'),
    ("addresses", 'href="https://f.test/feed.rss"', 'href="feed.rss"'),
    ("plain_text", "<title>One</title>", "<title>&lt;b>One&lt;/b></title>"),
    ("plain_text", "<title>One</title>", "<title>One &amp;amp; two</title>"),
    ("plain_text", "<dc:creator>Ann", "<dc:creator>&lt;a href='x'>Ann&lt;/a>"),
    ("empty", "<category>C++</category>", "<category> </category>"),
    ("empty", "<language>en</language>", "<language/>"),
    ("items_last", "</item>", "</item><ttl>5</ttl>"),
    ("update_period", "<language>", f"<sy:updatePeriod {SY}>Daily</sy:updatePeriod><language>"),
    ("update_period", "<language>", f"<sy:UpdatePeriod {SY}>daily</sy:UpdatePeriod><language>"),
    ("media_namespace", "<media:content url", '<m:content xmlns:m="http://search.yahoo.com/mrss" url'),
    ("media_group", '<media:content url="https://n.test/i.jpg" medium="image" width="3" height="2"/>',
     '<media:group><media:content url="https://n.test/i.jpg"/></media:group>'),
    ("media_content", 'width="3"', 'width="0"'),
    ("media_content", 'height="2"', 'height="2.5"'),
    ("media_content", 'height="2"/>', 'height="2"><media:title>x</media:title></media:content>'),
    ("image", "<url>https://n.test/l.png</url>", ""),
    ("image", "<link>https://n.test/</link></image>", "<link>https://o.test/</link></image>"),
    ("characters", "<title>One</title>", "<title>One\x7f</title>"),
    ("characters", "<title>One</title>", "<title>One&#x80;</title>"),
    ("characters", "<title>One</title>", "<title>One\ufdd0</title>"),
    ("declaration", "<?xml version='1.0' encoding='UTF-8'?>\n", ""),
    ("archive", "<language>", f"<fh:archive {HISTORY}/><language>"),
    ("archive", 'rel="hub"', 'rel="next-archive"'),
]  # fmt: skip


def rule_names(broken: dict[str, list[str]]) -> set[str]:
    return {rss_rules.BOOK.rules[rule].__name__ for rule in broken}


def test_valid_document_breaks_no_rule() -> None:
    assert rss_rules.BOOK.broken(GOOD.encode()) == {}


@pytest.mark.parametrize(("name", "old", "new"), FAULTS)
def test_rule_is_broken_by_its_fault(name: str, old: str, new: str) -> None:
    assert old in GOOD
    assert name in rule_names(rss_rules.BOOK.broken(GOOD.replace(old, new, 1).encode()))


def test_every_rule_can_be_broken() -> None:
    assert {name for name, *_ in FAULTS} == {rule.__name__ for rule in rss_rules.BOOK.rules.values()}


@pytest.mark.parametrize("path", sorted(ROOT.glob("feeds/**/*.rss")), ids=lambda path: path.parent.name)
def test_sample_document_breaks_no_rule(path: object) -> None:
    assert rss_rules.BOOK.broken(path.read_bytes()) == {}  # type: ignore[attr-defined]


@bounded
@given(entries)
def test_any_entry_breaks_no_rule(entry: Entry) -> None:
    assert without_markup(rss_rules.BOOK.broken(documents([entry])["rss"])) == {}


@bounded
@given(st.integers(1000, 9998), st.sampled_from(["Z", "+14:00", "-12:00"]))
def test_any_year_is_written_with_four_digits(year: int, zone: str) -> None:
    entry = entry_of({"title": "T", "publishedDateTime": f"{year}-03-01T00:00:00{zone}"})
    assert rss_rules.BOOK.broken(documents([entry])["rss"]) == {}


def test_feed_without_entries_breaks_no_rule() -> None:
    assert rss_rules.BOOK.broken(rss.render_document(feed_of([]), SITE, [])) == {}


@pytest.mark.parametrize("links", ARCHIVE_LINKS)
@pytest.mark.parametrize("count", [0, 1])
def test_document_with_any_archive_links_is_valid(links: ArchiveLinks, count: int) -> None:
    shown = [entry_of({"title": "One", "date": "2026-01-01"})] * count
    assert rss_rules.BOOK.broken(documents(shown, links=links)["rss"]) == {}
