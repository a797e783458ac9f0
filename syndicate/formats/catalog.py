"""The machine-readable catalogue: a JSON array with one object per feed."""

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from ..model import Feed, Site
from . import get, jsonfeed


class Topic(NamedTuple):
    """The properties of the topic of a feed. `parent` is the slug of the parent topic."""

    shortname: str = ""
    parent: str = ""
    keywords: tuple[str, ...] = ()


NO_TOPIC = Topic()


def render_item(feed: Feed, site: Site, formats: Sequence[str], topic: Topic = NO_TOPIC) -> str:
    """Returns the JSON object of one feed, with its address in each format under the name of the format."""
    item: dict[str, str | int | tuple[str, ...] | None] = {
        "name": feed.name,
        "dimension": feed.dimension,
        "slug": feed.slug,
        "title": feed.title,
        **({"description": feed.description} if feed.description != feed.title else {}),
        **{name: value for name, value in topic._asdict().items() if value},
        "entries": feed.total,
        "newest": jsonfeed.rfc3339(feed.newest) if feed.newest else None,
        **{name: get(name).url(site, feed.path) for name in formats},
    }
    return orjson.dumps(item).decode()


def render(items: Sequence[str]) -> bytes:
    """Returns the array, one item per line."""
    return ("[\n" + ",\n".join(items) + "\n]\n").encode() if items else b"[]\n"
