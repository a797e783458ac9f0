"""The SQL statements of the outbox. Parameters are named as the fields of the rows in outbox_rows."""

from ..outbox_rows import (
    DELIVERY_COLUMNS,
    HUB_HEALTH_COLUMNS,
    HUB_SUMMARY_COLUMNS,
    HUB_TIMES_COLUMNS,
    PENDING_DELIVERY_COLUMNS,
    TOPIC_SUMMARY_COLUMNS,
    WAITING_DELIVERY_COLUMNS,
)

_IS_PENDING = "acknowledged_generation < wanted_generation"
_IS_ACTIVE = f"{_IS_PENDING} AND state <> 'failed'"

# ------------------------------------------------------------------------------------------------------ build

# Makes the next document at a topic URL a new generation, whatever its bytes are.
INVALIDATE_DIGESTS = "UPDATE topics SET digest = x'' WHERE topic_url IN (SELECT value FROM json_each(:topic_urls))"

# Reads the digests that the outbox has recorded for topic URLs.
SELECT_DIGESTS = "SELECT topic_url, digest FROM topics WHERE topic_url IN (SELECT value FROM json_each(:topic_urls))"

# Starts a topic, or the next generation of one.
UPSERT_TOPIC = """
INSERT INTO topics (topic_url, path, digest, size_bytes, generation, changed_at)
VALUES (:topic_url, :path, :digest, :size_bytes, 1, :changed_at)
ON CONFLICT (topic_url) DO UPDATE SET path = excluded.path, digest = excluded.digest,
  size_bytes = excluded.size_bytes, generation = generation + 1, changed_at = excluded.changed_at"""

# Requests the current generation of topics for hubs. A new generation resets the attempts, but a delivery that is
# retrying keeps its time: the hub is failing.
REQUEST_DELIVERIES = """
INSERT INTO deliveries (hub_url, topic_url, wanted_generation, pending_since, next_attempt_at)
SELECT hub.value, topic_url, generation, :now, :now
FROM json_each(:hub_urls) AS hub JOIN topics
WHERE topic_url IN (SELECT value FROM json_each(:topic_urls))
ON CONFLICT (hub_url, topic_url) DO UPDATE SET wanted_generation = excluded.wanted_generation,
  pending_since = CASE WHEN acknowledged_generation = wanted_generation THEN excluded.pending_since
                  ELSE pending_since END,
  next_attempt_at = CASE WHEN state = 'retrying' THEN next_attempt_at ELSE excluded.next_attempt_at END,
  state = CASE WHEN state = 'retrying' THEN state ELSE 'due' END,
  attempts = 0, first_attempt_at = NULL, checks = 0, first_check_at = NULL, accepted_unverified_at = NULL"""

# Deletes topics whose document is not in the output, or is published under another URL. The topic URL of an HTML page
# is that of its folder, if pages are announced.
DELETE_TOPICS = """
DELETE FROM topics WHERE path NOT IN (SELECT path FROM documents)
  OR topic_url != :site_url || path AND NOT (:has_pages AND topic_url || 'index.html' = :site_url || path)"""

# Deletes the deliveries of topics that do not exist and of hubs that are not configured.
DELETE_DELIVERIES = """
DELETE FROM deliveries WHERE topic_url NOT IN (SELECT topic_url FROM topics)
  OR hub_url NOT IN (SELECT value FROM json_each(:hub_urls))"""

# Deletes the attempts of topics that do not exist and of hubs that are not configured.
DELETE_ATTEMPTS = """
DELETE FROM attempts WHERE topic_url NOT IN (SELECT topic_url FROM topics)
  OR hub_url NOT IN (SELECT value FROM json_each(:hub_urls))"""

# Deletes the health of hubs that are not configured.
DELETE_HUBS = "DELETE FROM hubs WHERE hub_url NOT IN (SELECT value FROM json_each(:hub_urls))"

