"""Template tags are evaluated or left out, except in code, in time linear in the length of the text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bodies import VARIABLES

from syndicate.corpus.bodies.losses import Loss, LossCounter
from syndicate.corpus.bodies.references import ReferenceTable
from syndicate.corpus.bodies.templates import TagContext, read_template_tags
from syndicate.corpus.bodies.templates.tag import LEFT_OUT
from syndicate.values.dialects import DOCUSAURUS, HUGO, JEKYLL, PLAIN, UNKNOWN, ZOLA, Dialect


def read(text: str, dialect: Dialect = UNKNOWN) -> tuple[str, tuple[Loss, ...]]:
    """Return the text without tags, and what it lost."""
    losses = LossCounter(text)
    context = TagContext(VARIABLES, ReferenceTable())
    is_mdx = dialect.is_mdx(".md")
    return read_template_tags(text, dialect, context, losses, is_mdx=is_mdx), losses.losses()


def strip_template_tags(text: str, dialect: Dialect = UNKNOWN) -> str:
    return read(text, dialect)[0].replace(LEFT_OUT, "")


CASES = [
    # tags are removed
    ("liquid tag", "a {% include x.html %} b", "a  b"),
    ("liquid tag, trimming", "a {%- include x.html -%} b", "a  b"),
    ("liquid output", "a {{ page.none | upcase }} b", "a  b"),
    ("liquid tag over lines", "{% include x.html\n  title='t'\n%}b", "b"),
    ("hugo shortcode", "{{< map abc >}} and {{% box %}}x{{% /box %}}", " and x"),
    ("hugo shortcode over lines", '{{< gallery\n  of="x"\n>}}b', "b"),
    ("braces in braces", "{{1,2},{3}} {{a}} {{ {x} }} \\frac{{a}}{{b}}",
     "{{1,2},{3}} {{a}} {{ {x} }} \\frac{{a}}{{b}}"),
    ("svelte", "{#if x}y{:else}z{/if}", "{#if x}y{:else}z{/if}"),
    ("raw", "a {% raw %}{{ x }}{% endraw %} b", "a {{ x }} b"),
    ("raw in code", "```\n{% raw %}\n{{ x }}{% endraw %}\n```", "```\n{{ x }}\n```"),
    ("raw without an end", "a {% raw %}{{ x }} b", "a  b"),
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
    ("highlight", "{% highlight ruby linenos %}\n'{{ x }}'\n{% endhighlight %}z", "~~~~ruby\n'{{ x }}'\n~~~~\nz"),
    ("highlight of tildes", "{% highlight x %}\n~~~~~\n{% endhighlight %}", "~~~~~~x\n~~~~~\n~~~~~~\n"),
    ("highlight without an end", "{% highlight ruby %}\n{{ x }}", "~~~~ruby\n{{ x }}\n~~~~\n"),
    ("highlight in Hugo", '{{< highlight go "a=b" >}}\n*x*\n{{< /highlight >}}', "~~~~go\n*x*\n~~~~\n"),
    ("code element", "<pre>{{ x }}</pre> {{ y }} <code>{% z %}</code>", "<pre>{{ x }}</pre>  <code>{% z %}</code>"),
    ("code in a list", "- a\n\n      {{ x }}\n\n  {{ y }}", "- a\n\n      {{ x }}\n\n  "),
    ("fence in a list", "1. a\n\n    ```\n    {{ x }}\n    ```\n", "1. a\n\n    ```\n    {{ x }}\n    ```\n"),
    ("fence in a quotation", "> ```\n> {{ x }}\n> ```\n> {{ y }}", "> ```\n> {{ x }}\n> ```\n> "),
    ("indented HTML", "<p>\n\t\t{% x %}a\n</p>", "<p>\n\t\ta\n</p>"),
    ("indented paragraph in a list", "- a\n\n    b {% x %}c", "- a\n\n    b c"),
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


EVALUATED = [
    # Liquid
    (JEKYLL, '{{ "/x" | relative_url }}', "/base/x"),
    (JEKYLL, "{{ '/x' | absolute_url }}", "https://www.test/base/x"),
    (JEKYLL, "{{ site.baseurl }}/x", "/base/x"),
    (JEKYLL, "{{site.url}}{{site.baseurl}}/x", "https://www.test/base/x"),
    (JEKYLL, "{{ '/x' | prepend: site.baseurl | prepend: site.url }}", "https://www.test/base/x"),
    (JEKYLL, '{{ "a" | append: ".png" | upcase }}', "A.PNG"),
    (JEKYLL, "{{ page.title\n}}", "A <title>"),
    (JEKYLL, "{% link assets/a.pdf %}", "/base/assets/a.pdf"),
    (JEKYLL, "{{ title | escape }}", "A &lt;title&gt;"),
    (JEKYLL, '{{ page.none | default: "d" }}', "d"),
    (JEKYLL, '{% assign a = "b" %}{{ a }}', "b"),
    (JEKYLL, "{% youtube dQw4w9WgXcQ %}", '<a href="https://www.youtube.com/watch?v=dQw4w9WgXcQ">https://www.youtube.com/watch?v=dQw4w9WgXcQ</a>'),
    (JEKYLL, '{% include youtube.html id="dQw4w9WgXcQ" title="A & B" %}', '<a href="https://www.youtube.com/watch?v=dQw4w9WgXcQ">A &amp; B</a>'),  # noqa: E501 - a row
    (JEKYLL, '{% include figure.html src="/a.png" alt="A" %}', '<img src="/a.png" alt="A">'),
    (JEKYLL, "{% gist user/0123abc %}", '<a href="https://gist.github.com/user/0123abc">https://gist.github.com/user/0123abc</a>'),
    (JEKYLL, "{{< x >}} {{1}}", "{{< x >}} "),
    # Hugo
    (HUGO, '{{< figure src="/b.png" alt="A bee" caption="A <c>" >}}', '<figure><img src="/b.png" alt="A bee"><figcaption>A &lt;c&gt;</figcaption></figure>'),  # noqa: E501 - a row
    (HUGO, "{{< vimeo 123 />}}", '<a href="https://vimeo.com/123">https://vimeo.com/123</a>'),
    (HUGO, "{{< gist user 0123 >}}", '<a href="https://gist.github.com/user/0123">https://gist.github.com/user/0123</a>'),
    (HUGO, '{{< tweet user="a" id="1" >}}', '<a href="https://x.com/a/status/1">https://x.com/a/status/1</a>'),
    (HUGO, '{{< video src="/a.mp4" >}}', '<video src="/a.mp4" controls></video>'),
    (HUGO, '{{</* ref "x" */>}}', '{{&lt; ref "x" >}}'),
    (HUGO, '`{{%/* ref "x" */%}}`', '`{{% ref "x" %}}`'),
    (HUGO, "{{% notice tip %}}\nWet.\n{{% /notice %}}", "\n\n:::tip \n\n\nWet.\n\n\n:::\n\n"),
    (HUGO, '{{< details "S" >}}x{{< /details >}}', "\n\n<details>\n<summary>S</summary>\n\nx\n\n</details>\n\n"),
    (HUGO, "{% x %} {{ y }} {# z #}", "{% x %} {{ y }} {# z #}"),
    (HUGO, '{{< param "title" >}}', "A <title>"),
    # Zola
    (ZOLA, '{{ youtube(id="dQw4w9WgXcQ") }}', '<a href="https://www.youtube.com/watch?v=dQw4w9WgXcQ">https://www.youtube.com/watch?v=dQw4w9WgXcQ</a>'),
    (ZOLA, "{% quote(author='x') %}a{% end %}", "a"),
    (ZOLA, "{{/* x() */}} {{ y }} {% z %}", "{{ x() }} {{ y }} {% z %}"),
    # none
    (PLAIN, "{% x %} {{ y }} {{< z >}} {/* a */} {: .b}", "{% x %} {{ y }} {{< z >}} {/* a */} {: .b}"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "text", "expected"), EVALUATED, ids=[row[1] for row in EVALUATED])
def test_tags_that_look_something_up_are_evaluated(dialect: Dialect, text: str, expected: str) -> None:
    assert strip_template_tags(text, dialect) == expected


MDX = [
    ("hidden", "a\n\n<div hidden={true}>b</div>\n\n<p style={{color: 'red', display: 'none'}}>c</p>",
     'a\n\n<div hidden="true">b</div>\n\n<p style="display:none">c</p>'),
    ("not hidden", "<p hidden={false} style={{color: 'red'}}>c</p>", "<p>c</p>"),
    ("imports", "import A from 'a';\nimport B from '../B'\n\nText", "\n\n\nText"),
    ("exports over lines", "export const a = {\n\n  b: 1,\n};\n\nText", "\n\n\n\n\nText"),
    ("prose", "import duties rose.\n\nText", "import duties rose.\n\nText"),
    ("code", "```js\nimport a from 'a';\n```\n", "```js\nimport a from 'a';\n```\n"),
    ("components", "<Tabs>\n\n<TabItem value='a' label='A'>\n\nx\n\n</TabItem>\n</Tabs>",
     "\n\n\n\n**A**\n\n\n\nx\n\n\n"),
    ("component in a line", "a <B c={d}>e</B> f", "a e f"),
    ("component with an arrow", "a <B c={() => <i>x</i>} />f", "a f"),
    ("picture by a component", "<Image src={require('./a.png').default} alt=\"A\" />", '<img src="./a.png" alt="A">'),
    ("imported picture", "import a from './a.png';\n\n<img src={a} style={{b: 1}} />", '\n\n<img src="./a.png">'),
    ("self-closing frame", '<iframe src="https://a.test/" />after', '<iframe src="https://a.test/"></iframe>after'),
    ("video", '<LiteYouTubeEmbed id="dQw4w9WgXcQ" title="V" />', '<a href="https://www.youtube.com/watch?v=dQw4w9WgXcQ">V</a>'),
    ("admonition", '<Admonition type="tip" title="T">x</Admonition>', "\n\n:::tip T\n\nx\n\n:::\n\n"),
    ("expressions", "a{' '}b {\"c\"} {d} {/* e */}f \\{g}", "a b c  f \\{g}"),
    ("heading id", "# T {#id}\n", "# T \n"),
    ("element", "a <b>c</b> <code>{x}</code>", "a <b>c</b> <code>{x}</code>"),
    ("no tag", "1 < 2 and {", "1 < 2 and {"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in MDX], ids=[row[0] for row in MDX])
def test_mdx_is_left_out_or_becomes_html(text: str, expected: str) -> None:
    assert re.sub(r"^ +$", "", strip_template_tags(text, DOCUSAURUS), flags=re.MULTILINE) == expected


LOSSES = [
    (JEKYLL, "a\n{% include x.html %}\n{{ y }} {% if z %}{% else %}{% endif %}", ["3 Liquid tags were left out (first: {% include x.html %})"], 2),  # noqa: E501 - a row
    (JEKYLL, "{% comment %}a{% endcomment %}{% assign b = 'c' %}{% raw %}{% endraw %}<!-- d --> {: .e}", [], 0),
    (HUGO, "{{< plotly >}}", ["1 Hugo shortcode was left out (first: {{< plotly >}})"], 1),
    (ZOLA, "\n\n{{ x(a=1) }}", ["1 Zola shortcode was left out (first: {{ x(a=1) }})"], 3),
    (UNKNOWN, "{{ x.y }}", ["1 template tag was left out (first: {{ x.y }})"], 1),
    (DOCUSAURUS, "import A from 'a';\n\n<A/>\n{b}", ["1 component was left out (first: <A/>)", "1 MDX expression was left out (first: {b})"], 3),  # noqa: E501 - a row
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "text", "messages", "line"), LOSSES, ids=[row[1][:20] for row in LOSSES])
def test_what_is_left_out_is_counted(dialect: Dialect, text: str, messages: list[str], line: int) -> None:
    losses = read(text, dialect)[1]
    assert [str(loss) for loss in losses] == messages
    assert [loss.line for loss in losses[:1]] == [line] * bool(line)


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
    stripped = strip_template_tags(text).replace("~~~~x", "").replace("~", "").replace("\n", "")
    assert all(char in remaining for char in stripped)
