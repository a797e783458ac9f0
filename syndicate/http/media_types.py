"""The media types of documents, from the registry of formats, and of responses that are no documents."""

from typing import NamedTuple

from .. import formats


class MediaType(NamedTuple):
    """A media type, and the charset parameter that goes with it; JSON has none (RFC 8259 §11)."""

    essence: str
    charset: str = ""

    @property
    def content_type(self) -> str:
        """The value of the `Content-Type` field."""
        return f"{self.essence}; charset={self.charset}" if self.charset else self.essence


def _document_type(file_name: str) -> MediaType:
    essence = formats.media_types()[file_name]
    return MediaType(essence, "" if essence.endswith("json") else "utf-8")


JSON_FEED = _document_type(formats.get("json").file_name)
OPML = _document_type(formats.OPML_FILE.file_name)
HTML = _document_type(formats.HTML_PAGE.file_name)
CSS = _document_type(formats.STYLESHEET_FILE.file_name)
JSON = MediaType("application/json")
PROBLEM_JSON = MediaType("application/problem+json")

_BY_FILE_NAME = {file_name: _document_type(file_name) for file_name in formats.media_types()}
_BY_EXTENSION = {f".{name.rpartition('.')[2]}": kind for name, kind in _BY_FILE_NAME.items() if kind != JSON_FEED}


def media_type(path: str) -> MediaType:
    """Return the media type of the document at a path of the output; JSON for an unknown one."""
    name = path.rpartition("/")[2]
    return _BY_FILE_NAME.get(name) or _BY_EXTENSION.get(f".{name.rpartition('.')[2]}", JSON)
