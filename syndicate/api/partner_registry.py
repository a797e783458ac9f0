"""The partners of a running server, reloaded when their file changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

import structlog

from ..errors import ConfigError
from . import partners
from .partners import Partner

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.api")

GRACE_S = 60.0
"""How long keys stay valid while the file cannot be read."""


class PartnersUnknownError(Exception):
    """The file of the partners has been invalid for longer than the grace: no key is known to be valid."""


class PartnerRegistry:
    """The partners of a file, or of the environment.

    While the file is invalid, the partners of the last valid one that it still mentions stay valid, for GRACE_S
    seconds: whoever takes out a key and makes a mistake elsewhere has taken it out, and other partners are not shut
    out by a file that is just being written. After that no key is valid, because one of them may have been revoked.

    Raises ConfigError when the file is invalid at the start.
    """

    def __init__(self, path: str, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._stamp = self._read_stamp()
        self._invalid_since: float | None = None
        self._is_refused = False
        self._partners = partners.load(path)

    @property
    def partners(self) -> tuple[Partner, ...]:
        """The partners whose keys are valid. Raises PartnersUnknownError."""
        if self._is_refused:
            raise PartnersUnknownError
        return self._partners

    def refresh(self) -> None:
        """Load the file again if it has changed, and end the grace if it is over."""
        stamp = self._read_stamp()
        if stamp != self._stamp:
            self._stamp = stamp
            self._load()
        if self._invalid_since is None or self._is_refused:
            return
        if self._clock() - self._invalid_since >= GRACE_S:
            self._is_refused = True
            log.error("partners refused: their file is still invalid", file=self._path, seconds=int(GRACE_S))

    def _load(self) -> None:
        try:
            loaded = partners.load(self._path)
        except ConfigError as error:
            if self._invalid_since is None:
                self._invalid_since = self._clock()
            for problem in error.problems:
                log.error("partners not read", problem=str(problem), keys_valid_for_seconds=self._remaining_s())
            self._drop_removed()
            return
        if not loaded and self._partners:
            log.warning("no partners any more: the file is empty or gone", file=self._path)
        if self._invalid_since is not None:
            log.info("partners read again", file=self._path)
        self._invalid_since, self._is_refused, self._partners = None, False, loaded

    def _remaining_s(self) -> int:
        since = self._clock() if self._invalid_since is None else self._invalid_since
        return max(0, int(since + GRACE_S - self._clock()))

    def _drop_removed(self) -> None:
        """Drop the partners whose key the invalid file does not hold any more."""
        with suppress(ConfigError):  # without its text, nothing is known of them
            lines = [line.partition("#")[0] for line in partners.read(self._path).splitlines()]
            self._partners = tuple(one for one in self._partners if any(one.key_hash in line for line in lines))

    def _read_stamp(self) -> tuple[int, ...] | None:
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size, status.st_mode