# --------------------------------------------------------------------------------------------------- dispatch

# Reads due deliveries without a lease, the longest due first, up to the quota of each hub (JSON: hub_url, quota). The
# innermost query reads no more rows of a hub than the largest quota.
_SELECT_DUE = f"""
SELECT {DELIVERY_COLUMNS} FROM (
  SELECT hub_url, topic_url, ROW_NUMBER() OVER (PARTITION BY hub_url ORDER BY next_attempt_at, topic_url) AS position,
    quota
  FROM (SELECT json_extract(value, '$.hub_url') AS hub, json_extract(value, '$.quota') AS quota FROM json_each(:quotas))
  CROSS JOIN deliveries
  WHERE hub_url = hub AND topic_url IN (
    SELECT due.topic_url FROM deliveries AS due
    WHERE due.hub_url = hub AND {_IS_ACTIVE} AND next_attempt_at <= :now AND lease_expires_at <= :now%s
    ORDER BY next_attempt_at, topic_url LIMIT :largest_quota)
) AS ranked
JOIN deliveries USING (hub_url, topic_url) JOIN topics USING (topic_url)
WHERE position <= quota ORDER BY position"""  # noqa: S608 - built of constants
SELECT_DUE = _SELECT_DUE % ""

# The same, without the pings of documents whose purge is pending: one that was not given up, nor waits for too long.
SELECT_DUE_AFTER_PURGES = (
    _SELECT_DUE
    % """
      AND (hub IN (SELECT value FROM json_each(:caches)) OR NOT EXISTS (
        SELECT 1 FROM deliveries AS purge
        WHERE purge.topic_url = due.topic_url AND purge.hub_url IN (SELECT value FROM json_each(:caches))
          AND purge.acknowledged_generation < purge.wanted_generation AND purge.state <> 'failed'
          AND purge.pending_since > :now - :patience_s))"""
)

# Gives an owner the right to a delivery until a time.
LEASE = """
UPDATE deliveries SET lease_owner = :owner, lease_expires_at = :expires_at
WHERE hub_url = :hub_url AND topic_url = :topic_url"""

# Ends the lease of an owner; another owner's lease stays.
RELEASE = """
UPDATE deliveries SET lease_owner = NULL, lease_expires_at = 0
WHERE hub_url = :hub_url AND topic_url = :topic_url AND lease_owner = :owner"""

# Lists the owners of leases.
SELECT_LEASE_OWNERS = f"""
SELECT DISTINCT lease_owner FROM deliveries
WHERE hub_url IN (SELECT value FROM json_each(:hub_urls)) AND {_IS_PENDING} AND lease_owner IS NOT NULL"""  # noqa: S608

# Ends all leases of owners.
RELEASE_OWNERS = f"""
UPDATE deliveries SET lease_owner = NULL, lease_expires_at = 0
WHERE {_IS_PENDING} AND lease_owner IN (SELECT value FROM json_each(:owners))"""  # noqa: S608

# Corrects times that another clock has set. Times of the past are not later than now, either.
BOUND_TIMES = f"""
UPDATE deliveries SET
  next_attempt_at = CASE WHEN next_attempt_at > :latest_attempt_at THEN :now ELSE next_attempt_at END,
  first_attempt_at = MIN(first_attempt_at, :now), first_check_at = MIN(first_check_at, :now),
  last_attempt_at = MIN(last_attempt_at, :now),
  lease_owner = CASE WHEN lease_expires_at > :latest_lease_at
    AND lease_owner NOT IN (SELECT value FROM json_each(:alive)) THEN NULL ELSE lease_owner END,
  lease_expires_at = CASE WHEN lease_expires_at <= :latest_lease_at THEN lease_expires_at
    WHEN lease_owner IN (SELECT value FROM json_each(:alive)) THEN :latest_lease_at ELSE 0 END
WHERE hub_url IN (SELECT value FROM json_each(:hub_urls)) AND {_IS_PENDING}
  AND (next_attempt_at > :latest_attempt_at OR lease_expires_at > :latest_lease_at
    OR MAX(COALESCE(first_attempt_at, 0), COALESCE(first_check_at, 0), COALESCE(last_attempt_at, 0)) > :now)"""  # noqa: S608

