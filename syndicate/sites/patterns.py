"""Address patterns with placeholders, such as `/{year}/{slug}/` and `/:year/:title/`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .base import Page, stem, texts, without_date
from .slugs import unicode_slug

_BRACES = re.compile(r"\{([^{}]*)\}")
_SLASHES = re.compile(r"/{2,}")

Values = Mapping[str, Callable[[Page], str]]
"""The function that gives a placeholder its text, by the name of the placeholder."""

DATE_PARTS: dict[str, str] = {
    "year": "%Y", "month": "%m", "day": "%d", "hour": "%H", "minute": "%M", "second": "%S",
}  # fmt: skip


def date_part(format_: str) -> Callable[[Page], str]:
    """Returns a function that formats the date of a page, which is empty for a page without one."""
    return lambda page: page.published.strftime(format_) if page.published else ""


def fill(pattern: str, placeholder: re.Pattern[str], values: Values, page: Page) -> str:
    """Returns a pattern with its placeholders replaced, whose first group is the name; unknown ones stay."""

    def replace(match: re.Match[str]) -> str:
        value = values.get(match[1])
        return match[0] if value is None else value(page)

    return _SLASHES.sub("/", placeholder.sub(replace, pattern))


def _slug(page: Page) -> str:
    if page.slug:
        return page.slug
    name = page.name
    if name == "index":
        name = page.folder.rpartition("/")[2]
    return without_date(name)


def _categories(page: Page) -> str:
    names = (*texts(page.metadata.get("categories")), *texts(page.metadata.get("category")))
    return "/".join(dict.fromkeys(unicode_slug(name) for name in names))


_VALUES: Values = {
    **{name: date_part(format_) for name, format_ in DATE_PARTS.items()},
    "slug": _slug,
    "title": lambda page: unicode_slug(page.title),
    "name": lambda page: page.name,
    "folder": lambda page: page.folder,
    "section": lambda page: page.folder.partition("/")[0],
    "language": lambda page: page.language,
    "categories": _categories,
    "id": lambda page: page.id,
}
PLACEHOLDERS = tuple(_VALUES)
"""The placeholders of `corpus[].url`."""


def unknown_placeholders(pattern: str) -> list[str]:
    """Returns the placeholders of a pattern in braces that have no meaning."""
    return [name for name in _BRACES.findall(pattern) if name not in _VALUES]


def address(pattern: str, page: Page) -> str:
    """Returns the address that a pattern with placeholders in braces gives a page."""
    return fill(pattern, _BRACES, _VALUES, page)


__all__ = ["DATE_PARTS", "PLACEHOLDERS", "Values", "address", "date_part", "fill", "stem", "unknown_placeholders"]
