"""The data of HTML pages apart from entries, and the grouping of feeds on the index page.

These are plain values that need no template engine: planning a build constructs them without importing Jinja2.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ...words import Words


class FeedPageData(NamedTuple):
    """What the page of a feed shows in addition to the feed and its entries.

    `months` lists the number of entries of each month that has any, oldest first. `periods` lists the archives, newest
    first: a year, month or day (`2026-03`) and the path of its first document. `parent` is name and path of the feed of
    the parent topic. Paths are relative to OUTPUT.
    """

    months: tuple[tuple[str, int], ...]
    periods: tuple[tuple[str, str], ...] = ()
    parent: tuple[str, str] | None = None
    keywords: tuple[str, ...] = ()


class FeedGroup(NamedTuple):
    """A group of feeds on the index page, as rendered rows. The group of the feed of all entries has no title."""

    title: str
    rows: Sequence[bytes]
    dimension: str = ""


class ListedEntries(NamedTuple):
    """What a list of feeds says of their entries: their number, the time of the newest, and the most that any feed has
    in one of the months that the list shows.
    """

    total: int
    newest: datetime | None
    most_in_a_month: int


def dimension_heading(dimension: str, words: Words) -> str:
    """Returns the heading of the feeds of a dimension, empty for the feed of all entries."""
    _ = words.gettext
    headings = {
        "all": "",
        "topics": _("Topics"),
        "provider": _("Providers"),
        "author": _("Authors"),
        "category": _("Categories"),
        "type": _("Types"),
        "language": _("Languages"),
        "custom": _("Custom feeds"),
    }
    return headings.get(dimension, dimension[:1].upper() + dimension[1:])


def group_feeds(feeds: Sequence[tuple[dict[str, Any], bytes]], words: Words) -> list[FeedGroup]:
    """Groups feeds by dimension. Each feed comes as its item of the catalogue and its row, in the order of listings.

    A topic with descendants has a group of its own, which it heads. Topics that neither have nor are descendants follow
    in the last group of topics.
    """
    parents = {item["slug"]: item.get("parent", "") for item, _ in feeds if item["dimension"] == "topics"}
    names = {item["slug"]: item["name"] for item, _ in feeds if item["dimension"] == "topics"}
    roots = {_root(slug, parents) for slug, parent in parents.items() if parent in names}
    groups: dict[tuple[str, str], list[bytes]] = {}
    for item, _ in feeds:  # groups are ordered by their first feed
        if item["dimension"] == "topics" and (root := _root(item["slug"], parents)) in roots:
            groups.setdefault(("topics", root), [])
    for item, row in feeds:
        group = item["dimension"], ""
        if item["dimension"] == "topics":
            root = _root(item["slug"], parents)
            group = ("topics", root if root in roots else "")
            if item["slug"] == root and root in roots:
                groups[group].insert(0, row)
                continue
        groups.setdefault(group, []).append(row)
    order = {item["dimension"]: index for index, (item, _) in reversed(list(enumerate(feeds)))}
    in_order = sorted(groups.items(), key=lambda group: (order[group[0][0]], not group[0][1]))
    others = words.gettext("Other topics") if roots else dimension_heading("topics", words)
    return [
        FeedGroup(
            names[root] if root else others if dimension == "topics" else dimension_heading(dimension, words),
            rows,
            dimension,
        )
        for (dimension, root), rows in in_order
    ]


def _root(slug: str, parents: dict[str, str]) -> str:
    """Returns the topmost ancestor of a topic that has a feed, or the topic itself."""
    while parents.get(slug, "") in parents:
        slug = parents[slug]
    return slug
