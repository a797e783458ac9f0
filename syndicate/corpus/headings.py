"""The first heading of a Markdown body: the title of a record that states none."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from ..values.text import html_text, strip_forbidden
from .template_tags import strip_template_tags

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_BEGIN_HEADING = re.compile(r"<h[1-6]\b[^<>]*>", re.IGNORECASE)
_END_HEADING = re.compile(r"</h[1-6]\s*>", re.IGNORECASE)


def first_heading(body: str) -> str:
    """Return the text of the first heading that has any, in one line; empty if there is none."""
    tokens = _parser().parse(strip_template_tags(strip_forbidden(body)))
    for number, token in enumerate(tokens):
        text = ""
        if token.type == "heading_open":
            text = " ".join(_text_of(tokens[number + 1]).split())
        elif token.type == "html_block":
            text = _text_of_html(token.content)
        if text:
            return text
    return ""


def _text_of(inline: Token) -> str:
    """Return the text of inline Markdown; that of an image is its alternative text."""
    parts = []
    for token in inline.children or ():
        if token.type in {"text", "code_inline", "image"}:
            parts.append(token.content)
        elif token.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
    return "".join(parts)


def _text_of_html(html: str) -> str:
    """Return the text of the first heading in a block of HTML."""
    begin = _BEGIN_HEADING.search(html)
    end = _END_HEADING.search(html, begin.end()) if begin else None
    return html_text(html[begin.end() : end.start()]) if begin and end else ""


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
