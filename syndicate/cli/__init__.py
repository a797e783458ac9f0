"""The command line: runs a verb, and turns errors into messages and exit codes.

Verbs import what they need when they run: `syndicate --version` must not wait for XML, Markdown or HTTP.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence

from ..errors import ConfigError, ConfigMissingError, LockedError, SyndicateError
from .arguments import parser
from .console import CONFIGURATION, DONE, LOCKED, PROBLEMS, print_message

__all__ = ["EXPECTED", "main", "parser", "report"]

EXPECTED = (SyndicateError, OSError, MemoryError, RecursionError)
"""The errors that end a verb with a message; any other is an internal error."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb and returns its exit code. Messages go to standard error, results to standard output."""
    if arguments is None and sys.getfilesystemencoding() != "utf-8":
        # The names of folders may be in any script (PEP 540).
        os.execv(sys.executable, [sys.executable, "-X", "utf8", "-m", "syndicate", *sys.argv[1:]])  # noqa: S606  # nosec B606
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # file names may not be valid in its encoding
    try:
        top = parser()
        if "_ARGCOMPLETE" in os.environ:
            import argcomplete

            argcomplete.autocomplete(top)  # prints what may follow, and exits
        options = top.parse_args(arguments)
        run: Callable[[argparse.Namespace], int] = options.run
        code = run(options)
        sys.stdout.flush()
    except EXPECTED as error:
        return report(error)
    except KeyboardInterrupt:
        return 130
    return code


def report(error: BaseException) -> int:
    """Prints what ended a verb, and returns the exit code."""
    code, message = PROBLEMS, f"{error}"
    match error:
        case BrokenPipeError():
            # The reader closed the pipe, as `head` does. Redirect standard output, so that flushing it succeeds.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return DONE
        case ConfigMissingError():
            code = CONFIGURATION
        case ConfigError():
            for problem in error.problems:
                print_message(str(problem))
            return CONFIGURATION
        case LockedError():
            code = LOCKED
        case MemoryError():
            message = "there is not enough memory"
        case RecursionError():
            message = "the input is nested too deeply"
        case OSError():
            file = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, (str, bytes)) else ""
            message = f"{file}{error.strerror or error}"
    for line in message.splitlines():
        print_message(f"syndicate: {line}")
    return code
