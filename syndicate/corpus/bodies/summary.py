"""The summary of an entry that states none: the first paragraph of its body."""

from __future__ import annotations

import re
from html import unescape

from ...values.text import shorten
from .formulas import math_as_text

_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_ANY_TAG = re.compile(r"<[^>]*>")
_LABEL = re.compile(r"<blockquote>\s{0,9}<p><strong>[^<]*</strong></p>")
_LONE_LINK = re.compile(r"<a(?: [a-z]+=\"[^\"]*\")*>https?://[^<]*</a>")


def first_paragraph(html: str) -> str:
    """Return the shortened text of the first paragraph that has any, and is neither a label nor a bare address."""
    for paragraph in _PARAGRAPH.finditer(_LABEL.sub("<blockquote>", html, count=1)):
        text = " ".join(unescape(_ANY_TAG.sub("", math_as_text(paragraph[1]))).split())
        if text and not _LONE_LINK.fullmatch(paragraph[1]):
            return shorten(text)
    return ""