_REVIVED_AT = """MAX(:now, last_attempt_at
  + MAX(:least_delay_s, (last_attempt_at - COALESCE(first_attempt_at, last_attempt_at)) * :age_share))"""

# Makes deliveries due that hubs refused or failed to accept, as the hubs accept pings again.
REVIVE = f"""
UPDATE deliveries SET state = 'refused', next_attempt_at = {_REVIVED_AT}
WHERE hub_url IN (SELECT value FROM json_each(:hub_urls)) AND {_IS_PENDING} AND state IN ('refused', 'failed')
  AND error_origin = 'hub' AND lease_owner IS NULL AND last_attempt_at IS NOT NULL
  AND (state = 'failed' OR next_attempt_at > {_REVIVED_AT})"""  # noqa: S608

# Lists the hubs that have a delivery under lease.
SELECT_LEASED_HUBS = """
SELECT DISTINCT hub_url FROM deliveries
WHERE hub_url IN (SELECT value FROM json_each(:hub_urls)) AND lease_expires_at > :now"""

# Reads the earliest time of each hub at which an active delivery is due and not under lease.
SELECT_NEXT_DUE = f"""
SELECT hub_url, MIN(MAX(next_attempt_at, lease_expires_at)) FROM deliveries
WHERE hub_url IN (SELECT value FROM json_each(:hub_urls)) AND {_IS_ACTIVE} GROUP BY hub_url"""  # noqa: S608

# Reads the earliest time at which a public copy is checked again.
SELECT_NEXT_CHECK = f"""
SELECT MIN(next_attempt_at) FROM deliveries
WHERE hub_url IN (SELECT value FROM json_each(:hub_urls)) AND {_IS_PENDING} AND state = 'unverified'"""  # noqa: S608

# Records that a hub accepted a generation, whoever holds the lease. A newer generation is due at once. After the loss
# of the state folder generations start again at 1: a digest that differs shows that the ping was for other bytes.
ACKNOWLEDGE = """
UPDATE deliveries SET acknowledged_generation = MAX(acknowledged_generation, :generation),
  acknowledged_at = :acknowledged_at, last_status = :status, last_error = '', error_origin = '',
  last_attempt_at = :acknowledged_at, accepted_unverified_at = NULL,
  state = CASE WHEN :generation >= wanted_generation THEN 'delivered' ELSE 'due' END,
  pending_since = CASE WHEN :generation >= wanted_generation THEN pending_since
                  ELSE (SELECT changed_at FROM topics WHERE topics.topic_url = deliveries.topic_url) END,
  next_attempt_at = CASE WHEN :generation >= wanted_generation THEN next_attempt_at ELSE :acknowledged_at END,
  attempts = CASE WHEN :generation >= wanted_generation THEN attempts + 1 ELSE 0 END,
  lease_expires_at = CASE WHEN lease_owner = :owner THEN 0 ELSE lease_expires_at END,
  lease_owner = CASE WHEN lease_owner = :owner THEN NULL ELSE lease_owner END
WHERE hub_url = :hub_url AND topic_url = :topic_url AND EXISTS (
  SELECT 1 FROM topics WHERE topics.topic_url = :topic_url
  AND (generation > :generation OR (generation = :generation AND digest = :digest)))"""

