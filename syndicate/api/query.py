"""What is asked -> SQL over the ledger: entries newest first, or changes in their order."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

_DRIVERS = 20  # so many topics are merged, each from its own index; of more, entries are looked through by time


class View(NamedTuple):
    """Which entries are asked for. Names are keys already; `topics` None for any entry, `every` for all of them."""

    topics: tuple[str, ...] | None = None
    every: bool = False
    provider: str | None = None
    type: str | None = None
    language: str | None = None
    min_quality: int | None = None
    min_heat: int | None = None
    published_after: float | None = None
    published_before: float | None = None
    words: str | None = None
    site_language: str = ""


class Place(NamedTuple):
    """An entry in the order of time."""

    published: int
    id: str
    file: int


class Logged(NamedTuple):
    """A change: of an entry that fits the view now, whose `file` leads it, or of one that does not."""

    seq: int
    at: int
    id: str
    file: int | None


def newest(sql: sqlite3.Connection, view: View, limit: int, after: tuple[int, str] | None) -> list[Place]:
    """The newest entries of a view, older than `after`: at most `limit`."""
    conditions, values = _conditions(view)
    if after is not None:
        conditions.append("(f.published, f.id) < (:after_time, :after_id)")
        values |= {"after_time": after[0], "after_id": after[1]}
    values["limit"] = limit
    topics = view.topics
    if topics is not None and 0 < len(topics) <= _DRIVERS:
        drivers = topics[:1] if view.every else topics
        values |= {f"topic{number}": topic for number, topic in enumerate(topics)}
        if view.every:
            conditions += [_has(f"= :topic{number}") for number in range(1, len(topics))]
        parts = [_SELECT_TOPICAL.format(number=number, conditions=_all(conditions)) for number in range(len(drivers))]
        statement = f"{' UNION '.join(parts)} ORDER BY 1 DESC, 2 DESC LIMIT :limit"
    else:
        if topics is not None:
            conditions.append(_has("IN (SELECT value FROM json_each(:topics))"))
            values["topics"] = json.dumps(topics)
        statement = _SELECT.format(conditions=_all(conditions))
    return [Place._make(row) for row in sql.execute(statement, values)]


def changes(sql: sqlite3.Connection, view: View, limit: int, seq: int, start: int) -> list[Logged]:
    """What changed after `seq`, in order: at most `limit`.

    Until `start`, only what fits the view; after it, what does not fit any more, too, so far as the view's topics ever
    held it: nobody hears of ids that are not for them.
    """
    conditions, values = _conditions(view)
    ever = "1"
    if view.topics is not None:
        values["topics"] = json.dumps(view.topics)
        ever = "EXISTS (SELECT 1 FROM json_each(l.topics) AS t WHERE t.value IN (SELECT value FROM json_each(:topics)))"
        if view.every:
            values |= {f"topic{number}": topic for number, topic in enumerate(view.topics)}
            conditions += [_has(f"= :topic{number}") for number in range(len(view.topics))]
        else:
            conditions.append(_has("IN (SELECT value FROM json_each(:topics))"))
    values |= {"seq": seq, "start": start, "limit": limit}
    statement = _SELECT_CHANGES.format(conditions=_all(conditions), ever=ever)
    return [Logged._make(row) for row in sql.execute(statement, values)]


def items(sql: sqlite3.Connection, files: Sequence[int]) -> Iterator[bytes]:
    """Entries as they are rendered, in the order asked for."""
    rows = sql.execute(
        "SELECT file, json FROM fragments WHERE file IN (SELECT value FROM json_each(?))", (json.dumps(files),)
    )
    found: dict[int, bytes] = dict(rows)
    return (found[file] for file in files)


_SELECT = """
SELECT f.published, f.id, f.file FROM facets AS f
WHERE {conditions} ORDER BY f.published DESC, f.id DESC LIMIT :limit"""

# The conditions are written for an entry's facets; a topic has its entries in the same order.
_SELECT_TOPICAL = """
SELECT * FROM (
  SELECT f.published, f.id, f.file FROM topical AS d CROSS JOIN facets AS f ON f.file = d.file
  WHERE d.topic = :topic{number} AND {conditions} ORDER BY d.published DESC, d.id DESC LIMIT :limit
)"""

_SELECT_CHANGES = """
SELECT seq, at, id, file FROM (
  SELECT l.seq, l.at, l.id, f.file, l.topics FROM log AS l
  LEFT JOIN facets AS f ON f.file = l.file AND f.id = l.id AND {conditions} WHERE l.seq > :seq
) AS l WHERE l.file IS NOT NULL OR (l.seq > :start AND {ever}) ORDER BY seq LIMIT :limit"""


def _has(topic: str) -> str:
    return (
        "EXISTS (SELECT 1 FROM topical AS t WHERE t.topic "  # noqa: S608 - texts of ours
        f"{topic} AND t.published = f.published AND t.id = f.id)"
    )


def _all(conditions: Sequence[str]) -> str:
    return " AND ".join(conditions) or "1"


def _conditions(view: View) -> tuple[list[str], dict[str, Any]]:
    """What an entry's facets `f` must meet, but for its topics."""
    conditions: list[str] = []
    values: dict[str, Any] = {}

    def add(condition: str, name: str, value: Any) -> None:
        if value is not None:
            conditions.append(condition)
            values[name] = value

    add("f.provider = :provider", "provider", view.provider)
    add("f.type = :type", "type", view.type)
    add("f.quality >= :quality", "quality", view.min_quality)
    add("f.heat >= :heat", "heat", view.min_heat)
    add("f.published > :since", "since", view.published_after)
    add("f.published < :until", "until", view.published_before)
    add("f.file IN (SELECT rowid FROM words WHERE words MATCH :words)", "words", view.words)
    if view.language is not None:
        # A range holds its parts: `en` is `en-GB`, too (RFC 4647 §3.3.1). What says none is in the site's language.
        conditions.append("(COALESCE(NULLIF(f.language, ''), :home) || '-') LIKE :language")
        values |= {"language": f"{view.language}-%", "home": view.site_language}
    return conditions, values
