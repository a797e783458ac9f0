"""The configuration of a process that runs for long, which follows its file."""

from __future__ import annotations

import os
from collections.abc import Callable

import structlog

from ..config import Config, load
from ..errors import ConfigError, Problem

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.worker")

_Fingerprint = tuple[tuple[int, int, int] | None, ...]


def _log_problem(problem: Problem) -> None:
    log.error("invalid configuration", error=str(problem))


class ConfigFile:
    """The last valid configuration of a file, and of the site generators' own files that it takes settings from.

    An invalid one is reported once, by default to the log, and read again at each look: a missing folder may be all
    that is wrong with it.
    `problems` are its faults when it was read last; `config` is the last one without any.
    """

    def __init__(self, config: Config, report: Callable[[Problem], None] = _log_problem) -> None:
        self.config = config
        self._report = report
        self.problems: tuple[Problem, ...] = ()
        self._read_fingerprint = self._last_look = _fingerprint(config)

    @property
    def is_valid(self) -> bool:
        """Whether the file was valid when it was read last."""
        return not self.problems

    def has_changed(self) -> bool:
        """Return whether the file differs from the one that was read, and is complete: it is as at the last look."""
        current = _fingerprint(self.config)
        is_complete, self._last_look = current == self._last_look, current
        return is_complete and (current != self._read_fingerprint or bool(self.problems))

    def read(self, *, is_requested: bool) -> bool:
        """Read the file; return whether it is valid and replaces the configuration.

        Problems that were reported before are reported again only if a person requested to read the file.
        """
        fingerprint = _fingerprint(self.config)
        is_new, self._read_fingerprint = fingerprint != self._read_fingerprint, fingerprint
        try:
            config = load(self.config.path)
        except ConfigError as error:
            problems = tuple(error.problems)
            if is_requested or is_new or problems != self.problems:
                for problem in problems:
                    self._report(problem)
            self.problems = problems
            return False
        self.problems = ()
        if _files(config) != _files(self.config):
            self._read_fingerprint = _fingerprint(config)
        self.config = config
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
