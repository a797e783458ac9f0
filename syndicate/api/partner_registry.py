"""The partners of a running server, reloaded when their file changes."""

from __future__ import annotations

import os

import structlog

from ..errors import ConfigError
from . import partners

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.api")


class PartnerRegistry:
    """The partners of a file, or of the environment. An invalid file is logged, and the last valid one stays in use.

    Raises ConfigError when the file is invalid at the start.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._stamp = self._read_stamp()
        self.partners = partners.load(path)

    def refresh(self) -> None:
        """Load the file again if it has changed."""
        stamp = self._read_stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self.partners = partners.load(self._path)
        except ConfigError as error:
            for problem in error.problems:
                log.warning("partners not read", problem=str(problem))

    def _read_stamp(self) -> tuple[int, int, int] | None:
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size
