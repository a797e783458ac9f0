"""Single values of a record: what text, number, name, date or flag they are, and how a message shows them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from ..model import Person, Presentation
from ..values import addresses, amp, dates
from ..values.text import plain_text

TRUE = frozenset({"true", "yes", "on", "1"})
FLAGS = TRUE | {"false", "no", "off", "0"}
MAX_NUMBER = 2**63  # what a database holds; Python itself refuses to write 5,000 digits
_WORD = re.compile(r"[<(]?[^\s<>()]+[>)]?")
_MAIL = re.compile(r"[^@]@[^@]")


def cache_url_of(amp_url: str, presentation: Presentation) -> str | None:
    """The cache's address of an AMP page, when a cache can serve it."""
    try:
        return amp.cache_url(amp_url, presentation.amp_cache)
    except ValueError:
        return None  # an address with a port cannot be cached; the AMP link itself stays


def person_of(value: object) -> Person | None:
    """A name, with an address when one is given; never a mail address."""
    if isinstance(value, dict):
        name, url = value.get("name"), value.get("url") or value.get("uri") or value.get("website")
    else:
        name, url = value, None
    if not isinstance(name, str) or not (name := name_of(name)):
        return None
    return Person(name=name, url=_quiet(addresses.clean, url))


def name_of(value: object) -> str:
    """A name as it may be shown: never a mail address, nor a password before a host."""
    name = plain_text(words_of(value))
    if "@" in name:
        name = " ".join(_WORD.sub(lambda word: "" if _MAIL.search(word[0]) else word[0], name).split()).strip("()<> ")
    return name


def site_of(domain: object) -> str | None:
    """The address of a provider, whose domain may carry a path."""
    if not isinstance(domain, str) or not domain.strip():
        return None
    return _clean_site(domain.strip())


@lru_cache(maxsize=4096)
def _clean_site(domain: str) -> str | None:
    return _quiet(addresses.clean, domain if "://" in domain else f"https://{domain}")


def _quiet(clean: Callable[[str], str], address: object) -> str | None:
    try:
        return clean(address) if isinstance(address, str) else None
    except ValueError:
        return None


def pixels(value: object) -> int | None:
    """A width or height, when it is one."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:9])
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1_000_000 else None


def is_flag(value: object) -> bool:
    """Whether a value says true or false, in whatever words."""
    return isinstance(value, bool) or words_of(value).lower() in FLAGS


def is_date(value: object) -> bool:
    """Whether a value names a day."""
    return date_or_none(value) is not None


def date_or_none(value: object) -> datetime | None:
    """The time that a value names, if it names one."""
    try:
        return dates.parse(value)
    except ValueError:
        return None


def date_fault(value: object, error: ValueError) -> str:
    """What a message says of a value that should have been a date."""
    return f"expected a date, got {described(value)} ({error})"


def words_of(value: object) -> str:
    """The text of a value that may stand for text: a string or a number."""
    if isinstance(value, str):
        return value.strip()
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER
    return str(value) if is_number else ""


def described(value: object) -> str:
    """A value for a message: never long, never the whole of something private."""
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
