"""Tests that Atom documents match the grammar and the rules of RFC 4287, and that violations are detected."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from lxml import etree
from support import atom_rules
from support.feed_reading import parse_xml
from support.records import ARCHIVE_LINKS, SITE, bounded, documents, entries, entry_of, feed_of
from support.rulebook import without_markup
from support.sites import ROOT

from syndicate.formats import atom
from syndicate.model import ArchiveLinks, Entry

GOOD = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:media="http://search.yahoo.com/mrss/" xmlns="http://www.w3.org/2005/Atom" xml:lang="en">
<id>tag:f.test,2026:f</id><title>News</title><updated>2026-01-31T12:00:00+00:00</updated>
<author><name>News Desk</name></author><link href="https://f.test/feed.atom" rel="self" type="application/atom+xml"/>
<link href="https://n.test/" rel="alternate" type="text/html"/><link href="https://hub.test/" rel="hub"/>
<icon>https://n.test/i.png</icon>
<entry xml:lang="de"><id>tag:f.test,2026:1</id><title>One</title><updated>2026-01-31T12:00:00+00:00</updated>
<author><name>Ann</name><uri>https://n.test/ann</uri></author><content type="html">&lt;p&gt;x&lt;/p&gt;</content>
<summary>Sum</summary><category term="C++"/><published>2026-01-31T12:00:00+00:00</published>
<link href="https://n.test/1" rel="alternate" type="text/html"/>
<link href="https://n.test/amp" rel="amphtml" type="text/html"/><link href="https://r.test/" rel="related" title="R"/>
<source><id>tag:o.test,2026:f</id><title>Origin</title><updated>2026-01-01T00:00:00Z</updated></source>
<media:content url="https://n.test/i.jpg" medium="image" width="3" height="2"/></entry>
</feed>
"""
NEWS_DESK = "<author><name>News Desk</name></author>"
ANN = "<author><name>Ann</name><uri>https://n.test/ann</uri></author>"
CONTENT = '<content type="html">&lt;p&gt;x&lt;/p&gt;</content>'
ALTERNATE = '<link href="https://n.test/1" rel="alternate" type="text/html"/>'
HISTORY = '<fh:archive xmlns:fh="http://purl.org/syndication/history/1.0"/>'

# Replacements in the valid document: the grammar rejects the result.
UNGRAMMATICAL = [
    ("<id>tag:f.test,2026:1</id>", ""),
    ("<id>tag:f.test,2026:1</id>", "<id>tag:f.test,2026:1</id><id>tag:f.test,2026:2</id>"),
    ("<title>News</title>", ""),
    ("<title>News</title>", "<title>News</title><title>Again</title>"),
    ("<title>News</title>", "<title>Ne<b>ws</b></title>"),
    ("<title>News</title>", '<title type="CDATA">News</title>'),
    ("<updated>2026-01-31T12:00:00+00:00</updated>\n", ""),
    ("<updated>2026-01-31T12:00:00+00:00</updated>", "<updated>31 Jan 2026</updated>"),
    ("<published>2026-01-31T12:00:00+00:00</published>", "<published>2026-02-30T12:00:00Z</published>"),
    ("<name>Ann</name>", ""),
    ("<uri>https://n.test/ann</uri>", "<email>nobody</email>"),
    ('<category term="C++"/>', "<category>C++</category>"),
    ('<link href="https://hub.test/" rel="hub"/>', '<link rel="hub"/>'),
    ('rel="amphtml" type="text/html"', 'rel="amphtml" type="html"'),
    ("<icon>https://n.test/i.png</icon>", "<icon>https://n.test/i.png</icon><icon>https://n.test/j.png</icon>"),
    ('xml:lang="de"', 'xml:lang="d e"'),
    ("<summary>Sum</summary>", "<summary>Sum</summary><summary>Again</summary>"),
    ("<entry ", '<entry lang="de" '),
    ("</entry>", "</entry><subtitle>after</subtitle>"),
    ("<summary>Sum</summary>", "<description>Sum</description>"),
    ('xmlns="http://www.w3.org/2005/Atom"', 'xmlns="http://purl.org/atom/ns#"'),
]
# The function of a rule, and a replacement in the valid document that breaks the rule.
FAULTS = [
    ("author", (NEWS_DESK, ANN), ""),
    ("alternates", 'rel="amphtml"', 'rel="alternate"'),
    ("alternates", 'rel="hub"', 'type="text/html"'),
    ("content_or_link", (CONTENT, ALTERNATE), ""),
    ("self_link", 'rel="self"', 'rel="via"'),
    ("self_link", 'rel="hub"', 'rel="self"'),
    ("self_link", 'rel="related"', 'rel="self"'),
    ("ids", "<id>tag:f.test,2026:1</id>", "<id>tag:f.test,2026:f</id>"),
    ("absolute_ids", "<id>tag:f.test,2026:1</id>", "<id>one</id>"),
    ("absolute_ids", "<id>tag:f.test,2026:1</id>", "<id>tag: one</id>"),
    ("source", "<id>tag:o.test,2026:f</id>", ""),
    ("source", "<updated>2026-01-01T00:00:00Z</updated>", ""),
    ("relations", 'rel="amphtml"', 'rel="cdn"'),
    ("addresses", 'href="https://n.test/1"', 'href="/1"'),
    ("addresses", 'href="https://n.test/1"', 'href="https://n.test/é"'),
    ("addresses", "<icon>https://n.test/i.png</icon>", "<icon>i.png</icon>"),
    ("addresses", "<uri>https://n.test/ann</uri>", "<uri>n.test</uri>"),
    ("addresses", 'url="https://n.test/i.jpg"', 'url="https://n.test/i j.jpg"'),
    ("zones", "<published>2026-01-31T12:00:00+00:00</published>", "<published>2026-01-31T12:00:00</published>"),
    ("updated", "<updated>2026-01-31T12:00:00+00:00</updated>", "<updated>2026-02-01T12:00:00+00:00</updated>"),
    ("updated", "<updated>2026-01-31T12:00:00+00:00</updated>", "<updated>2026-01-30T12:00:00+00:00</updated>"),
    ("published", "<published>2026-01-31", "<published>2026-02-01"),
    ("plain_text", "<title>One</title>", "<title>&lt;i>One&lt;/i></title>"),
    ("plain_text", "<title>One</title>", "<title>a &amp;amp; b</title>"),
    ("plain_text", "<summary>Sum</summary>", "<summary> </summary>"),
    ("plain_text", "<title>One</title>", "<title/>"),
    ("categories", 'term="C++"', 'term=""'),
    ("characters", 'term="C++"', 'term="C&#x9f;"'),
    ("archive", "<author><name>News Desk", f"{HISTORY}<author><name>News Desk"),
    ("archive", 'rel="hub"', 'rel="next-archive"'),
]  # fmt: skip


