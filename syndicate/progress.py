"""How far a run is: told to whoever wants to know, and shown to people who wait."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Is told how far a stage of the run is: its name, how much is done, of how much."""


def silent(stage: str, done: int, total: int) -> None:
    """No progress, for programs."""


class Bar:
    """One line on standard error, a task for each stage; it is gone when the work is done."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Display

        columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._display = Display(*columns, console=Console(stderr=True), transient=True)
        self._tasks: dict[str, TaskID] = {}
        self._display.start()

    def advance(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage is."""
        if stage not in self._tasks:
            self._tasks[stage] = self._display.add_task(stage, total=total or None)
        self._display.update(self._tasks[stage], completed=done, total=total or None)

    def close(self) -> None:
        """Take the bar off the screen."""
        self._display.stop()
