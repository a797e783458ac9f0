"""Bar charts of entries per month. A chart ends with the newest entry, so it does not depend on the current date."""

from collections.abc import Sequence
from typing import NamedTuple

MONTHS = ("January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December")  # fmt: skip
PITCH = 10
HEIGHT = 48
_GAP = 2
_BASELINE = 1  # the height of a month without entries: a thin line


class Bar(NamedTuple):
    """One month: its rectangle in the drawing, its label, its number of entries."""

    x: int
    y: int
    width: int
    height: int
    label: str
    entries: int


class Chart(NamedTuple):
    """The last months of a feed. `first` and `last` are labels; `most` is the maximum, reached in `most_label`."""

    bars: tuple[Bar, ...]
    width: int
    first: str
    last: str
    most: int
    most_label: str

    @property
    def height(self) -> int:
        """The height of the drawing, in its own units."""
        return HEIGHT

    @property
    def entries(self) -> int:
        """The number of entries in all months of the chart."""
        return sum(bar.entries for bar in self.bars)

    @property
    def path(self) -> str:
        """All bars as one SVG path: a tenth of the bytes of separate elements."""
        return "".join(f"M{bar.x} {HEIGHT}v-{bar.height}h{bar.width}v{bar.height}z" for bar in self.bars)


def chart(months: Sequence[tuple[str, int]], length: int) -> Chart | None:
    """Returns the chart of the last `length` months, or None without entries.

    `months` lists the months that have entries, oldest first.
    """
    if not months:
        return None
    counts = dict(months)
    end = _ordinal(months[-1][0])
    names = [_name(ordinal) for ordinal in range(end - length + 1, end + 1)]
    most = max(counts.get(name, 0) for name in names)
    peak = next(name for name in reversed(names) if counts.get(name, 0) == most)
    bars = tuple(_bar(index, name, counts.get(name, 0), most) for index, name in enumerate(names))
    return Chart(bars, length * PITCH - _GAP, month_label(names[0]), month_label(names[-1]), most, month_label(peak))


def month_label(name: str) -> str:
    """Returns the label of a month: `2026-03` is March 2026."""
    return f"{MONTHS[int(name[5:7]) - 1]} {name[:4]}"


def _bar(index: int, name: str, entries: int, most: int) -> Bar:
    height = max(round(entries * HEIGHT / most), 3 * _BASELINE if entries else _BASELINE)
    return Bar(index * PITCH, HEIGHT - height, PITCH - _GAP, height, month_label(name), entries)


def _ordinal(name: str) -> int:
    return int(name[:4]) * 12 + int(name[5:7]) - 1


def _name(ordinal: int) -> str:
    return f"{ordinal // 12:04}-{ordinal % 12 + 1:02}"
