"""What identifies an entry: its id and its language."""

from __future__ import annotations

import re

from ...feeds.identity import path_id, stated_id
from ...values.languages import language_of_path, language_tag
from ...values.text import strip_forbidden
from ..scalars import describe, text_of
from .reader import FieldReader

_MAX_ID = 2000
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def entry_id(reader: FieldReader) -> str:
    """Return the stated id as a URI, else the id of the path."""
    authority = reader.context.authority
    for key, value in reader.values("id"):
        text = strip_forbidden(text_of(value)).strip()
        if not text:
            reader.warn((key,), f"expected text, got {describe(value)}")
            continue
        if len(text) > _MAX_ID:
            reader.warn((key,), f"an id of {len(text):,} characters: at most {_MAX_ID:,} are expected")
            continue
        if _UUID.fullmatch(text):
            return f"urn:uuid:{text.lower()}"
        if _URI.fullmatch(text):
            return text
        return stated_id(authority, text)
    return path_id(authority, reader.context.prefix + reader.path)


def language(reader: FieldReader) -> str:
    """Return the stated language tag, else the language that the path states; empty if there is none."""
    for key, value in reader.values("language"):
        if isinstance(value, str) and (tag := language_tag(value)):
            return tag
        reader.warn((key,), f"expected a language tag, got {describe(value)}")
    context = reader.context
    return language_tag(context.generator.language(context.site.folder + reader.path, context.site)) or (
        "" if context.site.languages else language_of_path(reader.path)
    )
