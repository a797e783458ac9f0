"""The process in which a preview builds: `python -m syndicate.preview.local_build CONFIG URL FOLDER`.

It builds with `local_config` each time it is asked (see pipeline/resident.py); its figures include the problems.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any

from ..config import Config
from ..errors import StoreError, SyndicateError
from ..pipeline import BuildSummary, build
from ..pipeline.reported import ScanMemory
from ..pipeline.resident import serve_builds
from ..store import open_store
from .local_config import local_config, state_folder

_BATCH = 5000


def command(config_path: str, url: str, folder: str) -> tuple[str, ...]:
    """Return the module and the arguments of a process that builds."""
    return (__name__, config_path, url, folder)


def run(path: str, url: str, folder: str) -> None:
    """Build whenever a line of standard input asks for it."""
    before = _entry_digests(state_folder(folder))

    def build_locally(config: Config, memory: ScanMemory, changed: Collection[str] | None) -> dict[str, Any]:
        nonlocal before
        config = local_config(config, url, folder)
        # A preview has no subscribers to protect.
        summary = build(
            config, datetime.now(UTC), allow_shrink=True, accept_new_id=True, changed=changed, memory=memory
        )
        after = _entry_digests(config.state)
        changed_entries = len({name for name, _ in before.items() ^ after.items()})
        before = after
        return _figures(summary, changed_entries)

    serve_builds(path, build_locally, _print_error)


def _print_error(error: Exception) -> int:
    if not isinstance(error, SyndicateError):
        raise error
    print(error, file=sys.stderr)
    return 1


def _figures(summary: BuildSummary, changed_entries: int) -> dict[str, Any]:
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
        run(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
