"""The image and the video of an entry."""

from __future__ import annotations

import re
from html import unescape

from ...model import Image
from ...values.text import plain_text
from ..scalars import describe, pixels
from .reader import FieldReader, Keys

_IFRAME_SRC = re.compile(r"<iframe\b[^<>]*?\ssrc\s*=\s*[\"']?([^\"'\s<>]+)", re.IGNORECASE)


def image_of(reader: FieldReader, base: str) -> Image | None:
    """Return the first image with a valid address; relative addresses are resolved against `base`."""
    for key, value in reader.values("image"):
        images = value if isinstance(value, list) else [value]
        for index, stated in enumerate(images):
            keys: Keys = (key, index) if isinstance(value, list) else (key,)
            if image := _image(reader, keys, stated, base):
                return image
    return None


def video_url_of(reader: FieldReader) -> str | None:
    """Return the address of the first `<iframe>` in an HTML value."""
    for key, value in reader.values("video"):
        frame = _IFRAME_SRC.search(value) if isinstance(value, str) else None
        if frame and (url := reader.normalize((key,), unescape(frame[1]))):
            return url
    return None


def _image(reader: FieldReader, keys: Keys, image: object, base: str) -> Image | None:
    if isinstance(image, str):
        url = reader.normalize(keys, image, base)
        return Image(url=url) if url else None
    if not isinstance(image, dict):
        reader.warn(keys, f"expected an image, got {describe(image)}")
        return None
    name = next((name for name in ("url", "src", "image", "path") if image.get(name)), "url")
    url = reader.normalize((*keys, name), image.get(name), base)
    if not url:
        return None
    title = image.get("title") or image.get("alt") or ""
    width, height = pixels(image.get("width")), pixels(image.get("height"))
    return Image(url=url, width=width, height=height, title=plain_text(title) if isinstance(title, str) else "")
