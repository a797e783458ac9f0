"""The verbs init, schema, build and check."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

from ..errors import OutputError, ShrinkError
from .console import (
    DEFAULT_CONFIG,
    DONE,
    PROBLEMS,
    build_time,
    format_count,
    load_config,
    print_json,
    print_line,
    print_message,
    print_problems,
    show_progress,
)
from .problems import lines_of

SHELLS = ("bash", "zsh", "fish")

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..config import Config
    from ..pipeline import BuildSummary
    from ..pipeline.reported import ScanMemory


def init(options: argparse.Namespace) -> int:
    """Write a configuration for the site in a folder; in an empty folder with its schema and a sample corpus."""
    from .. import sample

    folder = options.folder
    is_empty = not os.path.isdir(folder) or not os.listdir(folder)
    if is_empty:
        files = sample.write(folder)
        print_message(f"{folder}: wrote config.yaml, config.schema.json and a sample corpus of {files} files")
        name = DEFAULT_CONFIG
    else:
        name = _write_draft(folder)
    go = "" if os.path.abspath(folder) == os.getcwd() else f"cd {shlex.quote(folder)} && "
    option = "" if name == DEFAULT_CONFIG else f" -c {name}"
    verbs = "syndicate build" if is_empty else f"syndicate check{option} && syndicate build{option}"
    print_message(f"next: {go}{verbs}")
    return DONE


def _write_draft(folder: str) -> str:
    """Write a configuration for the site in a folder, and nothing else. Returns the name of the file."""
    from datetime import UTC, datetime

    from ..config.draft import draft

    found = draft(folder, datetime.now(UTC).year)
    if found is None:
        raise OutputError(f"{folder}: is not empty, and holds neither a known site nor a Markdown file")
    path = os.path.join(folder, DEFAULT_CONFIG)
    # A generator may have a config.yaml of its own, as Hugo does.
    name = DEFAULT_CONFIG if _is_own_configuration(path) or not os.path.lexists(path) else "syndicate.yaml"
    path = os.path.join(folder, name)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(found.text)
    except FileExistsError:
        raise OutputError(f"{path}: exists already, and was not changed") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from None
    for note in found.notes:
        print_message(f"{folder}: {note}")
    print_message(f"{folder}: wrote {name}")
    return name


def _is_own_configuration(path: str) -> bool:
    """Returns whether a file looks like a configuration of syndicate, and not like one of a generator."""
    from ..config.site_folder import LocalSiteFolder

    values = LocalSiteFolder(os.path.dirname(path)).values(os.path.basename(path))
    return values is not None and "corpus" in values


def schema(_: argparse.Namespace) -> int:
    """Print the JSON Schema of config.yaml."""
    from ..config.schema import schema_text

    print(schema_text(), end="")
    return DONE


def completion(options: argparse.Namespace) -> int:
    """Print the script with which a shell completes commands of syndicate."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["syndicate"], shell=options.shell))  # nosec B604 - the name of a shell
    return DONE


def build(options: argparse.Namespace) -> int:
    """Build the feeds."""
    config = load_config(options.config)
    try:
        summary = build_and_report(config, options)
    except ShrinkError as error:
        if options.json:
            print_json(refusal_as_json(error))
        raise
    if options.json:
        print_json(summary.as_json())
    return PROBLEMS if options.strict and summary.has_problems else DONE


def refusal_as_json(error: ShrinkError) -> dict[str, Any]:
    """Returns what a refused build prints instead of its figures; the numbers count entries."""
    return {"refused": list(error.lines), "published": error.published, "lost": error.lost}


def build_and_report(
    config: Config,
    options: argparse.Namespace,
    memory: ScanMemory | None = None,
    changed: Collection[str] | None = None,
) -> BuildSummary:
    """Build the feeds and print notes and problems; on a terminal, the numbers too.

    `memory` and `changed` are those of a process that builds repeatedly (`pipeline.build`).
    """
    from ..config.bucket import is_bucket
    from ..pipeline import build as run

    with show_progress() as advance:
        summary = run(
            config,
            build_time(options),
            advance,
            full=options.full,
            allow_shrink=options.allow_shrink,
            accept_new_id=options.accept_new_id,
            verify=options.verify,
            changed=changed,
            memory=memory,
        )
    for note in summary.notes:
        print_message(f"syndicate: {note}")
    is_terminal = sys.stderr.isatty()
    # Elsewhere only new problems are printed: cron must not send the same mail after every run.
    sources = [source.path for source in config.sources]
    print_problems([*summary.warnings, *(summary.problems if is_terminal else summary.new_problems)], sources)
    if is_terminal and not options.json:
        documents = f"{summary.written} written, {summary.unchanged} unchanged, {summary.removed} removed"
        problems = format_count(len(summary.problems), "problem")
        left_out = f"{summary.hidden} hidden, {summary.merged} merged, {problems}"
        feeds = f"{format_count(summary.feeds, 'feed')} of {format_count(summary.entries, 'entry', 'entries')}"
        print_message(f"{feeds} ({left_out}) in {summary.seconds:.2f} s")
        place = config.output if is_bucket(config.output) else f"{os.path.relpath(config.output)}/"
        print_message(f"{place}: {documents}")
    return summary


def _print_sites(config: Config) -> None:
    """Print which generator's rules apply to each source, why, and which of its settings could not be read."""
    from .. import sites

    for number, source in enumerate(config.sources):
        site = source.site
        reason = f"configured by {site.evidence}" if site.evidence else "without a configuration of a generator"
        print_message(f"corpus[{number}]: {source.path}: {sites.get(site.kind).label} ({reason})")
        for note in site.notes:
            print_message(f"corpus[{number}]: {note}")


def check(options: argparse.Namespace) -> int:
    """List every problem of the configuration and the corpus, or every hidden file."""
    from ..pipeline import check as check_corpus

    config = load_config(options.config)
    if options.hidden:
        return _list_hidden(config, options)
    with show_progress() as advance:
        summary = check_corpus(config, build_time(options), advance)
    problems = summary.problems
    if options.json:
        print_json([problem._asdict() for problem in problems], indent=1)
    else:
        _print_sites(config)
        sources = [source.path for source in config.sources]
        for line in map(str, problems) if options.all else lines_of(problems, sources):
            print_line(line)
        errors = sum(problem.severity == "error" for problem in problems)
        entries = format_count(summary.entries, "entry", "entries")
        counts = f"{format_count(errors, 'error')}, {format_count(len(problems) - errors, 'warning')}"
        print_message(f"{entries}, {summary.hidden} hidden, {summary.merged} merged; {counts}")
    return PROBLEMS if options.strict and problems else DONE


def _list_hidden(config: Config, options: argparse.Namespace) -> int:
    from ..pipeline import find_hidden_files

    files = list(find_hidden_files(config, build_time(options)))
    if options.json:
        import json

        print(json.dumps([file._asdict() for file in files], indent=1))
    else:
        for file in files:
            print_line(str(file))
        print_message(f"{format_count(len(files), 'file')} hidden")
    return DONE
