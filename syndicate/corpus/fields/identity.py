"""What identifies an entry: its id, its address, its language."""

from __future__ import annotations

import re
from urllib.parse import quote

from ...feeds.identity import path_id, stated_id
from ...values import addresses
from ...values.languages import language_of_path, language_tag
from ...values.text import strip_forbidden
from ..scalars import describe, text_of
from .reader import FieldReader

_URI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_JEKYLL_POST = re.compile(r"(?:^|.*/)_posts/(?:.*/)?(\d{4})-(\d{2})-(\d{2})-([^/]+)\.[^./]+")
_URL_PATTERN = re.compile(r"[:{]\w|\{\{")  # `/:year/:title/`, `/{{ slug }}/`


def entry_id(reader: FieldReader) -> str:
    """Return the stated id as a URI, else the id of the path."""
    authority = reader.context.authority
    for key, value in reader.values("id"):
        text = strip_forbidden(text_of(value)).strip()
        if not text:
            reader.warn((key,), f"expected text, got {describe(value)}")
            continue
        if _UUID.fullmatch(text):
            return f"urn:uuid:{text.lower()}"
        if _URI.fullmatch(text):
            return text
        return stated_id(authority, text)
    return path_id(authority, reader.context.prefix + reader.path)


def entry_url(reader: FieldReader) -> str:
    """Return the stated address, else the address that the site generator derives from the path."""
    for key, value in reader.values("url"):
        if not isinstance(value, str):
            continue  # Eleventy's `permalink: false`
        if key in {"permalink", "url"} and _URL_PATTERN.search(value) and not addresses.has_scheme(value):
            continue
        url = reader.normalize((key,), value)
        if url:
            return url
    return _url_of_path(reader)


def language(reader: FieldReader) -> str:
    """Return the stated language tag, else the language that a folder names; empty if there is none."""
    for key, value in reader.values("language"):
        if isinstance(value, str) and (tag := language_tag(value)):
            return tag
        reader.warn((key,), f"expected a language tag, got {describe(value)}")
    return language_of_path(reader.path)


def path_segment(reader: FieldReader, name: str) -> str:
    """Return a stated part of an address (`slug`, `path`), without slashes around it."""
    return next((text for _, value in reader.values(name) if (text := strip_forbidden(text_of(value)).strip("/ "))), "")


def _url_of_path(reader: FieldReader) -> str:
    """Return the usual address of a record's page: `_news/x.md` is at `/news/x/`."""
    home = reader.context.home
    stated = path_segment(reader, "path")
    if stated and (url := reader.normalize(("path",), f"{stated}/")):
        return url
    if match := _JEKYLL_POST.fullmatch(reader.path):
        *day, title = match.groups()
        return addresses.normalize("/".join((*day, f"{quote(title, errors='surrogateescape')}.html")), home)
    folder, _, name = reader.path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    stem = path_segment(reader, "slug") or stem
    parts = [part.removeprefix("_") for part in folder.split("/") if part]
    parts += [] if stem == "index" else [stem]
    try:
        return addresses.normalize("".join(f"{quote(part, errors='surrogateescape')}/" for part in parts), home)
    except ValueError:
        return home
