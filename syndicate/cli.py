"""The verbs: init, build, check. Only here do errors become exit codes.

Imports of a verb stand in the verb: `syndicate --version` must not wait for XML and Markdown.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from . import __version__
from .errors import ConfigError, LockedError, Problem, SyndicateError

if TYPE_CHECKING:
    from datetime import datetime

    from .build.crew import Progress
    from .config import Config
    from .progress import Bar

DONE, PROBLEMS, USAGE, CONFIGURATION, LOCKED = 0, 1, 2, 3, 4
_SHOWN_PROBLEMS = 20

_OVERVIEW = """\
examples:
  syndicate init news          a commented config.yaml and a sample corpus in ./news
  syndicate build              corpus -> feeds, by ./config.yaml
  syndicate check              every problem of configuration and corpus

exit codes: 0 done, 1 done with problems (--strict), 2 usage, 3 configuration, 4 another run holds the lock
"""
_INIT = """\
example:
  syndicate init news && cd news && syndicate build
"""
_BUILD = """\
examples:
  syndicate build
  syndicate build -c /srv/news/config.yaml --json
  syndicate build --full
  syndicate build --now 2026-01-01T00:00:00Z     as the corpus stood then: later entries stay out
"""
_CHECK = """\
examples:
  syndicate check
  syndicate check --strict     exit code 1 when there is any problem, for CI
  syndicate check --json       a JSON array of objects, for machines
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the answer is the exit code. Messages go to standard error, results to standard output."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # file names need not be text in any encoding
    try:
        options = parser().parse_args(arguments)
        run: Callable[[argparse.Namespace], int] = options.run
        code = run(options)
        sys.stdout.flush()
    except ConfigError as error:
        for problem in error.problems:
            _say(str(problem))
        return CONFIGURATION
    except LockedError as error:
        _say(f"syndicate: {error}")
        return LOCKED
    except SyndicateError as error:
        _say(f"syndicate: {error}")
        return PROBLEMS
    except BrokenPipeError:
        # The reader of our output went away, as `head` does. Standard output is closed without a complaint at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return 130
    return code


def parser() -> argparse.ArgumentParser:
    """What the command line understands."""
    top = argparse.ArgumentParser(
        prog="syndicate",
        description="Markdown records in, per-topic RSS, Atom and JSON feeds out.",
        epilog=_OVERVIEW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"syndicate {__version__}")
    verbs = top.add_subparsers(title="verbs", metavar="VERB", required=True)

    init = _verb(verbs, "init", "write a commented configuration and a sample corpus", _INIT)
    init.add_argument("folder", metavar="DIR", help="a new or empty folder")
    init.set_defaults(run=_init)

    build = _verb(verbs, "build", "build the feeds", _BUILD)
    _common(build)
    build.add_argument("--full", action="store_true", help="start from nothing: read and render everything anew")
    build.set_defaults(run=_build)

    check = _verb(verbs, "check", "list every problem of configuration and corpus", _CHECK)
    _common(check)
    check.set_defaults(run=_check)
    return top


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str, examples: str
) -> argparse.ArgumentParser:
    return verbs.add_parser(
        name, help=what, description=what, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def _common(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("-c", "--config", metavar="FILE", default="config.yaml", help="the configuration (config.yaml)")
    verb.add_argument("--json", action="store_true", help="one JSON document on standard output")
    verb.add_argument("--strict", action="store_true", help="exit code 1 when there are problems")
    verb.add_argument(
        "--now", metavar="TIME", type=_time, help="the time of the build (else SOURCE_DATE_EPOCH, else the clock's)"
    )


# ----------------------------------------------------------------------------------------------------------- verbs


def _init(options: argparse.Namespace) -> int:
    from . import sample

    count = sample.write(options.folder)
    _say(f"{options.folder}: config.yaml and a sample corpus of {count} files")
    _say(f"next: cd {options.folder} && syndicate build")
    return DONE


def _build(options: argparse.Namespace) -> int:
    from .build import build

    config = _load(options.config)
    with _progress() as progress:
        summary = build(config, _now(options), progress, full=options.full)
    if options.json:
        import json

        print(json.dumps(summary.as_json()))
    for note in summary.notes:
        _say(f"syndicate: {note}")
    for_person = sys.stderr.isatty()
    _tell(summary.problems if for_person else summary.news)  # cron tells what is wrong once, not every five minutes
    if for_person and not options.json:
        kept = f"{summary.written} written, {summary.unchanged} unchanged, {summary.removed} removed"
        left_out = f"{summary.hidden} hidden, {summary.merged} merged, {_count(len(summary.problems), 'problem')}"
        made = f"{_count(summary.feeds, 'feed')} of {_count(summary.entries, 'entry', 'entries')}"
        _say(f"{made} ({left_out}) in {summary.seconds:.2f} s")
        _say(f"{os.path.relpath(config.output)}/: {kept}")
    return PROBLEMS if options.strict and summary.problems else DONE


def _check(options: argparse.Namespace) -> int:
    from .build import look

    config = _load(options.config)
    with _progress() as progress:
        survey = look(config, _now(options), progress)
    problems = survey.problems
    if options.json:
        import json

        print(json.dumps([problem._asdict() for problem in problems], indent=1))
    else:
        for problem in problems:
            print(problem)
        errors = sum(problem.severity == "error" for problem in problems)
        shown = f"{_count(survey.entries, 'entry', 'entries')}, {survey.hidden} hidden, {survey.merged} merged"
        _say(f"{shown}; {_count(errors, 'error')}, {_count(len(problems) - errors, 'warning')}")
    return PROBLEMS if options.strict and problems else DONE


# ----------------------------------------------------------------------------------------------------------- parts


def _load(path: str) -> Config:
    from .config import load

    return load(path)


def _now(options: argparse.Namespace) -> datetime:
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


def _time(text: str) -> datetime:
    from .values import dates

    try:
        return dates.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a time such as 2026-01-31T12:00:00Z, got {text!r}") from None


def _tell(problems: Sequence[Problem]) -> None:
    for problem in problems[:_SHOWN_PROBLEMS]:
        _say(str(problem))
    if (more := len(problems) - _SHOWN_PROBLEMS) > 0:
        _say(f"… and {more} more: syndicate check lists them all")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one}" if number == 1 else f"{number} {many or one + 's'}"


def _say(text: str) -> None:
    print(text, file=sys.stderr)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on a terminal, nothing elsewhere; nothing at all for a run of under half a second."""
    from .build import silent

    if not sys.stderr.isatty():
        yield silent
        return
    import time

    started = time.monotonic()
    bar: Bar | None = None

    def advance(stage: str, done: int, total: int) -> None:
        nonlocal bar
        if bar is None and time.monotonic() - started > 0.5:
            from . import progress

            bar = progress.Bar()
        if bar is not None:
            bar.advance(stage, done, total)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.close()
