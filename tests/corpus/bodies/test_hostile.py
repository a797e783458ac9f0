"""The time and the output of a hostile body grow as its length does, and no more."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from support.bodies import BASE

from syndicate.corpus.bodies import RenderedBody, render_body, resolve_links
from syndicate.values.dialects import DOCUSAURUS, PELICAN, UNKNOWN, Dialect

LENGTH = 12_000
_SHORT_S = 0.5  # below it, a measured time is mostly noise


def repeated(text: str) -> Callable[[int], str]:
    return lambda length: text * (length // len(text))


def joined(pattern: str) -> Callable[[int], str]:
    return lambda length: "".join(pattern.format(number) for number in range(length // (len(pattern) + 2)))


REPEATED = [
    # Markdown
    "[", "![", "![]", "[a](", "[a](b)", "[a](<", "[^a", "[^",
    "*a_ ", "**", "~~a", "> ", "- ", "- x\n", "- [ ] a\n",
    "> x\n", "a\n: b\n\n", ":::note\n", ":::note\n:::\n", "> [!NOTE]\n", "$", "$a ", "$a_", "$$a", "\\(", "\\\\(", "\\",
    "&",
    "http://", "http://a/(", "http://a.b *x* ", "www.", "[a]: ", "[a\n", "<http:", "[a](b.md) ",
    # HTML
    "<div>", "<b>", "<p>", "<", "<a ", "<a href=x>", "<img src=x ", "<img src=x>",
    "<iframe src=//x>", "<object data=x>",
    "<picture><source srcset=x>", "<noscript ", "<script src=", "<script src=https://gist.github.com/a/b.js ",
    "<p hidden>",
    "<nobr>", "<table><a>", "<math><mfrac>", '<div markdown="1">', '<div markdown="1">x</div>', "<pre>", "<code>{",
    # template tags
    "{{", "{%", "{% x ", "{{<", "{{< a ", "{{< note >}}", "{{< note >}}x{{< /note >}}", "{{ x(", "{% raw %}",
    "{% raw %}a{% endraw %}", "{% highlight a %}\n", "{{ 'a' | replace: 'a', ", "{{ page.title }}", "<!-- ", "{# ",
    "{% comment %}", "{: .a", "{:a: ", " {#a", "* a\n{:toc", "    {{ x }}\n", "- a\n\n    {{ x.y }}\n",
    "[a]({% post_url b %}) ", '{% youtube "a ', "{% x" + " " * 1900 + "%}", "{{ x" + " " * 1900 + "}}",
    "{{ 'aaaaaaaaaaaaaaaaaaaaaa' | replace: 'a', 'bbbbbbbbbbbbbbbbbbbbbbbbbb' }}",
]  # fmt: skip
BUILT: list[tuple[str, Callable[[int], str]]] = [
    ("inline footnotes", lambda n: "[^a]: " + "^[" * (n // 2)),
    ("open footnotes", lambda n: "[^a]: x\n\n" + "[^" * (n // 2)),
    ("footnote used often", lambda n: "[^a]: x\n\n" + "[^a]" * (n // 4)),
    ("footnotes", joined("[^{}]: x\n")),
    ("long definition used often", lambda n: "[a]: /" + "x" * (n // 2) + "\n\n" + "[a] " * (n // 8)),
    ("long title used often", lambda n: '[a]: /x "' + "x" * (n // 2) + '"\n\n' + "![a] " * (n // 10)),
    ("long abbreviation used often", lambda n: "*[a]: " + "x" * (n // 2) + "\n\n" + "a " * (n // 4)),
    ("abbreviations", lambda n: joined("*[a{}]: x\n")(n // 2) + "\n" + "a1 " * (n // 6)),
    ("open highlight", lambda n: "{% highlight " + "a" * n),
    ("bold never closed", lambda n: "<div><p>" + "".join(f"<b title={i}>" for i in range(480)) + "<p>x</p>" * (n // 8)),
    ("fonts never closed", lambda n: "<p>" + joined("<font color={}>")(n // 2) + "<p>x" * (n // 8)),
    ("brackets in brackets", lambda n: "[" * (n // 2) + "]" * (n // 2)),
    ("wide table", lambda n: "|a" * (n // 8) + "\n" + "|-" * (n // 8) + "\n" + "|x\n" * (n // 6)),
    ("runs of backticks", lambda n: "".join("`" * i + " " for i in range(1, int((2 * n) ** 0.5))) + "{"),
    ("ticks in an indented line", lambda n: "    " + "`{{x" * (n // 4)),
    ("elements of many names", joined("<a-{}>")),
    ("srcset", lambda n: '<img srcset="' + "a 1w, " * (n // 6) + '">'),
    ("srcset of commas", lambda n: '<img srcset="' + "," * n + '">'),
    ("one picture of many sources", lambda n: "<picture>" + "<source srcset='b c'>" * (n // 44) + "<img>" * (n // 10)),
    ("markdown in HTML", lambda n: '<div markdown="1">' + "</b>" * (n // 4)),
    ("quotes in a tag", lambda n: ("{% youtube " + '"a' * 900 + " %}") * (n // 1800)),
    ("spaces", lambda n: "x" + " " * n + "{"),
    ("attributes", lambda n: "<a " + "b " * (n // 2)),
]
IN_DIALECTS: list[tuple[str, Dialect, Callable[[int], str]]] = [
    *[(text, DOCUSAURUS, repeated(text)) for text in (
        "{", "{a}", "<A ", "<A a={", '<A a="', "<a b={c}/>", "<Admonition type='tip'>", "import a from 'b'\n",
        "export const a = {\n\n",
    )],
    ("braces in braces", DOCUSAURUS, lambda n: "{" * (n // 2) + "}" * (n // 2)),
    ("a tag of many attributes", DOCUSAURUS, lambda n: "<A " + "a " * n),
    ("!!! note", PELICAN, repeated("!!! note\n")),
    ("!!! with a quote", PELICAN, repeated('!!! a "')),
    ("!!! with spaces", PELICAN, lambda n: "!!! a" + " " * n + "b"),
]  # fmt: skip
GENERATORS = [
    *[(text[:20], UNKNOWN, repeated(text)) for text in REPEATED],
    *[(name, UNKNOWN, make) for name, make in BUILT],
    *IN_DIALECTS,
]


@pytest.mark.parametrize(
    ("dialect", "make"), [row[1:] for row in GENERATORS], ids=[ascii(row[0]) for row in GENERATORS]
)  # fmt: skip
def test_time_and_output_grow_as_the_body_does(dialect: Dialect, make: Callable[[int], str]) -> None:
    first_s, _ = measured(make(LENGTH), dialect)
    second_s, html_length = measured(make(2 * LENGTH), dialect)
    assert second_s < max(_SHORT_S, 3.5 * first_s), "quadratic growth"
    assert html_length <= 20 * 2 * LENGTH


def measured(body: str, dialect: Dialect) -> tuple[float, int]:
    """Return the seconds that rendering takes, the lesser of two attempts, and the length of the HTML."""
    times = []
    for _ in range(2):
        started = time.process_time()
        rendered = render(body, dialect)
        times.append(time.process_time() - started)
        if times[0] < _SHORT_S:
            break
    return min(times), len(rendered.html)


def render(body: str, dialect: Dialect) -> RenderedBody:
    rendered = render_body(body, base_url=BASE, dialect=dialect, path="a.md", variables={"page.title": "x" * 400})
    resolve_links(rendered.html, lambda _: None)
    return rendered


TOO_LARGE = [
    ("<div>" * 501 + "x", "its elements nest too deep"),
    ("[a]: /" + "x" * 20_000 + "\n\n" + "[a] " * 1000, "its HTML is too long"),
    ("<div><p>" + "".join(f"<b title={i}>" for i in range(480)) + "<p>x</p>" * 5000, "its HTML is too long"),
    ("[^a]: x\n\n" + "[^a]" * 20_000, "its HTML is too long"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "reason"), TOO_LARGE, ids=[row[0][:10] for row in TOO_LARGE])
def test_a_body_with_too_large_a_result_is_left_out_and_reported(body: str, reason: str) -> None:
    rendered = render(body, UNKNOWN)
    assert rendered.html == ""
    assert [str(loss) for loss in rendered.losses] == [f"the body was left out: {reason}"]
    assert rendered.losses[0].is_whole
