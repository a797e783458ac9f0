"""Rewrite elements that feed readers do not show: players and frames become links, lazy pictures get their addresses.

Theory of operation
-------------------
Feed readers run no scripts and load no frames. `rewrite_embeds` gets HTML that was sanitized with a wide list of
elements, so that every tag and attribute has one form, and makes one pass over its tags:

    iframe, embed, object, `<lite-youtube>`   a link to what they show; what they hold for old browsers is left out
    img                                       with the address that a script would load: `data-src`, largest of `srcset`
    picture                                   its `img`
    video, audio                              with controls; with the address that a script would load
    progress, meter, a check box              their value as text
    hidden elements, `<dialog>`               left out, as a browser does not show them

The result is sanitized again with the narrow list.
"""

from __future__ import annotations

import re
from html import escape, unescape

from .not_shown import ATTRIBUTES, is_hidden, may_hide

_TAG = re.compile(r'<(/?)([a-z][a-z0-9:_.-]*)((?: [^\s"=<>/]+="[^"]*")*)>')
_ATTRIBUTE = re.compile(r' ([^\s"=<>/]+)="([^"]*)"')
_REWRITTEN = (
    "<iframe", "<embed", "<object", "<video", "<audio", "<picture", "<progress", "<meter", "<input",
    "srcset", " data-", "\ndata-",
)  # fmt: skip
_CUSTOM_ELEMENT = re.compile(r"<([a-z][a-z0-9]{0,30}-[a-z0-9-]*)")
_NOSCRIPT = re.compile(r"</?noscript(?:\s[^<>]*)?>", re.IGNORECASE)
_SCRIPT_EMBED = re.compile(
    r"<script\s[^<>]*?\bsrc\s*=\s*[\"']?"
    r"(https?://(?:gist\.github\.com/[\w.-]+/\w+|asciinema\.org/a/\w+|gitlab\.com/[\w./-]+/snippets/\d+))\.js[^<>]*>"
    r"\s{0,9}</script>",
    re.IGNORECASE,
)
_YOUTUBE = re.compile(r"(?:https?:)?//(?:www\.|m\.)?youtube(?:-nocookie)?\.com/embed/([\w-]{11})(?=[/?#]|\Z)")
_VIMEO = re.compile(r"(?:https?:)?//player\.vimeo\.com/video/(\d+)(?=[/?#]|\Z)")
_LAZY = ("data-src", "data-lazy-src", "data-original", "data-lazy", "data-original-src", "data-url")
_LAZY_SETS = ("srcset", "data-srcset", "data-lazy-srcset")
_CANDIDATE = re.compile(r"([^\s,]\S*)(?:\s+(\d+(?:\.\d+)?)[wxh](?=[\s,]|\Z))?")
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,9})?")
_PLAYER_FRAMES = frozenset({"iframe", "embed", "object"})
_VOID = frozenset("area br col embed hr img input param source track wbr".split())

WIDE_TAGS = frozenset("iframe embed object param picture dialog progress meter input".split())
WIDE_ATTRIBUTES = {
    "*": set(ATTRIBUTES),
    "dialog": {"open"},
    "embed": {"src"},
    "iframe": {"src", "title"},
    "img": {"srcset"},
    "input": {"type", "checked"},
    "meter": {"value", "max"},
    "object": {"data"},
    "param": {"name", "value"},
    "progress": {"value", "max"},
    "source": {"srcset"},
}
CUSTOM_ATTRIBUTES = {"src", "title", "videoid", "video-id", "playlabel"}


def needs_rewriting(html: str) -> bool:
    """Return whether HTML may hold elements that `rewrite_embeds` changes."""
    lowered = html.lower()  # searching for words is ten times as fast as a pattern of them
    return any(word in lowered for word in _REWRITTEN) or bool(_CUSTOM_ELEMENT.search(lowered)) or may_hide(lowered)


def custom_elements(html: str) -> set[str]:
    """Return the names of the custom elements in HTML."""
    return set(_CUSTOM_ELEMENT.findall(html.lower()))


def replace_scripts(html: str) -> str:
    """Return HTML in which `<noscript>` is read as HTML, and scripts that show something are links to it."""
    if "<noscript" in html or "<NOSCRIPT" in html:
        html = _NOSCRIPT.sub("", html)
    if ".js" in html and "<script" in html:
        html = _SCRIPT_EMBED.sub(r'<p><a href="\1">\1</a></p>', html)
    return html


def player_address(address: str) -> str:
    """Return the page of a video for the address of its player, which shows an error outside a frame."""
    if match := _YOUTUBE.match(address):
        return f"https://www.youtube.com/watch?v={match[1]}"
    if match := _VIMEO.match(address):
        return f"https://vimeo.com/{match[1]}"
    return address


def rewrite_embeds(html: str) -> str:
    """Return sanitized HTML with elements rewritten as this module describes."""
    return _Rewriter(html).rewrite()


