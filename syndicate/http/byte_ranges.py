"""The `Range` request field: one range of bytes (RFC 9110 §14.1.2)."""

import re
from typing import Literal, NamedTuple

_RANGE = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*", re.ASCII | re.IGNORECASE)
_MAX_CHARACTERS = 100  # longer positions come from attackers only


class ByteRange(NamedTuple):
    """The bytes from `start` up to, but not including, `stop`."""

    start: int
    stop: int


def parse_range(value: str, length: int) -> ByteRange | Literal["ignored", "unsatisfiable"]:
    """Return the range of a representation of `length` bytes that a `Range` field selects.

    "ignored" stands for a field that the server may ignore (§14.2): several ranges, another unit, invalid syntax.
    """
    match = _RANGE.fullmatch(value.strip())
    if not match or len(value) > _MAX_CHARACTERS or not (match[1] or match[2]):
        return "ignored"
    first, last = match[1], match[2]
    if not first:
        start, stop = max(0, length - int(last)), length
    else:
        start, stop = int(first), min(int(last) + 1, length) if last else length
        if last and int(last) < int(first):
            return "ignored"
    return ByteRange(start, stop) if start < stop else "unsatisfiable"
