"""The verbs that make feeds: init, build, check."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from .console import DONE, PROBLEMS, count, load_config, now, progress, say, tell

if TYPE_CHECKING:
    from ..config import Config
    from ..pipeline import Summary


def init(options: argparse.Namespace) -> int:
    """Write a configuration and a sample corpus."""
    from .. import sample

    files = sample.write(options.folder)
    say(f"{options.folder}: config.yaml and a sample corpus of {files} files")
    say(f"next: cd {options.folder} && syndicate build")
    return DONE


def build(options: argparse.Namespace) -> int:
    """Build the feeds."""
    config = load_config(options.config)
    summary = made(config, options)
    if options.json:
        import json

        print(json.dumps(summary.as_json()))
    return PROBLEMS if options.strict and summary.problems else DONE


def made(config: Config, options: argparse.Namespace) -> Summary:
    """Build, and tell a person what was done."""
    from ..pipeline import build as run

    with progress() as advance:
        summary = run(config, now(options), advance, full=options.full)
    for note in summary.notes:
        say(f"syndicate: {note}")
    for_person = sys.stderr.isatty()
    tell(summary.problems if for_person else summary.news)  # cron tells what is wrong once, not every five minutes
    if for_person and not options.json:
        kept = f"{summary.written} written, {summary.unchanged} unchanged, {summary.removed} removed"
        left_out = f"{summary.hidden} hidden, {summary.merged} merged, {count(len(summary.problems), 'problem')}"
        feeds = f"{count(summary.feeds, 'feed')} of {count(summary.entries, 'entry', 'entries')}"
        say(f"{feeds} ({left_out}) in {summary.seconds:.2f} s")
        say(f"{os.path.relpath(config.output)}/: {kept}")
    return summary


def check(options: argparse.Namespace) -> int:
    """List every problem of configuration and corpus."""
    from ..pipeline import look

    config = load_config(options.config)
    with progress() as advance:
        survey = look(config, now(options), advance)
    problems = survey.problems
    if options.json:
        import json

        print(json.dumps([problem._asdict() for problem in problems], indent=1))
    else:
        for problem in problems:
            print(problem)
        errors = sum(problem.severity == "error" for problem in problems)
        shown = f"{count(survey.entries, 'entry', 'entries')}, {survey.hidden} hidden, {survey.merged} merged"
        say(f"{shown}; {count(errors, 'error')}, {count(len(problems) - errors, 'warning')}")
    return PROBLEMS if options.strict and problems else DONE
