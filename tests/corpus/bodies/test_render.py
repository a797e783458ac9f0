"""A body becomes HTML without scripts and relative addresses."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.bodies import BASE, to_html

from syndicate.corpus.bodies import first_paragraph
from syndicate.corpus.bodies.sanitize import sanitize_html
from syndicate.values.dialects import ASTRO, DOCUSAURUS, HUGO, JEKYLL, PELICAN, PLAIN, ZOLA, Dialect

RENDERED = [
    ("empty", "", ""),
    ("blank", " \n\t\n", ""),
    ("only tags", "{% include x %}\n{{ y }}", ""),
    ("paragraph", "Some *Markdown* and **more**.", "<p>Some <em>Markdown</em> and <strong>more</strong>.</p>"),
    ("heading", "# One\n\ntwo", "<h1>One</h1>\n<p>two</p>"),
    ("code", "```python\na < b\n```", '<pre><code class="language-python">a &lt; b\n</code></pre>'),
    ("code about tags", "`{{ x }}`", "<p><code>{{ x }}</code></p>"),
    ("table", "|a|b|\n|-|:-:|\n|1|2|", '<table>\n<thead>\n<tr>\n<th>a</th>\n<th align="center">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td align="center">2</td>\n</tr>\n</tbody>\n</table>'),  # noqa: E501 - a row
    ("strikethrough", "~~gone~~", "<p><s>gone</s></p>"),
    ("definition list", "Term\n: What it is", "<dl>\n<dt>Term</dt>\n<dd>What it is</dd>\n</dl>"),
    ("autolink", "<https://a.test/>", '<p><a href="https://a.test/">https://a.test/</a></p>'),
    ("ampersands", "[x](https://a.test/?a=1&b=2)", '<p><a href="https://a.test/?a=1&amp;b=2">x</a></p>'),
    ("control characters", "a\x00b\x92c\ufffe", "<p>abc</p>"),
    ("html kept", "<details><summary>s</summary>t</details>", "<details><summary>s</summary>t</details>"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "html"), [row[1:] for row in RENDERED], ids=[row[0] for row in RENDERED])
def test_body_is_rendered(body: str, html: str) -> None:
    assert to_html(body) == html


def test_footnotes_link_to_the_page() -> None:
    html = to_html("A claim.[^1]\n\n[^1]: Its source.")
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
    ('<video poster="p.png" src="v.mp4"></video>',
     f'<video src="{BASE}v.mp4" poster="{BASE}p.png" controls=""></video>'),
    ('<audio src="/a.mp3"></audio>', '<audio src="https://www.test/a.mp3" controls=""></audio>'),
    ('<blockquote cite="x">q</blockquote>', "<blockquote>q</blockquote>"),
]  # fmt: skip


@pytest.mark.parametrize(("html", "expected"), LINKS, ids=[row[0] for row in LINKS])
def test_addresses_are_resolved_against_the_base(html: str, expected: str) -> None:
    assert to_html(f"<div>{html}</div>") == f"<div>{expected}</div>"


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
    '<iframe srcdoc="s3cret">s3cret</iframe>',
    '<iframe src="javascript:s3cret()">s3cret</iframe>',
    '<object data="data:s3cret"></object>',
    '<embed src="javascript:s3cret()">',
    '<img srcset="javascript:s3cret() 2x">',
    '<lite-youtube onclick="s3cret()">x</lite-youtube>',
    "<div hidden>s3cret <b>s3cret</b></div>",
    '<p style="display: none">s3cret</p>',
    "<dialog>s3cret</dialog>",
    "<textarea>s3cret</textarea>",
    "<math><annotation encoding='x'>s3cret</annotation></math>",
    '<math><annotation-xml encoding="text/html"><style>s3cret</style></annotation-xml></math>',
    '<a href="record:path/s3cret">x</a>',
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
        "script style iframe object embed form input button base meta link svg template frame body html".split()
    )
    for tag, name, value in page.found:
        assert not name.startswith("on")
        assert name not in {"style", "srcset", "id", "target", "formaction", "ping", "action"}
        assert name != "class" or (tag == "code" and value.startswith("language-"))
        if name in {"href", "src", "poster"}:
            assert re.match(r"https?://[^/]" if (tag, name) != ("a", "href") else r"https?://[^/]|mailto:", value)


@pytest.mark.parametrize("body", HOSTILE)
def test_scripts_and_hidden_content_are_removed(body: str) -> None:
    html = to_html(f"before\n\n{body}\n\nafter")
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
        "é", "embed", "object", "picture", "source", "mi", "annotation-xml", "dialog", "hidden", "data-src=", "srcset=",
        "lite-youtube", " videoid=", ":::note\n", ":::\n", "> [!NOTE]\n", "- [x] ", "$", "\\(", "\\)", "{static}",
        "{filename}", "record:path/x", "%EF%B7%910%EF%B7%91", "&#xFDD1;0&#xFDD1;", "x.md", "https://", "www.",
        "*[x]: y\n",
        ' markdown="1"', "{% post_url x %}", "{% raw %}",
    ]
)  # fmt: skip


@settings(
    max_examples=700, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.one_of(st.lists(PIECES, max_size=25).map("".join), st.text(max_size=50)))
@example("<a href='java&#x0a;script:alert(1)'>")
@example("[x](<javascript:alert(1)>)")
def test_any_body_is_harmless_and_sanitizing_it_again_changes_nothing(body: str) -> None:
    html = to_html(body)
    assert_harmless(html)
    assert sanitize_html(html, lambda _tag, value: value, 10**9) == html
    html.encode("utf-8")


SUMMARIES = [
    ("<p>One.</p>\n<p>Two.</p>", "One."),
    ("<h1>T</h1>\n<p>One <em>two</em> &amp; <code>a &lt; b</code>.</p>", "One two & a < b."),
    ('<p><img src="x"></p>\n<p>Two.</p>', "Two."),
    ("<p>a\nb</p>", "a b"),
    ("<ul><li>x</li></ul>", ""),
    ("", ""),
    ("<p>See <code>a&amp;copy=1</code> and &amp;amp;.</p>", "See a&copy=1 and &amp;."),
    ("<blockquote>\n<p><strong>Note</strong></p>\n<p>One.</p></blockquote>", "One."),
    ('<p><a href="https://v.test/1">https://v.test/1</a></p>\n<p>One.</p>', "One."),
    ("<p>So <math><mfrac><mn>1</mn><mn>3</mn></mfrac></math> of it.</p>", "So 1/3 of it."),
    ("<p><math><msqrt><msup><mi>a</mi><mn>2</mn></msup><mo>+</mo><mn>1</mn></msqrt></math></p>", "√(a^2+1)"),
    ("<p>" + "word " * 100 + "</p>", "word " * 58 + "word word…"),
]


@pytest.mark.parametrize(("html", "summary"), SUMMARIES, ids=[row[0][:30] for row in SUMMARIES])
def test_first_paragraph_with_text_is_the_summary(html: str, summary: str) -> None:
    assert first_paragraph(html) == summary
    assert len(first_paragraph(html)) <= 300


def test_body_that_nests_too_deep_is_dropped_and_a_long_one_is_not() -> None:
    assert to_html("<div>" * 501 + "x") == ""
    assert "last" in to_html("<div>x</div>\n\n" * 2000 + "last")
    assert "last" in to_html("<ul>" + "<li>x" * 2000 + "</ul>\n\nlast")
    assert "last" in to_html("- x\n" * 2000 + "\nlast")


# ---------------------------------------------------------------------------------------------------------- extensions

EXTENSIONS = [
    ("tasks", "- [x] done\n- [ ] todo\n- [y] no", "<ul>\n<li>☑ done</li>\n<li>☐ todo</li>\n<li>[y] no</li>\n</ul>"),
    ("alert", "> [!WARNING]\n> Wet.", "<blockquote>\n<p><strong>Warning</strong></p>\n<p>Wet.</p>\n</blockquote>"),
    ("admonition", ":::note\n\n*Wet*.\n\n:::", "<blockquote>\n<p><strong>Note</strong></p>\n<p><em>Wet</em>.</p>\n</blockquote>"),  # noqa: E501 - a row
    ("admonition with a title", ":::tip Take *care*\nWet.\n:::\nz", "<blockquote>\n<p><strong>Take <em>care</em></strong></p>\n<p>Wet.</p>\n</blockquote>\n<p>z</p>"),  # noqa: E501 - a row
    ("admonition with a title in brackets", ":::info[See [x](https://a.test/)]{.y}\nWet.\n:::", '<blockquote>\n<p><strong>See <a href="https://a.test/">x</a></strong></p>\n<p>Wet.</p>\n</blockquote>'),  # noqa: E501 - a row
    ("nested admonitions", "::::note\n:::tip\nA\n:::\nB\n::::", "<blockquote>\n<p><strong>Note</strong></p>\n<blockquote>\n<p><strong>Tip</strong></p>\n<p>A</p>\n</blockquote>\n<p>B</p>\n</blockquote>"),  # noqa: E501 - a row
    ("container of another name", "::: columns\nA\n:::", "<p>A</p>"),
    ("colons in a text", "a ::: b\n\n:::\n", "<p>a ::: b</p>\n<p>:::</p>"),
    ("bare link", "See https://a.test/x?a=1&b=2, or (http://b.test/(c)).", '<p>See <a href="https://a.test/x?a=1&amp;b=2">https://a.test/x?a=1&amp;b=2</a>, or (<a href="http://b.test/(c)">http://b.test/(c)</a>).</p>'),  # noqa: E501 - a row
    ("bare link without a scheme", "www.a.test/x!", '<p><a href="http://www.a.test/x">www.a.test/x</a>!</p>'),
    ("no bare link in code or links", "`https://a.test/` [https://b.test](c)", f'<p><code>https://a.test/</code> <a href="{BASE}c">https://b.test</a></p>'),
    ("no bare link in a link of HTML", '<a href="/x">https://a.test/</a>', '<p><a href="https://www.test/x">https://a.test/</a></p>'),
    ("no link of a name", "README.md and a.test", "<p>README.md and a.test</p>"),
    ("formula", "$a_1 + b_1$ and $x*y*z$", "<p>$a_1 + b_1$ and $x*y*z$</p>"),
    ("formula in a block", "$$\na_1 *b*_c\n$$", "<p>$$\na_1 *b*_c\n$$</p>"),
    ("formula in brackets", r"\(x_1*y*\) and \\(x_1*y*\\)", r"<p>\(x_1*y*\) and \(x_1*y*\)</p>"),
    ("money is no formula", "It is $5 or *$6*, $HOME and \\(so\\)", "<p>It is $5 or <em>$6</em>, $HOME and (so)</p>"),
    ("a formula does not extend over a link", "$a_b [x](https://a.test/$c)", '<p>$a_b <a href="https://a.test/$c">x</a></p>'),
    ("language of code", "```rust,ignore\nx\n```", '<pre><code class="language-rust">x\n</code></pre>'),
    ("class of code that is no language", '<pre><code class="x">y</code></pre>', "<pre><code>y</code></pre>"),
    ("MathML", "So <math><mfrac><mn>1</mn><mn>3</mn></mfrac></math>.", "<p>So <math><mfrac><mn>1</mn><mn>3</mn></mfrac></math>.</p>"),  # noqa: E501 - a row
    ("unsafe link of Markdown", "[x](javascript:y) ![a b](data:image/png;base64,AA)", "<p>x a b</p>"),
    ("tildes between words", "3~5 and 7~8", "<p>3~5 and 7~8</p>"),
    ("telephone", "[call](tel:+15550100)", '<p><a href="tel:+15550100">call</a></p>'),
    ("anchor", '<a name="x"></a>Text <a id="y">z</a>', "<p>Text z</p>"),
    ("picture without an address", 'a <img alt="b &lt; c"> <img>d', "<p>a b &lt; c d</p>"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "html"), [row[1:] for row in EXTENSIONS], ids=[row[0] for row in EXTENSIONS])
def test_extensions_of_markdown_are_rendered(body: str, html: str) -> None:
    assert to_html(body, PLAIN) == html


BY_DIALECT = [
    (JEKYLL, '<div markdown="1">\n**b** text\n</div>\nz', "<div>\n<p><strong>b</strong> text</p>\n</div>\nz"),
    (JEKYLL, '<table><tr><td markdown="block">**b**</td></tr></table>', "<table><tbody><tr><td>\n<p><strong>b</strong></p>\n</td></tr></tbody></table>"),  # noqa: E501 - a row
    (JEKYLL, '```\n<div markdown="1">\n```', '<pre><code>&lt;div markdown="1"&gt;\n</code></pre>'),
    (JEKYLL, "The HTML.\n\n*[HTML]: Hyper Text", '<p>The <abbr title="Hyper Text">HTML</abbr>.</p>'),
    (JEKYLL, "* TOC\n{:toc}\n\nText", "<p>Text</p>"),
    (JEKYLL, "x[^a]\n\n[^a]: N", f'<p>x<sup><a href="{BASE}#fn:a">[1]</a></sup></p>\n<hr>\n<ol>\n<li><p>N <a href="{BASE}#fnref:a">↩\ufe0e</a></p>\n</li>\n</ol>'),  # noqa: E501 - a row
    (JEKYLL, "- a\n\n  {% highlight js %}\n  x\n    y\n  {% endhighlight %}\n\n- b", '<ul>\n<li>\n<p>a</p>\n<pre><code class="language-js">x\n  y\n</code></pre>\n</li>\n<li>\n<p>b</p>\n</li>\n</ul>'),  # noqa: E501 - a row
    (JEKYLL, "<p>{% highlight js %}x{% endhighlight %}</p>", '<p>\n</p><pre><code class="language-js">x\n</code></pre>\n<p></p>'),  # noqa: E501 - a row
    (PELICAN, "[TOC]\n\n!!! note\n    Wet.\n\nz {{ x }}", "<blockquote>\n<p><strong>Note</strong></p>\n<p>Wet.</p>\n</blockquote>\n<p>z {{ x }}</p>"),  # noqa: E501 - a row
    (PELICAN, "![i]({static}/images/x.png) ![j]({attach}y.png)", '<p><img src="https://www.test/base/images/x.png" alt="i"> <img src="https://www.test/base/posts/y.png" alt="j"></p>'),  # noqa: E501 - a row
    (PLAIN, "!!! note\n    Wet {% x %}.", "<p>!!! note\nWet {% x %}.</p>"),
    (HUGO, "# T {#id}\nf({{1,2},{3}}) {#if x}{:else}", "<h1>T</h1>\n<p>f({{1,2},{3}}) {#if x}{:else}</p>"),
    (ZOLA, "x[^a]\n\n[^a]: N", f'<p>x<sup><a href="{BASE}#fn-a">[1]</a></sup></p>\n<hr>\n<ol>\n<li><p>N <a href="{BASE}#fnref-a">↩\ufe0e</a></p>\n</li>\n</ol>'),  # noqa: E501 - a row
    (ASTRO, "import A from 'a';\n\n{1}", "<p>import A from 'a';</p>\n<p>{1}</p>"),
    (DOCUSAURUS, "import A from 'a';\n\nText\n", "<p>Text</p>"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "body", "html"), BY_DIALECT, ids=[row[1][:20] for row in BY_DIALECT])
def test_dialects_have_their_own_syntax(dialect: Dialect, body: str, html: str) -> None:
    assert to_html(body, dialect) == html


def test_body_of_an_html_file_is_no_markdown() -> None:
    body = "<p>*a* {{ site.baseurl }}</p>\n\n    <p>b</p>"
    assert to_html(body, JEKYLL, "_posts/a.html") == "<p>*a* /base</p>\n\n    <p>b</p>"
