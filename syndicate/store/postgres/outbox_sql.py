"""The SQL statements of the outbox. `{rows}` are rows of outbox_rows, named as their fields."""

from ..outbox_rows import (
    DELIVERY_COLUMNS,
    HUB_HEALTH_COLUMNS,
    HUB_TIMES_COLUMNS,
    PENDING_DELIVERY_COLUMNS,
    TOPIC_SUMMARY_COLUMNS,
    WAITING_DELIVERY_COLUMNS,
)

_IS_PENDING = "acknowledged_generation < wanted_generation"
_IS_ACTIVE = f"{_IS_PENDING} AND state <> 'failed'"
_OF_HUBS = "hub_url = ANY(%(hub_urls)s::text[])"
_HUBS = "unnest(%(hub_urls)s::text[]) WITH ORDINALITY AS hub (value, position)"

KEY = {"hub_url": "text", "topic_url": "text"}
"""The columns that name a delivery."""

# ------------------------------------------------------------------------------------------------------ build

# Makes the next document at a topic URL a new generation, whatever its bytes are.
INVALIDATE_DIGESTS = "UPDATE topics SET digest = '' WHERE topic_url = ANY(%(topic_urls)s::text[])"

# Reads the digests that the outbox has recorded for topic URLs.
SELECT_DIGESTS = "SELECT topic_url, digest FROM topics WHERE topic_url = ANY(%(topic_urls)s::text[])"

# Starts topics, or the next generation of each.
TOPIC = {"topic_url": "text", "path": "text", "digest": "bytea", "size_bytes": "bigint"}
UPSERT_TOPICS = """
INSERT INTO topics AS t (topic_url, path, digest, size_bytes, generation, changed_at)
SELECT topic_url, path, digest, size_bytes, 1, %(changed_at)s FROM {rows}
ON CONFLICT (topic_url) DO UPDATE SET path = excluded.path, digest = excluded.digest,
  size_bytes = excluded.size_bytes, generation = t.generation + 1, changed_at = excluded.changed_at"""

# Requests the current generation of topics for hubs. A new generation resets the attempts, but a delivery that is
# retrying keeps its time: the hub is failing.
REQUEST_DELIVERIES = """
INSERT INTO deliveries AS d (hub_url, topic_url, wanted_generation, pending_since, next_attempt_at)
SELECT hub, topic_url, generation, %(now)s, %(now)s
FROM unnest(%(hub_urls)s::text[]) AS hub CROSS JOIN topics
WHERE topic_url = ANY(%(topic_urls)s::text[])
ON CONFLICT (hub_url, topic_url) DO UPDATE SET wanted_generation = excluded.wanted_generation,
  pending_since = CASE WHEN d.acknowledged_generation = d.wanted_generation THEN excluded.pending_since
                  ELSE d.pending_since END,
  next_attempt_at = CASE WHEN d.state = 'retrying' THEN d.next_attempt_at ELSE excluded.next_attempt_at END,
  state = CASE WHEN d.state = 'retrying' THEN d.state ELSE 'due' END,
  attempts = 0, first_attempt_at = NULL, checks = 0, first_check_at = NULL, accepted_unverified_at = NULL"""

# Lists the paths that an address encodes: those that are not ASCII.
SELECT_ENCODED_PATHS = "SELECT DISTINCT path FROM topics WHERE octet_length(path) <> char_length(path)"

# Deletes topics whose document is not in the output, or is published under another URL; then the deliveries and
# attempts of topics that do not exist and of hubs that are not configured, and the health of these hubs. The topic URL
# of an HTML page is that of its folder, if pages are announced. `paths` have the addresses `addresses`.
DELETE_TOPICS = """
DELETE FROM topics WHERE topic_url IN (
  SELECT t.topic_url FROM topics AS t
  LEFT JOIN unnest(%(paths)s::text[], %(addresses)s::text[]) AS encoded (path, address) ON encoded.path = t.path
  WHERE NOT EXISTS (SELECT 1 FROM documents WHERE documents.path = t.path)
    OR t.topic_url <> %(site_url)s || COALESCE(address, t.path)
      AND NOT (%(has_pages)s AND t.topic_url || 'index.html' = %(site_url)s || COALESCE(address, t.path)))"""
DELETE_ORPHANS = """
WITH deliveries AS (
    DELETE FROM deliveries AS d WHERE NOT EXISTS (SELECT 1 FROM topics WHERE topics.topic_url = d.topic_url)
      OR d.hub_url <> ALL (%(hub_urls)s::text[])),
  attempts AS (
    DELETE FROM attempts AS a WHERE NOT EXISTS (SELECT 1 FROM topics WHERE topics.topic_url = a.topic_url)
      OR a.hub_url <> ALL (%(hub_urls)s::text[]))
DELETE FROM hubs WHERE hub_url <> ALL (%(hub_urls)s::text[])"""

