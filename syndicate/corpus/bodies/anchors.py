"""Elements that lost their address: a link becomes its text, a picture its description, a media source nothing.

The HTML is what the sanitizer writes: attributes are in double quotes, and `<` and `>` are escaped in text and values.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import NamedTuple

_ELEMENT = re.compile(r'<(/?)(a|img|source)((?: [a-z-]+="[^"]*")*)>')
_ALT = re.compile(r' alt="([^"]*)"')


class Dropped(NamedTuple):
    """HTML without elements that lack an address, and whether there were any."""

    html: str
    changed: bool


def drop_without_address(html: str) -> Dropped:
    """Remove links without `href` and pictures without `src`, in one pass; texts and descriptions stay."""
    kept: list[str] = []
    position = 0
    changed = False
    links: list[bool] = []
    for match in _ELEMENT.finditer(html):
        slash, name, attributes = match.groups()
        if slash:
            is_dropped = bool(links) and not links.pop() if name == "a" else False
            replacement = ""
        else:
            is_dropped = f' {"href" if name == "a" else "src"}="' not in attributes
            if name == "a":
                links.append(not is_dropped)
            replacement = _description(attributes) if name == "img" else ""
        if is_dropped:
            kept += (html[position : match.start()], replacement)
            position = match.end()
            changed = True
    if not changed:
        return Dropped(html, changed=False)
    return Dropped("".join(kept) + html[position:], changed=True)


def _description(attributes: str) -> str:
    alt = _ALT.search(attributes)
    return escape(unescape(alt[1]), quote=False) if alt else ""
