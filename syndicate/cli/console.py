"""Input and output of commands: results go to standard output, everything else to standard error.

Progress is shown on terminals only.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, Problem, printable
from ..progress import Progress, ProgressBar, silent
from .problems import lines_of

if TYPE_CHECKING:
    from datetime import datetime

    from ..config import Config

DEFAULT_CONFIG = "config.yaml"
DONE, PROBLEMS, USAGE, CONFIGURATION, LOCKED = 0, 1, 2, 3, 4
_MAX_PROBLEMS = 20
_MIN_DURATION_S = 1.0


def load_config(path: str) -> Config:
    """Returns the configuration in a file. Raises ConfigError with every fault found."""
    from ..config import load

    return load(path)


def build_time(options: argparse.Namespace) -> datetime:
    """Returns the time of a build: `--now`, else SOURCE_DATE_EPOCH, else the clock. Raises ConfigError."""
    from datetime import UTC, datetime

    if options.now is not None:
        now: datetime = options.now
        return now
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        problem = Problem("SOURCE_DATE_EPOCH", 1, 1, "environment", f"expected seconds since 1970, got {epoch!r}")
        raise ConfigError([problem]) from None


def parse_time(text: str) -> datetime:
    """Parses the argument of `--now`. Raises ArgumentTypeError."""
    from ..values import dates

    try:
        return dates.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a time such as 2026-01-31T12:00:00Z, got {text!r}") from None


def print_problems(problems: Sequence[Problem], sources: Sequence[str]) -> None:
    """Print problems to standard error, one line for each kind, and the number of lines beyond the first 20."""
    lines = list(lines_of(problems, sources))
    for line in lines[:_MAX_PROBLEMS]:
        print_message(line)
    if (more := len(lines) - _MAX_PROBLEMS) > 0:
        print_message(f"… and {more} more: run syndicate check to list them all")


def print_message(text: str) -> None:
    """Print a line to standard error."""
    print(printable(text), file=sys.stderr)


def print_line(text: str) -> None:
    """Print a line to standard output."""
    print(printable(text))


def print_lines(text: str) -> None:
    """Print a text of several lines to standard output."""
    for line in text.split("\n"):
        print_line(line)


def print_json(document: object, indent: int | None = None) -> None:
    """Print a JSON document to standard output."""
    import json

    print(json.dumps(document, indent=indent))


def format_count(number: int, singular: str, plural: str = "") -> str:
    """Returns a number with its noun: `1 entry`, `2 entries`."""
    return f"{number} {singular}" if number == 1 else f"{number} {plural or singular + 's'}"


@contextmanager
def show_progress() -> Iterator[Progress]:
    """Yields a callback that draws a progress bar on a terminal. Runs shorter than a second show none."""
    if not sys.stderr.isatty():
        yield silent
        return
    import time

    started = time.monotonic()
    bar: ProgressBar | None = None

    def advance(stage: str, done: int, total: int) -> None:
        nonlocal bar
        if bar is None and time.monotonic() - started > _MIN_DURATION_S:
            bar = ProgressBar()
        if bar is not None:
            bar.advance(stage, done, total)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.close()


def configure_logging(log_format: str, *, quiet: bool) -> None:
    """Write log events to standard error, as `text` or `json`. Only warnings and errors are logged when quiet."""
    import logging

    import structlog

    renderer: Any = structlog.processors.JSONRenderer()
    if log_format == "text":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    escape = [_escape_values] if log_format == "text" else []  # JSON has escapes of its own
    timestamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    structlog.configure(
        processors=[structlog.processors.add_log_level, timestamp, *escape, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if quiet else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _escape_values(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escape the texts of a log event, so that it is one line whatever a file or a hub is called."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = printable(value)
    return event
