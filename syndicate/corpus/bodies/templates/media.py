"""Tags for pictures and embedded media that generators and themes have under the same names, as HTML.

A picture becomes an `<img>`; what needs a script or a frame becomes a link.
"""

from __future__ import annotations

import re
from html import escape

from ..embeds import player_address
from .arguments import Arguments

_PICTURES = frozenset({"figure", "fig", "image", "img", "picture", "responsive_image"})
_FILES = frozenset({"video", "audio"})
_ID = re.compile(r"[\w.:/@-]+")
# How an embedded element is addressed, by the name of its tag; the fields are the arguments of the tag.
_EMBEDDED = {
    "youtube": "https://www.youtube.com/watch?v={id}",
    "vimeo": "https://vimeo.com/{id}",
    "gist": "https://gist.github.com/{user}/{id}",
    "tweet": "https://x.com/{user}/status/{id}",
    "twitter": "https://x.com/{user}/status/{id}",
    "x": "https://x.com/{user}/status/{id}",
    "instagram": "https://www.instagram.com/p/{id}",
    "asciinema": "https://asciinema.org/a/{id}",
    "codepen": "https://codepen.io/{user}/pen/{id}",
    "speakerdeck": "https://speakerdeck.com/player/{id}",
}
_NAMES = re.compile(
    rf"(?:lite[-_]?)?({'|'.join(_EMBEDDED)})(?:[-_]?(?:embed|lite|player|video|simple|enhanced))*", re.IGNORECASE
)


def media_html(name: str, arguments: Arguments) -> str | None:
    """Return the HTML of a tag for media; None if the tag is none, or does not say where the media is."""
    name = name.lower()
    if name in _PICTURES:
        return _picture(arguments)
    if name in _FILES:
        return _file(name, arguments)
    match = _NAMES.fullmatch(name)
    return _link(_EMBEDDED[match[1].lower()], arguments) if match else None


def _picture(arguments: Arguments) -> str | None:
    source = arguments.first("src", "url", "path", "file", "image", "image_path", "filename") or arguments.at(0)
    if not source:
        return None
    caption = arguments.first("caption", "title")
    alt = arguments.first("alt") or (arguments.at(1) if "src" not in arguments.named else "") or caption
    size = "".join(
        f' {side}="{value}"' for side in ("width", "height") if (value := arguments.first(side)) and value.isdecimal()
    )
    image = f'<img src="{escape(source)}" alt="{escape(alt)}"{size}>'
    if link := arguments.first("link"):
        image = f'<a href="{escape(link)}">{image}</a>'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>" if caption else image


def _file(name: str, arguments: Arguments) -> str | None:
    source = arguments.first("src", "url", "mp4", "webm", "file") or arguments.at(0)
    return f'<{name} src="{escape(source)}" controls></{name}>' if source else None


def _link(pattern: str, arguments: Arguments) -> str | None:
    """Return a link to what a site of media shows under an id, or under a user and an id."""
    identifier = arguments.first("id", "videoid", "video_id", "video", "src", "url", "slug", "hash", "pen")
    user = arguments.first("user", "username")
    positional = [arguments.at(index) for index in range(2)]
    if "{user}" in pattern and not user:
        user = positional.pop(0) if positional[1] else "i" if "x.com" in pattern else ""
    identifier = identifier or positional[0]
    if identifier.startswith(("https://", "http://")):
        address = player_address(identifier)
    elif _ID.fullmatch(identifier) and _ID.fullmatch(user or "-"):
        address = re.sub(r"(?<!:)//+", "/", pattern.format(user=user, id=identifier.strip("/")))
    else:
        return None
    text = arguments.first("title", "caption", "label") or address
    return f'<a href="{escape(address)}">{escape(text)}</a>'
