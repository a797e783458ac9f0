"""Elements with `markdown="1"` (kramdown, Python-Markdown): what they hold is Markdown."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter

from .parser import code_lines

_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)([^<>]*)>")
_MARKDOWN = re.compile(r"\s+markdown\s{0,9}=\s{0,9}[\"']?(1|block|span|0)\b[\"']?", re.IGNORECASE)
_VOID = frozenset("area br col embed hr img input link meta source track wbr".split())


def separate_markdown(text: str) -> str:
    """Remove the attribute, and put blank lines around the contents, as CommonMark has it for Markdown in HTML."""
    if "markdown=" not in text and "markdown =" not in text:
        return text
    code = code_lines(text)
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    kept: list[str] = []
    position = 0
    open_tags: list[tuple[str, bool]] = []
    counts: Counter[str] = Counter()
    for tag in _TAG.finditer(text):
        slash, name, attributes = tag.groups()
        if name.lower() in _VOID or attributes.endswith("/") or bisect_right(starts, tag.start()) - 1 in code:
            continue
        if not slash:
            stated = _MARKDOWN.search(attributes)
            is_block = bool(stated) and stated[1] in {"1", "block"} if stated else False
            open_tags.append((name, is_block))
            counts[name] += 1
            if stated:
                kept += (text[position : tag.start()], f"<{name}{_MARKDOWN.sub('', attributes, count=1)}>")
                kept.append("\n\n" if is_block else "")
                position = tag.end()
        elif counts[name]:
            while open_tags:
                opened, is_block = open_tags.pop()
                counts[opened] -= 1
                if opened == name:
                    if is_block:
                        kept += (text[position : tag.start()], "\n\n")
                        position = tag.start()
                    break
    return "".join(kept) + text[position:]
