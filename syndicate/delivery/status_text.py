"""The state of deliveries as text, for a terminal of 80 columns. Addresses and commands are never cut nor wrapped."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from itertools import groupby

from ..store.outbox_rows import HubSummary, TopicSummary
from .diagnosis import HubDiagnosis, feeds_of
from .status import DeliveryStatus, ScheduledDelivery
from .verdict import format_condition, format_delay, format_details, format_duration, format_verdict

_LABEL_WIDTH = 12
_MAX_FEEDS = 10
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:d|h|min|s|ms)\b)")


def format_status(status: DeliveryStatus, option: str = "", *, all_feeds: bool = False) -> str:
    """Return the verdict, then each hub with why and what to do, then the feeds that wait, or all of them.

    `option` is a part of each command that the text recommends.
    """
    verdict = format_verdict(status.diagnoses, status.cache_diagnoses)
    lines = _wrapped(verdict) if sys.stdout.isatty() else [verdict]  # one line for head and grep
    for hub, diagnosis in sorted(zip(status.hubs, status.diagnoses, strict=True), key=lambda pair: -pair[1].severity):
        lines += ["", *_hub_lines(hub, diagnosis, option)]
    for cache, diagnosis in sorted(
        zip(status.caches, status.cache_diagnoses, strict=True), key=lambda pair: -pair[1].severity
    ):
        lines += ["", *_hub_lines(cache, diagnosis, option, is_cache=True)]
    return "\n".join([*lines, "", *_feed_lines(status, all_feeds=all_feeds)]).rstrip()


def format_undelivered(diagnoses: Iterable[HubDiagnosis], longer_than_s: float) -> list[str]:
    """Return a line for each hub that has not acknowledged a change for longer than a time."""
    return [
        f"{one.hub_url}: not delivered for {format_duration(one.oldest_s)}"
        f" ({format_details([one])}){f': {one.reason}' if one.reason else ''}"
        for one in diagnoses
        if one.oldest_s > longer_than_s
    ]


def format_scheduled(rows: Sequence[ScheduledDelivery]) -> str:
    """Return the unacknowledged deliveries, by hub. A reason that all of a hub have in common is given once."""
    lines: list[str] = []
    for hub_url, deliveries in groupby(sorted(rows, key=lambda row: row.hub_url), key=lambda row: row.hub_url):
        of_hub = list(deliveries)
        lines += ["", hub_url] if lines else [hub_url]
        if of_hub[0].blocked:
            breaker = "circuit breaker " if of_hub[0].blocked.startswith("open") else "the hub "
            lines += _wrapped(f"nothing is sent now: {breaker}{of_hub[0].blocked}", "  ")
        reasons = {row.reason for row in of_hub}
        if len(reasons) == 1 and len(of_hub) > 1 and of_hub[0].reason:
            lines += _wrapped(of_hub[0].reason, "  ")
        for row in of_hub:
            lines += [f"  {row.topic_url}", *_wrapped(_schedule(row, with_reason=len(reasons) > 1), "    ")]
    return "\n".join(lines) if lines else "nothing waits to be delivered"


def _schedule(row: ScheduledDelivery, *, with_reason: bool) -> str:
    if row.state == "failed":
        when = "given up: use --replay"
    else:
        when = f"{row.state}, {'' if row.state == 'due' else 'due '}{format_delay(row.due_in_s)}"
    tries = "not tried yet" if not row.attempts else f"{row.attempts} {'try' if row.attempts == 1 else 'tries'}"
    reason = f": {row.reason}" if row.reason and with_reason else ""
    return f"{when}; {tries}, waiting for {format_duration(row.pending_s)}{reason}"


def _hub_lines(hub: HubSummary, diagnosis: HubDiagnosis, option: str, *, is_cache: bool = False) -> list[str]:
    noun = "purge" if is_cache else "ping"
    state = format_condition(diagnosis, is_cache=is_cache)
    lines = [hub.hub_url, *_wrapped(f"{state}{f': {diagnosis.reason}' if diagnosis.reason else ''}", "  ")]
    if diagnosis.waiting:
        pings = _count(diagnosis.waiting_pings, noun)
        oldest = format_duration(diagnosis.oldest_s)
        lines += _labelled("waiting", f"{_count(len(diagnosis.waiting), 'feed')} ({pings}), the oldest for {oldest}")
        because = ""
        if diagnosis.blocked_s:
            because = " (the circuit breaker is open)" if diagnosis.is_breaker_open else " (the hub asked to wait)"
        ends = "" if diagnosis.retries_end_s is None else f"; retries end {format_delay(diagnosis.retries_end_s)}"
        if diagnosis.overdue_s:
            lines += _labelled("overdue", f"for {format_duration(diagnosis.overdue_s)}{ends}")
        else:
            lines += _labelled("next try", f"{format_delay(diagnosis.next_try_s or 0.0)}{because}{ends}")
    if diagnosis.given_up:
        pings = _count(diagnosis.given_up_pings, noun)
        lines += _labelled("given up", f"{_count(len(diagnosis.given_up), 'feed')} ({pings})")
    if diagnosis.delivered_s is not None:
        latency = "" if hub.median_latency_s is None else f", in {hub.median_latency_s * 1000:.0f} ms (median)"
        last = format_duration(diagnosis.delivered_s)
        lines += _labelled("delivered", f"{_count(hub.delivered, noun)}, the last one {last} ago{latency}")
    for advice, command in _advice(diagnosis, option, is_cache=is_cache):
        lines += _labelled("to do", advice)
        if command:
            lines.append(f"{' ' * (_LABEL_WIDTH + 2)}{command}")
    return lines


def _advice(diagnosis: HubDiagnosis, option: str, *, is_cache: bool = False) -> list[tuple[str, str]]:
    """Return what helps: sentences, each with a command or an empty text."""
    replay = f"syndicate push{option} --replay --hub {diagnosis.hub_url}"
    advice: list[tuple[str, str]] = []
    if diagnosis.overdue_s:
        advice.append(("nothing sends what is due: start syndicate worker, or send once", f"syndicate push{option}"))
    match diagnosis.condition:
        case "site":
            advice.append(
                ("see whether the site answers; the pings follow by themselves", f"curl -sI {diagnosis.topic_url}")
            )
        case "stale":
            advice.append(
                ("publish the output folder, or purge the cache before it; the pings follow by themselves", "")
            )
        case "refuses" if is_cache:
            advice.append(("check the ids of cdn, its token_env, and what the token allows; then send again", replay))
        case "fails" | "unreachable" if is_cache:
            advice.append(("retries go on by themselves; to try at once", replay))
        case "refuses":
            advice.append(("check the hub's address, its header_env, and what it allows; then send again", replay))
        case "fails" | "unreachable":
            advice.append(("check the hub's address; retries go on by themselves; to try at once", replay))
        case "limits" | "delivers" | "idle" | "unsent":
            pass
    if diagnosis.given_up and replay not in dict(advice).values():
        advice.append(("send again what was given up", replay))
    return advice


def _feed_lines(status: DeliveryStatus, *, all_feeds: bool) -> list[str]:
    """Return a table of the feeds that wait, or of all."""
    rows: list[tuple[str, str, str, str]] = []
    groups: dict[str, list[TopicSummary]] = {}
    for topic in status.topics:
        groups.setdefault(feeds_of([topic.path])[0], []).append(topic)
    for feed, topics in groups.items():
        if all_feeds or any(topic.pending for topic in topics):
            rows.append((feed, *_feed_cells(topics, status.now)))
    shown = rows if all_feeds else rows[:_MAX_FEEDS]
    rest = len(rows) - len(shown)
    delivered = len(groups) - len(rows) if status.hubs else 0
    notes = [f"… and {rest} more that wait"] if rest else []
    if delivered:
        notes.append(
            f"{delivered} {'feed has' if delivered == 1 else 'feeds have'} reached every hub (--feeds lists them)"
        )
    if not shown:
        return notes
    header = ("feed", "last change", "last delivery", "waiting")
    widths = [max(map(len, column)) for column in zip(header, *shown, strict=True)]
    fixed = sum(widths[1:]) + 6
    widths[0] = min(widths[0], max(20, _width() - fixed))
    lines: list[str] = []
    for name, *cells in (header, *shown):
        tail = "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths[1:], strict=True)).rstrip()
        if len(name) > widths[0]:  # a long name has a line of its own, so that it can be copied
            lines.append(name)
            name = ""  # noqa: PLW2901
        lines.append(f"{name:<{widths[0]}}  {tail}")
    return [*lines, *notes]


def _feed_cells(topics: Sequence[TopicSummary], now: float) -> tuple[str, str, str]:
    """Return the last change, the last delivery and the pending pings of one feed's documents."""
    delivered = [topic.delivered_at for topic in topics if topic.delivered_at is not None]
    last_delivery = f"{format_duration(now - max(delivered))} ago" if delivered else "never"
    pending = sum(topic.pending for topic in topics)
    last_change = f"{format_duration(now - max(topic.changed_at for topic in topics))} ago"
    return last_change, last_delivery, f"{pending} ping{'s' if pending > 1 else ''}" if pending else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _labelled(label: str, text: str) -> list[str]:
    first = f"  {label:<{_LABEL_WIDTH}}"
    return _wrapped(text, first, " " * len(first))


def _wrapped(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """Wrap a text at spaces, but not between a number and its unit."""
    lines = textwrap.wrap(
        _BEFORE_UNIT.sub("\xa0", text), _width(), initial_indent=first, break_long_words=False, break_on_hyphens=False,
        subsequent_indent=first if rest is None else rest,
    )  # fmt: skip
    return [line.replace("\xa0", " ") for line in lines]


def _width() -> int:
    """Return the columns of the terminal, or 80."""
    return max(40, shutil.get_terminal_size((80, 24)).columns)
