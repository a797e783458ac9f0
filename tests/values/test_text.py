"""Plain text is one line without markup and characters that XML forbids, in time linear in the length of the text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.values.text import html_text, plain_text, shorten, strip_forbidden, summary_text

bounded = settings(max_examples=400, deadline=None, derandomize=True, database=None)

PLAIN = [
    ("IBM Ditches Facial Recognition", "IBM Ditches Facial Recognition"),
    ("", ""),
    ("  a  b\n\tc ", "a b c"),
    ("a\u00a0b\u2003c\u2028d", "a b c d"),
    # entities are decoded once, and only with their semicolon
    ("AT&amp;T", "AT&T"),
    ("AT&amp;amp;T", "AT&amp;T"),
    ("it&amp;#39;s", "it&#39;s"),
    ("it&#39;s", "it's"),
    ("&#x1F600;", "😀"),
    ("R&D", "R&D"),
    ("a &lt; b", "a < b"),
    ("&notanentity; &not; &not", "&notanentity; ¬ &not"),
    ("Pass &section=2&copy=1 &copy", "Pass &section=2&copy=1 &copy"),
    ("Caf&eacute; &#8212; open", "Café — open"),
    ("How to write &lt;br&gt; and &lt;b&gt;bold&lt;/b&gt;", "How to write <br> and <b>bold</b>"),
    ("<code>&lt;b&gt;x&lt;/b&gt;</code>", "<b>x</b>"),
    ("<&#98;>x</b>", "<b>x</b>"),
    # paired tags of text styles are removed
    ("<b>Bold</b> and <I>more</I>", "Bold and more"),
    ("<em class='x'>a</em>", "a"),
    ("<b><i>a</i></b>", "a"),
    ("<b>a<b>b</b>c</b>", "abc"),
    ("<b>a</i>b</b></i>", "a</i>b</i>"),
    ("H<sub>2</sub>O, <span class='k'>new</span>, <mark>m</mark>, <del>d</del>, <s>s</s>", "H2O, new, m, d, s"),
    # any other tag is text
    ("Use <br> or <hr>?", "Use <br> or <hr>?"),
    ("<p>one</p>", "<p>one</p>"),
    ('<a href="https://x.example">link</a>', '<a href="https://x.example">link</a>'),
    ("List<String> or <T extends Shape>", "List<String> or <T extends Shape>"),
    ("The <title> element", "The <title> element"),
    ("Vec<T> and <b>", "Vec<T> and <b>"),
    ("if a < b and c > d", "if a < b and c > d"),
    ("List<i> of </b>", "List<i> of </b>"),
    ("I <3 XML", "I <3 XML"),
    # forbidden characters are removed
    ("a\x00\x01\x0b\x1f\x7f\x80\x9fb", "ab"),
    ("a\ud800b\udfff", "ab"),
    ("a\ufffe\uffff\ufdd0\U0001ffff\U0010fffeb", "ab"),
    ("&#1;a&#xFFFE;", "a"),
    ("&#0;&#xD800;", "��"),
    # all other characters stay
    ("日本 é e\u0301 👩\u200d🔬 \u200fעברית", "日本 é e\u0301 👩\u200d🔬 \u200fעברית"),
]

SUMMARIES = [
    ("Plain text", "Plain text"),
    ('<figure><img src="/i.png"></figure> Hello <h2>Head</h2><!-- c -->', "Hello Head"),
    ("<p>one</p><p>two</p>three<br/>four", "one two three four"),
    ('A <a href="https://x.example">link</a>, <small>small</small>', "A link, small"),
    ("<script>alert(1)</script><style>b {}</style>text<!-- <p>\n -->", "text"),
    ("List<String> of <T>", "List<String> of <T>"),
    ("The <title> element and <b>", "The <title> element and <b>"),
    ("1 < 2 && 3 > 2", "1 < 2 && 3 > 2"),
    ("we&amp;#39;re, it&#39;s, &amp;#x27;x", "we're, it's, 'x"),
    ("&amp;quot;a&amp;quot;&amp;nbsp;&amp;mdash; b", '"a" — b'),
    ("&amp;amp; &amp;lt; &lt;p&gt;", "&amp; &lt; <p>"),
]

HTML = [
    ("a&amp;copy=1 <code>&amp;amp;amp;</code>", "a&copy=1 &amp;amp;"),
    ('<a title="x">b</a>&lt;i&gt;<br>\nc', "b<i> c"),
]

SHORT = [
    ("", 10, ""),
    ("0123456789", 10, "0123456789"),
    ("one two three", 10, "one two…"),
    ("one, two three", 6, "one…"),
    ("abcdefghijklmno", 10, "abcdefghi…"),
    ("a sentence. And", 13, "a sentence…"),
    ("日本日本日本", 4, "日本日…"),
]


@pytest.mark.parametrize(("text", "expected"), PLAIN, ids=[ascii(text)[:40] for text, _ in PLAIN])
def test_plain_text(text: str, expected: str) -> None:
    assert plain_text(text) == expected


@pytest.mark.parametrize(("text", "expected"), SUMMARIES, ids=[ascii(text)[:40] for text, _ in SUMMARIES])
def test_summary_is_the_text_of_html(text: str, expected: str) -> None:
    assert summary_text(text) == expected


@pytest.mark.parametrize(("html", "expected"), HTML)
def test_html_text_decodes_once_and_keeps_no_tag(html: str, expected: str) -> None:
    assert html_text(html) == expected


@pytest.mark.parametrize(("text", "length", "expected"), SHORT)
def test_long_text_is_cut_at_a_word_boundary(text: str, length: int, expected: str) -> None:
    assert shorten(text, length) == expected


def _is_char(char: str) -> bool:
    """Return whether an XML document may hold a character (XML 1.0 §2.2)."""
    code = ord(char)
    return code in {0x9, 0xA, 0xD} or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF


def test_exactly_the_characters_that_xml_forbids_or_discourages_are_removed() -> None:
    discouraged = {*range(0x7F, 0x85), *range(0x86, 0xA0), *range(0xFDD0, 0xFDF0)}
    discouraged |= {plane + last for plane in range(0x10000, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)}
    kept = {code for code in range(0x110000) if strip_forbidden(chr(code))}
    assert kept == {code for code in range(0x110000) if _is_char(chr(code)) and code not in discouraged}


@bounded
@given(st.one_of(st.text(st.characters()), st.text("<>/bip &;#0x amp\x00\ud800\n", max_size=40)))
def test_plain_text_is_one_line_of_allowed_characters(text: str) -> None:
    for plain in (plain_text(text), summary_text(text), html_text(text)):
        assert plain == strip_forbidden(plain)
        assert plain == " ".join(plain.split())
        assert all(map(_is_char, plain))


@bounded
@given(st.text(st.sampled_from("ab <>/&;.,…é"), max_size=60), st.integers(2, 40))
def test_shortened_text_is_a_beginning_within_the_limit(text: str, length: int) -> None:
    short = shorten(text, length)
    assert len(short) <= max(length, 1)
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@pytest.mark.parametrize(
    "text",
    [
        "<b>" * 300_000,
        "<b>" * 100_000 + "</b>" * 100_000,
        "<a " * 300_000,
        "&amp;" * 200_000,
        "</" * 400_000,
        "<!--" * 100_000,
        "<script>" * 50_000,
        "&" * 400_000,
        "&#1" * 200_000,
    ],
    ids=["opened", "nested", "unended", "entities", "slashes", "comments", "scripts", "ampersands", "references"],
)
def test_time_is_linear_in_the_length_of_the_text(text: str) -> None:
    started = time.process_time()
    plain_text(text)
    summary_text(text)
    assert time.process_time() - started < 5, "0.3 s is usual; quadratic time takes minutes"