class _Rewriter:
    def __init__(self, html: str) -> None:
        self._html = html
        self._kept: list[str] = []
        self._depth = 0  # of open elements
        self._skipped_below = -1  # the depth at which a skipped element began; -1 outside
        self._source_sets: list[str] = []  # of the sources of an open picture
        self._lazy_source = ""  # of the last picture, if a script was to load it

    def rewrite(self) -> str:
        position = 0
        for match in _TAG.finditer(self._html):
            if self._skipped_below < 0:
                text = self._html[position : match.start()]
                self._kept.append(text)
                if text.strip():
                    self._lazy_source = ""
            position = match.end()
            if match[1]:
                self._close(match[2], match[0])
            else:
                self._open(match[2], {name: unescape(value) for name, value in _ATTRIBUTE.findall(match[3])}, match[0])
        if self._skipped_below < 0:
            self._kept.append(self._html[position:])
        return "".join(self._kept)

    def _close(self, name: str, tag: str) -> None:
        if name not in _VOID:
            self._depth -= 1
        if self._skipped_below < 0:
            if name != "picture":
                self._kept.append(tag)
            else:
                self._source_sets.clear()
        elif self._depth <= self._skipped_below:
            self._skipped_below = -1

    def _open(self, name: str, attributes: dict[str, str], tag: str) -> None:
        if self._skipped_below < 0:
            self._show(name, attributes, tag)
        if name not in _VOID:
            self._depth += 1

    def _show(self, name: str, attributes: dict[str, str], tag: str) -> None:
        if is_hidden(name, attributes):
            self._skip(name)
        elif name == "img":
            self._kept.append(self._picture(attributes))
        elif name == "source" and "srcset" in attributes:
            self._source_sets.append(attributes["srcset"])
        elif name in {"video", "audio"}:
            self._kept.append(_media(name, attributes))
        elif address := _embedded_address(name, attributes):
            self._kept.append(self._link(address, attributes.get("title") or attributes.get("playlabel") or ""))
            self._skip(name)
        elif name == "iframe":
            self._skip(name)
        elif name in {"progress", "meter", "input"}:
            self._kept.append(_control(name, attributes))
            self._skip(name)
        elif name not in {"picture", "param", "dialog", "embed", "object"}:
            self._kept.append(tag)

    def _skip(self, name: str) -> None:
        if name not in _VOID:
            self._skipped_below = self._depth

    def _link(self, address: str, title: str) -> str:
        page = player_address(address)
        text = title.strip() or (f"https:{page}" if page.startswith("//") else page)
        link = f'<a href="{escape(page)}">{escape(text)}</a>'
        return link if self._depth else f"<p>{link}</p>"

    def _picture(self, attributes: dict[str, str]) -> str:
        source = attributes.get("src", "")
        lazy = next((attributes[name] for name in _LAZY if _is_address(attributes.get(name, ""))), "")
        if not lazy and not _is_address(source):
            sets = [attributes[name] for name in _LAZY_SETS if name in attributes] + self._source_sets
            lazy = next(filter(None, map(_largest, sets)), "")
        if not lazy and source and source == self._lazy_source:
            self._lazy_source = ""
            return ""  # the same picture once more, for browsers without scripts
        self._lazy_source = lazy
        shown = {"src": lazy or source} | {
            name: attributes[name] for name in ("alt", "title", "width", "height") if name in attributes
        }
        return f"<img{_written(shown)}>"


def _embedded_address(name: str, attributes: dict[str, str]) -> str:
    """Return the address of what an element embeds; empty if it embeds nothing."""
    if name in _PLAYER_FRAMES:
        stated = (attributes.get(key, "") for key in ("src", "data", *_LAZY))
    elif "-" in name:
        video = next((attributes[key] for key in ("videoid", "video-id", "data-videoid") if attributes.get(key)), "")
        if video:
            site = "https://vimeo.com/" if "vimeo" in name else "https://www.youtube.com/watch?v="
            return f"{site}{video}"
        stated = (attributes.get(key, "") for key in ("src", "data-src"))
    else:
        return ""
    return next((address for address in stated if _is_address(address)), "")


def _media(name: str, attributes: dict[str, str]) -> str:
    """Return the tag of a video or sound, which readers can start."""
    source = next((attributes[key] for key in ("src", *_LAZY) if _is_address(attributes.get(key, ""))), "")
    poster = attributes.get("poster") or attributes.get("data-poster") or ""
    shown = {key: value for key, value in (("src", source), ("poster", poster)) if value}
    shown |= {key: attributes[key] for key in ("width", "height", "title") if key in attributes}
    return f'<{name}{_written(shown)} controls="">'


def _control(name: str, attributes: dict[str, str]) -> str:
    """Return what a control shows, as text."""
    if name == "input":
        is_box = attributes.get("type", "").lower() in {"checkbox", "radio"}
        return ("☑ " if "checked" in attributes else "☐ ") if is_box else ""
    value, largest = attributes.get("value", ""), attributes.get("max", "1")
    if not _NUMBER.fullmatch(value) or not _NUMBER.fullmatch(largest) or float(largest) == 0:
        return ""
    return f"{100 * float(value) / float(largest):.0f}%"


def _is_address(value: str) -> bool:
    """Return whether a value may be the address of a picture, and not a placeholder that it has until it is loaded."""
    return bool(value) and not value.lower().startswith(("data:", "about:", "javascript:")) and " " not in value.strip()


def _largest(source_set: str) -> str:
    """Return the address with the largest width or density in a `srcset`."""
    best, size = "", -1.0
    for address, number in _CANDIDATE.findall(source_set):
        if _is_address(address) and float(number or 1) > size:
            best, size = address.rstrip(","), float(number or 1)
    return best


def _written(attributes: dict[str, str]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
