"""Tags and comments of template engines are removed, except in code, in time linear in the length of the text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.corpus.template_tags import strip_template_tags

CASES = [
    # tags are removed
    ("liquid tag", "a {% include x.html %} b", "a  b"),
    ("liquid tag, trimming", "a {%- include x.html -%} b", "a  b"),
    ("liquid output", "a {{ page.title | upcase }} b", "a  b"),
    ("liquid tag over lines", "{% include x.html\n  title='t'\n%}b", "b"),
    ("hugo shortcode", "{{< youtube abc >}} and {{% note %}}x{{% /note %}}", " and x"),
    ("hugo shortcode over lines", '{{< figure\n  src="x"\n>}}b', "b"),
    ("kramdown attributes", "# T {#top}\n{: .class #id}\nx{:target='_blank'}", "# T \n\nx"),
    ("two on a line", "{% a %}x{% b %}", "x"),
    # text that only resembles a tag stays
    ("no end", "50 {% of it", "50 {% of it"),
    ("no end in the paragraph", "a {% b\n\nc %} d", "a {% b\n\nc %} d"),
    ("output over lines", "a {{ b\nc }} d", "a {{ b\nc }} d"),
    ("escaped attributes", "\\{: x}", "\\{: x}"),
    ("a set", "{1, 2} and {x}", "{1, 2} and {x}"),
    ("no tag at all", "plain", "plain"),
    # code keeps its tags
    ("code span", "`{{ x }}` {{ y }}", "`{{ x }}` "),
    ("code span of two", "``a ` {{ x }}`` {{ y }}", "``a ` {{ x }}`` "),
    ("code span over lines", "`a\n{{ x }}` {{ y }}", "`a\n{{ x }}` "),
    ("no code span over paragraphs", "`a\n\n{{ x }}`", "`a\n\n`"),
    ("open backtick", "it`s {{ x }} here", "it`s  here"),
    ("escaped backtick", "\\`{{ x }}`", "\\``"),
    ("fence", "```liquid\n{{ x }}\n```\n{{ y }}", "```liquid\n{{ x }}\n```\n"),
    ("fence of tildes", "~~~\n{% x %}\n```\n{% y %}\n~~~\n{% z %}", "~~~\n{% x %}\n```\n{% y %}\n~~~\n"),
    ("longer fence", "````\n```\n{{ x }}\n````\n{{ y }}", "````\n```\n{{ x }}\n````\n"),
    ("fence without an end", "```\n{{ x }}", "```\n{{ x }}"),
    ("indented code", "a\n\n    {{ x }}\n\n{{ y }}", "a\n\n    {{ x }}\n\n"),
    ("tab", "\t{{ x }}\n{{ y }}", "\t{{ x }}\n"),
    ("inline code in three", "```{{ x }}``` {{ y }}", "```{{ x }}``` "),
    ("highlight", "{% highlight ruby linenos %}\n'{{ x }}'\n{% endhighlight %}\nz", "~~~~ruby\n'{{ x }}'\n~~~~\nz"),
    ("highlight without an end", "{% highlight ruby %}\n{{ x }}", "~~~~ruby\n{{ x }}~~~~"),
    ("highlight amid a line", "a {% highlight x %} {{ b }}", "a  "),
]  # fmt: skip

COMMENTS = [
    ("html", "a <!-- s3cret --> b"),
    ("html with dashes", "a <!-- x -- s3cret --> b"),
    ("html over paragraphs", "a <!-- x\n\ns3cret\n\n--> b"),
    ("html with a fence", "<!--\n```\ns3cret\n```\n--> b"),
    ("liquid", "a {% comment %}s3cret{% endcomment %} b"),
    ("liquid, trimming", "a {%- comment -%} s3cret {%- endcomment -%} b"),
    ("liquid over paragraphs", "{% comment %}\n\ns3cret\n\n```\ns3cret\n```\n{% endcomment %}\nb"),
    ("liquid with a note", "{% comment note %}s3cret{% endcomment %} b"),
    ("liquid with tags inside", "{% comment %}{{ s3cret }} s3cret{% endcomment %} b"),
    ("liquid without an end", "a b {% comment %}\n\ns3cret"),
    ("indented", "- a b\n\n    {% comment %}s3cret{% endcomment %}"),
    ("kramdown", "{::comment}\ns3cret\n{:/comment}\nb"),
    ("kramdown, short end", "{::comment}\ns3cret\n{:/}\nb"),
    ("nunjucks", "a {# s3cret #} b"),
    ("nunjucks over lines", "{#\n\n s3cret\n#} b"),
    ("hugo", "{{/* s3cret */}} b"),
    ("hugo over paragraphs", "{{/*\n\ns3cret\n\n*/}} b"),
    ("hugo without an end", "b {{/* \n\ns3cret"),
    ("hugo shortcode", "{{< comment >}}s3cret{{< /comment >}} b"),
    ("hugo shortcode in percents", "{{% comment %}}\n\ns3cret\n\n{{% /comment %}} b"),
    ("mdx", "a {/* s3cret */} b"),
    ("mdx over paragraphs", "{/*\n\ns3cret\n\n*/} b"),
    ("two", "<!-- s3cret --> b <!-- s3cret -->"),
]


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_tags_are_removed_and_code_is_kept(text: str, expected: str) -> None:
    assert strip_template_tags(text) == expected


@pytest.mark.parametrize("text", [row[1] for row in COMMENTS], ids=[row[0] for row in COMMENTS])
def test_comment_is_removed(text: str) -> None:
    stripped = strip_template_tags(text)
    assert "s3cret" not in stripped
    assert "b" in stripped


@pytest.mark.parametrize("text", ["a <!-- b", "a {# b", "a {/* b", "{::comment} b", "<!--> b -->", "a <!---> b -->"])
def test_text_that_only_resembles_a_comment_stays(text: str) -> None:
    assert strip_template_tags(text + " {") == text + " {"


@pytest.mark.parametrize("fence", ["```\n{}\n```", "~~~\n{}\n~~~", "`{}`"])
@pytest.mark.parametrize("comment", ["<!-- x -->", "{% comment %}x{% endcomment %}", "{# x #}", "{{/* x */}}"])
def test_code_keeps_its_comments(fence: str, comment: str) -> None:
    text = fence.replace("{}", comment)
    assert strip_template_tags(text) == text


MANY = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "{%" * MANY, "{% " * MANY + "\n\n%}", "{{" * MANY, "{: " * MANY, "{#a" * MANY, "{" * MANY, "`" * MANY,
        "` " * MANY, "\\`{" * MANY, "".join("`" * n + " " for n in range(1, 800)) + "{", "{% comment " * MANY,
        "<!-- " * MANY, "{# " * MANY, "{/*" * MANY, "{::comment}" * MANY, "```\n{" * MANY,
        "{% highlight a %}\n" * MANY, "    {{" * MANY, "\n" * MANY + "{",
        "".join("~" * (3 + n % 90) + "\n\n{" for n in range(MANY // 10)),
    ],
    ids=lambda text: ascii(text[:12]),
)  # fmt: skip
def test_time_is_linear_in_the_length_of_the_text(text: str) -> None:
    started = time.process_time()
    strip_template_tags(text)
    assert time.process_time() - started < 8, "quadratic time takes minutes"


PIECES = st.sampled_from(
    [
        "{%", "%}", "{{", "}}", "{:", "}", "{#", "#}", "`", "``", "```\n", "~~~\n", "\n", "\n\n", "    ", " ", "a",
        "<!--", "-->", "{% comment %}", "{% endcomment %}", "{{/*", "*/}}", "{% highlight x %}\n",
        "\n{% endhighlight %}", "\\", "-", "é", "{::comment}",
    ]
)  # fmt: skip


@settings(max_examples=600, deadline=None, derandomize=True, database=None)
@given(st.lists(PIECES, max_size=20).map("".join))
def test_result_is_a_subsequence_of_the_text(text: str) -> None:
    remaining = iter(text)
    stripped = strip_template_tags(text).replace("~~~~x", "").replace("~~~~", "")
    assert all(char in remaining for char in stripped.replace("~", ""))
