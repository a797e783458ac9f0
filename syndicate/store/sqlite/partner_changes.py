"""The change log that partners follow with `since`: its position, and the changes after a position.

Theory of operation
-------------------
The log has one row per entry, never one per change: a change of an entry moves its row to the end by giving it the
next sequence number (`seq`). A row of a visible entry has a digest of what partners see; a row of an entry that was
deleted or hidden has none, and is dropped after `feeds.deleted_days`. A reader that knows the log up to `seq` S
therefore needs the rows with `seq` > S, in order, to be up to date: an entry that changed five times is read once,
in its present state, and an entry that appeared and vanished in between is at most reported as deleted.

A number means something only within its log. The log survives a rebuilt index, but a deleted state folder begins a
new log. Each log has a random `epoch`, and the API refuses cursors of another epoch. It also refuses a cursor beyond
the last number (the state folder was restored from a backup) and one before the last `dropped` deletion (the reader
would never learn of that deletion, and hold the entry for ever).

A reader that begins with an empty `since` walks the log from 0. The position at that time is its `start`. Up to
`start` it needs no deletions, because it knows no entry yet; after `start` it does, since an entry may be deleted
between two pages of the walk.

Partners see a filter of the log. An entry that leaves the filter (its topic or quality changed) is logged as a change;
the partner, who may hold it, must delete it. So a change whose entry does not match the filter is reported as a
deletion, provided that the entry ever had one of the filter's topics (`changes.topics` accumulates them). Without this
condition, partners would receive ids of entries to whose topics they have no right. A filter without topics reports
every such change: the deletion of an unknown id is harmless.

The meaning of a filter can change without any change of entries: aliases of topics, the partner's rights. Cursors
carry a digest of the resolved filter for this reason (`api/cursors.py`).
"""

import json
import sqlite3

from ..partner_rows import ChangeLogPosition, EntryFilter, LoggedChange
from .entry_filter import attribute_conditions, conjunction, topic_conditions

# The epoch, last and last dropped sequence number of the log.
_POSITION = "SELECT name, value FROM change_log_state WHERE name IN ('epoch', 'seq', 'dropped')"

# The changes after :seq in order, each with its leading record if the entry meets the conditions; the other changes
# only after :start.
_CHANGES = """
SELECT seq, changed_at, id, record_id FROM (
  SELECT l.seq, l.changed_at, l.id, f.record_id, l.topics FROM changes AS l
  LEFT JOIN partner_entries AS f ON f.record_id = l.record_id AND f.id = l.id AND {conditions} WHERE l.seq > :seq
) AS l WHERE l.record_id IS NOT NULL OR (l.seq > :start AND {ever_in_topics}) ORDER BY seq LIMIT :limit"""

_EVER_IN_TOPICS = """
EXISTS (SELECT 1 FROM json_each(l.topics) AS t WHERE t.value IN (SELECT value FROM json_each(:topics)))"""


class SqlitePartnerChanges:
    """Queries over the change log of a snapshot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def position(self) -> ChangeLogPosition | None:
        """Return the end of the log; None when the last build wrote no log."""
        values = dict(self._sql.execute(_POSITION))
        if "epoch" not in values:
            return None
        return ChangeLogPosition(values["epoch"], values.get("seq", 0), values.get("dropped", 0))

    def after(self, entry_filter: EntryFilter, limit: int, seq: int, start: int) -> list[LoggedChange]:
        """Return at most `limit` changes after sequence number `seq`, in order.

        Changes of entries that do not match the filter are included after `start` only, and only if the entry ever
        had one of the filter's topics.
        """
        conditions, values = attribute_conditions(entry_filter)
        ever_in_topics = "1"
        if entry_filter.topics is not None:
            more, topics = topic_conditions(entry_filter.topics, match_all=entry_filter.match_all_topics)
            conditions += more
            values |= topics | {"topics": json.dumps(entry_filter.topics)}
            ever_in_topics = _EVER_IN_TOPICS
        values |= {"seq": seq, "start": start, "limit": limit}
        statement = _CHANGES.format(conditions=conjunction(conditions), ever_in_topics=ever_in_topics)
        return [LoggedChange._make(row) for row in self._sql.execute(statement, values)]
