"""Links to other records are placeholders until they are resolved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import BASE, rendered

from syndicate.corpus.bodies import RecordReference, resolve_links
from syndicate.corpus.bodies.references import path_reference
from syndicate.values.dialects import HUGO, JEKYLL, PELICAN, PLAIN, ZOLA, Dialect


def path(reference: str, fragment: str = "", fallback: str = "") -> RecordReference:
    return RecordReference("path", reference, fragment, fallback)


ROWS = [
    (PLAIN, "[x](other.md)", path("posts/other.md", fallback=f"{BASE}other.md")),
    (PLAIN, "[x](./other.md#a%20b)", path("posts/other.md", "a b", f"{BASE}other.md#a%20b")),
    (PLAIN, "[x](../b.mdx)", path("b.mdx", fallback="https://www.test/blog/b.mdx")),
    (PLAIN, "[x](/n/b.markdown)", path("n/b.markdown", fallback="https://www.test/n/b.markdown")),
    (PLAIN, '<a href="a b.md">x</a>', path("posts/a b.md", fallback=f"{BASE}a%20b.md")),
    (PLAIN, "[x](../../../b.md)", path("b.md", fallback="https://www.test/b.md")),
    (JEKYLL, "[x]({% post_url 2026-01-01-a %})", RecordReference("post", "2026-01-01-a")),
    (JEKYLL, "[x]({{ site.baseurl }}{% post_url /sub/2026-01-01-a %}#b)", RecordReference("post", "sub/2026-01-01-a", "b")),  # noqa: E501 - a row
    (JEKYLL, "[x]({{ site.url }}{% link _posts/2026-01-01-a.md %})", path("_posts/2026-01-01-a.md")),
    (HUGO, '[x]({{< ref "/log/a.md#b" >}})', RecordReference("ref", "/log/a.md", "b")),
    (HUGO, '<a href="{{% relref path="a" %}}">x</a>', RecordReference("ref", "a")),
    (ZOLA, "[x](@/b/a.md#c)", path("b/a.md", "c")),
    (PELICAN, "[x]({filename}n/a.md#b)", path("posts/n/a.md", "b")),
    (PELICAN, "[x](|filename|/n/a.rst)", path("n/a.rst")),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "body", "reference"), ROWS, ids=[row[1] for row in ROWS])
def test_words_that_refer_to_records_become_references(
    dialect: Dialect, body: str, reference: RecordReference
) -> None:  # fmt: skip
    result = rendered(body, dialect)
    assert result.links == (reference,)
    asked: list[RecordReference] = []

    def lookup(found: RecordReference) -> str:
        asked.append(found)
        return 'https://www.test/there/?a=1&b="2"'

    html = resolve_links(result.html, lookup).html.removeprefix("<p>").removesuffix("</p>")
    fragment = f"#{reference.fragment.replace(' ', '%20')}" if reference.fragment else ""
    assert html == f'<a href="https://www.test/there/?a=1&amp;b=&quot;2&quot;{fragment}">x</a>'
    assert asked == [reference]


def test_reference_without_a_record_leads_where_the_text_says_or_becomes_text() -> None:
    result = rendered("[a](b.md) [c]({% post_url d %}) [e](/f)", JEKYLL)
    resolved = resolve_links(result.html, lambda _: None)
    assert resolved.html == f'<p><a href="{BASE}b.md">a</a> c <a href="https://www.test/f">e</a></p>'
    assert resolved.unresolved == (RecordReference("post", "d"),)


@pytest.mark.parametrize(
    "body",
    [
        "[x](record:path/a.md)", '<a href="record:post/a">x</a>', "[x](https://a.test/README.md)", "[x](//a.test/b.md)",
        "[x](a.md.html)", "[x](/a?b=c.md)", "`[x](a.md)`", '<a title="x href=&quot;record:path/a&quot;">x</a>',
        'href="record:path/a"', "[x](/%EF%B7%910%EF%B7%91)", "[x](&#xFDD1;0&#xFDD1;)", "![x](a.md)", "{{ x }}",
    ],
)  # fmt: skip
def test_nothing_else_is_a_reference(body: str) -> None:
    result = rendered(body)
    assert result.links == ()
    assert resolve_links(result.html, lambda _: "https://stolen.test/").html == result.html


def test_reference_to_a_record_is_no_picture() -> None:
    assert rendered("![a b]({% link c.md %})", JEKYLL).html == "<p>a b</p>"


def test_reference_in_a_text_shows_nothing() -> None:
    assert rendered("See {% post_url a %}.", JEKYLL).html == "<p>See .</p>"


@given(st.text(max_size=40), st.text(max_size=20), st.sampled_from(["", "https://a.test/x?y=1#z"]))
def test_placeholder_holds_any_reference(reference: str, fragment: str, fallback: str) -> None:
    reference, fragment = (text.encode("utf-8", "ignore").decode() for text in (reference, fragment))
    stated = RecordReference("ref", reference, fragment, fallback)
    found: list[RecordReference] = []
    resolve_links(f'<p><a href="{stated.placeholder()}" title="t">x</a></p>', found.append)
    assert found == [stated]


@given(st.text(st.characters(exclude_characters="#?%", exclude_categories=["Cs"]), max_size=20))
def test_path_stays_within_the_folder(text: str) -> None:
    assert not path_reference(text, "posts").reference.startswith(("/", "../"))
