"""Opaque places in answers: where a page of entries ended, and how far a partner knows the changes.

A cursor holds no secret and no right: it is read with the rights of whoever sends it. It names the question that it
belongs to, since with another one it would skip entries without a word.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

import orjson

_MAX_LENGTH = 4096  # ids are addresses, at most
_INT64 = 2**63


class MalformedError(ValueError):
    """No cursor of ours."""


class Known(NamedTuple):
    """What a partner knows: every change until `seq`, in the log of an `epoch`.

    Until `start` it knows nothing that did not fit its question: its walk began there. `view` is a mark of all that
    decides what the question means: when that changes, what fits changes without a change of the entries.
    """

    question: str
    view: str
    epoch: str
    seq: int
    start: int


class Page(NamedTuple):
    """Where a page ended: the last entry's time and id. `known` is what is known once all pages are."""

    published: int
    id: str
    known: Known


def encode(cursor: Known | Page) -> str:
    """A cursor as text that needs no escape in an address."""
    plain = [*cursor] if isinstance(cursor, Known) else [cursor.published, cursor.id, *cursor.known]
    return urlsafe_b64encode(orjson.dumps(plain)).decode().rstrip("=")


def known(text: str) -> Known:
    """What a partner says it knows. Raises MalformedError."""
    parts = _parts(text)
    if len(parts) != len(Known._fields):
        raise MalformedError
    return _known(parts)


def page(text: str) -> Page:
    """Where a partner says its last page ended. Raises MalformedError."""
    parts = _parts(text)
    if len(parts) != 2 + len(Known._fields):
        raise MalformedError
    published, entry_id = parts[:2]
    if not isinstance(published, int) or not _is_number(published) or not isinstance(entry_id, str):
        raise MalformedError
    return Page(published, entry_id, _known(parts[2:]))


def _known(parts: list[object]) -> Known:
    question, view, epoch, seq, start = parts
    if not (isinstance(question, str) and isinstance(view, str) and isinstance(epoch, str)):
        raise MalformedError
    if not (isinstance(seq, int) and isinstance(start, int) and _is_number(seq) and _is_number(start)):
        raise MalformedError
    return Known(question, view, epoch, seq, start)


def _is_number(value: object) -> bool:
    return type(value) is int and -_INT64 <= value < _INT64


def _parts(text: str) -> list[object]:
    if len(text) > _MAX_LENGTH or not text.isascii():
        raise MalformedError
    try:
        parts = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        raise MalformedError from None
    if not isinstance(parts, list):
        raise MalformedError
    return parts
