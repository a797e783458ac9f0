"""The image, the video and the enclosure of an entry."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from ...model import Enclosure, Image
from ...values.media_types import media_type_of
from ...values.text import plain_text
from ..scalars import describe, number_of, pixels, text_of
from .reader import FieldReader, Keys

_IMAGE_KEYS = ("url", "src", "image", "path", "feature", "teaser")
_FILE_KEYS = ("url", "src", "href", "file", "path")
_LENGTH_KEYS = ("length", "size", "bytes", "filesize", "fileSize", "file_size")
_TYPE_KEYS = ("type", "mime", "mime_type", "mimeType", "media_type")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*")
# Without a stated type and a known extension: recordings are MP3 files, nearly always.
_DEFAULT_TYPES = {"audio": "audio/mpeg", "podcast": "audio/mpeg"}
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


def enclosure_of(reader: FieldReader, base: str) -> Enclosure | None:
    """Return the first file with a valid address: an address, or a mapping with it and perhaps its length and type.

    WordPress exports the address, length and type as the lines of one text.
    """
    for key, value in reader.values("enclosure"):
        stated = value[0] if isinstance(value, list) and value else value
        keys: Keys = (key, 0) if isinstance(value, list) else (key,)
        if isinstance(stated, str):
            lines = [*stated.split("\n"), "", ""] if "\n" in stated else [stated, "", ""]
            stated = {"url": lines[0], "length": lines[1], "type": lines[2]}
        if not isinstance(stated, dict):
            reader.warn(keys, f"expected the address of a file, got {describe(stated)}")
            continue
        name, address = _first(stated, _FILE_KEYS)
        if not address or not (url := reader.normalize((*keys, name) if name in stated else keys, address, base)):
            continue
        media_type = text_of(_first(stated, _TYPE_KEYS)[1]).lower()
        if not _MEDIA_TYPE.fullmatch(media_type):
            media_type = media_type_of(url) or _DEFAULT_TYPES.get(key, "application/octet-stream")
        length = number_of(_first(stated, _LENGTH_KEYS)[1])
        return Enclosure(url, media_type, int(length) if length and length > 0 else None)
    return None


def _first(mapping: dict[Any, Any], names: tuple[str, ...]) -> tuple[str, Any]:
    """Return the first of these keys that has a value, and the value; the first key and None if none has one."""
    for name in names:
        if value := mapping.get(name):
            return name, value
    return names[0], None


def _image(reader: FieldReader, keys: Keys, image: object, base: str) -> Image | None:
    if isinstance(image, str):
        url = reader.normalize(keys, image, base)
        return Image(url=url) if url else None
    if not isinstance(image, dict):
        reader.warn(keys, f"expected an image, got {describe(image)}")
        return None
    name, address = _first(image, _IMAGE_KEYS)
    if address is None and any(known in image for known in _IMAGE_KEYS):
        return None  # themes put empty fields into every new post: `cover: {image: "", alt: ""}`
    if not (url := reader.normalize((*keys, name), address, base)):
        return None
    title = image.get("title") or image.get("alt") or ""
    width, height = pixels(image.get("width")), pixels(image.get("height"))
    return Image(url=url, width=width, height=height, title=plain_text(title) if isinstance(title, str) else "")
