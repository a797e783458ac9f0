"""A body in Markdown -> clean HTML that stands by itself: no scripts, no relative addresses, no template tags."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from ..values import addresses
from ..values.text import plain_text, shorten, strip_forbidden

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HIGHLIGHT = re.compile(r"\s*\{%-?\s*highlight\s+([\w+#-]+)[^%]*%\}\s*$")
_END_HIGHLIGHT = re.compile(r"\s*\{%-?\s*endhighlight\s*-?%\}\s*$")
# Code spans are matched first, so that a template tag inside one stays.
_TEMPLATE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)|\{%.*?%\}|\{\{.*?\}\}|(?<!\\)\{:\s?[^{}\n]*\}|\{#[\w-]+\}")
_FIRST_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_ANY_TAG = re.compile(r"<[^>]*>")

_TAGS = frozenset(
    "a abbr b blockquote br caption cite code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 "
    "h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small span strong sub summary sup table tbody td "
    "tfoot th thead time tr u ul var video audio source".split()
)
_ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "audio": {"src", "controls"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "source": {"src", "type"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "video": {"src", "controls", "poster", "width", "height"},
}
_ADDRESSES = frozenset({"href", "src", "poster", "cite"})


def to_html(body: str, base_url: str) -> str:
    """Render and clean a body; its addresses are made absolute against `base_url`, or dropped when they are unsafe."""
    text = _without_templates(strip_forbidden(body))
    if not text.strip():
        return ""
    return clean_html(_parser().render(text), base_url)


def clean_html(html: str, base_url: str) -> str:
    """Keep what a feed reader should show, and nothing that runs."""
    import nh3

    def absolute(tag: str, attribute: str, value: str) -> str | None:
        if attribute not in _ADDRESSES:
            return value
        if tag == "a" and value.startswith("mailto:"):
            return value
        try:
            return addresses.clean(value, base_url)
        except ValueError:
            return None

    cleaned = nh3.clean(
        html,
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=absolute,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
        strip_comments=True,
    )
    return strip_forbidden(cleaned).strip()


def first_paragraph(html: str) -> str:
    """The text of the first paragraph that has any, shortened: a summary for an entry that states none."""
    for found in _FIRST_PARAGRAPH.finditer(html):
        if text := plain_text(_ANY_TAG.sub("", found[1])):
            return shorten(text)
    return ""


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.footnote import footnote_plugin

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return parser.use(footnote_plugin).use(deflist_plugin)


def _without_templates(text: str) -> str:
    """The text without Liquid tags, shortcodes and kramdown attributes; code keeps them, they are its subject."""
    if "{" not in text:
        return text
    lines = []
    fence = ""
    for line in text.split("\n"):
        if fence:
            ends = _END_HIGHLIGHT.match(line) if fence == "{%" else line.strip().startswith(fence)
            lines.append("~~~~" if ends and fence == "{%" else line)
            fence = "" if ends else fence
        elif found := _FENCE.match(line):
            fence = found[1]
            lines.append(line)
        elif found := _HIGHLIGHT.match(line):
            fence = "{%"
            lines.append(f"~~~~{found[1]}")
        elif line.startswith("    "):
            lines.append(line)
        else:
            lines.append(_TEMPLATE.sub(_keep_code, line))
    return "\n".join(lines)


def _keep_code(found: re.Match[str]) -> str:
    return found[0] if found[1] else ""
