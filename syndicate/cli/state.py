"""The command `state copy`."""

from __future__ import annotations

import argparse

from .console import DONE, print_line


def copy(options: argparse.Namespace) -> int:
    """Copy a state to another place."""
    from ..store.copying import copy_state

    summary = copy_state(options.source, options.target)
    if options.json:
        import json

        print(json.dumps({"rows": summary.rows, "notes": summary.notes}))
        return DONE
    tables = sum(1 for count in summary.rows.values() if count)
    print_line(f"copied {summary.total} rows of {tables} tables; both states are equal")
    return DONE
