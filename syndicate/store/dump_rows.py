"""A state as rows that mean the same in every database, to copy it from one to another.

A value is a text, a number, bytes, None, or a tuple of values. The names and columns are those of SQLite's tables, with
lists in place of JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

Row = tuple[Any, ...]
Batch = tuple[str, list[Row]]
"""The name of a table, and some of its rows."""

TABLES: Mapping[str, str] = {
    "run_state": "name, value",
    "folders": "folder_id, source, path",
    "files": "folder_id, name, record_id, size_bytes, mtime_ns, ctime_ns",
    "records": "record_id, source, path, hash, state, stated_id, url, published, updated, expires, traits, digest, "
    "language, states_url",
    "links": "record_id, source, reference, name, has_fallback",
    "problems": "record_id, origin, path, line, column, field, message, severity",
    "entries": "record_id, id, published, updated, digest, record_ids, memberships",
    "feeds": "feed_id, dimension, key, path, header_digest, catalog_json, index_html",
    "memberships": "feed_id, published, record_id, name",
    "month_counts": "feed_id, month, name, entries",
    "document_sets": "feed_id, period, content_digest",
    "rendered": "record_id, digest, title",
    "fragments": "record_id, format, content",
    "documents": "path, feed_id, period, digest, size_bytes, version, modified_at",
    "partner_entries": "record_id, id, published, provider, type, language, quality, heat, topics",
    "partner_topics": "topic, published, id, record_id",
    "partner_text": "record_id, title, excerpt",
    "tombstones": "dimension, key, id, deleted_at",
    "removed_documents": "path, removed_at",
    "published_feeds": "dimension, key, name, path, entries, updated",
    "site_state": "name, value",
    "changes": "id, seq, changed_at, record_id, state, topics",
    "change_log_state": "name, value",
    "topics": "topic_url, path, digest, size_bytes, generation, changed_at",
    "deliveries": "hub_url, topic_url, wanted_generation, acknowledged_generation, state, pending_since, "
    "next_attempt_at, acknowledged_at, attempts, first_attempt_at, checks, first_check_at, lease_owner, "
    "lease_expires_at, last_status, last_error, last_attempt_at, accepted_unverified_at, error_origin",
    "hubs": "hub_url, failures, openings, open_until, not_before, rate",
    "attempts": "id, hub_url, topic_url, generation, attempted_at, state, status, error, duration_s",
}
"""All tables, with their columns in the order of the rows."""

NOTES = ("cursor.key", "unfinished", "deploying")
"""The notes that are part of a state."""


class TableDigest(NamedTuple):
    """What a table holds: the number of its rows, and a digest of them in any order."""

    rows: int
    digest: int


def digests(batches: Iterable[Batch]) -> dict[str, TableDigest]:
    """Returns what each table holds."""
    found = dict.fromkeys(TABLES, TableDigest(0, 0))
    for table, rows in batches:
        count, digest = found[table]
        for row in rows:
            content = sha256(repr(tuple(map(_normal, row))).encode("utf-8", "surrogatepass")).digest()
            digest = (digest + int.from_bytes(content, "big")) % 2**256
        found[table] = TableDigest(count + len(rows), digest)
    return found


def _normal(value: Any) -> Any:
    """Returns a value as every database holds it: PostgreSQL's texts have no NUL, and SQLite has no booleans."""
    if isinstance(value, tuple):
        return tuple(map(_normal, value))
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return int(value) if isinstance(value, bool) else value
