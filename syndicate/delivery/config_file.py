"""The configuration of a process that runs for long, which follows its file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import structlog

from ..config import Config, load
from ..errors import ConfigError
from . import hubs_with_headers
from .sender import HubTarget

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.worker")

_Fingerprint = tuple[tuple[int, int, int] | None, ...]


class Hubs(NamedTuple):
    """The hubs to deliver to, with their secret headers; `is_usable` is false if a header is missing."""

    hubs: Sequence[HubTarget]
    is_usable: bool = True


class ConfigFile:
    """The last valid configuration of a file, and of the site generators' own files that it takes settings from.

    An invalid one is logged once, and read again at each look: a missing folder may be all that is wrong with it.
    """

    def __init__(self, config: Config, environment: Mapping[str, str]) -> None:
        """Raise ConfigError if a hub's header is not in the environment."""
        self.config = config
        self.hubs = Hubs(hubs_with_headers(config, environment))
        self._environment = environment
        self._read_fingerprint = self._last_look = _fingerprint(config)
        self._problems = ""

    @property
    def is_valid(self) -> bool:
        """Whether the file was valid when it was read last."""
        return not self._problems

    def has_changed(self) -> bool:
        """Return whether the file differs from the one that was read, and is complete: it is as at the last look."""
        current = _fingerprint(self.config)
        is_complete, self._last_look = current == self._last_look, current
        return is_complete and (current != self._read_fingerprint or bool(self._problems))

    def read(self, *, is_requested: bool) -> bool:
        """Read the file; return whether it is valid and replaces the configuration.

        Problems that were logged before are logged again only if a person requested to read the file.
        With a valid configuration whose header is not in the environment, nothing can be delivered to any hub.
        """
        fingerprint = _fingerprint(self.config)
        is_new, self._read_fingerprint = fingerprint != self._read_fingerprint, fingerprint
        try:
            config = load(self.config.path)
        except ConfigError as error:
            if is_requested or is_new or str(error) != self._problems:
                for problem in error.problems:
                    log.error("invalid configuration", error=str(problem))
            self._problems = str(error)
            return False
        self._problems = ""
        if _files(config) != _files(self.config):
            self._read_fingerprint = _fingerprint(config)
        self.config = config
        try:
            self.hubs = Hubs(hubs_with_headers(config, self._environment))
        except ConfigError as error:
            self.hubs = Hubs((), is_usable=False)
            for problem in error.problems:
                log.error("nothing is sent to any hub", error=str(problem), help="set the variable and start again")
        log.info("configuration reloaded", hubs=len(config.hubs))
        return True


def _fingerprint(config: Config) -> _Fingerprint:
    """Return inode, size and modification time of each file that the configuration is read from."""
    return tuple(map(_status, _files(config)))


def _files(config: Config) -> list[str]:
    folder = os.path.dirname(os.path.abspath(config.path))
    sites = dict.fromkeys(source.site.evidence for source in config.sources if source.site.evidence)
    return [config.path, *(os.path.join(folder, path) for path in sites)]


def _status(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
