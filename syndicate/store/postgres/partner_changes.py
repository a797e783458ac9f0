"""The change log that partners follow with `since`, as store/sqlite/partner_changes.py explains it."""

from __future__ import annotations

from ..partner_rows import ChangeLogPosition, EntryFilter, LoggedChange
from .entry_filter import attribute_conditions, conjunction, topic_conditions
from .session import Session
from .tables import CHANGE_LOG_STATE
from .values import read_values

# The changes after a position in order, each with its leading record if the entry meets the conditions; the other
# changes only after `start`.
_CHANGES = """
SELECT seq, changed_at, id, record_id FROM (
  SELECT l.seq, l.changed_at, l.id, f.record_id, l.topic_keys FROM changes AS l
  LEFT JOIN partner_entries AS f ON f.record_id = l.record_id AND f.id = l.id AND {conditions} WHERE l.seq > %(seq)s
) AS l WHERE l.record_id IS NOT NULL OR (l.seq > %(start)s AND {ever_in_topics}) ORDER BY seq LIMIT %(limit)s"""
_EVER_IN_TOPICS = "l.topic_keys && %(topics)s::text[]"


class PostgresPartnerChanges:
    """Queries over the change log of a snapshot."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def position(self) -> ChangeLogPosition | None:
        """Return the end of the log; None when the last build wrote no log."""
        values = read_values(self._session, CHANGE_LOG_STATE)
        if "epoch" not in values:
            return None
        return ChangeLogPosition(values["epoch"], values.get("seq", 0), values.get("dropped", 0))

    def after(self, entry_filter: EntryFilter, limit: int, seq: int, start: int) -> list[LoggedChange]:
        """Return at most `limit` changes after sequence number `seq`, in order.

        Changes of entries that do not match the filter are included after `start` only, and only if the entry ever
        had one of the filter's topics.
        """
        conditions, values = attribute_conditions(entry_filter)
        ever_in_topics = "true"
        if entry_filter.topics is not None:
            more, topics = topic_conditions(entry_filter.topics, match_all=entry_filter.match_all_topics)
            conditions += more
            values |= topics | {"topics": list(entry_filter.topics)}
            ever_in_topics = _EVER_IN_TOPICS
        values |= {"seq": seq, "start": start, "limit": limit}
        statement = _CHANGES.format(conditions=conjunction(conditions), ever_in_topics=ever_in_topics)
        return [LoggedChange._make(row) for row in self._session.rows(statement, **values)]