# Records a failed attempt and ends the lease. It counts for its own generation only: a newer one has all its attempts.
RECORD_FAILED_ATTEMPT = f"""
UPDATE deliveries SET last_status = :status, last_error = :error, error_origin = 'hub', last_attempt_at = :attempted_at,
  next_attempt_at = CASE WHEN wanted_generation = :generation OR :state = 'retrying' THEN :next_attempt_at
                    ELSE next_attempt_at END,
  state = CASE WHEN wanted_generation = :generation OR :state = 'retrying' THEN :state ELSE state END,
  attempts = CASE WHEN wanted_generation = :generation THEN attempts + 1 ELSE attempts END,
  first_attempt_at = CASE WHEN wanted_generation = :generation THEN COALESCE(first_attempt_at, :attempted_at)
                     ELSE first_attempt_at END,
  lease_expires_at = 0, lease_owner = NULL
WHERE hub_url = :hub_url AND topic_url = :topic_url AND lease_owner = :owner AND {_IS_PENDING}"""  # noqa: S608

# Records a failed verification of the public copy and ends the lease.
RECORD_FAILED_CHECK = f"""
UPDATE deliveries SET last_status = NULL, last_error = :error, error_origin = 'site',
  next_attempt_at = CASE WHEN wanted_generation = :generation THEN :next_attempt_at ELSE next_attempt_at END,
  state = CASE WHEN wanted_generation = :generation THEN :state ELSE state END,
  checks = CASE WHEN wanted_generation = :generation THEN checks + 1 ELSE checks END,
  first_check_at = CASE WHEN wanted_generation = :generation THEN COALESCE(first_check_at, :checked_at)
                   ELSE first_check_at END,
  lease_expires_at = 0, lease_owner = NULL
WHERE hub_url = :hub_url AND topic_url = :topic_url AND lease_owner = :owner AND {_IS_PENDING}"""  # noqa: S608

# Records that a hub accepted a ping before the public copy was right, and ends the lease.
RECORD_UNVERIFIED_ACCEPTANCE = f"""
UPDATE deliveries SET last_status = NULL, last_error = :error, error_origin = 'site', last_attempt_at = :accepted_at,
  next_attempt_at = CASE WHEN wanted_generation = :generation THEN :next_attempt_at ELSE next_attempt_at END,
  state = CASE WHEN wanted_generation = :generation THEN :state ELSE state END,
  checks = CASE WHEN wanted_generation = :generation THEN checks + 1 ELSE checks END,
  attempts = CASE WHEN wanted_generation = :generation THEN attempts + 1 ELSE attempts END,
  first_attempt_at = CASE WHEN wanted_generation = :generation THEN COALESCE(first_attempt_at, :accepted_at)
                     ELSE first_attempt_at END,
  accepted_unverified_at = CASE WHEN wanted_generation = :generation THEN :accepted_at
                           ELSE accepted_unverified_at END,
  lease_expires_at = 0, lease_owner = NULL
WHERE hub_url = :hub_url AND topic_url = :topic_url AND lease_owner = :owner AND {_IS_PENDING}"""  # noqa: S608

# Appends an attempt to the history.
INSERT_ATTEMPT = """
INSERT INTO attempts (hub_url, topic_url, generation, attempted_at, state, status, error, duration_s)
VALUES (:hub_url, :topic_url, :generation, :attempted_at, :state, :status, :error, :duration_s)"""

# Deletes all but the latest attempts of each delivery.
TRIM_ATTEMPTS = """
DELETE FROM attempts WHERE id IN (
  SELECT id FROM (
    SELECT id, ROW_NUMBER() OVER (PARTITION BY hub_url, topic_url ORDER BY id DESC) AS position FROM attempts)
  WHERE position > :kept)"""

# Makes deliveries due that were given up or refused, or that wait for later: of one hub or of all, below one path of
# the output or everywhere.
REPLAY = f"""
UPDATE deliveries SET state = 'due', next_attempt_at = :now, attempts = 0, first_attempt_at = NULL, checks = 0,
  first_check_at = NULL, accepted_unverified_at = NULL
WHERE (state IN ('failed', 'refused') OR next_attempt_at > :now) AND {_IS_PENDING}
  AND (:hub_url IS NULL OR hub_url = :hub_url)
  AND (:path IS NULL OR topic_url IN (
    SELECT topic_url FROM topics WHERE path = :path OR path GLOB :path || '/*'))"""  # noqa: S608

