"""Progress of a run: a callback that stages call, and a progress bar for terminals."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the name of a stage, the number of items done, and their total number."""


def silent(stage: str, done: int, total: int) -> None:
    """Ignore progress."""


class ProgressBar:
    """A line on standard error with a bar for each stage; it disappears when it is closed."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Display

        columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._display = Display(*columns, console=Console(stderr=True), transient=True)
        self._tasks: dict[str, TaskID] = {}
        self._display.start()

    def advance(self, stage: str, done: int, total: int) -> None:
        """Update the bar of a stage."""
        if stage not in self._tasks:
            self._tasks[stage] = self._display.add_task(stage, total=total or None)
        self._display.update(self._tasks[stage], completed=done, total=total or None)

    def close(self) -> None:
        """Remove the bar from the terminal."""
        self._display.stop()
