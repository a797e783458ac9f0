"""The verdict about all hubs, in one line. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from .diagnosis import Condition, HubDiagnosis

# What one hub does, and what several do.
_WORDS: dict[Condition, tuple[str, str]] = {
    "delivers": ("delivers", "deliver"),
    "idle": ("has had no ping yet", "have had no ping yet"),
    "unsent": ("has been sent nothing", "have been sent nothing"),
    "stale": ("waits for the site to show the new feeds", "wait for the site to show the new feeds"),
    "site": ("waits for the site, unreachable", "wait for the site, unreachable"),
    "limits": ("asks to wait", "ask to wait"),
    "refuses": ("refuses", "refuse"),
    "fails": ("answers with errors", "answer with errors"),
    "unreachable": ("unreachable", "unreachable"),
}


_CACHE_WORDS: dict[Condition, tuple[str, str]] = {
    **_WORDS,
    "delivers": ("is purged", "are purged"),
    "idle": ("has had no purge yet", "have had no purge yet"),
}


def format_verdict(diagnoses: Sequence[HubDiagnosis], caches: Sequence[HubDiagnosis] = ()) -> str:
    """Return one sentence: `2 hubs: 1 delivers, 1 unreachable for 2 d (4 feeds wait; next try in 32 min)`.

    That about caches follows: `1 hub: delivers; 1 cache: is purged`.
    """
    hubs = _format_group(diagnoses, "hub", _WORDS) if diagnoses else "no hubs are configured: nothing is delivered"
    return f"{hubs}; {_format_group(caches, 'cache', _CACHE_WORDS)}" if caches else hubs


def format_condition(diagnosis: HubDiagnosis, *, is_cache: bool = False) -> str:
    """Return what one hub or cache does, and for how long."""
    return _describe([diagnosis], _CACHE_WORDS if is_cache else _WORDS, with_count=False).partition(" (")[0]


def _format_group(diagnoses: Sequence[HubDiagnosis], noun: str, words: dict[Condition, tuple[str, str]]) -> str:
    by_severity = sorted(diagnoses, key=lambda one: one.severity)
    groups = [list(group) for _, group in groupby(by_severity, key=lambda one: one.condition)]
    count = f"1 {noun}" if len(diagnoses) == 1 else f"{len(diagnoses)} {noun}s"
    parts = [_describe(group, words, with_count=len(diagnoses) > 1) for group in groups]
    return f"{count}: {', '.join(parts)}"


def format_details(diagnoses: Sequence[HubDiagnosis]) -> str:
    """Return how many feeds wait and for how long: `4 feeds wait; next try in 32 min; retries end in 1 d`."""
    waiting = _distinct(one.waiting for one in diagnoses)
    given_up = _distinct(one.given_up for one in diagnoses)
    parts: list[str] = []
    if waiting:
        parts.append("1 feed waits" if len(waiting) == 1 else f"{len(waiting)} feeds wait")
        next_try_s = min((one.next_try_s for one in diagnoses if one.next_try_s is not None), default=0.0)
        if any(one.overdue_s for one in diagnoses):
            parts.append(f"nothing sends {'it' if len(waiting) == 1 else 'them'}")
        else:
            parts.append(f"next try {format_delay(next_try_s)}")
        ends = [one.retries_end_s for one in diagnoses if one.retries_end_s is not None]
        if ends:
            parts.append(f"retries end {format_delay(min(ends))}")
    if given_up:
        parts.append(f"{_count_feeds(given_up)} given up")
    return "; ".join(parts)


def format_delay(seconds: float) -> str:
    """Format the time until something happens: `in 32 min`, or `now`."""
    return f"in {format_duration(seconds, units=1)}" if seconds >= 1 else "now"


def format_duration(seconds: float, units: int = 2) -> str:
    """Format a duration in its largest unit, and the next smaller one if that is not zero."""
    rest = int(max(0.0, seconds))
    parts: list[str] = []
    for unit, length_s in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        number, rest = divmod(rest, length_s)
        if number or (unit == "s" and not parts):
            parts.append(f"{number} {unit}")
        elif parts:
            break
    return " ".join(parts[:units])


def _describe(group: Sequence[HubDiagnosis], words: dict[Condition, tuple[str, str]], *, with_count: bool) -> str:
    one, several = words[group[0].condition]
    text = one if len(group) == 1 else several
    if with_count:
        text = f"{len(group)} {text}"
    durations = [hub.since_s for hub in group if hub.since_s is not None]
    if durations:
        text += f" for {'up to ' if len(durations) > 1 else ''}{format_duration(max(durations), units=1)}"
    details = format_details(group)
    return f"{text} ({details})" if details else text


def _distinct(lists: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(item for items in lists for item in items))


def _count_feeds(feeds: Sequence[str]) -> str:
    return "1 feed" if len(feeds) == 1 else f"{len(feeds)} feeds"
