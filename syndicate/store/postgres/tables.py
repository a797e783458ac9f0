"""The tables as rows are written to them: their columns with types, in the order of the rows (migrations/)."""

from .session import Table

FILES = Table(
    "files",
    {
        "folder_id": "bigint", "name": "bytea", "record_id": "bigint", "size_bytes": "bigint", "mtime_ns": "bigint",
        "ctime_ns": "bigint",
    },
    ("folder_id", "name"),
)  # fmt: skip
FOLDERS = Table("folders", {"folder_id": "bigint", "source": "bigint", "path": "bytea"}, ("folder_id",))
RECORDS = Table(
    "records",
    {
        "record_id": "bigint", "source": "bigint", "path": "bytea", "hash": "bytea", "state": "integer",
        "stated_id": "text", "url": "text", "published": "bigint", "updated": "bigint", "expires": "bigint",
        "traits": "text", "digest": "bytea", "language": "text", "states_url": "boolean",
    },
    ("record_id",),
)  # fmt: skip
LINKS = Table(
    "links",
    {"record_id": "bigint", "source": "bigint", "reference": "text", "name": "text", "has_fallback": "boolean"},
    ("record_id", "reference"),
    "record_id, text_digest(reference)",
)
PROBLEMS = Table(
    "problems",
    {
        "record_id": "bigint", "origin": "integer", "path": "text", "line": "bigint", "column_number": "bigint",
        "field": "text", "message": "text", "severity": "text",
    },
    (),
)  # fmt: skip
ENTRIES = Table(
    "entries",
    {"record_id": "bigint", "id": "text", "published": "bigint", "updated": "bigint", "digest": "bytea"},
    ("record_id",),
)
FEEDS = Table("feeds", {"feed_id": "bigint", "dimension": "text", "key": "text"}, ("feed_id",))
MEMBERSHIPS = Table(
    "memberships",
    {"feed_id": "bigint", "published": "bigint", "record_id": "bigint", "name": "text"},
    ("feed_id", "published", "record_id"),
)
MONTH_COUNTS = Table(
    "month_counts",
    {"feed_id": "bigint", "month": "text", "name": "text", "entries": "bigint"},
    ("feed_id", "month", "name"),
    "feed_id, month, text_digest(name)",
)
DOCUMENT_SETS = Table(
    "document_sets", {"feed_id": "bigint", "period": "text", "content_digest": "bytea"}, ("feed_id", "period")
)
RENDERED = Table("rendered", {"record_id": "bigint", "digest": "bytea", "title": "text"}, ("record_id",))
FRAGMENTS = Table("fragments", {"record_id": "bigint", "format": "text", "content": "bytea"}, ("record_id", "format"))
DOCUMENTS = Table(
    "documents",
    {
        "path": "text", "feed_id": "bigint", "period": "text", "digest": "bytea", "size_bytes": "bigint",
        "version": "text", "modified_at": "bigint",
    },
    ("path",),
)  # fmt: skip
PARTNER_ENTRIES = Table(
    "partner_entries",
    {
        "record_id": "bigint", "id": "text", "published": "bigint", "provider": "text", "type": "text",
        "language": "text", "quality": "bigint", "heat": "bigint", "topics": "text",
    },
    ("record_id",),
)  # fmt: skip
PARTNER_TOPICS = Table(
    "partner_topics", {"topic": "text", "published": "bigint", "id": "text", "record_id": "bigint"}, ()
)
PARTNER_TEXT = Table(
    "partner_text", {"record_id": "bigint", "title": "text", "excerpt": "text", "words": "tsvector"}, ("record_id",)
)
TOMBSTONES = Table(
    "tombstones",
    {"dimension": "text", "key": "text", "id": "text", "deleted_at": "bigint"},
    ("dimension", "key", "id"),
    "dimension, text_digest(key), text_digest(id)",
)
REMOVED_DOCUMENTS = Table("removed_documents", {"path": "text", "removed_at": "bigint"}, ("path",))
PUBLISHED_FEEDS = Table(
    "published_feeds",
    {"dimension": "text", "key": "text", "name": "text", "path": "text", "entries": "bigint", "updated": "bigint"},
    ("dimension", "key"),
    "dimension, text_digest(key)",
)
VALUES = {"name": "text", "integer_value": "bigint", "text_value": "text", "bytes_value": "bytea"}
RUN_STATE = Table("run_state", VALUES, ("name",))
SITE_STATE = Table("site_state", VALUES, ("name",))
CHANGE_LOG_STATE = Table("change_log_state", VALUES, ("name",))
CHANGES = Table(
    "changes",
    {
        "id": "text", "seq": "bigint", "changed_at": "bigint", "record_id": "bigint", "state": "bytea",
        "topics": "text",
    },
    ("id",),
    "text_digest(id)",
)  # fmt: skip
TOPICS = Table(
    "topics",
    {
        "topic_url": "text", "path": "text", "digest": "bytea", "size_bytes": "bigint", "generation": "bigint",
        "changed_at": "double precision",
    },
    ("topic_url",),
)  # fmt: skip
DELIVERIES = Table(
    "deliveries",
    {
        "hub_url": "text", "topic_url": "text", "wanted_generation": "bigint", "acknowledged_generation": "bigint",
        "state": "text", "pending_since": "double precision", "next_attempt_at": "double precision",
        "acknowledged_at": "double precision", "attempts": "bigint", "first_attempt_at": "double precision",
        "checks": "bigint", "first_check_at": "double precision", "lease_owner": "text",
        "lease_expires_at": "double precision", "last_status": "bigint", "last_error": "text",
        "last_attempt_at": "double precision", "accepted_unverified_at": "double precision", "error_origin": "text",
    },
    ("hub_url", "topic_url"),
)  # fmt: skip
HUBS = Table(
    "hubs",
    {
        "hub_url": "text", "failures": "bigint", "openings": "bigint", "open_until": "double precision",
        "not_before": "double precision", "rate": "double precision",
    },
    ("hub_url",),
)  # fmt: skip
ATTEMPTS = Table(
    "attempts",
    {
        "id": "bigint", "hub_url": "text", "topic_url": "text", "generation": "bigint",
        "attempted_at": "double precision", "state": "text", "status": "bigint", "error": "text",
        "duration_s": "double precision",
    },
    ("id",),
)  # fmt: skip

CORPUS = (
    "run_state", "folders", "files", "records", "links", "problems", "entries", "feeds", "memberships", "month_counts",
    "document_sets", "rendered", "fragments", "documents", "partner_entries", "partner_topics", "partner_text",
)  # fmt: skip
"""The tables that a build from nothing fills again."""

LASTING = (
    "tombstones", "removed_documents", "published_feeds", "site_state", "changes", "change_log_state", "topics",
    "deliveries", "hubs", "attempts",
)  # fmt: skip
"""The tables that outlive a state which is built anew."""