@cache
def grammar() -> etree.RelaxNG:
    """Returns the grammar, in the XML syntax that libxml2 requires."""
    return etree.RelaxNG(etree.parse(str(Path(__file__).with_name("atom.rng"))))


def broken(document: bytes) -> dict[str, list[str]]:
    """Returns the rules that a document breaks, including the grammar."""
    found = atom_rules.BOOK.broken(document)
    if not grammar().validate(parse_xml(document)):
        found["grammar"] = [str(error) for error in grammar().error_log]
    return found


def test_valid_document_breaks_no_rule() -> None:
    assert broken(GOOD.encode()) == {}


@pytest.mark.parametrize(("old", "new"), UNGRAMMATICAL)
def test_grammar_rejects(old: str, new: str) -> None:
    assert old in GOOD
    assert not grammar().validate(parse_xml(GOOD.replace(old, new, 1).encode()))


@pytest.mark.parametrize(("name", "old", "new"), FAULTS)
def test_rule_is_broken_by_its_fault(name: str, old: str | tuple[str, ...], new: str) -> None:
    document = GOOD
    for piece in (old,) if isinstance(old, str) else old:
        assert piece in document
        document = document.replace(piece, new, 1)
    assert name in {atom_rules.BOOK.rules[rule].__name__ for rule in atom_rules.BOOK.broken(document.encode())}


def test_every_rule_can_be_broken() -> None:
    assert {name for name, *_ in FAULTS} == {rule.__name__ for rule in atom_rules.BOOK.rules.values()}


@pytest.mark.parametrize("path", sorted(ROOT.glob("feeds/**/*.atom")), ids=lambda path: path.parent.name)
def test_sample_document_is_valid(path: Path) -> None:
    assert broken(path.read_bytes()) == {}


@bounded
@given(entries)
def test_any_entry_is_valid(entry: Entry) -> None:
    assert without_markup(broken(documents([entry])["atom"])) == {}


def test_feed_without_entries_is_valid() -> None:
    assert broken(atom.render_document(feed_of([]), SITE, [])) == {}


@pytest.mark.parametrize("links", ARCHIVE_LINKS)
@pytest.mark.parametrize("count", [0, 1])
def test_document_with_any_archive_links_is_valid(links: ArchiveLinks, count: int) -> None:
    shown = [entry_of({"title": "One", "date": "2026-01-01"})] * count
    assert broken(documents(shown, links=links)["atom"]) == {}
