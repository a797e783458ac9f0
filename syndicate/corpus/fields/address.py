"""The address of an entry's page: stated, or derived as the site's generator derives it."""

from __future__ import annotations

import unicodedata
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from ...sites import Page
from ...sites.base import encode
from ...sites.patterns import address as address_of_pattern
from ...values import addresses, dates
from ...values.text import strip_forbidden
from ..scalars import text_of
from .reader import FieldReader


class Address(NamedTuple):
    """An address, and whether the record states it; a template that the record states is not an address."""

    url: str
    is_stated: bool


def entry_address(reader: FieldReader, title: str, published: datetime, language: str) -> Address:
    """Return the canonical address that a record states, else the address of its page on the site.

    That is the one that the record states in the terms of the site's generator, else that of the pattern which the
    configuration states, else the one that the generator derives.
    """
    for key, value in reader.values("url"):
        if url := reader.normalize((key,), value):
            return Address(url, is_stated=True)
    context = reader.context
    site, generator = context.site, context.generator
    page = _page(reader, title, published, language)
    if stated := generator.stated_address(page, site):
        key = next((key for key in ("permalink", "url", "path", "slug") if page.text(key)), "url")
        url = reader.normalize((key,), _joined(stated, context.base) if site.kind != "plain" else stated)
        if url:
            return Address(url, is_stated=page.text("permalink", "url", "website") == stated)
    derived = encode(address_of_pattern(site.url, page)) if site.url else generator.derived_address(page, site)
    try:
        return Address(addresses.normalize(context.base + derived.lstrip("/")), is_stated=False)
    except ValueError:  # too long
        return Address(context.base, is_stated=False)


def path_segment(reader: FieldReader, name: str) -> str:
    """Return a stated part of an address (`slug`, `path`), without slashes around it."""
    return next((text for _, value in reader.values(name) if (text := strip_forbidden(text_of(value)).strip("/ "))), "")


def _page(reader: FieldReader, title: str, published: datetime, language: str) -> Page:
    metadata: dict[str, Any] = {key.lower(): value for key, value in reader.metadata.items() if isinstance(key, str)}
    if path := path_segment(reader, "path"):
        metadata["path"] = path
    return Page(
        path=unicodedata.normalize("NFC", reader.context.site.folder + reader.path),
        metadata=metadata,
        title=title,
        slug=path_segment(reader, "slug"),
        published=published.astimezone(_zone(reader)),
        language=language,
        id=next((text for _, value in reader.values("id") if (text := text_of(value))), ""),
    )


def _zone(reader: FieldReader) -> tzinfo:
    """Return the zone whose day an address shows: of some generators the one that the date states, else the site's."""
    context = reader.context
    value = reader.metadata.get(reader.dated_by[0]) if reader.dated_by else None
    stated = dates.zone_of(value) if context.site.options.get("own_offset") else None
    return stated or context.timezone


def _joined(address: str, base: str) -> str:
    """Return an address that is relative to the base of the site, whether or not it begins with a slash."""
    return address if addresses.has_scheme(address) or address.startswith("//") else base + address.lstrip("/")
