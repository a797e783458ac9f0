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

A cursor grants no right: it is evaluated with the rights of the client that sends it. But the numbers of the change
log count the changes of all entries, so a partner who may read few topics would learn from them how much happens in
the others. Therefore cursors are encrypted and authenticated, by AES in SIV mode (RFC 5297) with a random nonce: two
cursors of one position differ, and numbers have a fixed length. The key is a file of the state (`cursor_key`).

Cursors of earlier versions were not encrypted, and anybody could make one to find out the present number. So they are
not continued, like those of a lost key (410).
"""

import binascii
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from .cursor_key import Key

_MAX_CHARACTERS = 4096  # ids may be URLs
_INT64 = 2**63
_VERSION = b"\x01"
_NONCE_BYTES = 16
_TAG_BYTES = 16
_OLD_LENGTHS = {5, 7}  # of the lists that were the cursors of earlier versions
_CHANGES, _PAGE, _FEEDS = "changes", "page", "feeds"


class MalformedCursorError(ValueError):
    """A text that is not a cursor, or one for another parameter."""


class UnreadableCursorError(ValueError):
    """A cursor of an earlier version, or of a key that was lost."""


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


class FeedsCursor(NamedTuple):
    """The last feed of a page of the catalogue."""

    dimension: str
    slug: str


class CursorCodec:
    """Encrypts and decrypts cursors. Its methods raise StoreError when the key can neither be read nor created."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def encode(self, cursor: ChangeCursor | PageCursor | FeedsCursor) -> str:
        """Return a cursor as text that needs no escaping in a URL."""
        match cursor:
            case ChangeCursor():
                parts = [_CHANGES, *_change_parts(cursor)]
            case PageCursor():
                parts = [_PAGE, _number_text(cursor.published), cursor.id, *_change_parts(cursor.changes)]
            case FeedsCursor():
                parts = [_FEEDS, *cursor]
        nonce = secrets.token_bytes(_NONCE_BYTES)
        encrypted = AESSIV(self._key.get()).encrypt(orjson.dumps(parts), [_VERSION, nonce])
        return urlsafe_b64encode(_VERSION + nonce + encrypted).decode().rstrip("=")

    def decode_change_cursor(self, text: str) -> ChangeCursor:
        """Parse the value of `since`. Raises MalformedCursorError, UnreadableCursorError."""
        return _change_cursor(self._decode(text, _CHANGES))

    def decode_page_cursor(self, text: str) -> PageCursor:
        """Parse the value of `cursor` of entries. Raises MalformedCursorError, UnreadableCursorError."""
        published, entry_id, *changes = self._decode(text, _PAGE)
        return PageCursor(_number(published), entry_id, _change_cursor(changes))

    def decode_feeds_cursor(self, text: str) -> FeedsCursor:
        """Parse the value of `cursor` of feeds. Raises MalformedCursorError, UnreadableCursorError."""
        return FeedsCursor(*self._decode(text, _FEEDS))

    def _decode(self, text: str, kind: str) -> list[str]:
        content = _bytes(text)
        head = len(_VERSION) + _NONCE_BYTES
        if not content.startswith(_VERSION) or len(content) < head + _TAG_BYTES:
            raise MalformedCursorError
        nonce = content[len(_VERSION) : head]
        try:
            decrypted = AESSIV(self._key.get()).decrypt(content[head:], [_VERSION, nonce])
        except InvalidTag:
            raise UnreadableCursorError from None
        stated, *parts = orjson.loads(decrypted)
        if stated != kind:
            raise MalformedCursorError
        return list(parts)


def _bytes(text: str) -> bytes:
    """Decode the text of a cursor. Raises MalformedCursorError; UnreadableCursorError for one of earlier versions."""
    if len(text) > _MAX_CHARACTERS or not text.isascii():
        raise MalformedCursorError
    try:
        content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise MalformedCursorError from None
    if content.startswith(b"["):
        try:
            parts = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise MalformedCursorError from None
        if len(parts) in _OLD_LENGTHS:
            raise UnreadableCursorError
    return content


def _change_parts(cursor: ChangeCursor) -> list[str]:
    return [cursor.query_digest, cursor.filter_digest, cursor.epoch, *map(_number_text, (cursor.seq, cursor.start))]


def _change_cursor(parts: list[str]) -> ChangeCursor:
    query_digest, filter_digest, epoch, seq, start = parts
    return ChangeCursor(query_digest, filter_digest, epoch, _number(seq), _number(start))


def _number_text(number: int) -> str:
    """Return a number of 64 bits as text of a fixed length, so that its length reveals nothing."""
    return f"{number + _INT64:016x}"


def _number(text: str) -> int:
    return int(text, 16) - _INT64
