"""The tables. A change to them raises VERSION: a database of another version is set aside, and built anew.

Times are whole seconds since 1970, UTC; `_ns` are nanoseconds as the file system gives them. Paths and file names are
bytes, since file names need not be text.
"""

FILE_NAME = "index.db"
VERSION = 10

FORMATS_MAX = 64
"""A `fragment_id` is `record_id * FORMATS_MAX + format_id`."""

# Large pages suit fragments, which are some kilobytes each.
PAGE_BYTES = 8192

TABLES = """
-- What a run records about itself: fingerprints of the configuration, the time of the last build.
CREATE TABLE run_state (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- The folders of the corpus, and their files. The rows are narrow, since every run reads all of them.
CREATE TABLE folders (
  folder_id INTEGER PRIMARY KEY, source INTEGER NOT NULL, path BLOB NOT NULL, UNIQUE (source, path)
);
CREATE TABLE files (
  folder_id INTEGER NOT NULL, name BLOB NOT NULL, record_id INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
  PRIMARY KEY (folder_id, name)
) WITHOUT ROWID;

-- What each record says, as far as choosing entries needs it (rows.RecordRow).
CREATE TABLE records (
  record_id INTEGER PRIMARY KEY, source INTEGER NOT NULL, path BLOB NOT NULL, hash BLOB NOT NULL,
  state INTEGER NOT NULL, stated_id TEXT, url TEXT, published INTEGER, updated INTEGER, expires INTEGER, traits TEXT,
  digest BLOB, language TEXT NOT NULL, states_url INTEGER NOT NULL
);

-- The references of records to other records (sites/references.py), by the name that they state.
CREATE TABLE links (
  record_id INTEGER NOT NULL, source INTEGER NOT NULL, reference TEXT NOT NULL, name TEXT NOT NULL,
  has_fallback INTEGER NOT NULL,
  PRIMARY KEY (record_id, reference)
) WITHOUT ROWID;
CREATE INDEX links_by_name ON links (name);

CREATE TABLE problems (
  record_id INTEGER NOT NULL, origin INTEGER NOT NULL, path TEXT NOT NULL, line INTEGER NOT NULL,
  column INTEGER NOT NULL, field TEXT NOT NULL, message TEXT NOT NULL, severity TEXT NOT NULL
);
CREATE INDEX problems_by_record ON problems (record_id);

-- The entries that feeds may show. `record_ids` lists all records of a merged entry (JSON), the leading one first;
-- `memberships` lists its feeds, and how it spells their names (JSON).
CREATE TABLE entries (
  record_id INTEGER PRIMARY KEY, id TEXT NOT NULL, published INTEGER NOT NULL, updated INTEGER NOT NULL,
  digest BLOB NOT NULL, record_ids TEXT, memberships TEXT NOT NULL
);

CREATE TABLE feeds (
  feed_id INTEGER PRIMARY KEY, dimension TEXT NOT NULL, key TEXT NOT NULL, path TEXT, header_digest BLOB,
  catalog_json TEXT, index_html BLOB, UNIQUE (dimension, key)
);
CREATE TABLE memberships (
  feed_id INTEGER NOT NULL, published INTEGER NOT NULL, record_id INTEGER NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY (feed_id, published, record_id)
) WITHOUT ROWID;
-- The members of a feed in a month (`2020-06`), by how they spell its name: counting them again costs what exists.
CREATE TABLE month_counts (
  feed_id INTEGER NOT NULL, month TEXT NOT NULL, name TEXT NOT NULL, entries INTEGER NOT NULL,
  PRIMARY KEY (feed_id, month, name)
) WITHOUT ROWID;

-- What each set of documents last showed: that of the newest entries ('') and the archives (feeds/archive.py).
-- `content_digest` covers the feed's texts, its links and its entries.
CREATE TABLE document_sets (
  feed_id INTEGER NOT NULL, period TEXT NOT NULL, content_digest BLOB NOT NULL, PRIMARY KEY (feed_id, period)
) WITHOUT ROWID;

-- Entries as rendered: the digest that an entry had then, and its fragment in each format. A `fragment_id` is made of
-- the record and the format, `record_id * 64 + format_id`: an index over both would double the time to store one.
-- `content` is compressed (Zstandard): it would be nine tenths of the database.
CREATE TABLE rendered (record_id INTEGER PRIMARY KEY, digest BLOB NOT NULL, title TEXT NOT NULL);
CREATE TABLE formats (format_id INTEGER PRIMARY KEY CHECK (format_id < 64), name TEXT NOT NULL UNIQUE);
CREATE TABLE fragments (
  fragment_id INTEGER PRIMARY KEY, record_id INTEGER NOT NULL, format TEXT NOT NULL, content BLOB NOT NULL
);

-- The documents that are published. `version` is the output's own (outputs/base.py).
CREATE TABLE documents (
  path TEXT PRIMARY KEY, feed_id INTEGER NOT NULL, period TEXT NOT NULL, digest BLOB NOT NULL,
  size_bytes INTEGER NOT NULL, version TEXT NOT NULL, modified_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX documents_by_set ON documents (feed_id, period);

-- What partners filter entries by (change_log.py); empty unless `api` is configured. `topics` are keys (JSON). The
-- text to search is in `partner_text`, an FTS5 table that is created when it is needed: not every SQLite has FTS5.
CREATE TABLE partner_entries (
  record_id INTEGER PRIMARY KEY, id TEXT NOT NULL, published INTEGER NOT NULL, provider TEXT NOT NULL,
  type TEXT NOT NULL, language TEXT NOT NULL, quality INTEGER, heat INTEGER, topics TEXT NOT NULL
);
CREATE INDEX partner_entries_by_time ON partner_entries (published, id);
CREATE TABLE partner_topics (
  topic TEXT NOT NULL, published INTEGER NOT NULL, id TEXT NOT NULL, record_id INTEGER NOT NULL,
  PRIMARY KEY (topic, published, id)
) WITHOUT ROWID;
"""

