"""The list of all feeds, for machines: one object a feed."""

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from ..model import Feed, Format, Site
from . import jsonfeed

NAME = "catalog.json"


class Topic(NamedTuple):
    """What is said of a feed's topic; `parent` is the slug of the topic that it is part of."""

    shortname: str = ""
    parent: str = ""
    keywords: tuple[str, ...] = ()


NO_TOPIC = Topic()


def card(feed: Feed, site: Site, formats: Sequence[Format], topic: Topic = NO_TOPIC) -> str:
    """One feed, as JSON: its words, number of entries, the newest one's time, the addresses; of a topic its place."""
    facts: dict[str, str | int | tuple[str, ...] | None] = {
        "name": feed.name,
        "dimension": feed.dimension,
        "slug": feed.slug,
        "title": feed.title,
        **({"description": feed.description} if feed.description != feed.title else {}),
        **{name: value for name, value in topic._asdict().items() if value},
        "entries": feed.total,
        "newest": jsonfeed.rfc3339(feed.newest) if feed.newest else None,
        **{name: f"{site.url}{feed.path}/feed.{name}" for name in formats},
    }
    return orjson.dumps(facts).decode()


def render(cards: Sequence[str]) -> bytes:
    """A JSON array, a feed a line."""
    return ("[\n" + ",\n".join(cards) + "\n]\n").encode() if cards else b"[]\n"
