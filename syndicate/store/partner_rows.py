"""The rows and filters of queries for partners, whatever database holds them. Times are seconds since 1970, UTC."""

from typing import NamedTuple


class EntryFilter(NamedTuple):
    """Which entries a query selects. Every condition that is not None must hold.

    `topics`, `provider` and `type` are keys (`feeds.slugs.topic_key`). `match_all_topics` selects entries of all
    topics instead of any. Times are seconds since 1970, both bounds excluded. `words` is an FTS5 expression.
    `site_language` is the language of entries that name none.
    """

    topics: tuple[str, ...] | None = None
    match_all_topics: bool = False
    provider: str | None = None
    type: str | None = None
    language: str | None = None
    min_quality: int | None = None
    min_heat: int | None = None
    published_after: float | None = None
    published_before: float | None = None
    words: str | None = None
    site_language: str = ""


class EntryRef(NamedTuple):
    """An entry in the order of time: newest first, by `published` (seconds since 1970), then `id`."""

    published: int
    id: str
    record_id: int


class CatalogFeed(NamedTuple):
    """A feed of the catalogue. `catalog_json` is its JSON object in `catalog.json`."""

    dimension: str
    key: str
    path: str
    catalog_json: str


class ChangeLogPosition(NamedTuple):
    """The end of the change log: its epoch, the last sequence number, and the last one of a dropped deletion."""

    epoch: str
    seq: int
    dropped: int


class LoggedChange(NamedTuple):
    """A change at `changed_at` (seconds since 1970).

    `record_id` is the leading record of an entry that matches the filter; None is a deletion.
    """

    seq: int
    changed_at: int
    id: str
    record_id: int | None
