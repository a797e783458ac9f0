"""The words that syndicate adds to what it publishes, in the language of the entry or feed that they stand beside.

Theory of operation
-------------------

Templates and modules name a message by its English text, with placeholders in braces: `_("Source: {name}")`.
`make words` collects these texts into `catalogs/messages.pot` and brings the translations, `catalogs/LANGUAGE.po`, up
to date (gettext, with Babel). It compiles each translation to `catalogs/LANGUAGE.json`, together with what the Unicode
CLDR says of the language: its plural rule, its month names, and how it writes dates and numbers. At run time only the
JSON files are read, each when the first word of its language is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from ..values.languages import is_right_to_left

LANGUAGES = ("ar", "de", "en", "es", "fr", "ja", "pt", "zh", "zh-Hant")
"""The languages that have a catalogue. `zh` is Chinese in simplified characters."""

_FALLBACK = "en"
_TRADITIONAL_CHINESE = frozenset({"Hant", "TW", "HK", "MO"})


class Words:
    """The words of one language, and its way to write dates and numbers."""

    def __init__(self, language: str, catalog: Mapping[str, Any]) -> None:
        self.language = language
        self.is_right_to_left = is_right_to_left(language)
        self._messages: Mapping[str, str] = catalog["messages"]
        self._plurals: Mapping[str, list[str]] = catalog["plurals"]
        self._form: Callable[[int], int] = _plural_rule(catalog["plural_rule"])
        self._months: list[str] = catalog["months"]
        self._names_of_months: list[str] = catalog["standalone_months"]
        self._date: str = catalog["date"]
        self._month_and_year: str = catalog["month"]
        self._day_and_month: str = catalog["day"]
        self._time: str = catalog["time"]
        self._separator: str = catalog["thousands_separator"]

    def includes(self, language: str) -> bool:
        """Returns whether these are the words of a language; true for a language that is not known."""
        return not language or _catalog_language(language) == self.language

    def gettext(self, message: str, /, **values: object) -> str:
        """Returns a message, with its placeholders filled in if values are given.

        A message without a translation stays as it is.
        """
        translated = self._messages.get(message, message)
        return translated.format_map(values) if values else translated

    def ngettext(self, singular: str, plural: str, count: int, /) -> str:
        """Returns the form of a message that goes with a number, which replaces `{count}`."""
        forms = self._plurals.get(singular)
        form = forms[self._form(count)] if forms else singular if count == 1 else plural
        return form.format(count=self.number(count))

    def number(self, count: int) -> str:
        """Formats a number with separators between thousands."""
        return f"{count:,}".replace(",", self._separator)

    def date(self, time: datetime) -> str:
        """Formats a date: 4 March 2026."""
        return self._date.format(day=time.day, month=self._months[time.month - 1], number=time.month, year=time.year)

    def moment(self, time: datetime) -> str:
        """Formats a time: 4 March 2026, 10:00 UTC."""
        return self._time.format(date=self.date(time), time=f"{time.hour:02}:{time.minute:02} UTC")

    def month(self, name: str) -> str:
        """Formats a month: `2026-03` is March 2026."""
        number = int(name[5:7])
        return self._month_and_year.format(month=self._months[number - 1], number=number, year=int(name[:4]))

    def period(self, name: str) -> str:
        """Formats a month or a day without its year: `2026-03` is March, `2026-03-04` is 4 March."""
        number = int(name[5:7])
        if len(name) == 7:
            return self._names_of_months[number - 1]
        return self._day_and_month.format(day=int(name[8:]), month=self._months[number - 1], number=number)


def words_in(*languages: str) -> Words:
    """Returns the words of the first of these languages that has any, else English ones.

    Languages are tags in canonical case. A regional variant has the words of its language.
    """
    for language in languages:
        if (found := _catalog_language(language)) in LANGUAGES:
            return _words(found)
    return _words(_FALLBACK)


def _catalog_language(language: str) -> str:
    """Returns the language of the catalogue that a language would have."""
    primary, *subtags = language.split("-")
    is_traditional = primary == "zh" and "Hans" not in subtags and not _TRADITIONAL_CHINESE.isdisjoint(subtags)
    return "zh-Hant" if is_traditional else primary


@lru_cache
def _words(language: str) -> Words:
    from importlib.resources import files

    import orjson

    return Words(
        language,
        orjson.loads(files(__package__).joinpath("catalogs", f"{language.replace('-', '_')}.json").read_bytes()),
    )


def _plural_rule(expression: str) -> Callable[[int], int]:
    """Returns the function of a gettext plural expression: from a number to the index of its form."""
    from gettext import c2py

    return c2py(expression)
