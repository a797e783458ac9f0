"""What the rendering of a body leaves out, by kind: each kind is reported once, with a count and the first place."""

from __future__ import annotations

from typing import NamedTuple

_MAX_SHOWN = 60


class Loss(NamedTuple):
    """A kind of content that a body lost. `kind` is a noun in the singular; `line` counts from 1, in the body.

    `first` is the beginning of the first one, in one line. `is_whole` is true if all of the body was left out; `kind`
    is the reason then.
    """

    kind: str
    occurrences: int
    line: int
    first: str = ""
    is_whole: bool = False

    def __str__(self) -> str:
        if self.is_whole:
            return f"the body was left out: {self.kind}"
        what = f"1 {self.kind} was" if self.occurrences == 1 else f"{self.occurrences} {_plural(self.kind)} were"
        return f"{what} left out" + (f" (first: {self.first})" if self.first else "")


class LossCounter:
    """Counts losses by kind while a body is rendered."""

    def __init__(self, body: str) -> None:
        self._body = body
        self._losses: dict[str, Loss] = {}

    def add(self, kind: str, text: str, position: int, count: int = 1) -> None:
        """Count a loss. `position` is where `text` begins in the body; -1 if that is not known."""
        known = self._losses.get(kind)
        if known:
            self._losses[kind] = known._replace(occurrences=known.occurrences + count)
        else:
            line = self._body.count("\n", 0, max(position, 0)) + 1
            self._losses[kind] = Loss(kind, count, line, _one_line(text))

    def losses(self) -> tuple[Loss, ...]:
        """Return the losses in the order of their first places."""
        return tuple(sorted(self._losses.values(), key=lambda loss: loss.line))


def _plural(kind: str) -> str:
    """Return the plural of a kind's noun, which may be followed by `with …`, `of …` or `to …`."""
    noun, space, rest = kind, "", ""
    for word in (" with ", " of ", " to ", " without "):
        if word in kind:
            noun, space, rest = kind.partition(word)
            break
    return f"{noun}s{space}{rest}"


def _one_line(text: str) -> str:
    line = " ".join(text[: 4 * _MAX_SHOWN].split())
    return line if len(line) <= _MAX_SHOWN else line[: _MAX_SHOWN - 1] + "…"
