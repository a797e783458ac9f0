-- The tables of a state. Those of SQLite (store/sqlite/schema.py) explain the columns; they are the same, except that
-- lists are arrays. Texts are ordered by their bytes, as SQLite and Python order them.

-- A text of a record may be longer than a B-tree holds: unique ones are indexed by their digest.
CREATE FUNCTION text_digest(text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS 'SELECT sha256(convert_to($1, ''UTF8''))';

-- Raised by each commit. A state exists once it is above 0.
CREATE TABLE state_version (version bigint NOT NULL);
INSERT INTO state_version VALUES (0);

-- What is to be known while a run works, and after it was killed, whatever became of its transaction; and the keys that
-- all servers share.
CREATE TABLE notes (name text COLLATE "C" PRIMARY KEY, content bytea NOT NULL);

CREATE TABLE run_state (
  name text COLLATE "C" PRIMARY KEY, integer_value bigint, text_value text COLLATE "C", bytes_value bytea
);

CREATE TABLE folders (folder_id bigint PRIMARY KEY, source bigint NOT NULL, path bytea NOT NULL, UNIQUE (source, path));
CREATE TABLE files (
  folder_id bigint NOT NULL, name bytea NOT NULL, record_id bigint NOT NULL, size_bytes bigint NOT NULL,
  mtime_ns bigint NOT NULL, ctime_ns bigint NOT NULL, PRIMARY KEY (folder_id, name)
);
CREATE INDEX files_by_name ON files (name);

CREATE TABLE records (
  record_id bigint PRIMARY KEY, source bigint NOT NULL, path bytea NOT NULL, hash bytea NOT NULL, state integer NOT NULL,
  stated_id text COLLATE "C", url text COLLATE "C", published bigint, updated bigint, expires bigint,
  traits text COLLATE "C", digest bytea, language text COLLATE "C" NOT NULL, states_url boolean NOT NULL
);
CREATE INDEX records_by_url ON records USING hash (url) WHERE url IS NOT NULL;
CREATE INDEX records_by_stated_id ON records USING hash (stated_id) WHERE stated_id IS NOT NULL;
CREATE INDEX records_by_state ON records (state);
CREATE INDEX records_by_published ON records (published) WHERE published IS NOT NULL;
CREATE INDEX records_by_expiry ON records (expires) WHERE expires IS NOT NULL;

CREATE TABLE links (
  record_id bigint NOT NULL, source bigint NOT NULL, reference text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
  has_fallback boolean NOT NULL
);
CREATE UNIQUE INDEX links_by_record ON links (record_id, text_digest(reference));
CREATE INDEX links_by_name ON links USING hash (name);

CREATE TABLE problems (
  record_id bigint NOT NULL, origin integer NOT NULL, path text COLLATE "C" NOT NULL, line bigint NOT NULL,
  column_number bigint NOT NULL, field text COLLATE "C" NOT NULL, message text COLLATE "C" NOT NULL,
  severity text COLLATE "C" NOT NULL
);
CREATE INDEX problems_by_record ON problems (record_id);

CREATE TABLE entries (
  record_id bigint PRIMARY KEY, id text COLLATE "C" NOT NULL, published bigint NOT NULL, updated bigint NOT NULL,
  digest bytea NOT NULL, record_ids bigint[] NOT NULL, feed_ids bigint[] NOT NULL, feed_names text[] COLLATE "C" NOT NULL
);
CREATE INDEX entries_by_id ON entries USING hash (id);

CREATE TABLE feeds (
  feed_id bigint PRIMARY KEY, dimension text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, path text COLLATE "C",
  header_digest bytea, catalog_json text COLLATE "C", index_html bytea
);
CREATE UNIQUE INDEX feeds_by_name ON feeds (dimension, text_digest(key));
CREATE TABLE memberships (
  feed_id bigint NOT NULL, published bigint NOT NULL, record_id bigint NOT NULL, name text COLLATE "C" NOT NULL,
  PRIMARY KEY (feed_id, published, record_id)
);
CREATE TABLE month_counts (
  feed_id bigint NOT NULL, month text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, entries bigint NOT NULL
);
CREATE UNIQUE INDEX month_counts_by_feed ON month_counts (feed_id, month, text_digest(name));

CREATE TABLE document_sets (
  feed_id bigint NOT NULL, period text COLLATE "C" NOT NULL, content_digest bytea NOT NULL, PRIMARY KEY (feed_id, period)
);

-- The content is compressed already.
CREATE TABLE rendered (record_id bigint PRIMARY KEY, digest bytea NOT NULL, title text COLLATE "C" NOT NULL);
CREATE TABLE fragments (
  record_id bigint NOT NULL, format text COLLATE "C" NOT NULL, content bytea NOT NULL, PRIMARY KEY (record_id, format)
);
ALTER TABLE fragments ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE documents (
  path text COLLATE "C" PRIMARY KEY, feed_id bigint NOT NULL, period text COLLATE "C" NOT NULL, digest bytea NOT NULL,
  size_bytes bigint NOT NULL, version text COLLATE "C" NOT NULL, modified_at bigint NOT NULL
);
CREATE INDEX documents_by_set ON documents (feed_id, period);

-- What partners filter and search entries by. `words` is made of the words that SQLite would find (words.py).
CREATE TABLE partner_entries (
  record_id bigint PRIMARY KEY, id text COLLATE "C" NOT NULL, published bigint NOT NULL,
  provider text COLLATE "C" NOT NULL, type text COLLATE "C" NOT NULL, language text COLLATE "C" NOT NULL, quality bigint,
  heat bigint, topics text COLLATE "C" NOT NULL
);
CREATE INDEX partner_entries_by_time ON partner_entries (published);
CREATE TABLE partner_topics (
  topic text COLLATE "C" NOT NULL, published bigint NOT NULL, id text COLLATE "C" NOT NULL, record_id bigint NOT NULL
);
CREATE INDEX partner_topics_by_topic ON partner_topics (text_digest(topic), published);
CREATE INDEX partner_topics_by_record ON partner_topics (record_id);
CREATE TABLE partner_text (
  record_id bigint PRIMARY KEY, title text COLLATE "C" NOT NULL, excerpt text COLLATE "C" NOT NULL, words tsvector NOT NULL
);
CREATE INDEX partner_text_by_word ON partner_text USING gin (words);

-- What outlives a state that is built anew.

CREATE TABLE tombstones (
  dimension text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL,
  deleted_at bigint NOT NULL
);
CREATE UNIQUE INDEX tombstones_by_feed ON tombstones (dimension, text_digest(key), text_digest(id));
CREATE INDEX tombstones_by_time ON tombstones (deleted_at);
CREATE INDEX tombstones_by_id ON tombstones USING hash (id);

CREATE TABLE removed_documents (path text COLLATE "C" PRIMARY KEY, removed_at bigint NOT NULL);

CREATE TABLE published_feeds (
  dimension text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
  path text COLLATE "C" NOT NULL, entries bigint NOT NULL, updated bigint NOT NULL
);
CREATE UNIQUE INDEX published_feeds_by_name ON published_feeds (dimension, text_digest(key));

CREATE TABLE site_state (
  name text COLLATE "C" PRIMARY KEY, integer_value bigint, text_value text COLLATE "C", bytes_value bytea
);

CREATE TABLE changes (
  id text COLLATE "C" NOT NULL, seq bigint NOT NULL UNIQUE, changed_at bigint NOT NULL, record_id bigint, state bytea,
  topics text COLLATE "C" NOT NULL, topic_keys text[] COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX changes_by_digest ON changes (text_digest(id));
CREATE INDEX changes_by_id ON changes USING hash (id);
CREATE TABLE change_log_state (
  name text COLLATE "C" PRIMARY KEY, integer_value bigint, text_value text COLLATE "C", bytes_value bytea
);

CREATE TABLE topics (
  topic_url text COLLATE "C" PRIMARY KEY, path text COLLATE "C" NOT NULL, digest bytea NOT NULL,
  size_bytes bigint NOT NULL, generation bigint NOT NULL, changed_at double precision NOT NULL
);
CREATE TABLE deliveries (
  hub_url text COLLATE "C" NOT NULL, topic_url text COLLATE "C" NOT NULL, wanted_generation bigint NOT NULL,
  acknowledged_generation bigint NOT NULL DEFAULT 0, state text COLLATE "C" NOT NULL DEFAULT 'due',
  pending_since double precision NOT NULL, next_attempt_at double precision NOT NULL, acknowledged_at double precision,
  attempts bigint NOT NULL DEFAULT 0, first_attempt_at double precision, checks bigint NOT NULL DEFAULT 0,
  first_check_at double precision, lease_owner text COLLATE "C", lease_expires_at double precision NOT NULL DEFAULT 0,
  last_status bigint, last_error text COLLATE "C" NOT NULL DEFAULT '', last_attempt_at double precision,
  accepted_unverified_at double precision, error_origin text COLLATE "C" NOT NULL DEFAULT '',
  PRIMARY KEY (hub_url, topic_url)
);
CREATE INDEX deliveries_by_time ON deliveries (hub_url, next_attempt_at, topic_url)
  WHERE acknowledged_generation < wanted_generation;
CREATE INDEX deliveries_by_topic ON deliveries (topic_url);
CREATE TABLE hubs (
  hub_url text COLLATE "C" PRIMARY KEY, failures bigint NOT NULL, openings bigint NOT NULL,
  open_until double precision NOT NULL, not_before double precision NOT NULL, rate double precision NOT NULL DEFAULT 0
);
CREATE TABLE attempts (
  id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, hub_url text COLLATE "C" NOT NULL,
  topic_url text COLLATE "C" NOT NULL, generation bigint NOT NULL, attempted_at double precision NOT NULL,
  state text COLLATE "C" NOT NULL, status bigint, error text COLLATE "C" NOT NULL, duration_s double precision NOT NULL
);
CREATE INDEX attempts_by_hub ON attempts (hub_url, id);

-- The change log notes which entries and records a run inserts or deletes, in the temporary table `touched` of its
-- session (change_log.py). Other sessions have none.
CREATE FUNCTION note_touched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass('pg_temp.touched') IS NOT NULL THEN
    INSERT INTO pg_temp.touched SELECT record_id FROM changed ON CONFLICT (record_id) DO NOTHING;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER entries_inserted AFTER INSERT ON entries REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION note_touched();
CREATE TRIGGER entries_updated AFTER UPDATE ON entries REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION note_touched();
CREATE TRIGGER entries_deleted AFTER DELETE ON entries REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION note_touched();
CREATE TRIGGER records_inserted AFTER INSERT ON records REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION note_touched();
CREATE TRIGGER records_updated AFTER UPDATE ON records REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION note_touched();
