"""The names that feeds are cut by: topics, and the values of configured dimensions."""

from __future__ import annotations

from collections.abc import Iterator

from ...values.keys import DIMENSIONS
from ...values.text import plain_text, split_at_semicolons
from ..scalars import describe, text_of
from .reader import MAX_NAME, FieldReader


def topics_of(reader: FieldReader) -> tuple[str, ...]:
    """Return the topics of a record, each once."""
    for key, value in reader.values("topics"):
        names = _names(reader, key, value)
        if names or value == [None]:
            return reader.first((key,), names, "topics")
    return ()


def terms_of(reader: FieldReader) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each configured dimension that not every entry has, with its names."""
    for name in reader.context.dimensions:
        if name not in DIMENSIONS:
            value = reader.value(f"by {name}")
            yield name, () if value is None or value == "" else _names_of_dimension(reader, name, value)


def _names_of_dimension(reader: FieldReader, key: str, value: object) -> tuple[str, ...]:
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        value = value["name"]
    return reader.first((key,), _names(reader, key, [value] if isinstance(value, str) else value), "values")


def _names(reader: FieldReader, key: str, value: object) -> tuple[str, ...]:
    """Return the names of a list, or of a text with semicolons, else commas, else spaces between them.

    Keywords have commas between them: without any, they are a sentence for search engines.
    """
    match value:
        case list():
            items: list[object] = value
        case str() if key.lower() == "category":
            items = [value]
        case str() if key.lower() == "keywords" and not _has_separator(value):
            return ()
        case str():
            items = list(_split(value))
        case int() | float():
            items = [value]
        case _:
            reader.warn((key,), f"expected a list of names, got {describe(value)}")
            return ()
    names: dict[str, str] = {}
    for index, item in enumerate(items):
        if name := plain_text(text_of(item)):
            if len(name) > MAX_NAME:
                reader.warn((key, index), f"a name of {len(name):,} characters: at most {MAX_NAME} are expected")
            else:
                names.setdefault(name.casefold(), name)
        elif item is None or not isinstance(item, str):
            reader.warn((key, index), f"expected a name, got {describe(item)}")
    return tuple(names.values())


def _has_separator(text: str) -> bool:
    return "," in text or len(split_at_semicolons(text)) > 1


def _split(text: str) -> list[str]:
    """Split a text at its semicolons; commas are parts of the names then, as in Pelican. Else at commas or spaces."""
    names = split_at_semicolons(text)
    if len(names) > 1:
        return names
    return text.split(",") if "," in text else text.split()
