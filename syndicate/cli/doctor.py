"""The command `doctor`."""

from __future__ import annotations

import argparse
import os

from .console import DONE, PROBLEMS, load_config, print_json, print_message


def doctor(options: argparse.Namespace) -> int:
    """Print what each check has found. Errors among it are problems."""
    from ..doctor.finding import summarize
    from ..doctor.run import examine

    findings = examine(load_config(options.config), os.environ)
    if options.json:
        print_json([finding.as_json() for finding in findings], indent=1)
    else:
        for finding in findings:
            print(finding)
        print_message(summarize(findings))
    return PROBLEMS if any(finding.level == "error" for finding in findings) else DONE
