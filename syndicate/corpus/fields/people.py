"""Provider and authors. No mail address and no user information of a URL leaves a record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ...model import Person
from ...values import addresses
from ...values.text import shorten, split_at_semicolons, summary_text
from ..scalars import describe, text_of
from .reader import MAX_NAME, FieldReader

_WORD = re.compile(r"[<(]?[^\s<>()]+[>)]?")
_MAIL = re.compile(r"[^@]@[^@]")


def provider_of(reader: FieldReader) -> Person | None:
    """Return the provider: a name, or a mapping with `name` and `domain`."""
    for key, value in reader.values("provider"):
        stated = value if isinstance(value, dict) else {"name": value}
        domain = stated.get("domain") or stated.get("url")
        if name := plain_name(stated.get("name")) or plain_name(domain):
            return Person(name=name, url=_site_url(domain))
        reader.warn((key,), f"expected a name, got {describe(value)}")
    return None


def authors_of(reader: FieldReader) -> tuple[Person, ...]:
    """Return the authors, each once; no more than `limits.topics`."""
    for key, value in reader.values("author"):
        people = value if isinstance(value, list) else [value]
        if isinstance(value, str):
            people = split_at_semicolons(value)  # commas are parts of the names then, as in Pelican: `Doe, Jane; Roe`
            if len(people) == 1 and key == "authors":
                people = value.split(",")
        known = reader.context.site.authors
        authors = [person for value in people if (person := _person(_known_author(value, known)))]
        if authors:
            return reader.first((key,), tuple(dict.fromkeys(authors)), "authors")
        reader.warn((key,), f"expected names, got {describe(value)}")
    return ()


def _known_author(value: object, known: Mapping[str, Any]) -> object:
    """Return what the site says of an author that a record names by a key, in place of the key."""
    if not known:
        return value
    key = value.get("key") if isinstance(value, dict) else value
    found = known.get(key) if isinstance(key, str) else None
    if not isinstance(found, dict):
        return value
    stated = {name: text for name, text in value.items() if name != "key"} if isinstance(value, dict) else {}
    return {"name": key, **found, **stated}


def plain_name(value: object) -> str:
    """Return a name in one plain line, without mail addresses and passwords before a host; empty if none is left.

    A name of more than `MAX_NAME` characters is shortened.
    """
    name = summary_text(text_of(value))
    if "@" in name:
        name = " ".join(_WORD.sub(lambda word: "" if _MAIL.search(word[0]) else word[0], name).split()).strip("()<> ")
    return shorten(name, MAX_NAME)


def _person(value: object) -> Person | None:
    if isinstance(value, dict):
        name = value.get("name") or value.get("display_name")
        url = value.get("url") or value.get("uri") or value.get("website") or value.get("web")
    else:
        name, url = value, None
    if not isinstance(name, str) or not (name := plain_name(name)):
        return None
    return Person(name=name, url=_normalized_or_none(url) if isinstance(url, str) else None)


def _site_url(domain: object) -> str | None:
    """Return the address of a provider, whose domain may include a path."""
    if not isinstance(domain, str) or not domain.strip():
        return None
    return _url_of_domain(domain.strip())


@lru_cache(maxsize=4096)
def _url_of_domain(domain: str) -> str | None:
    return _normalized_or_none(domain if "://" in domain else f"https://{domain}")


def _normalized_or_none(address: str) -> str | None:
    try:
        return addresses.normalize(address)
    except ValueError:
        return None