# --------------------------------------------------------------------------------------------------- dispatch

# Leases due deliveries, the longest due first, up to the quota of each hub. Those that another transaction leases at
# this moment are skipped.
_LEASE = f"""
WITH due AS MATERIALIZED (
  SELECT found.*, ROW_NUMBER() OVER (PARTITION BY found.hub_url ORDER BY next_attempt_at, found.topic_url) AS position
  FROM unnest(%(hubs)s::text[], %(quotas)s::bigint[]) AS quotas (hub, quota)
  CROSS JOIN LATERAL (
    SELECT due.hub_url, due.topic_url, due.next_attempt_at FROM deliveries AS due
    WHERE due.hub_url = hub AND {_IS_ACTIVE} AND next_attempt_at <= %(now)s AND lease_expires_at <= %(now)s[purged]
    ORDER BY next_attempt_at, topic_url LIMIT quota FOR UPDATE SKIP LOCKED) AS found),
leased AS (
  UPDATE deliveries SET lease_owner = %(owner)s, lease_expires_at = %(expires_at)s FROM due
  WHERE deliveries.hub_url = due.hub_url AND deliveries.topic_url = due.topic_url
  RETURNING deliveries.*, due.position)
SELECT {DELIVERY_COLUMNS.replace("deliveries.", "leased.")} FROM leased JOIN topics USING (topic_url)
ORDER BY position"""  # noqa: S608 - built of constants
LEASE = _LEASE.replace("[purged]", "")

# The same, without the pings of documents whose purge is pending: one that was not given up, nor waits for too long.
LEASE_AFTER_PURGES = _LEASE.replace(
    "[purged]",
    """
      AND (hub = ANY(%(caches)s::text[]) OR NOT EXISTS (
        SELECT 1 FROM deliveries AS purge
        WHERE purge.topic_url = due.topic_url AND purge.hub_url = ANY(%(caches)s::text[])
          AND purge.acknowledged_generation < purge.wanted_generation AND purge.state <> 'failed'
          AND purge.pending_since > %(now)s - %(patience_s)s))""",
)

# Ends the leases of an owner; another owner's lease stays.
RELEASE = """
UPDATE deliveries AS d SET lease_owner = NULL, lease_expires_at = 0 FROM {rows}
WHERE d.hub_url = r.hub_url AND d.topic_url = r.topic_url AND d.lease_owner = %(owner)s"""

# Lists the owners of leases.
SELECT_LEASE_OWNERS = f"""
SELECT DISTINCT lease_owner FROM deliveries
WHERE {_OF_HUBS} AND {_IS_PENDING} AND lease_owner IS NOT NULL"""  # noqa: S608

# Ends all leases of owners.
RELEASE_OWNERS = f"""
UPDATE deliveries SET lease_owner = NULL, lease_expires_at = 0
WHERE {_IS_PENDING} AND lease_owner = ANY(%(owners)s::text[])"""  # noqa: S608

# Corrects times that another clock has set. Times of the past are not later than now, either. LEAST ignores NULL.
_NOT_AFTER_NOW = "{name} = CASE WHEN {name} > %(now)s THEN %(now)s ELSE {name} END"
BOUND_TIMES = f"""
UPDATE deliveries SET
  next_attempt_at = CASE WHEN next_attempt_at > %(latest_attempt_at)s THEN %(now)s ELSE next_attempt_at END,
  {_NOT_AFTER_NOW.format(name="first_attempt_at")}, {_NOT_AFTER_NOW.format(name="first_check_at")},
  {_NOT_AFTER_NOW.format(name="last_attempt_at")},
  lease_owner = CASE WHEN lease_expires_at > %(latest_lease_at)s AND lease_owner <> ALL (%(alive)s::text[]) THEN NULL
                ELSE lease_owner END,
  lease_expires_at = CASE WHEN lease_expires_at <= %(latest_lease_at)s THEN lease_expires_at
    WHEN lease_owner = ANY(%(alive)s::text[]) THEN %(latest_lease_at)s ELSE 0 END
WHERE {_OF_HUBS} AND {_IS_PENDING}
  AND (next_attempt_at > %(latest_attempt_at)s OR lease_expires_at > %(latest_lease_at)s
    OR GREATEST(first_attempt_at, first_check_at, last_attempt_at) > %(now)s)"""  # noqa: S608

