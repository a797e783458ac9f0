"""Media types by the extension of a file name: those of images, audio and video that feeds refer to.

The table of the operating system (`mimetypes`) would make documents depend on the machine.
"""

from __future__ import annotations

_TYPES = {
    "aac": "audio/aac",
    "aif": "audio/aiff",
    "aiff": "audio/aiff",
    "apng": "image/apng",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "epub": "application/epub+zip",
    "flac": "audio/flac",
    "gif": "image/gif",
    "heic": "image/heic",
    "ico": "image/vnd.microsoft.icon",
    "jfif": "image/jpeg",
    "jpe": "image/jpeg",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "jxl": "image/jxl",
    "m4a": "audio/mp4",
    "m4b": "audio/mp4",
    "m4v": "video/mp4",
    "mid": "audio/midi",
    "mkv": "video/matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "webm": "video/webm",
    "webp": "image/webp",
    "zip": "application/zip",
}


def media_type_of(url: str) -> str:
    """Return the media type that the extension in an address names; empty if it names none."""
    name = url.partition("#")[0].partition("?")[0].rpartition("/")[2]
    _, dot, extension = name.rpartition(".")
    return _TYPES.get(extension.lower(), "") if dot else ""
