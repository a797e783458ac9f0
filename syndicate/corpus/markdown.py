"""Render a Markdown body to HTML without scripts, relative addresses and template tags."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from ..values import addresses
from ..values.text import html_text, shorten, strip_forbidden
from .template_tags import strip_template_tags

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_OPEN_OR_CLOSE = re.compile(r"<(/?)([a-z][^\s/>]*)", re.IGNORECASE)
# Elements without content, and elements that the next of their kind closes.
_NEVER_NESTED = frozenset("br col dd dt hr img input li link meta option p source td th tr wbr".split())
_MAX_DEPTH = 500  # the sanitizer's time is quadratic in the depth: five minutes for a hostile megabyte

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
_ADDRESS_ATTRIBUTES = frozenset({"href", "src", "poster", "cite"})


def to_html(body: str, base_url: str) -> str:
    """Render and sanitize a body. Its addresses are resolved against `base_url`, and removed if they are unsafe."""
    text = strip_template_tags(strip_forbidden(body))
    if not text.strip():
        return ""
    return sanitize_html(_parser().render(text), base_url)


def sanitize_html(html: str, base_url: str) -> str:
    """Sanitize HTML: keep only allowed elements and attributes. Returns nothing for HTML that nests too deep."""
    import nh3

    if _nests_too_deep(html):
        return ""

    def filter_attribute(tag: str, attribute: str, value: str) -> str | None:
        if attribute not in _ADDRESS_ATTRIBUTES:
            return value
        if tag == "a" and value.startswith("mailto:"):
            return value
        try:
            return addresses.normalize(value, base_url)
        except ValueError:
            return None

    cleaned = nh3.clean(
        html,
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=filter_attribute,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
        strip_comments=True,
    )
    return strip_forbidden(cleaned).strip()


def _nests_too_deep(html: str) -> bool:
    if html.count("<") <= _MAX_DEPTH:
        return False
    opened: Counter[str] = Counter()
    depth = 0
    for slash, tag in _OPEN_OR_CLOSE.findall(html):
        name = tag.lower()
        if name in _NEVER_NESTED or (slash and not opened[name]):
            continue
        step = -1 if slash else 1
        opened[name] += step
        depth += step
        if depth > _MAX_DEPTH:
            return True
    return False


def first_paragraph(html: str) -> str:
    """Return the shortened text of the first paragraph that has any: the summary of an entry that states none."""
    for paragraph in _PARAGRAPH.finditer(html):
        if text := html_text(paragraph[1]):
            return shorten(text)
    return ""


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.footnote import footnote_plugin

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return parser.use(footnote_plugin).use(deflist_plugin)
