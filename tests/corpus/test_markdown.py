"""A body becomes HTML without scripts and relative addresses."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from syndicate.corpus.markdown import first_paragraph, sanitize_html, to_html

BASE = "https://www.test/blog/post/"

RENDERED = [
    ("empty", "", ""),
    ("blank", " \n\t\n", ""),
    ("only tags", "{% include x %}\n{{ y }}", ""),
    ("paragraph", "Some *Markdown* and **more**.", "<p>Some <em>Markdown</em> and <strong>more</strong>.</p>"),
    ("heading", "# One\n\ntwo", "<h1>One</h1>\n<p>two</p>"),
    ("code", "```python\na < b\n```", "<pre><code>a &lt; b\n</code></pre>"),
    ("code about tags", "`{{ x }}`", "<p><code>{{ x }}</code></p>"),
    ("table", "|a|b|\n|-|:-:|\n|1|2|", "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>"),  # noqa: E501 - a row
    ("strikethrough", "~~gone~~", "<p><s>gone</s></p>"),
    ("definition list", "Term\n: What it is", "<dl>\n<dt>Term</dt>\n<dd>What it is</dd>\n</dl>"),
    ("autolink", "<https://a.test/>", '<p><a href="https://a.test/">https://a.test/</a></p>'),
    ("ampersands", "[x](https://a.test/?a=1&b=2)", '<p><a href="https://a.test/?a=1&amp;b=2">x</a></p>'),
    ("control characters", "a\x00b\x92c\ufffe", "<p>abc</p>"),
    ("html kept", "<details><summary>s</summary>t</details>", "<details><summary>s</summary>t</details>"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "html"), [row[1:] for row in RENDERED], ids=[row[0] for row in RENDERED])
def test_body_is_rendered(body: str, html: str) -> None:
    assert to_html(body, BASE) == html


def test_footnotes_link_to_the_page() -> None:
    html = to_html("A claim.[^1]\n\n[^1]: Its source.", BASE)
    assert f'<a href="{BASE}#fn1">[1]</a>' in html
    assert "Its source." in html


LINKS = [
    ('<a href="other/">x</a>', f'<a href="{BASE}other/">x</a>'),
    ('<a href="/x?y">x</a>', '<a href="https://www.test/x?y">x</a>'),
    ('<a href="#note">x</a>', f'<a href="{BASE}#note">x</a>'),
    ('<a href="//cdn.test/x">x</a>', '<a href="https://cdn.test/x">x</a>'),
    ('<a href="mailto:a@b.test">x</a>', '<a href="mailto:a@b.test">x</a>'),
    ('<img src="i.png" alt="A" width="3">', f'<img src="{BASE}i.png" alt="A" width="3">'),
    ('<img src="a b|c.png">', f'<img src="{BASE}a%20b%7Cc.png">'),
    ('<video poster="p.png" src="v.mp4"></video>', f'<video poster="{BASE}p.png" src="{BASE}v.mp4"></video>'),
    ('<audio src="/a.mp3"></audio>', '<audio src="https://www.test/a.mp3"></audio>'),
    ('<blockquote cite="x">q</blockquote>', "<blockquote>q</blockquote>"),
]  # fmt: skip


@pytest.mark.parametrize(("html", "expected"), LINKS, ids=[row[0] for row in LINKS])
def test_addresses_are_resolved_against_the_base(html: str, expected: str) -> None:
    assert sanitize_html(html, BASE) == expected


HOSTILE = [
    "<script>s3cret()</script>",
    "<SCRIPT SRC=//x></SCRIPT>",
    "<scr<script>ipt>s3cret()</script>",
    "<style>s3cret{}</style>",
    '<img src=x onerror="s3cret()">',
    '<p onclick="s3cret()">x</p>',
    '<a href="javascript:s3cret()">x</a>',
    '<a href="JaVa&#10;Script:s3cret()">x</a>',
    '<a href="\x01javascript:s3cret()">x</a>',
    '<a href="vbscript:s3cret()">x</a>',
    '<a href="data:text/html,s3cret">x</a>',
    '<img src="data:image/svg+xml,s3cret">',
    '<iframe src="//s3cret"></iframe>',
    '<object data="s3cret"></object>',
    '<embed src="s3cret">',
    '<base href="//s3cret/">',
    '<meta http-equiv=refresh content="0;s3cret">',
    '<link rel=stylesheet href="//s3cret">',
    '<form action="//s3cret"><input name=s3cret></form>',
    '<div style="background:url(//s3cret)">x</div>',
    "<svg><script>s3cret()</script></svg>",
    "<math><mtext><img src=x onerror=s3cret()>",
    '<noscript><p title="</noscript><img src=x onerror=s3cret()>">',
    "<!-- s3cret -->",
    "<!-- -- s3cret -->",
    "x <!-- a\n\ns3cret -->",
    "<![CDATA[ s3cret ]]>",
    "<?php s3cret ?>",
    "<template>s3cret</template>",
    "{% comment %}s3cret{% endcomment %}",
    "[x](javascript:s3cret)",
    "![x](data:s3cret)",
    '<img srcset="//s3cret 2x">',
    '<a ping="//s3cret" href="/x">x</a>',
    '<button formaction="javascript:s3cret()">x</button>',
    '<a id="s3cret" class="s3cret" data-x="s3cret" name="s3cret">x</a>',
    '<a href="https://me:s3cret@a.test/">x</a>',
]


class _Elements(HTMLParser):
    """The elements and attributes of an HTML fragment."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.tags: set[str] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [(tag, name, value or "") for name, value in attrs]


