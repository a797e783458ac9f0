"""Single values of a record: text, numbers, flags and dates, and how messages show them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from ..values import dates

TRUE = frozenset({"true", "yes", "on", "1"})
FLAGS = TRUE | {"false", "no", "off", "0"}
MAX_NUMBER = 2**63  # the range of a database integer; Python itself refuses to write integers of 5,000 digits


def text_of(value: object) -> str:
    """Return a string or a number as text; empty for any other value."""
    if isinstance(value, str):
        return value.strip()
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER
    return str(value) if is_number else ""


def number_of(value: object) -> int | float | None:
    """Return the number that a value states, as YAML 1.1 reads text; None if it states none, or one out of range."""
    if isinstance(value, str):
        if value.isdigit() and value.isascii() and value[0] != "0" and len(value) < 19:
            return int(value)
        from .yaml_header import number_of as read_number

        value = read_number(value.strip())
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER
    return value if is_number else None  # type: ignore[return-value]  # mypy does not follow the flag


def pixels(value: object) -> int | None:
    """Return a width or height in pixels; None if the value is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:9])
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1_000_000 else None


def is_flag(value: object) -> bool:
    """Return whether a value means true or false, in any known spelling."""
    return isinstance(value, bool) or text_of(value).lower() in FLAGS


def is_true(value: object) -> bool:
    """Return whether a value means true, in any known spelling."""
    return value is True or text_of(value).lower() in TRUE


def is_date(value: object) -> bool:
    """Return whether a value is a date."""
    return date_or_none(value) is not None


def date_or_none(value: object, zone: tzinfo = UTC) -> datetime | None:
    """Return the date that a value states, in `zone` if it names none; None if it states none."""
    try:
        return dates.parse(value, zone)
    except ValueError:
        return None


def describe_date_error(value: object, error: ValueError) -> str:
    """Return the message about a value that is not a date."""
    return f"expected a date, got {describe(value)} ({error})"


def describe(value: object) -> str:
    """Return a value for a message: at most 40 characters of it, and no content of mappings and lists."""
    match value:
        case dict():
            return "keys and values"
        case list():
            return "a list"
        case None:
            return "nothing"
        case int() if not abs(value) < MAX_NUMBER:
            return "a number of many digits"
        case _:
            text = str(value)
            return repr(text if len(text) <= 40 else text[:39] + "…")