# ------------------------------------------------------------------------------------------------ hub health

SELECT_HUB_HEALTH = f"""
SELECT {HUB_HEALTH_COLUMNS} FROM hubs WHERE hub_url IN (SELECT value FROM json_each(:hub_urls))"""  # noqa: S608

# Replaces the circuit breaker of a hub; its rate stays.
UPSERT_HUB_HEALTH = f"""
INSERT INTO hubs ({HUB_HEALTH_COLUMNS})
VALUES (:hub_url, :failures, :openings, :open_until, :not_before, :rate)
ON CONFLICT (hub_url) DO UPDATE SET failures = excluded.failures, openings = excluded.openings,
  open_until = excluded.open_until, not_before = excluded.not_before"""  # noqa: S608

UPDATE_RATE = "UPDATE hubs SET rate = :rate WHERE hub_url = :hub_url"

# ---------------------------------------------------------------------------------------------------- reports

# Lists unacknowledged deliveries, the longest pending first.
SELECT_PENDING = f"""
SELECT {PENDING_DELIVERY_COLUMNS} FROM deliveries WHERE {_IS_PENDING}
ORDER BY pending_since, topic_url, hub_url"""  # noqa: S608

# Summarizes the deliveries to each hub, in the order of the hubs. The latency is a median over the last 1,000 pings.
SUMMARIZE_HUBS = f"""
SELECT {HUB_SUMMARY_COLUMNS} FROM json_each(:hub_urls) AS hub LEFT JOIN deliveries ON hub_url = hub.value
GROUP BY hub.key, hub.value ORDER BY hub.key"""  # noqa: S608

# Summarizes the deliveries of each topic, in the order of the documents' paths.
SUMMARIZE_TOPICS = f"""
SELECT {TOPIC_SUMMARY_COLUMNS} FROM topics LEFT JOIN deliveries USING (topic_url)
GROUP BY topic_url ORDER BY path"""  # noqa: S608

# The pending deliveries of each hub: those that will be tried, and those that were given up.
COUNT_PENDING = """
SELECT hub.value, COALESCE(SUM(state <> 'failed'), 0), COALESCE(SUM(state = 'failed'), 0)
FROM json_each(:hub_urls) AS hub
LEFT JOIN deliveries ON hub_url = hub.value AND acknowledged_generation < wanted_generation
GROUP BY hub.key ORDER BY hub.key"""

# Lists the unacknowledged deliveries to hubs with the paths of their documents, the longest pending first.
SELECT_WAITING = f"""
SELECT {WAITING_DELIVERY_COLUMNS} FROM deliveries JOIN topics USING (topic_url)
WHERE hub_url IN (SELECT value FROM json_each(:hub_urls)) AND {_IS_PENDING}
ORDER BY pending_since, topic_url, hub_url"""  # noqa: S608

# Reads since when the attempts of each hub fail, in the order of the hubs.
SELECT_HUB_TIMES = f"""
SELECT {HUB_TIMES_COLUMNS} FROM (
  SELECT hub.key AS position, hub.value AS hub_url,
    (SELECT MAX(acknowledged_at) FROM deliveries WHERE deliveries.hub_url = hub.value) AS acknowledged_at
  FROM json_each(:hub_urls) AS hub) AS hub
ORDER BY position"""  # noqa: S608

# Lists the paths of all documents.
SELECT_PATHS = "SELECT path FROM topics ORDER BY path"
# Whether any ping was sent. The attempts of a delivery that was acknowledged long ago are in its row alone.
HAS_PINGED = """
SELECT 1 WHERE EXISTS (SELECT 1 FROM attempts) OR EXISTS (SELECT 1 FROM deliveries WHERE acknowledged_generation > 0)"""
