"""Opaque cursors: the end of a page of entries, and the position of a client in the change log.

Theory of operation
-------------------
A client reads entries in two ways, and each has its cursor.

`cursor` continues a list of entries, newest first. A `PageCursor` names the last entry of the page by its time and id,
and the next page holds the entries after it. Entries that arrive or vanish in between shift nothing, because no
offset is counted. The cursor also carries the change log's position at the *first* page: what changed while the
client read the pages is reported by a later `since`.

`since` continues the change log (`store/partner_changes.py`). A `ChangeCursor` states that the client knows every
change up to sequence number `seq` of the log with an `epoch`. Every response has one, whichever way it was made:

- a list of entries gives the position at its first page, as `seq` and as `start`: the client knows all that existed;
- a page of changes gives the number of its last change, or the end of the log when no more follow;
- an empty `since` begins at 0, with `start` at the end of the log: a client without entries
  needs no deletions up to `start`.

A cursor belongs to one query, because with another one it would skip entries silently. So it carries two digests. The
digest of the raw parameters must be equal, else the request is in error (400). The digest of the resolved filter must
be equal, else the meaning of the query has changed (aliases, the partner's topics), entries entered or left the filter
without a change of their own, and the client must start again (410). A lost log, a cursor of a later state of the log
and deletions that were dropped unread are 410, too.

A cursor contains no secret and grants no right: it is evaluated with the rights of the client that sends it. It is
not signed, so every part is validated.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

import orjson

_MAX_CHARACTERS = 4096  # ids may be URLs
_INT64 = 2**63


class MalformedCursorError(ValueError):
    """A text that is not a cursor."""


class ChangeCursor(NamedTuple):
    """A position in the change log: the client knows every change up to `seq`, and no deletions up to `start`.

    `query_digest` and `filter_digest` are those of `EntryQuery.digests`.
    """

    query_digest: str
    filter_digest: str
    epoch: str
    seq: int
    start: int


class PageCursor(NamedTuple):
    """The last entry of a page, by its time (seconds since 1970) and id, and the log's position at the first page."""

    published: int
    id: str
    changes: ChangeCursor


def encode(cursor: ChangeCursor | PageCursor) -> str:
    """Return a cursor as text that needs no escaping in a URL."""
    parts = [*cursor] if isinstance(cursor, ChangeCursor) else [cursor.published, cursor.id, *cursor.changes]
    return urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def decode_change_cursor(text: str) -> ChangeCursor:
    """Parse the value of `since`. Raises MalformedCursorError."""
    parts = _decode(text)
    if len(parts) != len(ChangeCursor._fields):
        raise MalformedCursorError
    return _change_cursor(parts)


def decode_page_cursor(text: str) -> PageCursor:
    """Parse the value of `cursor`. Raises MalformedCursorError."""
    parts = _decode(text)
    if len(parts) != 2 + len(ChangeCursor._fields):
        raise MalformedCursorError
    published, entry_id = parts[:2]
    if not isinstance(published, int) or not _is_int64(published) or not isinstance(entry_id, str):
        raise MalformedCursorError
    return PageCursor(published, entry_id, _change_cursor(parts[2:]))


def _change_cursor(parts: list[object]) -> ChangeCursor:
    query_digest, filter_digest, epoch, seq, start = parts
    if not (isinstance(query_digest, str) and isinstance(filter_digest, str) and isinstance(epoch, str)):
        raise MalformedCursorError
    if not (isinstance(seq, int) and isinstance(start, int) and _is_int64(seq) and _is_int64(start)):
        raise MalformedCursorError
    return ChangeCursor(query_digest, filter_digest, epoch, seq, start)


def _is_int64(value: object) -> bool:
    return type(value) is int and -_INT64 <= value < _INT64


def _decode(text: str) -> list[object]:
    if len(text) > _MAX_CHARACTERS or not text.isascii():
        raise MalformedCursorError
    try:
        parts = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        raise MalformedCursorError from None
    if not isinstance(parts, list):
        raise MalformedCursorError
    return parts
