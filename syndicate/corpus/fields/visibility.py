"""Whether the owner of a record hides it. A value that cannot be understood hides the record, and is an error.

Every key of visibility counts, whatever the others say. A key that is stated twice, in two spellings, is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from ...values.dates import epoch_seconds
from ...values.keys import HIDDEN_BY_VALUE, HIDDEN_IF_FALSE, NOT_BEFORE, canonical_key
from ..keys import VISIBILITY_FIELD
from ..scalars import describe, describe_date_error, is_date, is_flag, is_true, text_of
from .reader import FieldReader, Keys, Reason
from .spilled import holds_private_key

_HIDDEN_IF_FALSE, _HIDDEN_BY_VALUE = frozenset(HIDDEN_IF_FALSE), frozenset(HIDDEN_BY_VALUE)
_NOT_BEFORE = frozenset(map(canonical_key, NOT_BEFORE))
# The words that hide nothing; any other word does.
_WORDS = {
    "status": frozenset({"published", "publish", "public", "live", "active"}),
    "visibility": frozenset({"public"}),
    "access": frozenset({"public", "all", "everyone", "anyone", "free", "open"}),
}
# Hugo's build options: the values that keep a page out of lists, or without an address, and the others.
_BUILD_HIDES = {"list": frozenset({"never", "local"}), "render": frozenset({"never", "link"})}
_BUILD_SHOWS = {"list": frozenset({"always"}), "render": frozenset({"always"})}

_SECRETS = frozenset({"private", "encrypted", "password"})  # their values may be secrets, and are not printed


def hidden_by(reader: FieldReader) -> Reason | None:
    """Return the key, the path or the body that hides a record; None if nothing does."""
    stated = reader.values(VISIBILITY_FIELD)
    if len(stated) > 1 and (key := _repeated_key(reader, stated)):
        return _not_understood(reader, key, "stated twice")
    for key, value in stated:
        if reason := _reason(reader, key, value):
            return reason
    if reader.path.startswith("_drafts/") or "/_drafts/" in reader.path:
        return Reason((), "in a folder of drafts")
    if holds_private_key(reader.body):
        message = "the body holds a private key: the front matter is closed too early, or has no opening fence"
        reader.error((), message)
        return Reason((), message)
    return None


def expires_of(reader: FieldReader) -> datetime | Reason | None:
    """Return the earliest date of expiry; a reason to hide the record if one cannot be understood."""
    earliest: datetime | None = None
    stated = reader.values("expires")
    if not stated:
        return None
    if key := _repeated_key(reader, stated):
        return _not_understood(reader, key, "stated twice")
    for key, value in stated:
        try:
            date = reader.parse_date((key,), value)
        except ValueError as error:
            return _not_understood(reader, key, describe_date_error(value, error))
        earliest = min(earliest or date, date)
    return earliest


def expired_by(reader: FieldReader, expires: int) -> Keys:
    """Return the key of the expiry at a time in seconds since 1970 UTC, which `expires_of` found."""
    return next(
        (key,) for key, value in reader.values("expires") if epoch_seconds(reader.parse_date((key,), value)) == expires
    )


def _repeated_key(reader: FieldReader, stated: Sequence[tuple[str, object]]) -> str:
    """Return the first key that is stated in two spellings, empty if there is none."""
    keys = [key for key, _ in stated]
    is_stated_once = reader.context.keys.stated_once.holds
    return next((key for key, following in pairwise(keys) if key == following and is_stated_once(key)), "")


def _reason(reader: FieldReader, key: str, value: object) -> Reason | None:
    if key in _WORDS:
        return _word_reason(reader, key, value)
    if key in _HIDDEN_BY_VALUE:
        return _value_reason(reader, key, value)
    # A key that the configuration names hides if it is true.
    return _flag_reason(reader, key, value, hides_if=key not in _HIDDEN_IF_FALSE)


def _value_reason(reader: FieldReader, key: str, value: object) -> Reason | None:
    is_false = is_flag(value) and not is_true(value)
    if key == "password":
        return None if is_false else Reason((key,), "a password is stated")
    if key == "permalink":
        return Reason((key,), _shown(value)) if is_false else None
    return _build_reason(reader, key, value)


def _is_no_flag(key: str, value: object) -> bool:
    """Return whether a value has another meaning: a date of publication, jekyll-feed's `feed: {excerpt_only: true}`."""
    return (canonical_key(key) in _NOT_BEFORE and is_date(value)) or (key == "feed" and isinstance(value, dict))


def _flag_reason(reader: FieldReader, key: str, value: object, *, hides_if: bool) -> Reason | None:
    if not is_flag(value):
        if _is_no_flag(key, value):
            return None
        shown = "" if key in _SECRETS else f", got {describe(value)}"
        return _not_understood(reader, key, f"expected true or false{shown}")
    return Reason((key,), _shown(value)) if is_true(value) is hides_if else None


def _word_reason(reader: FieldReader, key: str, value: object) -> Reason | None:
    if isinstance(value, list | dict):
        return _not_understood(reader, key, f"expected a word, got {describe(value)}")
    return None if text_of(value).lower() in _WORDS[key] else Reason((key,), _shown(value))


def _build_reason(reader: FieldReader, key: str, value: object) -> Reason | None:
    if not isinstance(value, dict):
        return _flag_reason(reader, key, value, hides_if=False)
    for name, option in value.items():
        kind = name.lower() if isinstance(name, str) else ""
        if kind not in _BUILD_HIDES or option is None:
            continue
        word = text_of(option).lower()
        if word in _BUILD_HIDES[kind] or (is_flag(option) and not is_true(option)):
            return Reason((key, name), _shown(option))
        if word not in _BUILD_SHOWS[kind] and not is_flag(option):
            return _not_understood(reader, f"{key}.{name}", f"unknown value {describe(option)}")
    return None


def _not_understood(reader: FieldReader, key: str, message: str) -> Reason:
    reader.error((key,), f"{message}: the entry is hidden")
    return Reason((key,), message)


def _shown(value: object) -> str:
    """Return a value as the record states it, for the list of hidden records."""
    return str(value).lower() if isinstance(value, bool) else describe(value).strip("'")