_REVIVED_AT = """GREATEST(%(now)s, last_attempt_at + GREATEST(
  %(least_delay_s)s, (last_attempt_at - COALESCE(first_attempt_at, last_attempt_at)) * %(age_share)s))"""

# Makes deliveries due that hubs refused or failed to accept, as the hubs accept pings again.
REVIVE = f"""
UPDATE deliveries SET state = 'refused', next_attempt_at = {_REVIVED_AT}
WHERE {_OF_HUBS} AND {_IS_PENDING} AND state IN ('refused', 'failed')
  AND error_origin = 'hub' AND lease_owner IS NULL AND last_attempt_at IS NOT NULL
  AND (state = 'failed' OR next_attempt_at > {_REVIVED_AT})"""  # noqa: S608

# Lists the hubs that have a delivery under lease.
SELECT_LEASED_HUBS = f"SELECT DISTINCT hub_url FROM deliveries WHERE {_OF_HUBS} AND lease_expires_at > %(now)s"  # noqa: S608

# Reads the earliest time of each hub at which an active delivery is due and not under lease.
SELECT_NEXT_DUE = f"""
SELECT hub_url, min(GREATEST(next_attempt_at, lease_expires_at)) FROM deliveries
WHERE {_OF_HUBS} AND {_IS_ACTIVE} GROUP BY hub_url"""  # noqa: S608

# Reads the earliest time at which a public copy is checked again.
SELECT_NEXT_CHECK = f"""
SELECT min(next_attempt_at) FROM deliveries WHERE {_OF_HUBS} AND {_IS_PENDING} AND state = 'unverified'"""  # noqa: S608

# Records that hubs accepted generations, whoever holds the leases. A newer generation is due at once. After the loss
# of the state generations start again at 1: a digest that differs shows that the ping was for other bytes.
ACKNOWLEDGEMENT = {
    **KEY, "generation": "bigint", "digest": "bytea", "acknowledged_at": "double precision", "status": "bigint",
}  # fmt: skip
ACKNOWLEDGE = """
UPDATE deliveries AS d SET acknowledged_generation = GREATEST(d.acknowledged_generation, r.generation),
  acknowledged_at = r.acknowledged_at, last_status = r.status, last_error = '', error_origin = '',
  last_attempt_at = r.acknowledged_at, accepted_unverified_at = NULL,
  state = CASE WHEN r.generation >= d.wanted_generation THEN 'delivered' ELSE 'due' END,
  pending_since = CASE WHEN r.generation >= d.wanted_generation THEN d.pending_since ELSE topics.changed_at END,
  next_attempt_at = CASE WHEN r.generation >= d.wanted_generation THEN d.next_attempt_at ELSE r.acknowledged_at END,
  attempts = CASE WHEN r.generation >= d.wanted_generation THEN d.attempts + 1 ELSE 0 END,
  lease_expires_at = CASE WHEN d.lease_owner = %(owner)s THEN 0 ELSE d.lease_expires_at END,
  lease_owner = CASE WHEN d.lease_owner = %(owner)s THEN NULL ELSE d.lease_owner END
FROM {rows} JOIN topics USING (topic_url)
WHERE d.hub_url = r.hub_url AND d.topic_url = r.topic_url
  AND (topics.generation > r.generation OR (topics.generation = r.generation AND topics.digest = r.digest))"""

_IS_WANTED = "d.wanted_generation = r.generation"
_HELD = f"""d.hub_url = r.hub_url AND d.topic_url = r.topic_url AND d.lease_owner = %(owner)s
  AND d.{_IS_PENDING.replace("wanted", "d.wanted")}"""

# Records failed attempts and ends the leases. One counts for its own generation only: a newer one has all its attempts.
FAILED_ATTEMPT = {
    **KEY, "generation": "bigint", "attempted_at": "double precision", "state": "text",
    "next_attempt_at": "double precision", "status": "bigint", "error": "text",
}  # fmt: skip
RECORD_FAILED_ATTEMPTS = f"""
UPDATE deliveries AS d SET last_status = r.status, last_error = r.error, error_origin = 'hub',
  last_attempt_at = r.attempted_at,
  next_attempt_at = CASE WHEN {_IS_WANTED} OR r.state = 'retrying' THEN r.next_attempt_at ELSE d.next_attempt_at END,
  state = CASE WHEN {_IS_WANTED} OR r.state = 'retrying' THEN r.state ELSE d.state END,
  attempts = CASE WHEN {_IS_WANTED} THEN d.attempts + 1 ELSE d.attempts END,
  first_attempt_at = CASE WHEN {_IS_WANTED} THEN COALESCE(d.first_attempt_at, r.attempted_at)
                     ELSE d.first_attempt_at END,
  lease_expires_at = 0, lease_owner = NULL
FROM {{rows}} WHERE {_HELD}"""  # noqa: S608

