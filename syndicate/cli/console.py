"""How commands speak: results to standard output, everything else to standard error; progress to those who wait."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, Problem
from ..progress import Bar, Progress, silent

if TYPE_CHECKING:
    from datetime import datetime

    from ..config import Config

DONE, PROBLEMS, USAGE, CONFIGURATION, LOCKED = 0, 1, 2, 3, 4
_SHOWN_PROBLEMS = 20


def load_config(path: str) -> Config:
    """Read a configuration file. Raises ConfigError with every fault found."""
    from ..config import load

    return load(path)


def now(options: argparse.Namespace) -> datetime:
    """The time of a build: as an argument states it, or SOURCE_DATE_EPOCH, or the clock."""
    from datetime import UTC, datetime

    if options.now is not None:
        stated: datetime = options.now
        return stated
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        problem = Problem("SOURCE_DATE_EPOCH", 1, 1, "environment", f"expected seconds since 1970, got {epoch!r}")
        raise ConfigError([problem]) from None


def moment(text: str) -> datetime:
    """A time as an argument states it."""
    from ..values import dates

    try:
        return dates.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a time such as 2026-01-31T12:00:00Z, got {text!r}") from None


def tell(problems: Sequence[Problem]) -> None:
    """The first problems, a line each."""
    for problem in problems[:_SHOWN_PROBLEMS]:
        say(str(problem))
    if (more := len(problems) - _SHOWN_PROBLEMS) > 0:
        say(f"… and {more} more: syndicate check lists them all")


def count(number: int, one: str, many: str = "") -> str:
    """A number of things, in words."""
    return f"{number} {one}" if number == 1 else f"{number} {many or one + 's'}"


def say(text: str) -> None:
    """A line for a person."""
    print(text, file=sys.stderr)


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar on a terminal, nothing elsewhere; nothing at all for a run of under half a second."""
    if not sys.stderr.isatty():
        yield silent
        return
    import time

    started = time.monotonic()
    bar: Bar | None = None

    def advance(stage: str, done: int, total: int) -> None:
        nonlocal bar
        if bar is None and time.monotonic() - started > 0.5:
            bar = Bar()
        if bar is not None:
            bar.advance(stage, done, total)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.close()


def log_events(how: str, *, quiet: bool) -> None:
    """Events to standard error: as lines for people, or as JSON. A quiet run tells only what a person should know."""
    import logging

    import structlog

    last: Any = structlog.processors.JSONRenderer()
    if how == "text":
        last = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True), last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if quiet else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
