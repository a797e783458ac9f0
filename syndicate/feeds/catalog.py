"""The list of all feeds, for machines: one object a feed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..model import Feed, Format, Site
from . import atom, jsonfeed, rss

NAME = "catalog.json"
FILE_NAMES: dict[Format, str] = {"rss": rss.NAME, "atom": atom.NAME, "json": jsonfeed.NAME}


def render(feeds: Sequence[Feed], site: Site, formats: Sequence[Format]) -> bytes:
    """A JSON array, a feed a line: name, dimension, slug, number of entries, the newest one's time, the addresses."""
    lines = [
        json.dumps(
            {
                "name": feed.name,
                "dimension": feed.dimension,
                "slug": feed.slug,
                "entries": feed.total,
                "newest": jsonfeed.rfc3339(feed.newest) if feed.newest else None,
                **{name: f"{site.url}{feed.path}/{FILE_NAMES[name]}" for name in formats},
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for feed in feeds
    ]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode() if lines else b"[]\n"
