"""Marks a run in progress: a run that finds the mark of another one knows that it was killed."""

import os

from ..config import Config


class RunMarker:
    """A file in the state folder that exists while a run writes documents."""

    def __init__(self, config: Config) -> None:
        self.path = os.path.join(config.state, "unfinished")

    def exists(self) -> bool:
        """Returns whether a run works, or was killed."""
        return os.path.lexists(self.path)

    def create(self) -> None:
        """Marks that a run begins to write."""
        with open(self.path, "wb"):
            pass


def is_unfinished(config: Config) -> bool:
    """Returns whether a run was killed, and none has committed since."""
    return RunMarker(config).exists()


def remove_unfinished(config: Config) -> None:
    """Removes the file that marks a run in progress, after its transaction has committed."""
    path = RunMarker(config).path
    if os.path.lexists(path):
        os.unlink(path)
