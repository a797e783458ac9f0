"""The list of all feeds, for machines: one object a feed."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from ..model import Feed, Format, Site
from . import jsonfeed

NAME = "catalog.json"


def card(feed: Feed, site: Site, formats: Sequence[Format]) -> str:
    """One feed, as JSON: name, dimension, slug, number of entries, the newest one's time, the addresses."""
    facts: dict[str, str | int | None] = {
        "name": feed.name,
        "dimension": feed.dimension,
        "slug": feed.slug,
        "entries": feed.total,
        "newest": jsonfeed.rfc3339(feed.newest) if feed.newest else None,
        **{name: f"{site.url}{feed.path}/feed.{name}" for name in formats},
    }
    return orjson.dumps(facts).decode()


def render(cards: Sequence[str]) -> bytes:
    """A JSON array, a feed a line."""
    return ("[\n" + ",\n".join(cards) + "\n]\n").encode() if cards else b"[]\n"
