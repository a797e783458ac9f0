"""The command `deploy`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from .console import DONE, USAGE, format_count, load_config, print_json, print_message, show_progress

if TYPE_CHECKING:
    from ..config import Config
    from ..pipeline.deploy import DeploySummary


def deploy(options: argparse.Namespace) -> int:
    """Copy the output folder to a bucket, or list what that would do."""
    from ..config.bucket import parse_bucket_url

    config = load_config(options.config)
    url = options.url or config.bucket.url
    if not url:
        print_message("syndicate deploy: name a bucket, or set bucket.url in the configuration")
        return USAGE
    try:
        url = str(parse_bucket_url(url))
    except ValueError as error:
        print_message(f"syndicate deploy: {error}")
        return USAGE
    summary = deploy_and_report(config, url, dry_run=options.dry_run, quiet=options.json)
    if options.json:
        print_json(as_json(summary))
    elif options.dry_run:
        for one in summary.changes:
            print(f"{one.change}\t{one.size_bytes}\t{one.path}")
    return DONE


def deploy_and_report(config: Config, url: str, *, dry_run: bool = False, quiet: bool = False) -> DeploySummary:
    """Deploy, and print the numbers on a terminal."""
    from ..pipeline.deploy import deploy as run

    with show_progress() as advance:
        summary = run(config, url, advance, dry_run=dry_run)
    if dry_run or (sys.stderr.isatty() and not quiet):
        size_bytes = sum(one.size_bytes for one in summary.changes)
        counts = ", ".join(f"{summary.count(change)} {change}" for change in ("new", "changed", "removed"))
        print_message(
            f"{url}: {counts}, {summary.unchanged} unchanged, {summary.deleted} deleted"
            f" ({format_count(size_bytes, 'byte')}) in {summary.seconds:.2f} s{': nothing was sent' if dry_run else ''}"
        )
    return summary


def as_json(summary: DeploySummary) -> dict[str, Any]:
    """Return a deployment for machines; the numbers count documents."""
    return {
        "new": summary.count("new"),
        "changed": summary.count("changed"),
        "removed": summary.count("removed"),
        "unchanged": summary.unchanged,
        "deleted": summary.deleted,
        "seconds": summary.seconds,
        "documents": [one._asdict() for one in summary.changes],
    }
