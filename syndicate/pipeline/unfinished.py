"""Marks a run in progress: a run that finds the mark of another one knows that it was killed."""

import os

from .. import safe_files
from ..config import Config
from ..errors import OutputError


class RunMarker:
    """A file in the state folder that exists while a run writes documents."""

    def __init__(self, config: Config) -> None:
        self.path = os.path.join(config.state, "unfinished")

    def exists(self) -> bool:
        """Returns whether a run works, or was killed."""
        return os.path.lexists(self.path)

    def create(self) -> None:
        """Marks that a run begins to write. Raises OutputError when something else stands in the place of the file."""
        try:
            os.close(safe_files.open_unlinked(self.path, os.O_WRONLY | os.O_CREAT))
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror}") from None


def is_unfinished(config: Config) -> bool:
    """Returns whether a run was killed, and none has committed since."""
    return RunMarker(config).exists()


def remove_unfinished(config: Config) -> None:
    """Removes the file that marks a run in progress, after its transaction has committed."""
    path = RunMarker(config).path
    if os.path.lexists(path):
        os.unlink(path)