# Records failed verifications of the public copy and ends the leases.
FAILED_CHECK = {
    **KEY, "generation": "bigint", "checked_at": "double precision", "state": "text",
    "next_attempt_at": "double precision", "error": "text",
}  # fmt: skip
RECORD_FAILED_CHECKS = f"""
UPDATE deliveries AS d SET last_status = NULL, last_error = r.error, error_origin = 'site',
  next_attempt_at = CASE WHEN {_IS_WANTED} THEN r.next_attempt_at ELSE d.next_attempt_at END,
  state = CASE WHEN {_IS_WANTED} THEN r.state ELSE d.state END,
  checks = CASE WHEN {_IS_WANTED} THEN d.checks + 1 ELSE d.checks END,
  first_check_at = CASE WHEN {_IS_WANTED} THEN COALESCE(d.first_check_at, r.checked_at) ELSE d.first_check_at END,
  lease_expires_at = 0, lease_owner = NULL
FROM {{rows}} WHERE {_HELD}"""  # noqa: S608

# Records that hubs accepted pings before the public copy was right, and ends the leases.
UNVERIFIED_ACCEPTANCE = {
    **KEY, "generation": "bigint", "accepted_at": "double precision", "state": "text",
    "next_attempt_at": "double precision", "error": "text",
}  # fmt: skip
RECORD_UNVERIFIED_ACCEPTANCES = f"""
UPDATE deliveries AS d SET last_status = NULL, last_error = r.error, error_origin = 'site',
  last_attempt_at = r.accepted_at,
  next_attempt_at = CASE WHEN {_IS_WANTED} THEN r.next_attempt_at ELSE d.next_attempt_at END,
  state = CASE WHEN {_IS_WANTED} THEN r.state ELSE d.state END,
  checks = CASE WHEN {_IS_WANTED} THEN d.checks + 1 ELSE d.checks END,
  attempts = CASE WHEN {_IS_WANTED} THEN d.attempts + 1 ELSE d.attempts END,
  first_attempt_at = CASE WHEN {_IS_WANTED} THEN COALESCE(d.first_attempt_at, r.accepted_at)
                     ELSE d.first_attempt_at END,
  accepted_unverified_at = CASE WHEN {_IS_WANTED} THEN r.accepted_at ELSE d.accepted_unverified_at END,
  lease_expires_at = 0, lease_owner = NULL
FROM {{rows}} WHERE {_HELD}"""  # noqa: S608

# Appends attempts to the history.
ATTEMPT = {
    **KEY, "generation": "bigint", "attempted_at": "double precision", "state": "text", "status": "bigint",
    "error": "text", "duration_s": "double precision",
}  # fmt: skip
INSERT_ATTEMPTS = """
INSERT INTO attempts (hub_url, topic_url, generation, attempted_at, state, status, error, duration_s)
SELECT * FROM {rows}"""

# Deletes all but the latest attempts of each delivery.
TRIM_ATTEMPTS = """
DELETE FROM attempts WHERE id IN (
  SELECT id FROM (
    SELECT id, ROW_NUMBER() OVER (PARTITION BY hub_url, topic_url ORDER BY id DESC) AS position FROM attempts) AS ranked
  WHERE position > %(kept)s)"""

# Makes deliveries due that were given up or refused, or that wait for later: of one hub or of all, below one path of
# the output or everywhere.
REPLAY = f"""
UPDATE deliveries SET state = 'due', next_attempt_at = %(now)s, attempts = 0, first_attempt_at = NULL, checks = 0,
  first_check_at = NULL, accepted_unverified_at = NULL
WHERE (state IN ('failed', 'refused') OR next_attempt_at > %(now)s) AND {_IS_PENDING}
  AND (%(hub_url)s::text IS NULL OR hub_url = %(hub_url)s::text)
  AND (%(path)s::text IS NULL OR topic_url IN (
    SELECT topic_url FROM topics WHERE path = %(path)s::text OR starts_with(path, %(path)s::text || '/')))"""  # noqa: S608

# ------------------------------------------------------------------------------------------------ hub health

SELECT_HUB_HEALTH = f"SELECT {HUB_HEALTH_COLUMNS} FROM hubs WHERE {_OF_HUBS}"  # noqa: S608

