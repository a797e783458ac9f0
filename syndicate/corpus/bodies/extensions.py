"""Rules for the Markdown parser that no plug-in has, or has without a limit on time.

Each function adds one rule: tables, bare links, abbreviations, formulas of TeX, the mark of a table of contents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from ...values.text import shorten

if TYPE_CHECKING:
    from linkify_it import LinkifyIt
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_BARE_LINK = re.compile(r"(?<![^\s*_~(])(?:https?://|www\.)\S+", re.IGNORECASE)
_MAX_LINK = 2000  # linkify-it takes quadratic time for a link with many parentheses
_ABBREVIATION = re.compile(r"\*\[([^\]\n]{1,100})\]:[ \t]*(.*)")
_MAX_EXPLANATIONS = 500_000  # characters: after as many, words are no longer explained
_WORD = re.compile(r"\w+")
_FOOTNOTE = re.compile(r"\[\^[^\s\[\]]{1,200}\]")
_FORMULA = re.compile(
    r"""\$\$((?:[^$`\\]|\\.){1,2000}?)\$\$
      | (?<![\w$\\])\$(?![\s$])((?:[^$`\\\n]|\\.){1,500}?)(?<!\s)\$(?![\w$])
      | \\(\\?)\(((?:[^`\\]|\\[^()\\]){1,500}?)\\\3\)
      | \\\\\[((?:[^`\\]|\\[^\[\]\\]){1,2000}?)\\\\\]""",
    re.VERBOSE | re.DOTALL,
)
_FEW_COLUMNS = 20
_MAX_MISSING_CELLS = 10_000
_MISSING_CELLS = "missing_cells"
_TEX = re.compile(r"[\\_^*={}]")


def bounded_tables_plugin(parser: MarkdownIt) -> None:
    """Read a table as text if its rows lack very many cells, each of which is made and costs no byte of the body."""
    from markdown_it.rules_block.table import table

    def bounded_table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001 - a rule
        if not silent and _line(state, start_line).count("|") > _FEW_COLUMNS:
            state.env[_MISSING_CELLS] = state.env.get(_MISSING_CELLS, 0) + _missing_cells(state, start_line, end_line)
            if state.env[_MISSING_CELLS] > _MAX_MISSING_CELLS:
                return False
        return table(state, start_line, end_line, silent)

    parser.block.ruler.at("table", bounded_table, {"alt": ["paragraph", "reference"]})


def _missing_cells(state: StateBlock, start_line: int, end_line: int) -> int:
    columns = _line(state, start_line).count("|")
    missing = 0
    for line in range(start_line + 2, end_line):
        text = _line(state, line)
        if not text.strip():
            break
        missing += max(columns - text.count("|"), 0)
    return missing


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] : state.eMarks[line]]


def bare_links_plugin(parser: MarkdownIt) -> None:
    """Make links of addresses in text (GitHub Flavored Markdown §6.9)."""
    parser.core.ruler.after("inline", "bare_links", _link_addresses)


def _link_addresses(state: StateCore) -> None:
    for block in state.tokens:
        if block.type == "inline" and block.children and ("://" in block.content or "www." in block.content):
            block.children = list(_linked(state.md, block.children))


def _linked(parser: MarkdownIt, tokens: list[Token]) -> Iterator[Token]:
    depth = 0
    for token in tokens:
        match token.type:
            case "link_open":
                depth += 1
            case "link_close":
                depth -= 1
            case "html_inline" if re.match(r"<a[\s>]", token.content, re.IGNORECASE):
                depth += 1
            case "html_inline" if re.match(r"</a\s*>", token.content, re.IGNORECASE):
                depth = max(depth - 1, 0)
            case "text" if depth == 0 and _BARE_LINK.search(token.content):
                yield from _split_at_links(parser, token)
                continue
        yield token


def _split_at_links(parser: MarkdownIt, token: Token) -> Iterator[Token]:
    from markdown_it.token import Token

    position = 0
    for word in _BARE_LINK.finditer(token.content):
        text = word[0]
        added = "" if text[:4].lower() == "http" else "http://"
        found = _linkify().match_at_start(added + text) if len(text) <= _MAX_LINK else None
        if found is None:
            continue
        length = found.last_index - len(added)
        if before := token.content[position : word.start()]:
            yield Token("text", "", 0, content=before, level=token.level)
        yield Token("link_open", "a", 1, {"href": parser.normalizeLink(found.url)}, level=token.level, info="auto")
        yield Token("text", "", 0, content=text[:length], level=token.level + 1)
        yield Token("link_close", "a", -1, level=token.level, info="auto")
        position = word.start() + length
    if rest := token.content[position:]:
        yield Token("text", "", 0, content=rest, level=token.level)


@cache
def _linkify() -> LinkifyIt:
    from linkify_it import LinkifyIt

    return LinkifyIt(options={"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})


def abbreviations_plugin(parser: MarkdownIt) -> None:
    """Read `*[HTML]: HyperText Markup Language`, and explain the word wherever it stands."""
    parser.block.ruler.before("reference", "abbreviation", _define_abbreviation, {"alt": ["paragraph", "reference"]})
    parser.core.ruler.after("inline", "abbreviations", _explain_abbreviations)


def _define_abbreviation(state: StateBlock, line: int, _end: int, silent: bool) -> bool:  # noqa: FBT001 - called so
    start = state.bMarks[line] + state.tShift[line]
    if not state.src.startswith("*[", start):
        return False
    definition = _ABBREVIATION.fullmatch(state.src, start, state.eMarks[line])
    if definition is None:
        return False
    if not silent:
        state.env.setdefault("abbreviations", {}).setdefault(definition[1], shorten(definition[2].strip()))
        state.line = line + 1
    return True


def _explain_abbreviations(state: StateCore) -> None:
    known = state.env.get("abbreviations")
    if not known:
        return
    length = 0
    for block in state.tokens:
        if block.type == "inline" and block.children and length < _MAX_EXPLANATIONS:
            block.children = [new for token in block.children for new in _explained(token, known)]
            length += sum(len(token.content) for token in block.children if token.type == "html_inline")


def _explained(token: Token, known: dict[str, str]) -> Iterator[Token]:
    from markdown_it.token import Token

    position = 0
    for word in _WORD.finditer(token.content) if token.type == "text" else ():
        if (title := known.get(word[0])) is not None:
            yield Token("text", "", 0, content=token.content[position : word.start()], level=token.level)
            html = f'<abbr title="{escape(title)}">{escape(word[0])}</abbr>'
            yield Token("html_inline", "", 0, content=html, level=token.level)
            position = word.end()
    if not position:
        yield token
    elif rest := token.content[position:]:
        yield Token("text", "", 0, content=rest, level=token.level)


def formulas_plugin(parser: MarkdownIt) -> None:
    r"""Leave formulas of TeX as they are: `$…$`, `$$…$$`, `\(…\)`, `\\(…\\)`, `\\[…\\]`, if they look like TeX."""
    parser.inline.ruler.before("escape", "formula", _copy_formula)


def _copy_formula(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - called so
    if state.src[state.pos] not in "$\\":
        return False
    formula = _FORMULA.match(state.src, state.pos, state.posMax)
    if formula is None:
        return False
    content = next(group for group in (formula[1], formula[2], formula[4], formula[5]) if group is not None)
    if not _TEX.search(content) or "](" in content:
        return False
    if not silent:
        state.pending += formula[0].replace("\\\\(", "\\(").replace("\\\\)", "\\)") if formula[3] else formula[0]
    state.pos = formula.end()
    return True


def contents_mark_plugin(parser: MarkdownIt) -> None:
    """Leave out `[TOC]` on a line of its own, in the place of which a page has its table of contents."""

    def skip(state: StateBlock, line: int, _end: int, silent: bool) -> bool:  # noqa: FBT001 - called so
        start = state.bMarks[line] + state.tShift[line]
        if not state.src.startswith("[TOC]", start) or state.src[start : state.eMarks[line]].strip() != "[TOC]":
            return False
        if not silent:
            state.line = line + 1
        return True

    parser.block.ruler.before("paragraph", "contents_mark", skip)


def bounded_footnotes_plugin(parser: MarkdownIt, footnote_id: str) -> None:
    """Read footnotes. `footnote_id` is the id of a note on the page, with `{label}` and `{number}`."""
    from mdit_py_plugins.footnote import footnote_plugin
    from mdit_py_plugins.footnote.index import footnote_ref

    footnote_plugin(parser, inline=False)

    def reference(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - called so
        # The plug-in searches the end of a label up to the end of the text, from each `[^`.
        return bool(_FOOTNOTE.match(state.src, state.pos, state.posMax)) and footnote_ref(state, silent)

    def name(tokens: Any, index: int, pattern: str) -> str:
        meta = tokens[index].meta
        number = str(meta["id"] + 1)
        return escape(pattern.replace("{number}", number).replace("{label}", meta.get("label") or number))

    def render_reference(_self: Any, tokens: Any, index: int, *_: Any) -> str:
        number = tokens[index].meta["id"] + 1
        return f'<sup><a href="#{name(tokens, index, footnote_id)}">[{number}]</a></sup>'

    def render_back_link(_self: Any, tokens: Any, index: int, *_: Any) -> str:
        back = footnote_id.replace("fn", "fnref", 1)
        return f' <a href="#{name(tokens, index, back)}">↩\ufe0e</a>'

    parser.inline.ruler.at("footnote_ref", reference)
    parser.add_render_rule("footnote_ref", render_reference)
    parser.add_render_rule("footnote_anchor", render_back_link)
    parser.add_render_rule("footnote_open", lambda *_: "<li>")
    parser.add_render_rule("footnote_block_open", lambda *_: "<hr>\n<ol>\n")
    parser.add_render_rule("footnote_block_close", lambda *_: "</ol>\n")
