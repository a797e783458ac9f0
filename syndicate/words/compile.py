"""Compiles the translations of one language: `python -m syndicate.words.compile zh_Hant` prints its JSON catalogue.

It needs Babel, which belongs to the development requirements.
"""

from __future__ import annotations

import re
import sys
from importlib.resources import files
from typing import Any

import orjson
from babel.core import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

_LOCALES = {"en": "en_001"}  # "4 March 2026": English as it is written in most of the world
# The fields of CLDR date patterns (UTS #35) that the chosen patterns contain.
_FIELDS = {"d": "{day}", "M": "{number}", "MMMM": "{month}", "LLLL": "{month}", "y": "{year}"}
_TOKEN = re.compile(r"'([^']*)'|([A-Za-z])\2*")


def compile_catalog(language: str) -> dict[str, Any]:
    """Returns the catalogue of a language, named as its file is. Raises ValueError for a missing translation."""
    with files(__package__).joinpath("catalogs", f"{language}.po").open("rb") as file:
        catalog = read_po(file, language)
    locale = Locale.parse(_LOCALES.get(language, language))
    months = locale.months
    return {
        "plural_rule": catalog.plural_expr,
        "date": _pattern(locale.date_formats["long"].pattern),
        "month": _pattern(locale.datetime_skeletons["yMMMM"].pattern),
        "day": _pattern(locale.datetime_skeletons["MMMMd"].pattern),
        "time": str(locale.datetime_formats["medium"]).format("{time}", "{date}"),
        "thousands_separator": locale.number_symbols["latn"]["group"],
        "months": [months["format"]["wide"][number] for number in range(1, 13)],
        "standalone_months": [months["stand-alone"]["wide"][number] for number in range(1, 13)],
        **_messages(catalog, is_source=language == "en"),
    }


def _messages(catalog: Catalog, *, is_source: bool) -> dict[str, Any]:
    """Returns the translations; those of the source language are its own texts."""
    messages: dict[str, str] = {}
    plurals: dict[str, list[str]] = {}
    for message in catalog:
        if not message.id or is_source:
            continue
        if message.fuzzy or not message.string or not all(message.string):
            raise ValueError(f"no translation to {catalog.locale_identifier} of {message.id!r}")
        if isinstance(message.id, str):
            messages[message.id] = str(message.string)
        else:
            plurals[message.id[0]] = list(message.string)
    return {"messages": messages, "plurals": plurals}


def _pattern(pattern: str) -> str:
    """Returns a CLDR date pattern as a format string of Python."""
    return _TOKEN.sub(lambda match: match[1] if match[1] is not None else _FIELDS[match[0]], pattern)


if __name__ == "__main__":
    compiled = compile_catalog(sys.argv[1])
    sys.stdout.buffer.write(orjson.dumps(compiled, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
