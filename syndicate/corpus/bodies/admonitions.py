"""Notes, tips and warnings as labelled quotations: `:::note`, `> [!NOTE]`, and `!!! note` of Python-Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_KINDS = frozenset(
    "abstract attention bug caution danger error example failure hint important info note question quote secondary "
    "seealso success summary tip todo warning".split()
)
# `:::note`, `::: note Title`, `:::note[Title]{.class}`, `::: {.note}`
_OPENING = re.compile(r"[ \t]*\{?\.?([A-Za-z][\w-]{0,30})[ \t]*(?:\[(.*)\]|([^{}]*))(?:\{[^{}]*\})?\}?[ \t]*")

_MAX_OPENING = 500


def is_admonition(word: str) -> bool:
    """Return whether a word names a kind of admonition."""
    return word.lower() in _KINDS


def admonitions_plugin(parser: MarkdownIt, *, python: bool) -> None:
    """Let a parser read admonitions. Containers of another name are read, too, as their contents without a label."""
    from mdit_py_plugins.admon import admon_plugin
    from mdit_py_plugins.container import container_plugin

    parser.options["alerts"] = True

    def render(_self: Any, tokens: Sequence[Token], index: int, _options: Any, env: Any) -> str:
        is_labelled = env.setdefault("labelled_containers", [])
        if tokens[index].nesting < 0:
            return "</blockquote>\n" if is_labelled and is_labelled.pop() else ""
        opening = _OPENING.fullmatch(tokens[index].info[:_MAX_OPENING])
        kind = opening[1] if opening else ""
        is_labelled.append(is_admonition(kind))
        if opening is None or not is_admonition(kind):
            return ""
        title = (opening[2] or opening[3] or "").strip() or kind.capitalize()
        return f"<blockquote>\n<p><strong>{parser.renderInline(title)}</strong></p>\n"

    container_plugin(parser, "admonition", validate=_is_opening, render=render)
    if python:
        admon_plugin(parser)
    for name, html in _MARKUP.items():
        parser.add_render_rule(name, _constant(html))


def _is_opening(parameters: str, *_: object) -> bool:
    return _OPENING.fullmatch(parameters[:_MAX_OPENING]) is not None


_MARKUP = {
    "alert_open": "<blockquote>\n",
    "alert_title_open": "<p><strong>",
    "alert_title_close": "</strong></p>\n",
    "alert_close": "</blockquote>\n",
    "admonition_open": "<blockquote>\n",
    "admonition_title_open": "<p><strong>",
    "admonition_title_close": "</strong></p>\n",
    "admonition_close": "</blockquote>\n",
}


def _constant(html: str) -> Any:
    return lambda *_: html
