"""One build of a preview, in a process of its own: `python -m syndicate.preview.local_build`.

The process prints a JSON object with the figures of the build and its problems. With `--wait` it imports the program,
and builds when it reads a line; it ends when there is none.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any

from .. import config as configuration
from ..errors import ConfigError, StoreError, SyndicateError
from ..pipeline import BuildSummary, build
from ..pipeline.preload import import_program
from ..store import open_store
from .local_config import local_config, state_folder

_CONFIGURATION_EXIT_CODE = 3
_BATCH = 5000


def command(config_path: str, url: str, folder: str, *, wait: bool) -> tuple[str, ...]:
    """Return the module and the arguments of a process that builds."""
    return (__name__, config_path, url, folder, *(["--wait"] if wait else []))


def main(arguments: Sequence[str]) -> int:
    """Build, print the result, and return the exit code."""
    path, url, folder, *options = arguments
    before: dict[str, bytes] | None = None
    if "--wait" in options:
        import_program()
        before = _entry_digests(state_folder(folder))
        if not sys.stdin.readline():
            return 0
    try:
        config = local_config(configuration.load(path), url, folder)
        if before is None:
            before = _entry_digests(config.state)
        # A preview has no subscribers to protect.
        summary = build(config, datetime.now(UTC), allow_shrink=True, accept_new_id=True)
        after = _entry_digests(config.state)
    except SyndicateError as error:
        print(error, file=sys.stderr)
        return _CONFIGURATION_EXIT_CODE if isinstance(error, ConfigError) else 1
    print(json.dumps(_report(summary, len({name for name, _ in before.items() ^ after.items()}))))
    return 0


def _report(summary: BuildSummary, changed_entries: int) -> dict[str, Any]:
    return {
        "entries": summary.entries,
        "feeds": summary.feeds,
        "changed_entries": changed_entries,
        "changed_documents": summary.written + summary.removed,
        "problems": [str(problem) for problem in (*summary.warnings, *summary.problems)],
    }


def _entry_digests(state: str) -> dict[str, bytes]:
    """Return the digest of what feeds show of each entry, by its id; nothing before the first build."""
    digests: dict[str, bytes] = {}
    with closing(open_store(state)) as store, suppress(StoreError), store.read() as snapshot:
        for records in snapshot.corpus.entry_records(_BATCH):
            entries = snapshot.feeds.entries([record.record_id for record in records])
            digests.update({entry.id: entry.digest for entry in entries.values()})
    return digests


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
