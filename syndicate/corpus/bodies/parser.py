"""The Markdown parser: CommonMark with the extensions of GitHub and those that site generators add."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ...values.dialects import Dialect
from .admonitions import admonitions_plugin
from .extensions import (
    abbreviations_plugin,
    bare_links_plugin,
    bounded_footnotes_plugin,
    bounded_tables_plugin,
    contents_mark_plugin,
    formulas_plugin,
)

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_ALIGNMENT = "text-align:"


def markdown_html(text: str, dialect: Dialect, *, is_mdx: bool, max_length: int) -> str | None:
    """Render Markdown; return None if definitions that links repeat would make the HTML longer than `max_length`."""
    parser = _parser(dialect, is_mdx)
    env: dict[str, Any] = {}
    tokens = parser.parse(text, env)
    if _repeated_length(tokens, env, text) > max_length:
        return None
    html: str = parser.renderer.render(tokens, parser.options, env)
    return html


def code_lines(text: str, *, has_indented_code: bool = True) -> set[int]:
    """Return the numbers, from 0, of the lines that belong to code blocks."""
    lines: set[int] = set()
    for token in _block_parser(has_indented_code).parse(text):
        if token.type in {"fence", "code_block"} and token.map:
            lines.update(range(*token.map))
    return lines


def _repeated_length(tokens: Sequence[Token], env: dict[str, Any], text: str) -> int:
    """Return the length of addresses and titles that reference definitions and abbreviations repeat, if it is large."""
    definitions = [len(one["href"]) + len(one.get("title") or "") for one in env.get("references", {}).values()]
    definitions += map(len, env.get("abbreviations", {}).values())
    if not definitions or max(definitions) * len(text) < 1_000_000:
        return 0
    return sum(
        len(child.content) + sum(map(len, map(str, child.attrs.values())))
        for token in tokens
        for child in token.children or ()
        if child.attrs or child.type == "html_inline"
    )


@cache
def _parser(dialect: Dialect, is_mdx: bool) -> MarkdownIt:  # noqa: FBT001 - cached by position
    from markdown_it import MarkdownIt
    from mdit_py_plugins.deflist import deflist_plugin

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True  # type: ignore[method-assign] # noqa: ARG005 - sanitizing decides
    parser.options["tasklists"] = True
    if is_mdx:
        parser.disable("code")
    bounded_tables_plugin(parser)
    bounded_footnotes_plugin(parser, dialect.footnote_id)
    parser.use(deflist_plugin).use(admonitions_plugin, python=dialect.python_admonitions)
    parser.use(formulas_plugin).use(bare_links_plugin)
    if dialect.abbreviations:
        parser.use(abbreviations_plugin).use(contents_mark_plugin)
    parser.add_render_rule("list_item_open", _render_item)
    for name in ("th_open", "td_open"):
        parser.add_render_rule(name, _render_cell)
    return parser


@cache
def _block_parser(has_indented_code: bool) -> MarkdownIt:  # noqa: FBT001 - cached by position
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table"])
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser if has_indented_code else parser.disable("code")


def _render_item(self: Any, tokens: Sequence[Token], index: int, options: Any, _env: Any) -> str:
    """Render the beginning of a list item; a task has a mark, since feed readers show no controls."""
    token = tokens[index]
    html: str = self.renderToken(tokens, index, options, _env)
    if "checked" not in token.meta:
        return html
    return html + ("☑ " if token.meta["checked"] else "☐ ")


def _render_cell(_self: Any, tokens: Sequence[Token], index: int, *_: Any) -> str:
    """Render the beginning of a cell, with its alignment as an attribute: feed readers remove styles."""
    token = tokens[index]
    style = str(token.attrs.get("style", ""))
    return f'<{token.tag} align="{style.removeprefix(_ALIGNMENT)}">' if style else f"<{token.tag}>"
