"""The first heading of a body: the title of a record that states none."""

from __future__ import annotations

import re

from ...values.dialects import UNKNOWN, Dialect
from ...values.text import html_text
from .formulas import math_as_text
from .render import render_body

_BEGIN_HEADING = re.compile(r"<h[1-6]\b[^<>]*>")
_END_HEADING = re.compile(r"</h[1-6]>")
_ALTERNATIVE = re.compile(r'<img(?: [a-z]+="[^"]*")*? alt="([^"]*)"[^>]*>')
_BASE = "https://site.invalid/"


def first_heading(body: str, dialect: Dialect = UNKNOWN, path: str = "") -> str:
    """Return the text of the first heading that has any, in one line; empty if there is none."""
    html = render_body(body, base_url=_BASE, dialect=dialect, path=path).html
    for begin in _BEGIN_HEADING.finditer(html):
        end = _END_HEADING.search(html, begin.end())
        if end and (text := _text_of(html[begin.end() : end.start()])):
            return text
    return ""


def _text_of(html: str) -> str:
    """Return the text of a heading; that of an image is its alternative text."""
    return html_text(_ALTERNATIVE.sub(r"\1", math_as_text(html)))
