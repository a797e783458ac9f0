"""The commands that deliver: push, publish, worker, status."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
import time
from typing import TYPE_CHECKING, Any

from ..errors import ShrinkError
from .console import (
    DONE,
    PROBLEMS,
    USAGE,
    configure_logging,
    format_count,
    load_config,
    print_json,
    print_lines,
    print_message,
    show_progress,
)

if TYPE_CHECKING:
    from ..config import Config
    from ..delivery.dispatcher import DeliverySummary

_SILENT_S = 3600.0  # for how long push says nothing about a change that it cannot deliver
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def age(text: str) -> float:
    """Parse an age (`90s`, `30m`, `2h`, `3d`) into seconds. Raises ArgumentTypeError for anything else."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"expected an age such as 90s, 30m, 2h or 3d, got {text!r}")
    return int(match[1]) * _UNITS_S[match[2]]


def push(options: argparse.Namespace) -> int:
    """Send the due deliveries to their hubs."""
    if (options.hub or options.feed) and not options.replay:
        print_message("syndicate push: --hub and --feed select failed pings for --replay: add --replay")
        return USAGE
    config = load_config(options.config)
    configure_logging(options.log_format, quiet=True)
    if options.dry_run:
        return _print_scheduled(config, as_json=options.json)
    if options.replay and not _replay(config, options):
        return USAGE
    summary = _push(config, options)
    if options.json:
        import json

        print(json.dumps(summary._asdict()))
    return PROBLEMS if summary.failed else DONE


def publish(options: argparse.Namespace) -> int:
    """Build, deploy if a bucket is configured beside the output folder, then push.

    A build that is refused leaves the feeds as they are, and their pings are still sent.
    """
    from .build import build_and_report, refusal_as_json
    from .deploy import as_json, deploy_and_report

    config = load_config(options.config)
    refused: ShrinkError | None = None
    has_problems = True
    try:
        build = build_and_report(config, options)
        report, has_problems = build.as_json(), bool(options.strict and build.has_problems)
    except ShrinkError as error:
        refused, report = error, refusal_as_json(error)
    reports: dict[str, Any] = {"build": report}
    if refused is None and config.bucket.url:
        reports["deploy"] = as_json(deploy_and_report(config, config.bucket.url, quiet=options.json))
    summary = _push(config, options)
    if options.json:
        print_json({**reports, "push": summary._asdict()})
    if refused is not None:
        raise refused
    return PROBLEMS if summary.failed or has_problems else DONE


def worker(options: argparse.Namespace) -> int:
    """Watch, build and push until stopped."""
    from ..delivery.worker import run_worker

    config = load_config(options.config)
    configure_logging(options.log_format, quiet=False)
    run_worker(config)
    return DONE


def status(options: argparse.Namespace) -> int:
    """Print the state of the deliveries. Problems are deliveries that were given up, or waited for too long."""
    from ..delivery.status import read_status
    from ..delivery.status_text import format_status
    from ..delivery.verdict import format_duration

    config = load_config(options.config)
    report = read_status(config, time.time())
    if options.json:
        import json

        print(json.dumps(report.as_json()))
    else:
        print_lines(format_status(report, _config_argument(options), all_feeds=options.feeds))
    is_late = options.max_age is not None and report.oldest_wait_s > options.max_age
    if is_late:
        waited = format_duration(report.oldest_wait_s)
        print_message(f"syndicate: a change has not been delivered to a hub for {waited}: see syndicate status")
    return PROBLEMS if is_late or report.has_given_up else DONE


# ----------------------------------------------------------------------------------------------------------- parts


def _push(config: Config, options: argparse.Namespace) -> DeliverySummary:
    from ..delivery import push as deliver

    configure_logging(options.log_format, quiet=True)
    with show_progress() as advance:
        summary = deliver(config, advance)
    if sys.stderr.isatty() and not options.json:
        print_message(
            _describe(summary, "purge or ping" if config.cdns else "ping")
            if config.hubs or config.cdns
            else "no hubs are configured: nothing to deliver"
        )
    _print_undelivered(config, options)
    return summary


def _print_undelivered(config: Config, options: argparse.Namespace) -> None:
    """Print a line for each hub that has not acknowledged a change for more than an hour."""
    from ..delivery.status import read_status
    from ..delivery.status_text import format_undelivered

    if not config.hubs and not config.cdns:
        return
    status = read_status(config, time.time())
    for line in format_undelivered([*status.diagnoses, *status.cache_diagnoses], _SILENT_S):
        print_message(f"syndicate: {line}; see syndicate status{_config_argument(options)}")


def _describe(summary: DeliverySummary, noun: str) -> str:
    """Return one sentence about the deliveries of a run."""
    parts = [f"{format_count(summary.delivered, noun, noun.replace('purge', 'purges') + 's')} delivered"]
    if summary.retrying or summary.refused:
        parts.append(f"{summary.retrying + summary.refused} to be retried")
    if summary.unverified:
        parts.append(f"{summary.unverified} waiting for the public copy to match the build")
    if summary.failed:
        parts.append(f"{summary.failed} failed (syndicate push --replay sends them again)")
    return f"{', '.join(parts)}, in {summary.seconds:.2f} s"


def _replay(config: Config, options: argparse.Namespace) -> bool:
    """Make deliveries due; return whether the hub and the feed to limit that to exist."""
    from ..delivery.replay import UnknownError, replay

    try:
        replayed = replay(config, time.time(), options.hub, options.feed)
    except UnknownError as error:
        print_message(f"syndicate push: {error}")
        return False
    if sys.stderr.isatty():
        print_message(f"{format_count(replayed, 'ping')} to be sent again")
    return True


def _config_argument(options: argparse.Namespace) -> str:
    """Return the option with which another command uses the same configuration file."""
    return "" if options.config == "config.yaml" else f" -c {shlex.quote(options.config)}"


def _print_scheduled(config: Config, *, as_json: bool) -> int:
    from ..delivery.status import scheduled_deliveries
    from ..delivery.status_text import format_scheduled

    rows = scheduled_deliveries(config, time.time())
    if as_json:
        import json

        print(json.dumps([row.as_json() for row in rows]))
    else:
        print_lines(format_scheduled(rows))
    return DONE
