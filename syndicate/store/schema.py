"""The tables of the index. A change of the schema raises VERSION: an index of another version is set aside and rebuilt.

Times are whole seconds since 1970, UTC; `_ns` nanoseconds, as the file system has them. Paths are bytes: file names
need not be text.
"""

VERSION = 7

# Large pages suit fragments, which are a few kilobytes each.
PAGE_BYTES = 8192

TABLES = """
-- What a run remembers of itself: fingerprints of the configuration, the time of the last build.
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- The folders of the corpus, and their files: narrow, since every run reads all of it, a folder at a time.
CREATE TABLE folders (folder INTEGER PRIMARY KEY, source INTEGER NOT NULL, path BLOB NOT NULL, UNIQUE (source, path));
CREATE TABLE files (
  folder INTEGER NOT NULL, name BLOB NOT NULL, file INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
  PRIMARY KEY (folder, name)
) WITHOUT ROWID;

-- What each file says, as far as choosing needs it. Only an entry has an address. `stated` is an id not of the path.
CREATE TABLE records (
  file INTEGER PRIMARY KEY, source INTEGER NOT NULL, path BLOB NOT NULL, hash BLOB NOT NULL, state INTEGER NOT NULL,
  stated TEXT, url TEXT, published INTEGER, updated INTEGER, expires INTEGER, figures TEXT, digest BLOB
);

CREATE TABLE problems (
  file INTEGER NOT NULL, aspect INTEGER NOT NULL, path TEXT NOT NULL, line INTEGER NOT NULL, column INTEGER NOT NULL,
  field TEXT NOT NULL, message TEXT NOT NULL, severity TEXT NOT NULL
);
CREATE INDEX problems_by_file ON problems (file);

-- The entries that feeds may show. `file` leads: it gives the identity; `files` lists all of a merged entry (JSON).
-- `filed` lists its feeds (JSON).
CREATE TABLE entries (
  file INTEGER PRIMARY KEY, id TEXT NOT NULL, published INTEGER NOT NULL, updated INTEGER NOT NULL,
  digest BLOB NOT NULL, files TEXT, filed TEXT NOT NULL
);

-- `words` is a digest of what a feed says of itself, in all its documents; `card` and `row` are the feed in the lists
-- for machines and for people.
CREATE TABLE feeds (
  feed INTEGER PRIMARY KEY, dimension TEXT NOT NULL, key TEXT NOT NULL, path TEXT, card TEXT, words BLOB, row BLOB,
  UNIQUE (dimension, key)
);
CREATE TABLE members (
  feed INTEGER NOT NULL, published INTEGER NOT NULL, file INTEGER NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY (feed, published, file)
) WITHOUT ROWID;
-- How many members a feed has in a month (`2020-06`), by how they spell its name: counting them anew costs what exists.
CREATE TABLE tallies (
  feed INTEGER NOT NULL, month TEXT NOT NULL, name TEXT NOT NULL, entries INTEGER NOT NULL,
  PRIMARY KEY (feed, month, name)
) WITHOUT ROWID;

-- What each set of documents last showed: that of the newest entries ('') and the archives (feeds/archive.py). `seen`
-- is a digest over words, links and entries.
CREATE TABLE issues (feed INTEGER NOT NULL, period TEXT NOT NULL, seen BLOB, PRIMARY KEY (feed, period)) WITHOUT ROWID;

-- Each entry as rendered, by its digest; a card is how pages show it.
CREATE TABLE fragments (
  file INTEGER PRIMARY KEY, digest BLOB NOT NULL, rss BLOB, atom BLOB, json BLOB, card BLOB, title TEXT
);

-- The documents that stand in the output tree, and how the file system shows them.
CREATE TABLE documents (
  path TEXT PRIMARY KEY, feed INTEGER NOT NULL, period TEXT NOT NULL, digest BLOB NOT NULL,
  size_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX documents_by_issue ON documents (feed, period);

-- What partners choose entries by (ledger.py); empty unless `api` is configured. `topics` are keys (JSON). Words to
-- search for are in `words`, a table of FTS5 that is made when it is needed: not every SQLite can.
CREATE TABLE facets (
  file INTEGER PRIMARY KEY, id TEXT NOT NULL, published INTEGER NOT NULL, provider TEXT NOT NULL, type TEXT NOT NULL,
  language TEXT NOT NULL, quality INTEGER, heat INTEGER, topics TEXT NOT NULL
);
CREATE INDEX facets_by_time ON facets (published, id);
CREATE TABLE topical (
  topic TEXT NOT NULL, published INTEGER NOT NULL, id TEXT NOT NULL, file INTEGER NOT NULL,
  PRIMARY KEY (topic, published, id)
) WITHOUT ROWID;
"""

