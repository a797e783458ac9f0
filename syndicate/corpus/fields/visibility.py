"""Whether the owner of a record hides it. A value that cannot be understood hides the record, and is an error.

Every spelling of a key counts: `draft: false` does not cancel `Draft: true` in the same record.
"""

from __future__ import annotations

import re

from ...values.keys import PRIVATE
from ..scalars import TRUE, describe, is_date, is_flag, text_of
from .reader import FieldReader

_HIDDEN_STATUSES = frozenset({"draft", "hidden", "private", "pending", "trash", "skip"})

# A private key with a value in the body: the front matter has no opening fence, or it is closed too early.
_PRIVATE_KEY_IN_BODY = re.compile(
    rf"^[ \t]*[\"']?(?:{'|'.join(sorted(PRIVATE))})[\"']?\s*[:=]\s*[|>+-]*\s*[\"']?[a-z0-9+/=_-]{{16}}",
    re.IGNORECASE | re.MULTILINE,
)


def is_hidden(reader: FieldReader) -> bool:
    """Return whether a key, the path or the body of a record hides it."""
    return (
        any(_hides(reader, "published", value, visible_if=True) for _, value in reader.values("?published"))
        or any(_hides(reader, "removed", value, visible_if=False) for _, value in reader.values("?removed"))
        or any(_hides(reader, "draft", value, visible_if=False) for _, value in reader.values("?draft"))
        or any(_status_hides(reader, value) for _, value in reader.values("?status"))
        or reader.path.startswith("_drafts/")
        or "/_drafts/" in reader.path
        or _body_holds_private_key(reader)
    )


def expiry_is_unknown(reader: FieldReader) -> bool:
    """Return whether a record without a valid expiry date states an invalid one, which may lie in the past."""
    key = next((key for key, _ in reader.values("expires")), None)
    if key is None:
        return False
    reader.error((key,), "the entry is hidden, because its expiry date is unknown")
    return True


def _hides(reader: FieldReader, key: str, value: object, *, visible_if: bool) -> bool:
    if value is None or value == "":
        return False
    if is_flag(value):
        return (value is True or text_of(value).lower() in TRUE) is not visible_if
    if key == "published" and is_date(value):
        return False  # a date of publication, not a flag
    reader.error((key,), f"expected true or false, got {describe(value)}: the entry is hidden")
    return True


def _status_hides(reader: FieldReader, value: object) -> bool:
    if isinstance(value, list | dict):
        reader.error(("status",), f"expected a word, got {describe(value)}: the entry is hidden")
        return True
    return text_of(value).lower() in _HIDDEN_STATUSES


def _body_holds_private_key(reader: FieldReader) -> bool:
    if not _PRIVATE_KEY_IN_BODY.search(reader.body):
        return False
    reader.error((), "the body holds a private key: the front matter is closed too early, or has no opening fence")
    return True