def assert_harmless(html: str) -> None:
    page = _Elements(html)
    assert page.tags.isdisjoint(
        "script style iframe object embed form input button base meta link svg math template frame body html".split()
    )
    for tag, name, value in page.found:
        assert not name.startswith("on")
        assert name not in {"style", "srcset", "id", "class", "target", "formaction", "ping", "action"}
        if name in {"href", "src", "poster"}:
            assert re.match(r"https?://[^/]" if (tag, name) != ("a", "href") else r"https?://[^/]|mailto:", value)


@pytest.mark.parametrize("body", HOSTILE)
def test_scripts_and_hidden_content_are_removed(body: str) -> None:
    html = to_html(f"before\n\n{body}\n\nafter", BASE)
    assert_harmless(html)
    assert "s3cret" not in re.sub(r"\[x\]\S*|!\[x\]\S*|&lt;.*|ipt&gt;.*", "", html)
    assert "before" in html


PIECES = st.sampled_from(
    [
        "<", ">", "</", "a", "p", "script", "svg", "math", "style", "img", "iframe", "table", "td", "template",
        "noscript", "title", "textarea", "plaintext", "xmp", "!--", "--", "-->", "<![CDATA[", "]]>", "?", " ",
        "\n", "\n\n", "/", "=", '"', "'", "`", "```", "href=", "src=", "onerror=", "style=", "javascript:",
        "java\nscript:", "&#106;", "&colon;", "data:", "mailto:", "//x", "http://a.test/", "x", "[x](", ")", "![",
        "](", "*", "_", "|", "- ", "# ", "    ", "{%", "%}", "{{", "}}", "[^1]", "[^1]: ", "\x00", "\ud800", "\\",
        "é",
    ]
)  # fmt: skip


@settings(
    max_examples=700, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.one_of(st.lists(PIECES, max_size=25).map("".join), st.text(max_size=50)))
@example("<a href='java&#x0a;script:alert(1)'>")
@example("[x](<javascript:alert(1)>)")
def test_any_body_is_harmless_and_sanitizing_it_again_changes_nothing(body: str) -> None:
    html = to_html(body, BASE)
    assert_harmless(html)
    assert sanitize_html(html, BASE) == html
    html.encode("utf-8")


SUMMARIES = [
    ("<p>One.</p>\n<p>Two.</p>", "One."),
    ("<h1>T</h1>\n<p>One <em>two</em> &amp; <code>a &lt; b</code>.</p>", "One two & a < b."),
    ('<p><img src="x"></p>\n<p>Two.</p>', "Two."),
    ("<p>a\nb</p>", "a b"),
    ("<ul><li>x</li></ul>", ""),
    ("", ""),
    ("<p>" + "word " * 100 + "</p>", "word " * 58 + "word word…"),
]


@pytest.mark.parametrize(("html", "summary"), SUMMARIES, ids=[row[0][:30] for row in SUMMARIES])
def test_first_paragraph_with_text_is_the_summary(html: str, summary: str) -> None:
    assert first_paragraph(html) == summary
    assert len(first_paragraph(html)) <= 300


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 50_000, "<b>" * 50_000, "<table>" * 20_000, "".join(f"<b id={n}>" for n in range(20_000)),
        "<x></b>" * 20_000, "> " * 20_000, "- " * 20_000, "[" * 20_000, "*a_ " * 5_000,
        "[^1]" * 5_000 + "\n\n[^1]: x", "`" * 50_000 + "{", "<p>" * 20_000,
        "|a" * 2_000 + "\n" + "|-" * 2_000 + "\n" + "|x\n" * 500,
    ],
    ids=lambda body: ascii(body[:10]),
)  # fmt: skip
def test_hostile_body_is_rendered_in_seconds(body: str) -> None:
    started = time.process_time()
    assert_harmless(to_html(body, BASE))
    assert time.process_time() - started < 20, "a megabyte of open tags took five minutes"


def test_body_that_nests_too_deep_is_dropped_and_a_long_one_is_not() -> None:
    assert to_html("<div>" * 501 + "x", BASE) == ""
    assert "last" in to_html("<div>x</div>\n\n" * 2000 + "last", BASE)
    assert "last" in to_html("<ul>" + "<li>x" * 2000 + "</ul>\n\nlast", BASE)
    assert "last" in to_html("- x\n" * 2000 + "\nlast", BASE)