LASTING = {
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
"""The tables that outlive a database which is built anew, with their columns. New columns have a default and are last:
a database of an earlier version lacks them."""

LASTING_IN_VERSION_7 = {
    "tombstones": ("tombstones", "dimension, key, id, deleted_at"),
    "removed_documents": ("gone", "path, gone_at"),
    "changes": ("log", "id, seq, at, file, state, topics"),
    "change_log_state": ("ledger", "name, value"),
    "topics": ("topics", "topic_url, path, digest, size_bytes, generation, changed_at"),
    "deliveries": (
        "deliveries",
        (
            "hub_url, topic_url, wanted, acked, state, since, next_at, acked_at, attempts, first_at, checks, "
            "checked_at, owner, leased_until, status, error"
        ),
    ),
    "hubs": ("hubs", "hub_url, failures, openings, open_until, not_before"),
    "attempts": ("attempts", "id, hub_url, topic_url, generation, at, state, status, error, seconds"),
}
"""The same tables in the first release: the name that each had then, and its columns in the same order. Columns that
were added later follow these."""

LASTING_TABLES = """
-- Entries that were published once and are not any more, by the feeds that held them.
CREATE TABLE tombstones (
  dimension TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, deleted_at INTEGER NOT NULL,
  PRIMARY KEY (dimension, key, id)
) WITHOUT ROWID;
CREATE INDEX tombstones_by_time ON tombstones (deleted_at);
CREATE INDEX tombstones_by_id ON tombstones (id);

-- Documents that were published once and are not any more: a server answers 410 for them.
CREATE TABLE removed_documents (path TEXT PRIMARY KEY, removed_at INTEGER NOT NULL) WITHOUT ROWID;

-- The feeds of a dimension that were published, as they were last: how entries spelled the name, the path, the number
-- of entries, and the time of the latest update. A feed that the configuration ends is deleted here.
CREATE TABLE published_feeds (
  dimension TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, path TEXT NOT NULL, entries INTEGER NOT NULL,
  updated INTEGER NOT NULL, PRIMARY KEY (dimension, key)
) WITHOUT ROWID;

-- What is known of the site itself: the `authority` of its ids, the period of its archives (`archive`), and
-- `served_at` and `pinged_at`, when a document was first served, and when a build first found that a hub was notified.
CREATE TABLE site_state (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;

-- The change log for partners: every entry once, at the position (`seq`) of its last change. `state` is a digest of
-- what partners see and filter by, NULL for a deleted entry; `topics` are the keys of all topics that it ever had.
CREATE TABLE changes (
  id TEXT PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, changed_at INTEGER NOT NULL, record_id INTEGER, state BLOB,
  topics TEXT NOT NULL
) WITHOUT ROWID;
-- The change log's `epoch`, the last `seq` given, and the last one `dropped`.
CREATE TABLE change_log_state (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;

-- Documents that hubs know by a topic URL. New bytes raise `generation`.
CREATE TABLE topics (
  topic_url TEXT PRIMARY KEY, path TEXT NOT NULL, digest BLOB NOT NULL, size_bytes INTEGER NOT NULL,
  generation INTEGER NOT NULL, changed_at REAL NOT NULL
) WITHOUT ROWID;

-- The state of each delivery, one row per hub and topic URL (outbox.py). `pending_since` is the time of the oldest
-- change that the hub did not acknowledge. `attempts` and `checks` count the pings and the failed verifications of the
-- wanted generation since `first_attempt_at` and `first_check_at`; `last_attempt_at` is the time of its last ping, and
-- `accepted_unverified_at` of the last one that the hub accepted before the public copy was right. `error_origin` is
-- what `last_error` is about: 'hub' or 'site'.
CREATE TABLE deliveries (
  hub_url TEXT NOT NULL, topic_url TEXT NOT NULL, wanted_generation INTEGER NOT NULL,
  acknowledged_generation INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'due', pending_since REAL NOT NULL,
  next_attempt_at REAL NOT NULL, acknowledged_at REAL, attempts INTEGER NOT NULL DEFAULT 0, first_attempt_at REAL,
  checks INTEGER NOT NULL DEFAULT 0, first_check_at REAL, lease_owner TEXT, lease_expires_at REAL NOT NULL DEFAULT 0,
  last_status INTEGER, last_error TEXT NOT NULL DEFAULT '', last_attempt_at REAL, accepted_unverified_at REAL,
  error_origin TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (hub_url, topic_url)
) WITHOUT ROWID;
CREATE INDEX deliveries_by_time ON deliveries (hub_url, next_attempt_at)
  WHERE acknowledged_generation < wanted_generation;
CREATE INDEX deliveries_by_topic ON deliveries (topic_url);

-- The state of each hub's circuit breaker, and the pings per second that it takes, 0 for unlimited (HubHealth).
CREATE TABLE hubs (
  hub_url TEXT PRIMARY KEY, failures INTEGER NOT NULL, openings INTEGER NOT NULL, open_until REAL NOT NULL,
  not_before REAL NOT NULL, rate REAL NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- The latest attempts of each delivery.
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, hub_url TEXT NOT NULL, topic_url TEXT NOT NULL, generation INTEGER NOT NULL,
  attempted_at REAL NOT NULL, state TEXT NOT NULL, status INTEGER, error TEXT NOT NULL, duration_s REAL NOT NULL
);
CREATE INDEX attempts_by_hub ON attempts (hub_url, id);
"""

# Created after the first records are stored: a third of the time that keeping them in order takes, row by row. A
# database that an earlier release made has others: it gets these when all records are parsed again.
INDEXES = (
    "CREATE INDEX IF NOT EXISTS records_by_url ON records (url) WHERE url IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS records_by_stated_id ON records (stated_id) WHERE stated_id IS NOT NULL",
    "DROP INDEX IF EXISTS records_by_state",
    "CREATE INDEX IF NOT EXISTS records_by_state_and_time ON records (state, published)",
    "CREATE INDEX IF NOT EXISTS records_by_expiry ON records (expires) WHERE expires IS NOT NULL",
    # Entries are counted by these two, which are narrow.
    "CREATE INDEX IF NOT EXISTS entries_by_time ON entries (published)",
    "CREATE INDEX IF NOT EXISTS entries_in_no_feed ON entries (record_id) WHERE memberships = '[]'",
)
