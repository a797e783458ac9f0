"""A process that is ready to run a command: it has imported the program, and waits for a line on its standard input.

Half of the time of a small build is that of starting Python and importing modules. The worker starts the process of the
next build in advance (`python -m syndicate.cli.standby build …`), so that a saved file is published sooner. The process
ends when its standard input is closed, as it is when the worker is killed. If the program was upgraded meanwhile, the
process starts again from the new one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from ..pipeline import fingerprints
from ..pipeline.preload import import_program
from . import main


def run_when_asked(
    arguments: Sequence[str],
    wait: Callable[[], str] = sys.stdin.readline,
    replace_process: Callable[[str, list[str]], None] = os.execv,
) -> int:
    """Import the program, wait for a line, run a command, and return its exit code; 0 if there is no line."""
    program = fingerprints.program()
    import_program()
    if not wait():
        return 0
    if fingerprints.program() != program:
        replace_process(sys.executable, [sys.executable, "-m", "syndicate", *arguments])
    return main(arguments)


if __name__ == "__main__":
    try:
        sys.exit(run_when_asked(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
