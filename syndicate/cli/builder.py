"""The process in which the worker builds: `python -m syndicate.cli.builder CONFIG` (see pipeline/resident.py)."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ..pipeline.resident import serve_builds
from . import EXPECTED, report
from .arguments import parser
from .build import build_and_report

if TYPE_CHECKING:
    from ..config import Config
    from ..pipeline.reported import ScanMemory


def run(path: str) -> None:
    """Build with the configuration at a path, as `syndicate build` does, for each line of standard input."""
    options = parser().parse_args(["build", "--json", "-c", path])

    def build(config: Config, memory: ScanMemory, changed: Collection[str] | None) -> dict[str, Any]:
        return build_and_report(config, options, memory, changed).as_json()

    serve_builds(path, build, _report)


def _report(error: Exception) -> int:
    if not isinstance(error, EXPECTED) or isinstance(error, BrokenPipeError):  # nobody reads what a build prints
        raise error
    return report(error)


if __name__ == "__main__":
    try:
        run(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit(130)