# What outlives an index that is built anew (outbox.py, tombstones.py, gone.py, ledger.py). Times are seconds since
# 1970.
LASTING = ("topics", "deliveries", "hubs", "attempts", "tombstones", "gone", "ledger", "log")
LASTING_TABLES = """
-- Entries that were published once and are not any more, by the feeds that held them.
CREATE TABLE tombstones (
  dimension TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, deleted_at INTEGER NOT NULL,
  PRIMARY KEY (dimension, key, id)
) WITHOUT ROWID;
CREATE INDEX tombstones_by_time ON tombstones (deleted_at);
CREATE INDEX tombstones_by_id ON tombstones (id);

-- Documents that stood in the output tree and do not any more: a server says so to who asks for them.
CREATE TABLE gone (path TEXT PRIMARY KEY, gone_at INTEGER NOT NULL) WITHOUT ROWID;

-- What changed, for partners: every entry once, where its last change stands in the order of all changes (`seq`).
-- `state` is a digest of what partners see and choose by, NULL of one that is gone; `topics` are all it ever had, keys.
CREATE TABLE log (
  id TEXT PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, at INTEGER NOT NULL, file INTEGER, state BLOB, topics TEXT NOT NULL
) WITHOUT ROWID;
-- Of the log itself: its `epoch`, the last `seq` given, the last that was `dropped`.
CREATE TABLE ledger (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;

-- Documents that hubs know by a topic URL. New bytes raise `generation`.
CREATE TABLE topics (
  topic_url TEXT PRIMARY KEY, path TEXT NOT NULL, digest BLOB NOT NULL, size_bytes INTEGER NOT NULL,
  generation INTEGER NOT NULL, changed_at REAL NOT NULL
) WITHOUT ROWID;

-- The state of each delivery, one row per hub and topic URL (outbox.py). `pending_since` is the time of the oldest
-- change that the hub did not acknowledge. `attempts` and `checks` count the pings and the failed verifications of the
-- wanted generation since `first_attempt_at` and `first_check_at`.
CREATE TABLE deliveries (
  hub_url TEXT NOT NULL, topic_url TEXT NOT NULL, wanted_generation INTEGER NOT NULL,
  acknowledged_generation INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'due', pending_since REAL NOT NULL,
  next_attempt_at REAL NOT NULL, acknowledged_at REAL, attempts INTEGER NOT NULL DEFAULT 0, first_attempt_at REAL,
  checks INTEGER NOT NULL DEFAULT 0, first_check_at REAL, lease_owner TEXT, lease_expires_at REAL NOT NULL DEFAULT 0,
  last_status INTEGER, last_error TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (hub_url, topic_url)
) WITHOUT ROWID;
CREATE INDEX deliveries_by_time ON deliveries (hub_url, next_attempt_at)
  WHERE acknowledged_generation < wanted_generation;
CREATE INDEX deliveries_by_topic ON deliveries (topic_url);

-- The state of each hub's circuit breaker (HubHealth).
CREATE TABLE hubs (
  hub_url TEXT PRIMARY KEY, failures INTEGER NOT NULL, openings INTEGER NOT NULL, open_until REAL NOT NULL,
  not_before REAL NOT NULL
) WITHOUT ROWID;

-- The latest attempts of each delivery.
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, hub_url TEXT NOT NULL, topic_url TEXT NOT NULL, generation INTEGER NOT NULL,
  attempted_at REAL NOT NULL, state TEXT NOT NULL, status INTEGER, error TEXT NOT NULL, duration_s REAL NOT NULL
);
CREATE INDEX attempts_by_hub ON attempts (hub_url, id);
"""

# Made after the first records are in: a third of the time that keeping them in order takes, record by record.
RECORD_INDEXES = (
    "CREATE INDEX IF NOT EXISTS records_by_url ON records (url) WHERE url IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS records_by_stated ON records (stated) WHERE stated IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS records_by_state ON records (state)",
    "CREATE INDEX IF NOT EXISTS records_by_expiry ON records (expires) WHERE expires IS NOT NULL",
)
