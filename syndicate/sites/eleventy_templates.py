"""Liquid and Nunjucks in Eleventy's permalinks: variables of the page and of its record, and the filters for addresses.

Nothing is run. A template with anything else in it has no value.
"""

from __future__ import annotations

import re

from .base import Page, without_date
from .slugs import eleventy_slug, eleventy_slugify

_EXPRESSION = re.compile(r"\{\{-?\s*((?:[^{}\"']|\"[^\"]*\"|'[^']*')*?)\s*-?\}\}")
_ARGUMENT = r"[\"']([^\"']*)[\"']"
_FILTER = re.compile(rf"(\w+)\s*(?:(?::|\()\s*{_ARGUMENT}\s*(?:,\s*{_ARGUMENT}\s*)?\)?)?")
_TEMPLATE = re.compile(r"\{[{%#]")


class _UnknownError(Exception):
    """The template needs more than looking up."""


def fill(template: str, page: Page, root: str) -> str:
    """Returns a template with the values of a page below the input folder `root`; empty if it needs more than that."""
    if root:
        page = page._replace(path=page.path.removeprefix(f"{root}/"))
    try:
        filled = _EXPRESSION.sub(lambda match: _value(match[1], page), template)
    except _UnknownError:
        return ""
    return "" if _TEMPLATE.search(filled) else filled


def _value(expression: str, page: Page) -> str:
    name, *filters = (part.strip() for part in expression.split("|"))
    value = _date(filters.pop(0), page) if name == "page.date" and filters else _variable(name, page)
    for text in filters:
        value = _filtered(value, text)
    return value


def _variable(name: str, page: Page) -> str:
    match name:
        case "page.fileSlug":
            return _file_slug(page)
        case "page.filePathStem":
            return f"/{page.folder}/{without_date(page.name)}".replace("//", "/")
        case "page.date.getFullYear()" if page.published:
            return f"{page.published.year}"
        case "title" if page.title:
            return page.title
    if value := page.text(name.lower()):
        return value
    raise _UnknownError


def _date(filter_: str, page: Page) -> str:
    match = _FILTER.fullmatch(filter_)
    if match is None or match[1] != "date" or not match[2] or page.published is None:
        raise _UnknownError
    return page.published.strftime(match[2])


def _filtered(value: str, filter_: str) -> str:
    match filter_:
        case "slugify":
            return eleventy_slugify(value)
        case "slug":
            return eleventy_slug(value)
        case "lower" | "downcase":
            return value.lower()
        case "upper" | "upcase":
            return value.upper()
        case "trim" | "strip":
            return value.strip()
    match = _FILTER.fullmatch(filter_)
    if match and match[1] == "replace" and match[2] and match[3] is not None:
        return value.replace(match[2], match[3])
    raise _UnknownError


def _file_slug(page: Page) -> str:
    """Returns the name without its date, or for `index` that of its folder."""
    name = page.name
    return without_date(page.folder.rpartition("/")[2] if name == "index" else name)