# Replaces the circuit breakers of hubs; their rates stay.
HUB_HEALTH = {
    "hub_url": "text", "failures": "bigint", "openings": "bigint", "open_until": "double precision",
    "not_before": "double precision", "rate": "double precision",
}  # fmt: skip
UPSERT_HUB_HEALTH = f"""
INSERT INTO hubs ({HUB_HEALTH_COLUMNS}) SELECT * FROM {{rows}}
ON CONFLICT (hub_url) DO UPDATE SET failures = excluded.failures, openings = excluded.openings,
  open_until = excluded.open_until, not_before = excluded.not_before"""  # noqa: S608

UPDATE_RATES = "UPDATE hubs SET rate = r.rate FROM {rows} WHERE hubs.hub_url = r.hub_url"

# ---------------------------------------------------------------------------------------------------- reports

# Lists unacknowledged deliveries, the longest pending first.
SELECT_PENDING = f"""
SELECT {PENDING_DELIVERY_COLUMNS} FROM deliveries WHERE {_IS_PENDING}
ORDER BY pending_since, topic_url, hub_url"""  # noqa: S608

# Summarizes the deliveries to each hub, in the order of the hubs. The latency is a median over the last 1,000 pings.
SUMMARIZE_HUBS = f"""
SELECT hub.value,
  count(*) FILTER (WHERE acknowledged_generation = wanted_generation),
  count(*) FILTER (WHERE {_IS_PENDING} AND state = 'due'),
  count(*) FILTER (WHERE {_IS_PENDING} AND state NOT IN ('due', 'failed')),
  count(*) FILTER (WHERE {_IS_PENDING} AND state = 'failed'),
  min(pending_since) FILTER (WHERE {_IS_PENDING}),
  (SELECT duration_s FROM (
     SELECT duration_s, ROW_NUMBER() OVER (ORDER BY duration_s) - 1 AS position, count(*) OVER () AS total FROM (
       SELECT duration_s FROM attempts WHERE attempts.hub_url = hub.value AND attempts.state = 'delivered'
       ORDER BY id DESC LIMIT 1000) AS latest) AS ranked
   WHERE position = total / 2),
  COALESCE((
    SELECT CASE WHEN last_status IS NULL THEN last_error ELSE last_status || ' ' || last_error END
    FROM deliveries AS failing
    WHERE failing.hub_url = hub.value AND failing.acknowledged_generation < failing.wanted_generation
      AND (last_error <> '' OR last_status IS NOT NULL)
    ORDER BY next_attempt_at DESC LIMIT 1), '')
FROM {_HUBS} LEFT JOIN deliveries ON hub_url = hub.value
GROUP BY hub.position, hub.value ORDER BY hub.position"""  # noqa: S608

# Summarizes the deliveries of each topic, in the order of the documents' paths.
SUMMARIZE_TOPICS = f"""
SELECT {TOPIC_SUMMARY_COLUMNS} FROM topics LEFT JOIN deliveries USING (topic_url)
GROUP BY topic_url ORDER BY path"""  # noqa: S608

# The pending deliveries of each hub: those that will be tried, and those that were given up.
COUNT_PENDING = f"""
SELECT hub.value, count(*) FILTER (WHERE state <> 'failed'), count(*) FILTER (WHERE state = 'failed')
FROM {_HUBS} LEFT JOIN deliveries ON hub_url = hub.value AND {_IS_PENDING}
GROUP BY hub.position, hub.value ORDER BY hub.position"""  # noqa: S608

# Lists the unacknowledged deliveries to hubs with the paths of their documents, the longest pending first.
SELECT_WAITING = f"""
SELECT {WAITING_DELIVERY_COLUMNS} FROM deliveries JOIN topics USING (topic_url)
WHERE {_OF_HUBS} AND {_IS_PENDING}
ORDER BY pending_since, topic_url, hub_url"""  # noqa: S608

# Reads since when the attempts of each hub fail, in the order of the hubs.
SELECT_HUB_TIMES = f"""
SELECT {HUB_TIMES_COLUMNS} FROM (
  SELECT position, hub.value AS hub_url,
    (SELECT max(acknowledged_at) FROM deliveries WHERE deliveries.hub_url = hub.value) AS acknowledged_at
  FROM {_HUBS}) AS hub
ORDER BY position"""  # noqa: S608

# Lists the paths of all documents.
SELECT_PATHS = "SELECT path FROM topics ORDER BY path"
# Whether any ping was sent. The attempts of a delivery that was acknowledged long ago are in its row alone.
HAS_PINGED = """
SELECT EXISTS (SELECT 1 FROM attempts) OR EXISTS (SELECT 1 FROM deliveries WHERE acknowledged_generation > 0)"""
