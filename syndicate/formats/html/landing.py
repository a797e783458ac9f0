"""What pages show beside entries, and how the index groups feeds: plain values, that need no template."""

from collections.abc import Sequence
from typing import Any, NamedTuple

_HEADINGS = {
    "topics": "Topics",
    "provider": "Providers",
    "author": "Authors",
    "category": "Categories",
    "type": "Types",
    "language": "Languages",
    "custom": "Custom feeds",
}


class Landing(NamedTuple):
    """What a feed's page shows beside the feed and its entries.

    `months` are those that have entries, oldest first. `periods` are the archive's, newest first: a year, month or day
    (`2026-03`), and the path of its first document. `parent` is a feed's name and path. Paths are relative to OUTPUT.
    """

    months: tuple[tuple[str, int], ...]
    periods: tuple[tuple[str, str], ...] = ()
    parent: tuple[str, str] | None = None
    keywords: tuple[str, ...] = ()


class Group(NamedTuple):
    """Feeds that stand together in the index; the first may have no title: it holds the feed of everything."""

    title: str
    rows: Sequence[bytes]


def heading(dimension: str) -> str:
    """What the feeds of a dimension are called together; nothing for the feed of everything."""
    return "" if dimension == "all" else _HEADINGS.get(dimension, dimension[:1].upper() + dimension[1:])


def groups(feeds: Sequence[tuple[dict[str, Any], bytes]]) -> list[Group]:
    """The feeds of each dimension, given with what the catalogue says of them, in its order.

    Topics that are part of another stand in its group, after it; those that are part of none come last.
    """
    parents = {card["slug"]: card.get("parent", "") for card, _ in feeds if card["dimension"] == "topics"}
    names = {card["slug"]: card["name"] for card, _ in feeds if card["dimension"] == "topics"}
    heads = {_head(slug, parents) for slug, parent in parents.items() if parent in names}
    found: dict[tuple[str, str], list[bytes]] = {}
    for card, _ in feeds:  # groups in the order in which their first feed stands
        if card["dimension"] == "topics" and (head := _head(card["slug"], parents)) in heads:
            found.setdefault(("topics", head), [])
    for card, row in feeds:
        place = card["dimension"], ""
        if card["dimension"] == "topics":
            head = _head(card["slug"], parents)
            place = ("topics", head if head in heads else "")
            if card["slug"] == head and head in heads:
                found[place].insert(0, row)
                continue
        found.setdefault(place, []).append(row)
    order = {card["dimension"]: number for number, (card, _) in reversed(list(enumerate(feeds)))}
    placed = sorted(found.items(), key=lambda item: (order[item[0][0]], not item[0][1]))
    others = "Other topics" if heads else heading("topics")
    return [
        Group(names[head] if head else others if dimension == "topics" else heading(dimension), rows)
        for (dimension, head), rows in placed
    ]


def _head(slug: str, parents: dict[str, str]) -> str:
    """The topic that a topic is part of in the end, among those that have a feed."""
    while parents.get(slug, "") in parents:
        slug = parents[slug]
    return slug
